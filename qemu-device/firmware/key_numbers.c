// SPDX-License-Identifier: GPL-2.0-or-later
/* key_numbers.c - between the numbers of a key and the parts of an object. */
#include "key_numbers.h"

#include "hsm/hsm_cmd.h"
#include "secmem.h"
#include "tlv.h"

/* Tags of the params of a DSA key: CKA_PRIME, CKA_SUBPRIME, CKA_BASE. */
enum { PARAM_P = 0x130, PARAM_Q, PARAM_G };

struct number_def {
	uint32_t key_type;
	uint32_t tag;
	enum fc_part part;
};

static const struct number_def secret_defs[] = {
	{ HSM_KEY_RSA, 1, FC_D }, { HSM_KEY_RSA, 2, FC_P }, { HSM_KEY_RSA, 3, FC_Q },
	{ HSM_KEY_RSA, 4, FC_DP }, { HSM_KEY_RSA, 5, FC_DQ }, { HSM_KEY_RSA, 6, FC_QINV },
	{ HSM_KEY_EC, 1, FC_D }, { HSM_KEY_DSA, 1, FC_X },
};

static const struct number_def param_defs[] = {
	{ HSM_KEY_DSA, PARAM_P, FC_P }, { HSM_KEY_DSA, PARAM_Q, FC_Q },
	{ HSM_KEY_DSA, PARAM_G, FC_G },
};

#define N_SECRETS (sizeof(secret_defs) / sizeof(secret_defs[0]))
#define N_PARAMS (sizeof(param_defs) / sizeof(param_defs[0]))

/* What the modulus of an object is. */
static enum fc_part modulus_part(uint32_t key_type)
{
	return key_type == HSM_KEY_RSA ? FC_N : key_type == HSM_KEY_EC ? FC_POINT : FC_Y;
}

static struct fc_num num_of(struct bytes b)
{
	return (struct fc_num){ (uint8_t *)b.p, b.len };
}

static void unpack(const struct number_def *defs, size_t n_defs, struct bytes from,
		   struct fc_numbers *n)
{
	struct tlv_reader r;
	struct tlv t;
	size_t i;

	tlv_read_init(&r, from.p, from.len);
	while (tlv_next(&r, &t)) {
		for (i = 0; i < n_defs; i++) {
			if (defs[i].key_type == n->key_type && defs[i].tag == t.tag)
				n->part[defs[i].part] = num_of((struct bytes){ t.p, t.len });
		}
	}
}

uint32_t object_curve(const struct object *o)
{
	struct bytes params = object_params(o);

	return key_kinds[o->kind].key_type == HSM_KEY_EC && params.len == 4 ? get_le32(params.p)
									    : 0;
}

void object_numbers(const struct object *o, struct fc_numbers *n)
{
	const struct kind_def *kind = &key_kinds[o->kind];

	*n = (struct fc_numbers){ .key_type = kind->key_type, .curve = object_curve(o) };
	n->part[modulus_part(kind->key_type)] = num_of(object_modulus(o));
	n->part[FC_E] = num_of(object_exponent(o));
	if (kind->key_type == HSM_KEY_DSA)
		unpack(param_defs, N_PARAMS, object_params(o), n);
	if (kind->class == HSM_KEY_CLASS_PRIVATE)
		unpack(secret_defs, N_SECRETS, (struct bytes){ o->secret, o->secret_len }, n);
}

int object_payload(const struct object *o, uint8_t **p, size_t *len)
{
	struct fc_numbers n;

	*p = NULL;
	*len = 0;
	if (key_kinds[o->kind].class == HSM_KEY_CLASS_PUBLIC)
		return HSM_RV_BAD_KEY_TYPE;
	if (key_kinds[o->kind].class == HSM_KEY_CLASS_PRIVATE) {
		object_numbers(o, &n);
		return fc_pkcs8_encode(&n, p, len) ? 0 : HSM_RV_CRYPTO_FAILED;
	}
	*p = secmem_dup(o->secret, o->secret_len);
	*len = o->secret_len;
	return *p ? 0 : HSM_RV_NO_MEMORY;
}

static size_t packed_len(const struct number_def *defs, size_t n_defs, const struct fc_numbers *n)
{
	size_t i, len = 0;

	for (i = 0; i < n_defs; i++) {
		if (defs[i].key_type == n->key_type)
			len += TLV_HEAD + n->part[defs[i].part].len;
	}
	return len;
}

static struct bytes pack(const struct number_def *defs, size_t n_defs, const struct fc_numbers *n,
			 uint8_t *into, size_t room)
{
	struct tlv_writer w;
	size_t i;

	tlv_write_init(&w, into, room);
	for (i = 0; i < n_defs; i++) {
		const struct fc_num *num = &n->part[defs[i].part];

		if (defs[i].key_type == n->key_type)
			tlv_put(&w, defs[i].tag, num->p, num->len);
	}
	return (struct bytes){ into, w.len };
}

static int measure(struct key_parts *parts, bool private, const struct fc_numbers *n)
{
	size_t len = n->key_type == HSM_KEY_EC ? parts->modulus.len : parts->modulus.len * 2;
	uint8_t *der;

	if (!fc_kcv_public(n, parts->kcv))
		return HSM_RV_CRYPTO_FAILED;
	if (private) {
		if (!fc_pkcs8_encode(n, &der, &len))
			return HSM_RV_CRYPTO_FAILED;
		secmem_free(der);
	}
	parts->value_len = (uint32_t)len;
	return 0;
}

int key_parts_make(struct key_parts *parts, enum key_kind kind, const struct fc_numbers *n)
{
	bool private = key_kinds[kind].class == HSM_KEY_CLASS_PRIVATE;
	const struct fc_num *modulus = &n->part[modulus_part(n->key_type)];
	size_t params = n->key_type == HSM_KEY_EC ? 4 : packed_len(param_defs, N_PARAMS, n);
	size_t secret = private ? packed_len(secret_defs, N_SECRETS, n) : 0;
	int rc;

	*parts = (struct key_parts){ .modulus = { modulus->p, modulus->len } };
	rc = measure(parts, private, n);
	if (rc)
		return rc;
	if (n->key_type == HSM_KEY_RSA)
		parts->exponent = (struct bytes){ n->part[FC_E].p, n->part[FC_E].len };
	if (!(params + secret))
		return 0;
	parts->block = secmem_alloc(params + secret);
	if (!parts->block)
		return HSM_RV_NO_MEMORY;
	if (n->key_type == HSM_KEY_EC)
		put_le32(parts->block, n->curve);
	else
		pack(param_defs, N_PARAMS, n, parts->block, params);
	parts->params = (struct bytes){ parts->block, params };
	if (private)
		parts->secret = pack(secret_defs, N_SECRETS, n, parts->block + params, secret);
	return 0;
}

void key_parts_free(struct key_parts *parts)
{
	secmem_free(parts->block);
	parts->block = NULL;
}

void key_parts_use(const struct key_parts *parts, struct object_init *init)
{
	size_t i;

	init->modulus = parts->modulus;
	init->exponent = parts->exponent;
	init->params = parts->params;
	init->secret = parts->secret;
	init->value_len = parts->value_len;
	for (i = 0; i < sizeof(parts->kcv); i++)
		init->kcv[i] = parts->kcv[i];
}
