// SPDX-License-Identifier: GPL-2.0-or-later
/* crypto_wrap.c - key wrapping: the table of its mechanisms, and those that combine others. */
#include <string.h>

#include "crypto_wrap.h"
#include "secmem.h"

#define KEK_LEN		32u	/* of the key that RSA_AES makes for one use */

static const uint8_t kw_iv[8] = { 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6 };
static const uint8_t kwp_iv[4] = { 0xa6, 0x59, 0x59, 0xa6 };

static int kw_run(struct fc_key *k, enum fc_mode mode, bool encrypt, const uint8_t *iv,
		  const uint8_t *in, size_t len, uint8_t *out, size_t *out_len)
{
	struct fc_slot *slot = fc_slot_get(k, fc_slot_id(FC_SLOT_WRAP, mode, encrypt, 0));
	int n = 0, rv = HSM_RV_CRYPTO_FAILED;

	if (slot && fc_slot_cipher(slot, k, mode, encrypt, true, iv))
		rv = EVP_CipherUpdate(slot->cipher, out, &n, in, (int)len) == 1 ? 0 :
		     encrypt ? HSM_RV_CRYPTO_FAILED : HSM_RV_BAD_PKCS_DATA;
	if (!rv || rv == HSM_RV_BAD_PKCS_DATA)
		fc_slot_put(k, slot);
	else
		fc_slot_free(slot);
	*out_len = rv ? 0 : (size_t)n;
	return rv;
}

static int kw_wrap(struct fc_key *k, const struct fc_wrap *w, const uint8_t *in, size_t len,
		   uint8_t *out, size_t *out_len)
{
	return kw_run(k, FC_KW, true, w->iv_len ? w->iv : kw_iv, in, len, out, out_len);
}

static int kw_unwrap(struct fc_key *k, const struct fc_wrap *w, const uint8_t *in, size_t len,
		     uint8_t *out, size_t *out_len)
{
	return kw_run(k, FC_KW, false, w->iv_len ? w->iv : kw_iv, in, len, out, out_len);
}

static int kwp_wrap(struct fc_key *k, const struct fc_wrap *w, const uint8_t *in, size_t len,
		    uint8_t *out, size_t *out_len)
{
	(void)w;
	return kw_run(k, FC_KWP, true, kwp_iv, in, len, out, out_len);
}

static int kwp_unwrap(struct fc_key *k, const struct fc_wrap *w, const uint8_t *in, size_t len,
		      uint8_t *out, size_t *out_len)
{
	(void)w;
	return kw_run(k, FC_KWP, false, kwp_iv, in, len, out, out_len);
}

static int pkcs5_wrap(struct fc_key *k, const struct fc_wrap *w, const uint8_t *in, size_t len,
		      uint8_t *out, size_t *out_len)
{
	size_t pad = 8 - len % 8;
	uint8_t *padded = secmem_alloc(len + pad);
	int rv;

	if (!padded)
		return HSM_RV_NO_MEMORY;
	memcpy(padded, in, len);
	memset(padded + len, (int)pad, pad);
	rv = kw_wrap(k, w, padded, len + pad, out, out_len);
	secmem_free(padded);
	return rv;
}

static int pkcs5_unwrap(struct fc_key *k, const struct fc_wrap *w, const uint8_t *in, size_t len,
			uint8_t *out, size_t *out_len)
{
	int rv = kw_unwrap(k, w, in, len, out, out_len);
	unsigned int pad;

	if (rv)
		return rv;
	pad = fc_padding(out + *out_len, 8);
	*out_len -= pad;
	return pad ? 0 : HSM_RV_BAD_PKCS_DATA;
}

static int gcm_run(struct fc_key *k, uint32_t use, const struct fc_wrap *w, const uint8_t *iv,
		   const uint8_t *in, size_t len, uint8_t *out, size_t *out_len)
{
	const struct fc_params p = {
		.mechanism = HSM_CKM_AES_GCM,
		.iv = iv,
		.iv_len = FC_GCM_IV_LEN,
		.aad = w->aad,
		.aad_len = w->aad_len,
		.tag_len = w->tag_len,
	};

	return fc_op_once(k, use, &p, in, len, NULL, 0, out, out_len);
}

static int gcm_wrap(struct fc_key *k, const struct fc_wrap *w, const uint8_t *in, size_t len,
		    uint8_t *out, size_t *out_len)
{
	return gcm_run(k, HSM_USE_ENCRYPT, w, w->iv, in, len, out, out_len);
}

static int gcm_unwrap(struct fc_key *k, const struct fc_wrap *w, const uint8_t *in, size_t len,
		      uint8_t *out, size_t *out_len)
{
	return gcm_run(k, HSM_USE_DECRYPT, w, w->iv, in, len, out, out_len);
}

static int iv_gcm_wrap(struct fc_key *k, const struct fc_wrap *w, const uint8_t *in, size_t len,
		       uint8_t *out, size_t *out_len)
{
	int rv = gcm_wrap(k, w, in, len, out + FC_GCM_IV_LEN, out_len);

	memcpy(out, w->iv, FC_GCM_IV_LEN);
	*out_len += FC_GCM_IV_LEN;
	return rv;
}

static int iv_gcm_unwrap(struct fc_key *k, const struct fc_wrap *w, const uint8_t *in, size_t len,
			 uint8_t *out, size_t *out_len)
{
	return gcm_run(k, HSM_USE_DECRYPT, w, in, in + FC_GCM_IV_LEN, len - FC_GCM_IV_LEN, out,
		       out_len);
}

static int rsa_run(struct fc_key *k, uint32_t use, const struct fc_wrap *w, const uint8_t *in,
		   size_t len, uint8_t *out, size_t *out_len)
{
	const struct fc_params p = {
		.mechanism = w->mechanism == HSM_WRAP_RSA_PKCS ? HSM_CKM_RSA_PKCS :
								 HSM_CKM_RSA_PKCS_OAEP,
		.hash = w->hash,
	};

	return fc_op_once(k, use, &p, in, len, NULL, 0, out, out_len);
}

static int rsa_wrap(struct fc_key *k, const struct fc_wrap *w, const uint8_t *in, size_t len,
		    uint8_t *out, size_t *out_len)
{
	return rsa_run(k, HSM_USE_ENCRYPT, w, in, len, out, out_len);
}

static int rsa_unwrap(struct fc_key *k, const struct fc_wrap *w, const uint8_t *in, size_t len,
		      uint8_t *out, size_t *out_len)
{
	return rsa_run(k, HSM_USE_DECRYPT, w, in, len, out, out_len);
}

static int kwp_under(const uint8_t *kek, size_t kek_len, bool encrypt, const uint8_t *in,
		     size_t len, uint8_t *out, size_t *out_len)
{
	struct fc_key *k = fc_key_secret(HSM_KEY_AES, kek, kek_len);
	int rv = k ? kw_run(k, FC_KWP, encrypt, kwp_iv, in, len, out, out_len) : HSM_RV_NO_MEMORY;

	fc_key_put(k);
	return rv;
}

/* PKCS#11 v3.0, CKM_RSA_AES_KEY_WRAP. */
static int rsa_aes_wrap(struct fc_key *k, const struct fc_wrap *w, const uint8_t *in, size_t len,
			uint8_t *out, size_t *out_len)
{
	uint8_t kek[KEK_LEN];
	size_t n = 0;
	int rv = fc_random(kek, sizeof(kek)) ? 0 : HSM_RV_CRYPTO_FAILED;

	if (!rv)
		rv = rsa_wrap(k, w, kek, sizeof(kek), out, out_len);
	if (!rv)
		rv = kwp_under(kek, sizeof(kek), true, in, len, out + *out_len, &n);
	secmem_wipe(kek, sizeof(kek));
	*out_len += n;
	return rv;
}

/*
 * Where no key comes out of the first part a random one takes its place: the second
 * part is gone through in any case, and fails in the one way it can.
 */
static int rsa_aes_unwrap(struct fc_key *k, const struct fc_wrap *w, const uint8_t *in, size_t len,
			  uint8_t *out, size_t *out_len)
{
	uint8_t block[HSM_RSA_BITS_MAX / 8], kek[KEK_LEN];
	size_t n = 0;
	int first, second;

	if (k->size > sizeof(block) || !fc_random(kek, sizeof(kek)))
		return HSM_RV_CRYPTO_FAILED;
	first = rsa_unwrap(k, w, in, k->size, block, &n);
	if (!first && (n < 16 || n > KEK_LEN || n % 8))
		first = HSM_RV_BAD_PKCS_DATA;
	if (first)
		n = KEK_LEN;
	else
		memcpy(kek, block, n);
	second = kwp_under(kek, n, false, in + k->size, len - k->size, out, out_len);
	secmem_wipe(block, sizeof(block));
	secmem_wipe(kek, sizeof(kek));
	return first ? first : second;
}

/*
 * @iv_wrap, @iv_unwrap: bytes of the IV, 0 = there is none. @step: wrapped lengths are
 * multiples of it, and plain ones too if @exact; @least: fewest plain bytes; @grow:
 * bytes that wrapping adds at least. What RSA takes depends on the key and is not here.
 */
static const struct wrap_def {
	uint32_t mechanism, key_type;
	size_t iv_wrap, iv_unwrap;
	bool iv_default, exact, gcm, hash;
	size_t step, least, grow;
	int (*wrap)(struct fc_key *k, const struct fc_wrap *w, const uint8_t *in, size_t len,
		    uint8_t *out, size_t *out_len);
	int (*unwrap)(struct fc_key *k, const struct fc_wrap *w, const uint8_t *in, size_t len,
		      uint8_t *out, size_t *out_len);
} defs[] = {
	{ HSM_WRAP_AES_PKCS5, HSM_KEY_AES, 8, 8, true, false, false, false, 8, 8, 9,
	  pkcs5_wrap, pkcs5_unwrap },
	{ HSM_WRAP_AES_NO_PAD, HSM_KEY_AES, 8, 8, true, true, false, false, 8, 16, 8,
	  kw_wrap, kw_unwrap },
	{ HSM_WRAP_AES_PAD, HSM_KEY_AES, 0, 0, false, false, false, false, 8, 1, 8,
	  kwp_wrap, kwp_unwrap },
	{ HSM_WRAP_RSA_AES, HSM_KEY_RSA, 0, 0, false, false, false, true, 8, 1, 8,
	  rsa_aes_wrap, rsa_aes_unwrap },
	{ HSM_WRAP_RSA_OAEP, HSM_KEY_RSA, 0, 0, false, false, false, true, 1, 1, 0,
	  rsa_wrap, rsa_unwrap },
	{ HSM_WRAP_TDEA, HSM_KEY_DES3, 4, 4, true, true, false, false, 4, 8, 4,
	  fc_tkw_wrap, fc_tkw_unwrap },
	{ HSM_WRAP_AES_GCM, HSM_KEY_AES, 12, 12, false, false, true, false, 1, 1, 0,
	  gcm_wrap, gcm_unwrap },
	{ HSM_WRAP_CLOUDHSM_GCM, HSM_KEY_AES, 12, 0, false, false, true, false, 1, 1, 12,
	  iv_gcm_wrap, iv_gcm_unwrap },
	{ HSM_WRAP_RSA_PKCS, HSM_KEY_RSA, 0, 0, false, false, false, false, 1, 1, 0,
	  rsa_wrap, rsa_unwrap },
};

static const struct wrap_def *def_of(uint32_t mechanism)
{
	for (size_t i = 0; i < FC_COUNT(defs); i++)
		if (defs[i].mechanism == mechanism)
			return &defs[i];
	return NULL;
}

static bool params_fit(const struct wrap_def *d, const struct fc_wrap *w, size_t iv_len)
{
	if (w->iv_len != iv_len && !(d->iv_default && !w->iv_len))
		return false;
	if (w->iv_len && !w->iv)
		return false;
	if (!d->gcm && (w->aad_len || w->tag_len))
		return false;
	if (w->tag_len && (w->tag_len < HSM_GCM_TAG_MIN || w->tag_len > FC_GCM_TAG_LEN))
		return false;
	return !w->hash || (d->hash && fc_md(w->hash));
}

/* What the type of the key, and parameters without the data, say. */
static int check(const struct wrap_def *d, const struct fc_key *k, const struct fc_wrap *w,
		 bool wrapping)
{
	if (!d)
		return HSM_RV_BAD_MECHANISM;
	if (k->key_type != d->key_type || (k->pkey && k->private == wrapping))
		return HSM_RV_BAD_KEY_TYPE;
	if (!params_fit(d, w, wrapping ? d->iv_wrap : d->iv_unwrap))
		return HSM_RV_INVALID_INPUT;
	return 0;
}

/* RSA's modulus comes before what RSA_AES wraps; the tag of GCM behind. */
static bool wrapped_len_ok(const struct wrap_def *d, const struct fc_key *k,
			   const struct fc_wrap *w, size_t len)
{
	size_t fixed = d->mechanism == HSM_WRAP_RSA_AES ? k->size : 0;

	if (d->gcm)
		fixed = w->tag_len ? w->tag_len : FC_GCM_TAG_LEN;
	return len <= FC_WRAP_MAX && len >= fixed + d->grow + d->least &&
	       !((len - fixed) % d->step);
}

size_t fc_wrap_room(const struct fc_key *key, const struct fc_wrap *w, size_t len)
{
	(void)w;
	return len + key->size + 2 * FC_GCM_TAG_LEN;
}

static int result(int rv, uint8_t *out, size_t room, size_t *out_len)
{
	if (rv)
		*out_len = 0;
	secmem_wipe(out + *out_len, room - *out_len);
	return rv;
}

int fc_wrap(struct fc_key *key, const struct fc_wrap *w, const uint8_t *in, size_t len,
	    uint8_t *out, size_t *out_len)
{
	const struct wrap_def *d = def_of(w->mechanism);
	int rv = check(d, key, w, true);

	*out_len = 0;
	if (rv)
		return rv;
	if (len < d->least || len > FC_WRAP_MAX || (d->exact && len % d->step))
		return HSM_RV_DATA_LENGTH;
	return result(d->wrap(key, w, in, len, out, out_len), out, fc_wrap_room(key, w, len),
		      out_len);
}

int fc_unwrap(struct fc_key *key, const struct fc_wrap *w, const uint8_t *in, size_t len,
	      uint8_t *out, size_t *out_len)
{
	const struct wrap_def *d = def_of(w->mechanism);
	int rv = check(d, key, w, false);

	*out_len = 0;
	if (rv)
		return rv;
	if (!wrapped_len_ok(d, key, w, len))
		return HSM_RV_DATA_LENGTH;
	return result(d->unwrap(key, w, in, len, out, out_len), out, fc_wrap_room(key, w, len),
		      out_len);
}
