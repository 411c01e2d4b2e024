// SPDX-License-Identifier: GPL-2.0-or-later
/* transport.c - the envelope in which a host's key travels between client and card. */
#include "transport.h"

#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "secmem.h"

#define TO_CARD "hsm transport to card 1"
#define TO_HOST "hsm transport to host 1"
#define AAD_LEN (2 + 4 + 8)

/* Each key seals one message only. */
static const uint8_t zero_iv[FC_GCM_IV_LEN];

struct transport {
	atomic_uint refs;
	struct fc_ecdh *key;
	uint8_t point[FC_POINT_LEN];
};

static void put(struct transport *t)
{
	if (!t || atomic_fetch_sub(&t->refs, 1) != 1)
		return;
	fc_ecdh_free(t->key);
	free(t);
}

static struct transport *make(void)
{
	struct transport *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	atomic_init(&t->refs, 1);
	t->key = fc_ecdh_new(t->point);
	if (t->key)
		return t;
	free(t);
	return NULL;
}

static void replace(struct fw *fw, struct transport *t)
{
	struct transport *old;

	fw_lock_write(fw);
	old = fw->transport;
	fw->transport = t;
	fw_unlock(fw);
	put(old);
}

bool transport_new_key(struct fw *fw)
{
	struct transport *t = make();

	replace(fw, t);
	return t;
}

void transport_free(struct fw *fw)
{
	put(fw->transport);
	fw->transport = NULL;
}

static struct transport *get(struct fw *fw)
{
	struct transport *t;

	fw_lock_read(fw);
	t = fw->transport;
	if (t)
		atomic_fetch_add(&t->refs, 1);
	fw_unlock(fw);
	return t;
}

bool transport_point(struct fw *fw, uint8_t point[FC_POINT_LEN])
{
	struct transport *t = get(fw);

	if (!t)
		return false;
	memcpy(point, t->point, FC_POINT_LEN);
	put(t);
	return true;
}

/* The key of one envelope; salt is the client's point and the card's. */
static struct fc_gcm *envelope_key(const struct call *c, const struct fc_ecdh *mine,
				   const uint8_t *card_point, const char *info)
{
	const uint8_t *client = call_bytes(c, HSM_TAG_POINT).p;
	uint8_t salt[2 * FC_POINT_LEN], key[FC_GCM_KEY_LEN];
	struct fc_gcm *gcm = NULL;

	memcpy(salt, client, FC_POINT_LEN);
	memcpy(salt + FC_POINT_LEN, card_point, FC_POINT_LEN);
	if (fc_ecdh_derive(mine, client, salt, sizeof(salt), info, key, sizeof(key)))
		gcm = fc_gcm_new(key);
	secmem_wipe(key, sizeof(key));
	return gcm;
}

/* An envelope opens only for the command, session and wrapping key it was made for. */
static void put_aad(const struct call *c, uint8_t aad[AAD_LEN])
{
	put_le16(aad, c->cmd->opcode);
	put_le32(aad + 2, c->session);
	put_le64(aad + 6, call_u64(c, HSM_TAG_WRAP_HANDLE));
}

int transport_open(struct call *c, uint8_t *out)
{
	struct bytes in = call_bytes(c, HSM_TAG_DATA);
	size_t len = in.len - ENVELOPE_EXTRA;
	struct transport *t = get(c->fw);
	struct fc_gcm *gcm;
	uint8_t aad[AAD_LEN];
	bool ok;

	if (!t)
		return HSM_RV_CRYPTO_FAILED;
	put_aad(c, aad);
	gcm = envelope_key(c, t->key, t->point, TO_CARD);
	ok = gcm && fc_gcm_open(gcm, zero_iv, aad, sizeof(aad), in.p, len, out, in.p + len);
	fc_gcm_free(gcm);
	put(t);
	return ok ? 0 : HSM_RV_BAD_PKCS_DATA;
}

int transport_seal(struct call *c, const uint8_t *in, size_t len, uint8_t point[FC_POINT_LEN],
		   uint8_t *out)
{
	struct fc_ecdh *mine = fc_ecdh_new(point);
	struct fc_gcm *gcm;
	uint8_t aad[AAD_LEN];
	int rc = 0;

	if (!mine)
		return HSM_RV_CRYPTO_FAILED;
	put_aad(c, aad);
	gcm = envelope_key(c, mine, point, TO_HOST);
	if (!gcm)
		rc = call_bad(c, HSM_TAG_POINT, HSM_RV_BAD_PKCS_DATA);
	else if (!fc_gcm_seal(gcm, zero_iv, aad, sizeof(aad), in, len, out, out + len))
		rc = HSM_RV_CRYPTO_FAILED;
	fc_gcm_free(gcm);
	fc_ecdh_free(mine);
	return rc;
}
