// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_host_wrap.c - TRANSPORT_KEY, HOST_WRAP, HOST_UNWRAP. The host's half of the
 * envelope is written here again, from docs/hsm-firmware.rst, on OpenSSL.
 */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/kdf.h>

#include "evp.h"

#define POINT 65

static const uint8_t secret[32] = "a key that nobody else may see!!";
static struct blob wrapped, envelope, plain, card_point;

static EVP_PKEY *new_point(uint8_t point[POINT])
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	size_t len;

	assert_int_equal(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, POINT,
							 &len), 1);
	assert_int_equal(len, POINT);
	return key;
}

static EVP_PKEY *peer_of(const uint8_t point[POINT])
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)"P-256", 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)point, POINT),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;

	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static void hkdf(const uint8_t *x, size_t len, const uint8_t *salt, const char *info,
		 uint8_t out[32])
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)x, len),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt, 2 * POINT),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info, strlen(info)),
		OSSL_PARAM_construct_end(),
	};
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);

	assert_int_equal(EVP_KDF_derive(ctx, out, 32, params), 1);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

static void envelope_key(EVP_PKEY *mine, const uint8_t *client, const uint8_t *card,
			 const char *info, uint8_t key[32])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(mine, NULL);
	EVP_PKEY *peer = peer_of(card);
	uint8_t salt[2 * POINT], x[32];
	size_t len = sizeof(x);

	memcpy(salt, client, POINT);
	memcpy(salt + POINT, card, POINT);
	assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
	assert_int_equal(EVP_PKEY_derive_set_peer(ctx, peer), 1);
	assert_int_equal(EVP_PKEY_derive(ctx, x, &len), 1);
	hkdf(x, len, salt, info, key);
	EVP_PKEY_free(peer);
	EVP_PKEY_CTX_free(ctx);
}

static const uint8_t zero_iv[12];

static void put_aad(uint8_t aad[14], uint16_t opcode, uint32_t session, uint64_t handle)
{
	put_le16(aad, opcode);
	put_le32(aad + 2, session);
	put_le64(aad + 6, handle);
}

/* An envelope to the card, in @envelope. */
static void seal(struct card *c, uint64_t handle, const uint8_t *in, size_t len,
		 uint8_t point[POINT])
{
	EVP_PKEY *mine = new_point(point);
	uint8_t key[32], aad[14];
	struct gcm_spec s = { key, 32, zero_iv, aad, sizeof(aad), 16 };

	assert_int_equal(send(c, ALICE, begin(HSM_CMD_TRANSPORT_KEY, FIRST_SESSION)), 0);
	take(HSM_TAG_POINT, &card_point);
	assert_int_equal(card_point.len, POINT);
	envelope_key(mine, point, card_point.p, "hsm transport to card 1", key);
	put_aad(aad, HSM_CMD_HOST_WRAP, FIRST_SESSION, handle);
	gcm_seal(&s, in, len, &envelope);
	EVP_PKEY_free(mine);
}

static struct msg *begin_host(uint16_t opcode, uint64_t handle, uint32_t mech,
			      const uint8_t point[POINT], const struct blob *data)
{
	struct msg *m = begin(opcode, FIRST_SESSION);

	add_u64(m, HSM_TAG_WRAP_HANDLE, handle);
	add_u32(m, HSM_TAG_WRAP_MECHANISM, mech);
	add(m, HSM_TAG_POINT, point, POINT);
	add_blob(m, HSM_TAG_DATA, data);
	return m;
}

/* Opens the envelope of the last reply to HOST_UNWRAP. */
static bool open_reply(EVP_PKEY *mine, const uint8_t point[POINT], uint64_t handle)
{
	uint8_t key[32], aad[14];
	struct gcm_spec s = { key, 32, zero_iv, aad, sizeof(aad), 16 };

	take(HSM_TAG_POINT, &card_point);
	take(HSM_TAG_DATA, &envelope);
	envelope_key(mine, point, card_point.p, "hsm transport to host 1", key);
	put_aad(aad, HSM_CMD_HOST_UNWRAP, FIRST_SESSION, handle);
	return gcm_open(&s, envelope.p, envelope.len, &plain);
}

static bool contains(const uint8_t *hay, size_t len, const void *needle, size_t n)
{
	return memmem(hay, len, needle, n);
}

static void there_and_back(struct card *c, uint64_t kek, uint32_t mech, const uint8_t *in,
			   size_t len)
{
	uint8_t point[POINT];
	EVP_PKEY *mine;
	struct msg *m;

	seal(c, kek, in, len, point);
	m = begin_host(HSM_CMD_HOST_WRAP, kek, mech, point, &envelope);
	assert_int_equal(send(c, ALICE, m), 0);
	take(HSM_TAG_DATA, &wrapped);
	if (len >= 16) {
		assert_false(contains(m->in, m->len, in, 16));
		assert_false(contains(m->out, sizeof(m->out), in, 16));
	}
	mine = new_point(point);
	m = begin_host(HSM_CMD_HOST_UNWRAP, kek, mech, point, &wrapped);
	assert_int_equal(send(c, ALICE, m), 0);
	if (len >= 16)
		assert_false(contains(m->out, sizeof(m->out), in, 16));
	assert_true(open_reply(mine, point, kek));
	assert_int_equal(plain.len, len);
	assert_memory_equal(plain.p, in, len);
	EVP_PKEY_free(mine);
}

static void every_mechanism_and_length(void **state)
{
	static const size_t lengths[] = { 16, 24, 32, 33, 100, 1216, 4088, 4095 };
	static struct blob in;
	struct card *c = *state;
	uint64_t kek = make_secret(c, HSM_KEY_AES, 32);
	uint32_t mech;
	size_t i;

	for (mech = HSM_WRAP_AES_PKCS5; mech <= HSM_WRAP_AES_PAD; mech++) {
		for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
			fill(&in, lengths[i]);
			if (mech != HSM_WRAP_AES_NO_PAD || !(in.len % 8))
				there_and_back(c, kek, mech, in.p, in.len);
		}
	}
}

/* The way of an import: HOST_WRAP, then KEY_UNWRAP; and of an export. */
static void import_and_export(void **state)
{
	struct card *c = *state;
	uint64_t kek = make_secret(c, HSM_KEY_AES, 32), key;
	uint8_t point[POINT];
	EVP_PKEY *mine;
	struct msg *m;

	seal(c, kek, secret, sizeof(secret), point);
	assert_int_equal(send(c, ALICE, begin_host(HSM_CMD_HOST_WRAP, kek, HSM_WRAP_AES_PKCS5, point,
						   &envelope)), 0);
	take(HSM_TAG_DATA, &wrapped);
	m = begin_unwrap(kek, HSM_WRAP_AES_PKCS5, &wrapped);
	add_kind(m, HSM_KEY_CLASS_SECRET, HSM_KEY_AES);
	key = made(c, ALICE, m);

	m = begin_wrap(key, kek, HSM_WRAP_AES_PKCS5);
	add_no_header(m);
	assert_int_equal(send(c, ALICE, m), 0);
	take(HSM_TAG_DATA, &wrapped);
	mine = new_point(point);
	assert_int_equal(send(c, ALICE, begin_host(HSM_CMD_HOST_UNWRAP, kek, HSM_WRAP_AES_PKCS5,
						   point, &wrapped)), 0);
	assert_true(open_reply(mine, point, kek));
	assert_int_equal(plain.len, sizeof(secret));
	assert_memory_equal(plain.p, secret, sizeof(secret));
	EVP_PKEY_free(mine);
}

static void flipped_anywhere(void **state)
{
	struct card *c = *state;
	uint64_t kek = make_secret(c, HSM_KEY_AES, 32);
	uint8_t point[POINT];
	size_t i;

	seal(c, kek, secret, sizeof(secret), point);
	for (i = 0; i < (POINT + envelope.len) * 8; i++) {
		uint8_t *at = i / 8 < POINT ? &point[i / 8] : &envelope.p[i / 8 - POINT];

		*at ^= (uint8_t)(1 << i % 8);
		assert_int_equal(send(c, ALICE, begin_host(HSM_CMD_HOST_WRAP, kek,
							   HSM_WRAP_AES_PAD, point, &envelope)),
				 HSM_RV_BAD_PKCS_DATA);
		*at ^= (uint8_t)(1 << i % 8);
	}
	for (i = 17; i < envelope.len; i++) {
		struct blob cut = envelope;

		cut.len = i;
		assert_int_equal(send(c, ALICE, begin_host(HSM_CMD_HOST_WRAP, kek,
							   HSM_WRAP_AES_PAD, point, &cut)),
				 HSM_RV_BAD_PKCS_DATA);
	}
	assert_int_equal(send(c, ALICE, begin_host(HSM_CMD_HOST_WRAP, kek, HSM_WRAP_AES_PAD, point,
						   &envelope)), 0);
}

static void for_one_key_and_session_only(void **state)
{
	struct card *c = *state;
	uint64_t kek = make_secret(c, HSM_KEY_AES, 32), other = make_secret(c, HSM_KEY_AES, 32);
	uint32_t session = open_session(c, ALICE);
	uint8_t point[POINT];
	struct msg *m;

	seal(c, kek, secret, sizeof(secret), point);
	m = begin_host(HSM_CMD_HOST_WRAP, other, HSM_WRAP_AES_PAD, point, &envelope);
	assert_int_equal(send(c, ALICE, m), HSM_RV_BAD_PKCS_DATA);
	m = begin_host(HSM_CMD_HOST_WRAP, kek, HSM_WRAP_AES_PAD, point, &envelope);
	put_le32(m->in + 8, session);
	assert_int_equal(send(c, ALICE, m), HSM_RV_BAD_PKCS_DATA);
}

/* A reset makes a new key: what was sealed for the old one does not open. */
static void key_of_one_power_on(void **state)
{
	struct card *c = *state;
	uint64_t kek = made(c, ALICE, begin_aes("stays"));
	uint8_t point[POINT], before[POINT];
	struct msg *m;

	seal(c, kek, secret, sizeof(secret), point);
	memcpy(before, card_point.p, POINT);
	fw_reset(c->fw);
	card_login_all(c);
	m = begin_host(HSM_CMD_HOST_WRAP, kek, HSM_WRAP_AES_PAD, point, &envelope);
	assert_int_equal(send(c, ALICE, m), HSM_RV_BAD_PKCS_DATA);
	seal(c, kek, secret, sizeof(secret), point);
	assert_memory_not_equal(before, card_point.p, POINT);
	m = begin_host(HSM_CMD_HOST_WRAP, kek, HSM_WRAP_AES_PAD, point, &envelope);
	assert_int_equal(send(c, ALICE, m), 0);
}

static void refuse(struct card *c, uint16_t opcode, uint64_t key, uint32_t mech, uint32_t status,
		   uint32_t tag)
{
	uint8_t point[POINT];
	struct msg *m;

	seal(c, key, secret, sizeof(secret), point);
	m = begin_host(opcode, key, mech, point, &envelope);
	assert_int_equal(send(c, ALICE, m), status);
	if (tag)
		assert_int_equal(bad_tag(m), tag);
	assert_int_equal(reply_count(m, HSM_TAG_DATA), 0);
}

static void refusals(void **state)
{
	struct card *c = *state;
	uint64_t kek = make_secret(c, HSM_KEY_AES, 32), rsa = make_pair(c, HSM_KEY_RSA, 0);
	uint16_t op;

	for (op = HSM_CMD_HOST_WRAP; op <= HSM_CMD_HOST_UNWRAP; op++) {
		uint32_t attr = op == HSM_CMD_HOST_WRAP ? HSM_ATTR_ENCRYPT : HSM_ATTR_DECRYPT;

		refuse(c, op, make_with(c, HSM_KEY_AES, 16, attr, 0), 4, HSM_RV_KEY_FUNCTION,
		       HSM_TAG_WRAP_HANDLE);
		refuse(c, op, rsa, 4, HSM_RV_BAD_KEY_TYPE, HSM_TAG_WRAP_HANDLE);
		refuse(c, op, make_secret(c, HSM_KEY_DES3, 24), 4, HSM_RV_BAD_KEY_TYPE,
		       HSM_TAG_WRAP_HANDLE);
		refuse(c, op, 999, 4, HSM_RV_BAD_HANDLE, HSM_TAG_WRAP_HANDLE);
		refuse(c, op, kek, 7, HSM_RV_BAD_MECHANISM, HSM_TAG_WRAP_MECHANISM);
		refuse(c, op, made(c, BOB, begin_aes("bob's")), 4, HSM_RV_BAD_HANDLE,
		       HSM_TAG_WRAP_HANDLE);
	}
	refuse(c, HSM_CMD_HOST_UNWRAP, kek, 4, HSM_RV_BAD_PKCS_DATA, 0);
}

static void unwrap_wants_a_point_of_the_curve(void **state)
{
	struct card *c = *state;
	uint64_t kek = make_secret(c, HSM_KEY_AES, 32), key = make_secret(c, HSM_KEY_AES, 16);
	struct msg *m = begin_wrap(key, kek, HSM_WRAP_AES_PAD);
	uint8_t point[POINT] = { 4, 1 };

	add_no_header(m);
	assert_int_equal(send(c, ALICE, m), 0);
	take(HSM_TAG_DATA, &wrapped);
	m = begin_host(HSM_CMD_HOST_UNWRAP, kek, HSM_WRAP_AES_PAD, point, &wrapped);
	assert_int_equal(send(c, ALICE, m), HSM_RV_BAD_PKCS_DATA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_mechanism_and_length),
		cmocka_unit_test(import_and_export),
		cmocka_unit_test(flipped_anywhere),
		cmocka_unit_test(for_one_key_and_session_only),
		cmocka_unit_test(refusals),
		cmocka_unit_test(unwrap_wants_a_point_of_the_curve),
		cmocka_unit_test(key_of_one_power_on),
	};

	return cmocka_run_group_tests(tests, setup_users, teardown);
}
