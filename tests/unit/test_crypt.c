// SPDX-License-Identifier: GPL-2.0-or-later
/* test_crypt.c - CRYPT: rights, requests that are wrong, prepared keys, IVs. */
#include "fw_int.h"
#include "key_cache.h"
#include "using.h"

static struct blob in, out, whole, before;

static struct msg *crypt(uint32_t use, uint32_t mech, uint64_t key)
{
	struct msg *m = begin_crypt(HSM_CMD_CRYPT, use, mech, key);

	add_blob(m, HSM_TAG_DATA, &in);
	return m;
}

/* Uses: the attribute that is missing. */
static void flags_of_use(void **state)
{
	static const struct {
		uint32_t use, mech, attr;
	} uses[] = {
		{ HSM_USE_ENCRYPT, HSM_CKM_AES_ECB, HSM_ATTR_ENCRYPT },
		{ HSM_USE_DECRYPT, HSM_CKM_AES_ECB, HSM_ATTR_DECRYPT },
		{ HSM_USE_SIGN, HSM_CKM_AES_CMAC, HSM_ATTR_SIGN },
		{ HSM_USE_VERIFY, HSM_CKM_AES_CMAC, HSM_ATTR_VERIFY },
	};
	struct card *c = *state;
	uint16_t op;
	size_t i;

	fill(&in, 32);
	for (i = 0; i < 4; i++) {
		for (op = HSM_CMD_CRYPT; op <= HSM_CMD_CRYPT_INIT; op++) {
			struct msg *m;
			uint64_t key = make_with(c, HSM_KEY_AES, 32, uses[i].attr, 0);

			m = begin_crypt(op, uses[i].use, uses[i].mech, key);
			if (op == HSM_CMD_CRYPT && uses[i].use == HSM_USE_VERIFY)
				add(m, HSM_TAG_SIGNATURE, in.p, 16);
			assert_int_equal(send(c, ALICE, m), HSM_RV_KEY_FUNCTION);
			assert_int_equal(bad_tag(m), HSM_TAG_HANDLE);
		}
	}
}

static void who_may_use_a_key(void **state)
{
	struct card *c = *state;
	uint64_t mine = made(c, ALICE, begin_aes("mine")), shared, quorum;
	struct msg *m = begin_aes("shared");

	fill(&in, 32);
	add_u32(m, HSM_TAG_SHARE_USER, ID_BOB);
	shared = made(c, ALICE, m);
	m = begin_aes("quorum");
	add_u32(m, HSM_TAG_SHARE_USER, ID_BOB);
	add_u32(m, HSM_TAG_M_VALUE, 1);
	quorum = made(c, ALICE, m);
	assert_int_equal(send(c, ALICE, crypt(HSM_USE_ENCRYPT, HSM_CKM_AES_ECB, mine)), 0);
	assert_int_equal(send(c, BOB, crypt(HSM_USE_ENCRYPT, HSM_CKM_AES_ECB, mine)),
			 HSM_RV_BAD_HANDLE);
	assert_int_equal(send(c, BOB, crypt(HSM_USE_ENCRYPT, HSM_CKM_AES_ECB, shared)), 0);
	assert_int_equal(send(c, OFFICER, crypt(HSM_USE_ENCRYPT, HSM_CKM_AES_ECB, shared)),
			 HSM_RV_NOT_AUTHORIZED);
	assert_int_equal(send(c, NOBODY, crypt(HSM_USE_ENCRYPT, HSM_CKM_AES_ECB, shared)),
			 HSM_RV_NOT_LOGGED_IN);
	assert_int_equal(send(c, ALICE, crypt(HSM_USE_ENCRYPT, HSM_CKM_AES_ECB, quorum)),
			 HSM_RV_MXN_AUTH_FAILED);
	assert_int_equal(delete_key(c, ALICE, mine), 0);
	assert_int_equal(send(c, ALICE, crypt(HSM_USE_ENCRYPT, HSM_CKM_AES_ECB, mine)),
			 HSM_RV_BAD_HANDLE);
}

static void refuse(struct card *c, struct msg *m, uint32_t status, uint32_t tag)
{
	assert_int_equal(send(c, ALICE, m), status);
	assert_int_equal(bad_tag(m), tag);
}

static void wrong_requests(void **state)
{
	struct card *c = *state;
	uint64_t aes = make_secret(c, HSM_KEY_AES, 32), rsa = make_pair(c, HSM_KEY_RSA, 0);
	struct msg *m;

	fill(&in, 32);
	refuse(c, crypt(HSM_USE_ENCRYPT, 0x9999, aes), HSM_RV_BAD_MECHANISM, HSM_TAG_MECHANISM);
	refuse(c, crypt(HSM_USE_DIGEST, HSM_CKM_AES_ECB, 0), HSM_RV_BAD_MECHANISM,
	       HSM_TAG_MECHANISM);
	refuse(c, crypt(HSM_USE_ENCRYPT, HSM_CKM_SHA256, aes), HSM_RV_BAD_MECHANISM,
	       HSM_TAG_MECHANISM);
	refuse(c, crypt(6, HSM_CKM_AES_ECB, aes), HSM_RV_INVALID_INPUT, HSM_TAG_USE);
	refuse(c, crypt(HSM_USE_ENCRYPT, HSM_CKM_AES_ECB, 0), HSM_RV_BAD_MESSAGE, HSM_TAG_HANDLE);
	refuse(c, crypt(HSM_USE_DIGEST, HSM_CKM_SHA256, aes), HSM_RV_INVALID_INPUT,
	       HSM_TAG_HANDLE);
	refuse(c, crypt(HSM_USE_ENCRYPT, HSM_CKM_AES_ECB, rsa), HSM_RV_BAD_KEY_TYPE,
	       HSM_TAG_HANDLE);
	refuse(c, crypt(HSM_USE_ENCRYPT, HSM_CKM_AES_CBC, aes), HSM_RV_BAD_MESSAGE, HSM_TAG_IV);
	m = crypt(HSM_USE_ENCRYPT, HSM_CKM_AES_CBC, aes);
	add(m, HSM_TAG_IV, "short", 5);
	refuse(c, m, HSM_RV_INVALID_INPUT, HSM_TAG_IV);
	m = crypt(HSM_USE_ENCRYPT, HSM_CKM_AES_ECB, aes);
	add(m, HSM_TAG_IV, in.p, 16);
	refuse(c, m, HSM_RV_INVALID_INPUT, HSM_TAG_IV);
	m = crypt(HSM_USE_ENCRYPT, HSM_CKM_AES_GCM, aes);	/* S18 */
	add(m, HSM_TAG_IV, in.p, 12);
	refuse(c, m, HSM_RV_INVALID_INPUT, HSM_TAG_IV);
	m = crypt(HSM_USE_ENCRYPT, HSM_CKM_AES_ECB, aes);
	add(m, HSM_TAG_AAD, in.p, 12);
	refuse(c, m, HSM_RV_INVALID_INPUT, HSM_TAG_AAD);
	m = crypt(HSM_USE_ENCRYPT, HSM_CKM_RSA_PKCS, rsa);
	add_u32(m, HSM_TAG_HASH, HSM_HASH_SHA1);
	refuse(c, m, HSM_RV_INVALID_INPUT, HSM_TAG_HASH);
	m = crypt(HSM_USE_ENCRYPT, HSM_CKM_AES_GCM, aes);
	add_u32(m, HSM_TAG_GCM_TAG_LEN, 7);
	refuse(c, m, HSM_RV_INVALID_INPUT, HSM_TAG_GCM_TAG_LEN);
	refuse(c, crypt(HSM_USE_VERIFY, HSM_CKM_SHA256_RSA_PKCS, rsa), HSM_RV_BAD_MESSAGE,
	       HSM_TAG_SIGNATURE);
	m = crypt(HSM_USE_SIGN, HSM_CKM_SHA256_RSA_PKCS, rsa + 1);
	add(m, HSM_TAG_SIGNATURE, in.p, 12);
	refuse(c, m, HSM_RV_INVALID_INPUT, HSM_TAG_SIGNATURE);
	refuse(c, begin_crypt(HSM_CMD_CRYPT_INIT, HSM_USE_ENCRYPT, HSM_CKM_RSA_PKCS, rsa),
	       HSM_RV_BAD_MECHANISM, HSM_TAG_MECHANISM);
	m = begin_crypt(HSM_CMD_CRYPT_INIT, HSM_USE_DECRYPT, HSM_CKM_AES_GCM, aes);
	add(m, HSM_TAG_IV, in.p, 12);
	refuse(c, m, HSM_RV_BAD_MECHANISM, HSM_TAG_MECHANISM);
	fill(&in, 31);
	refuse(c, crypt(HSM_USE_ENCRYPT, HSM_CKM_AES_ECB, aes), HSM_RV_DATA_LENGTH, HSM_TAG_DATA);
}

static bool cached(struct card *c, uint64_t key)
{
	struct fc_key *k = key_cache_get(c->fw->objects.prepared, key);

	fc_key_put(k);
	return k;
}

/* The same handle never gives another key's prepared form. */
static void deleted_keys_leave_the_cache(void **state)
{
	struct card *c = *state;
	uint64_t key;
	int i;

	fill(&in, 32);
	for (i = 0; i < 50; i++) {
		key = make_secret(c, HSM_KEY_AES, 32);
		assert_int_equal(send(c, ALICE, crypt(HSM_USE_ENCRYPT, HSM_CKM_AES_ECB, key)), 0);
		take(HSM_TAG_DATA, &out);
		assert_int_equal(send(c, ALICE, crypt(HSM_USE_ENCRYPT, HSM_CKM_AES_ECB, key)), 0);
		take(HSM_TAG_DATA, &whole);
		assert_true(same(&out, &whole));
		if (i)
			assert_false(same(&out, &before));
		before = out;
		assert_true(cached(c, key));
		assert_int_equal(delete_key(c, ALICE, key), 0);
		assert_false(cached(c, key));
		assert_int_equal(send(c, ALICE, crypt(HSM_USE_ENCRYPT, HSM_CKM_AES_ECB, key)),
				 HSM_RV_BAD_HANDLE);
	}
}

/* The one not used for longest goes. */
static void cache_is_bounded(void **state)
{
	struct fc_key *key = fc_key_secret(HSM_KEY_AES, (const uint8_t *)"0123456789abcdef", 16);
	struct card *c = *state;
	struct key_cache *k = key_cache_new(&c->platform, 1);
	uint64_t i;

	for (i = 1; i <= KEY_CACHE_MAX; i++)
		key_cache_add(k, i, key);
	fc_key_put(key_cache_get(k, 1));
	key_cache_add(k, i, key);
	assert_null(key_cache_get(k, 2));
	for (i = 1; i <= KEY_CACHE_MAX + 1; i += i == 1 ? 2 : 1) {
		struct fc_key *got = key_cache_get(k, i);

		assert_ptr_equal(got, key);
		fc_key_put(got);
	}
	key_cache_free(k);
	fc_key_put(key);
}

/* Bytes decrypted before the padding turned out wrong do not stay in the reply. */
static void failed_decrypt_leaves_nothing(void **state)
{
	struct card *c = *state;
	uint64_t key = make_secret(c, HSM_KEY_AES, 32);
	struct msg *m;

	fill(&in, 100);
	m = crypt(HSM_USE_ENCRYPT, HSM_CKM_AES_CBC_PAD, key);
	add(m, HSM_TAG_IV, "0123456789abcdef", 16);
	assert_int_equal(send(c, ALICE, m), 0);
	take(HSM_TAG_DATA, &out);
	whole = in;
	in = out;
	in.p[in.len - 17] ^= 0x40;
	m = crypt(HSM_USE_DECRYPT, HSM_CKM_AES_CBC_PAD, key);
	add(m, HSM_TAG_IV, "0123456789abcdef", 16);
	assert_int_equal(send(c, ALICE, m), HSM_RV_BAD_PKCS_DATA);
	assert_null(memmem(m->out, sizeof(m->out), whole.p + 48, 16));
}

#define IVS		4096
#define MANY_IVS	(1u << 20)

static uint8_t ivs[MANY_IVS][12];

static int compare_iv(const void *a, const void *b)
{
	return memcmp(a, b, 12);
}

/* The one of @m's reply becomes number @i. */
static void keep_iv(const struct msg *m, size_t i)
{
	struct tlv t;

	assert_true(reply_find(m, HSM_TAG_IV, &t) && t.len == 12);
	memcpy(ivs[i], t.p, 12);
}

static void check_ivs(size_t n)
{
	size_t i;

	qsort(ivs, n, 12, compare_iv);
	for (i = 1; i < n; i++)
		assert_memory_not_equal(ivs[i - 1], ivs[i], 12);
}

static void end(struct card *c, uint32_t op)
{
	struct msg *m = begin(HSM_CMD_CRYPT_FINAL, FIRST_SESSION);

	add_u32(m, HSM_TAG_OPERATION, op);
	assert_int_equal(send(c, ALICE, m), 0);
}

/* S18: through the command itself, single part and INIT by turns. */
static void gcm_ivs_are_unique(void **state)
{
	struct card *c = *state;
	uint64_t key = make_secret(c, HSM_KEY_AES, 32);
	size_t i;

	fill(&in, 1);
	for (i = 0; i < IVS; i++) {
		struct msg *m = begin_crypt(i % 2 ? HSM_CMD_CRYPT_INIT : HSM_CMD_CRYPT,
					    HSM_USE_ENCRYPT, HSM_CKM_AES_GCM, key);

		assert_int_equal(send(c, ALICE, m), 0);
		keep_iv(m, i);
		if (i % 2)
			end(c, reply_u32(m, HSM_TAG_OPERATION));
	}
	check_ivs(IVS);
}

/* S18: a million of one key, by one request again and again. */
static void gcm_ivs_are_unique_for_long(void **state)
{
	struct card *c = *state;
	struct msg *m;
	size_t i;

	fill(&in, 1);
	m = crypt(HSM_USE_ENCRYPT, HSM_CKM_AES_GCM, make_secret(c, HSM_KEY_AES, 32));
	assert_int_equal(send(c, ALICE, m), 0);
	keep_iv(m, 0);
	for (i = 1; i < MANY_IVS; i++) {
		m->done = false;
		fw_exec(c->fw, &m->req);
		assert_true(m->done && m->result == FW_OK);
		keep_iv(m, i);
	}
	check_ivs(MANY_IVS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flags_of_use),
		cmocka_unit_test(who_may_use_a_key),
		cmocka_unit_test(wrong_requests),
		cmocka_unit_test(deleted_keys_leave_the_cache),
		cmocka_unit_test(cache_is_bounded),
		cmocka_unit_test(failed_decrypt_leaves_nothing),
		cmocka_unit_test(gcm_ivs_are_unique),
		cmocka_unit_test(gcm_ivs_are_unique_for_long),
	};

	return cmocka_run_group_tests(tests, setup_users, teardown);
}
