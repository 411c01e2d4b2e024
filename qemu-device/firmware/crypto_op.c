// SPDX-License-Identifier: GPL-2.0-or-later
/* crypto_op.c - operations: checks that are the same for all mechanisms. */
#include <limits.h>
#include <stdlib.h>

#include "crypto_op.h"
#include "secmem.h"

#define DATA_MAX	((size_t)INT_MAX / 2)	/* the library counts in int */

static const struct fc_mech *mech_of(uint32_t number)
{
	const struct fc_mechanism *pub = fc_mechanism(number);

	return pub ? (const struct fc_mech *)pub : NULL;
}

/* A public key encrypts and verifies, a private one decrypts and signs. */
static bool key_fits(const struct fc_mechanism *m, const struct fc_key *key, uint32_t use)
{
	if (!key || m->key_type == UINT32_MAX)
		return !key && m->key_type == UINT32_MAX;
	if (key->key_type != m->key_type)
		return false;
	return !key->pkey ||
	       key->private == (use == HSM_USE_DECRYPT || use == HSM_USE_SIGN);
}

static bool params_fit(const struct fc_mech *m, const struct fc_params *p)
{
	bool gcm = m->family == &fc_family_gcm, oaep = m->family == &fc_family_rsa && m->pad;

	if (p->iv_len != m->pub.iv_len || (p->iv_len && !p->iv))
		return false;
	if (!gcm && (p->aad_len || p->tag_len))
		return false;
	if (p->tag_len && (p->tag_len < HSM_GCM_TAG_MIN || p->tag_len > FC_GCM_TAG_LEN))
		return false;
	return !p->hash || (oaep && fc_md(p->hash));
}

static struct fc_op *op_alloc(struct fc_key *key, uint32_t use, const struct fc_mech *m,
			      const struct fc_params *p)
{
	struct fc_op *op = calloc(1, sizeof(*op));

	if (!op)
		return NULL;
	op->mech = m;
	op->use = use;
	op->tag_len = p->tag_len ? p->tag_len : FC_GCM_TAG_LEN;
	if (!key)
		return op;
	op->key = fc_key_get(key);
	op->slot = fc_slot_get(key, fc_slot_id(FC_SLOT_OP, m->pub.number, use, p->hash));
	if (op->slot)
		return op;
	fc_op_free(op);
	return NULL;
}

int fc_op_new(struct fc_key *key, uint32_t use, const struct fc_params *p, struct fc_op **op)
{
	const struct fc_mech *m = mech_of(p->mechanism);
	int rv;

	*op = NULL;
	if (!m || use >= 32 || !(m->pub.uses >> use & 1))
		return HSM_RV_BAD_MECHANISM;
	if (!key_fits(&m->pub, key, use))
		return HSM_RV_BAD_KEY_TYPE;
	if (!params_fit(m, p))
		return HSM_RV_INVALID_INPUT;
	*op = op_alloc(key, use, m, p);
	if (!*op)
		return HSM_RV_NO_MEMORY;
	rv = m->family->start(*op, p);
	if (rv) {
		fc_op_free(*op);
		*op = NULL;
	}
	return rv;
}

void fc_op_free(struct fc_op *op)
{
	if (!op)
		return;
	fc_slot_free(op->slot);
	EVP_MD_CTX_free(op->md);
	fc_key_put(op->key);
	free(op);
}

size_t fc_op_room(const struct fc_op *op, size_t len)
{
	return op->mech->family->room(op, len);
}

/*
 * What failed has come to its end, and leaves nothing behind. Its contexts are used
 * again where only the data was wrong: to make new ones for the next caller would
 * tell, by the time it takes, how this one fared.
 */
static int op_end(struct fc_op *op, int rv)
{
	op->ended = true;
	if (op->slot && (!rv || rv == HSM_RV_BAD_PKCS_DATA)) {
		fc_slot_put(op->key, op->slot);
		op->slot = NULL;
	}
	return rv;
}

int fc_op_update(struct fc_op *op, const uint8_t *in, size_t len, uint8_t *out, size_t *out_len)
{
	size_t room = fc_op_room(op, len);
	int rv = HSM_RV_DATA_LENGTH;

	*out_len = 0;
	if (op->ended)
		return HSM_RV_CRYPTO_FAILED;
	if (len <= DATA_MAX) {
		op->total += len;
		rv = op->mech->family->update(op, in, len, out, out_len);
	}
	if (!rv)
		return 0;
	*out_len = 0;
	if (room)
		secmem_wipe(out, room);
	return op_end(op, rv);
}

int fc_op_final(struct fc_op *op, const uint8_t *sig, size_t sig_len, uint8_t *out,
		size_t *out_len)
{
	size_t room = op->use == HSM_USE_VERIFY ? 0 : fc_op_room(op, 0);
	int rv;

	*out_len = 0;
	if (op->ended)
		return HSM_RV_CRYPTO_FAILED;
	rv = op->mech->family->final(op, sig, sig_len, out, out_len);
	if (rv) {
		*out_len = 0;
		if (room)
			secmem_wipe(out, room);
	}
	return op_end(op, rv);
}

int fc_op_once(struct fc_key *k, uint32_t use, const struct fc_params *p, const uint8_t *in,
	       size_t len, const uint8_t *sig, size_t sig_len, uint8_t *out, size_t *out_len)
{
	struct fc_op *op;
	size_t n = 0;
	int rv = fc_op_new(k, use, p, &op);

	*out_len = 0;
	if (rv)
		return rv;
	rv = fc_op_update(op, in, len, out, out_len);
	if (!rv)
		rv = fc_op_final(op, sig, sig_len, out ? out + *out_len : NULL, &n);
	*out_len += n;
	fc_op_free(op);
	return rv;
}
