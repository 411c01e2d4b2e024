// SPDX-License-Identifier: GPL-2.0-or-later
/* crypto_num.c - curves, and keys of the library from and into their numbers. */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/params.h>

#include "crypto_int.h"
#include "secmem.h"

#define NUM_MAX		1024u	/* bytes of a number or point, with room to spare */

static const struct fc_curve curves[] = {
	{ HSM_CURVE_PRIME192V1, NID_X9_62_prime192v1, SN_X9_62_prime192v1, 192, false },
	{ HSM_CURVE_PRIME256V1, NID_X9_62_prime256v1, SN_X9_62_prime256v1, 256, true },
	{ HSM_CURVE_SECT163K1, NID_sect163k1, SN_sect163k1, 163, false },
	{ HSM_CURVE_SECT163R2, NID_sect163r2, SN_sect163r2, 163, false },
	{ HSM_CURVE_SECT233K1, NID_sect233k1, SN_sect233k1, 232, false },
	{ HSM_CURVE_SECT233R1, NID_sect233r1, SN_sect233r1, 233, false },
	{ HSM_CURVE_SECT283K1, NID_sect283k1, SN_sect283k1, 281, false },
	{ HSM_CURVE_SECT283R1, NID_sect283r1, SN_sect283r1, 282, false },
	{ HSM_CURVE_SECT409K1, NID_sect409k1, SN_sect409k1, 407, false },
	{ HSM_CURVE_SECT409R1, NID_sect409r1, SN_sect409r1, 409, false },
	{ HSM_CURVE_SECT571K1, NID_sect571k1, SN_sect571k1, 570, false },
	{ HSM_CURVE_SECT571R1, NID_sect571r1, SN_sect571r1, 570, false },
	{ HSM_CURVE_SECP224R1, NID_secp224r1, SN_secp224r1, 224, false },
	{ HSM_CURVE_SECP384R1, NID_secp384r1, SN_secp384r1, 384, true },
	{ HSM_CURVE_SECP521R1, NID_secp521r1, SN_secp521r1, 521, false },
	{ HSM_CURVE_SECP256K1, NID_secp256k1, SN_secp256k1, 256, true },
};

/* Asked of the library once per curve: it builds the whole group to answer. */
static bool curve_present(const struct fc_curve *c)
{
	static atomic_int known[FC_COUNT(curves)];
	atomic_int *k = &known[c - curves];

	if (!atomic_load(k)) {
		EC_GROUP *g = EC_GROUP_new_by_curve_name_ex(fc_lib()->ctx, NULL, (int)c->nid);

		atomic_store(k, g ? 1 : -1);
		EC_GROUP_free(g);
	}
	return atomic_load(k) > 0;
}

const struct fc_curve *fc_curve_by_id(uint32_t id)
{
	for (size_t i = 0; i < FC_COUNT(curves); i++)
		if (curves[i].id == id)
			return curve_present(&curves[i]) ? &curves[i] : NULL;
	return NULL;
}

static const struct {
	uint32_t key_type;
	const char *name;
} types[] = {
	{ HSM_KEY_RSA, "RSA" },
	{ HSM_KEY_EC, "EC" },
	{ HSM_KEY_DSA, "DSA" },
};

const char *fc_type_name(uint32_t key_type)
{
	for (size_t i = 0; i < FC_COUNT(types); i++)
		if (types[i].key_type == key_type)
			return types[i].name;
	return NULL;
}

static const struct part_def {
	uint32_t key_type;
	enum fc_part part;
	bool secret;
	const char *name;
} parts[] = {
	{ HSM_KEY_RSA, FC_N, false, OSSL_PKEY_PARAM_RSA_N },
	{ HSM_KEY_RSA, FC_E, false, OSSL_PKEY_PARAM_RSA_E },
	{ HSM_KEY_RSA, FC_D, true, OSSL_PKEY_PARAM_RSA_D },
	{ HSM_KEY_RSA, FC_P, true, OSSL_PKEY_PARAM_RSA_FACTOR1 },
	{ HSM_KEY_RSA, FC_Q, true, OSSL_PKEY_PARAM_RSA_FACTOR2 },
	{ HSM_KEY_RSA, FC_DP, true, OSSL_PKEY_PARAM_RSA_EXPONENT1 },
	{ HSM_KEY_RSA, FC_DQ, true, OSSL_PKEY_PARAM_RSA_EXPONENT2 },
	{ HSM_KEY_RSA, FC_QINV, true, OSSL_PKEY_PARAM_RSA_COEFFICIENT1 },
	{ HSM_KEY_EC, FC_POINT, false, OSSL_PKEY_PARAM_PUB_KEY },
	{ HSM_KEY_EC, FC_D, true, OSSL_PKEY_PARAM_PRIV_KEY },
	{ HSM_KEY_DSA, FC_P, false, OSSL_PKEY_PARAM_FFC_P },
	{ HSM_KEY_DSA, FC_Q, false, OSSL_PKEY_PARAM_FFC_Q },
	{ HSM_KEY_DSA, FC_G, false, OSSL_PKEY_PARAM_FFC_G },
	{ HSM_KEY_DSA, FC_Y, false, OSSL_PKEY_PARAM_PUB_KEY },
	{ HSM_KEY_DSA, FC_X, true, OSSL_PKEY_PARAM_PRIV_KEY },
};

/* Big-endian into the library's byte order, which is the processor's; and back. */
static void turn(uint8_t *out, const uint8_t *in, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = in[__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? len - 1 - i : i];
}

void fc_numbers_clear(struct fc_numbers *n)
{
	for (size_t i = 0; i < FC_PARTS; i++)
		secmem_free(n->part[i].p);
	memset(n, 0, sizeof(*n));
}

/* The numbers of the key's kind as parameters, in @scratch; false if one is missing. */
static bool fill_params(const struct fc_numbers *n, bool private, uint8_t *scratch,
			OSSL_PARAM *params)
{
	for (size_t i = 0; i < FC_COUNT(parts); i++) {
		const struct part_def *d = &parts[i];
		const struct fc_num *num = &n->part[d->part];

		if (d->key_type != n->key_type || (d->secret && !private))
			continue;
		if (!num->p || !num->len || num->len > NUM_MAX)
			return false;
		if (d->part == FC_POINT) {
			*params++ = OSSL_PARAM_construct_octet_string(d->name, num->p, num->len);
			continue;
		}
		turn(scratch, num->p, num->len);
		*params++ = OSSL_PARAM_construct_BN(d->name, scratch, num->len);
		scratch += num->len;
	}
	*params = OSSL_PARAM_construct_end();
	return true;
}

static EVP_PKEY *from_params(const char *type, OSSL_PARAM *params, bool private)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(fc_lib()->ctx, type, NULL);
	EVP_PKEY *pkey = NULL;

	if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pkey, private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
			      params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

EVP_PKEY *fc_pkey_import(const struct fc_numbers *n, bool private)
{
	const struct fc_curve *curve = n->key_type == HSM_KEY_EC ? fc_curve_by_id(n->curve) : NULL;
	const char *type = fc_type_name(n->key_type);
	OSSL_PARAM params[FC_PARTS + 2], *first = params;
	EVP_PKEY *pkey = NULL;
	uint8_t *scratch;

	if (!type || (n->key_type == HSM_KEY_EC && !curve))
		return NULL;
	if (curve)
		*first++ = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
							    (char *)curve->name, 0);
	scratch = secmem_alloc((size_t)FC_PARTS * NUM_MAX);
	if (scratch && fill_params(n, private, scratch, first))
		pkey = from_params(type, params, private);
	secmem_free(scratch);
	return pkey;
}

/* Into new secret memory of at least @width bytes; without leading zeros beyond. */
static bool keep(struct fc_num *out, const uint8_t *be, size_t len, size_t width)
{
	while (len > (width ? width : 1) && !*be) {
		be++;
		len--;
	}
	out->len = len > width ? len : width;
	out->p = secmem_alloc(out->len);
	if (!out->p)
		return false;
	memcpy(out->p + out->len - len, be, len);
	return true;
}

static bool export_num(const EVP_PKEY *pkey, const char *name, size_t width, uint8_t *scratch,
		       struct fc_num *out)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_BN(name, scratch, NUM_MAX),
		OSSL_PARAM_construct_end(),
	};

	if (EVP_PKEY_get_params(pkey, params) != 1 || !OSSL_PARAM_modified(params) ||
	    params->return_size > NUM_MAX)
		return false;
	turn(scratch + NUM_MAX, scratch, params->return_size);
	return keep(out, scratch + NUM_MAX, params->return_size, width);
}

/* Uncompressed, whatever form the key came in. */
static bool export_point(const EVP_PKEY *pkey, uint8_t *scratch, struct fc_num *out)
{
	size_t len = 0;

	return EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, scratch,
					       NUM_MAX, &len) == 1 && len &&
	       keep(out, scratch, len, len);
}

static bool export_parts(const EVP_PKEY *pkey, bool private, size_t width, uint8_t *scratch,
			 struct fc_numbers *out)
{
	for (size_t i = 0; i < FC_COUNT(parts); i++) {
		const struct part_def *d = &parts[i];
		struct fc_num *num = &out->part[d->part];

		if (d->key_type != out->key_type || (d->secret && !private))
			continue;
		if (!(d->part == FC_POINT ? export_point(pkey, scratch, num) :
		      export_num(pkey, d->name, width, scratch, num)))
			return false;
	}
	return true;
}

/* Of a named curve of the table; one written out as parameters is not. */
static const struct fc_curve *curve_of(const EVP_PKEY *pkey)
{
	char name[64];
	int explicit = 0, nid;
	size_t len;

	if (EVP_PKEY_get_group_name(pkey, name, sizeof(name), &len) != 1)
		return NULL;
	if (EVP_PKEY_get_int_param(pkey, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
				   &explicit) == 1 && explicit > 0)
		return NULL;
	nid = OBJ_sn2nid(name);
	for (size_t i = 0; i < FC_COUNT(curves); i++)
		if ((int)curves[i].nid == nid)
			return fc_curve_by_id(curves[i].id);
	return NULL;
}

bool fc_pkey_export(const EVP_PKEY *pkey, bool private, struct fc_numbers *out)
{
	const struct fc_curve *curve = NULL;
	uint8_t *scratch;
	size_t i = 0;
	bool ok;

	memset(out, 0, sizeof(*out));
	while (i < FC_COUNT(types) && !EVP_PKEY_is_a(pkey, types[i].name))
		i++;
	if (i == FC_COUNT(types))
		return false;
	out->key_type = types[i].key_type;
	if (out->key_type == HSM_KEY_EC) {
		curve = curve_of(pkey);
		if (!curve)
			return false;
		out->curve = curve->id;
	}
	scratch = secmem_alloc(2 * NUM_MAX);
	ok = scratch &&
	     export_parts(pkey, private, curve ? (curve->bits + 7) / 8 : 0, scratch, out);
	secmem_free(scratch);
	if (!ok)
		fc_numbers_clear(out);
	return ok;
}
