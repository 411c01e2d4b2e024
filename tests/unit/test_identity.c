// SPDX-License-Identifier: GPL-2.0-or-later
/* test_identity.c - CERT: the chain as OpenSSL sees it; made once, also in an older store. */
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "fixture.h"
#include "identity.h"
#include "storing.h"

static const uint32_t numbers[] = { 1, 2, 4, 8, 16 };

static uint32_t get(struct card *c, uint32_t ctx, uint32_t number)
{
	struct msg *m = begin(HSM_CMD_CERT, 0);

	add_u32(m, HSM_TAG_CERT, number);
	return send(c, ctx, m);
}

static X509 *cert(struct card *c, uint32_t number)
{
	const uint8_t *p;
	struct tlv t;
	X509 *x;

	assert_int_equal(get(c, NOBODY, number), 0);
	assert_true(reply_find(last(), HSM_TAG_DATA, &t));
	p = t.p;
	x = d2i_X509(NULL, &p, t.len);
	assert_non_null(x);
	assert_ptr_equal(p, t.p + t.len);
	return x;
}

/* Whether @leaf verifies with @root alone trusted and @middle at hand. */
static bool chain(X509 *leaf, X509 *middle, X509 *root)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *others = sk_X509_new_null();
	bool ok;

	X509_STORE_add_cert(store, root);
	if (middle)
		sk_X509_push(others, middle);
	X509_STORE_CTX_init(ctx, store, leaf, others);
	X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_X509_STRICT);
	ok = X509_verify_cert(ctx) == 1;
	if (!ok)
		print_message("%s\n", X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
	sk_X509_free(others);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return ok;
}

static void chains(void **state)
{
	struct card *c = *state;
	X509 *maker = cert(c, 1), *card = cert(c, 2), *customer = cert(c, 4);
	X509 *by_customer = cert(c, 8), *by_maker = cert(c, 16);

	assert_true(chain(maker, NULL, maker));
	assert_true(chain(card, NULL, maker));
	assert_true(chain(customer, NULL, customer));
	assert_true(chain(by_customer, NULL, customer));
	assert_true(chain(by_maker, card, maker));
	assert_false(chain(by_maker, NULL, maker));
	assert_false(chain(by_customer, card, maker));
	assert_false(chain(card, NULL, customer));
	assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(by_customer), X509_get0_pubkey(by_maker)), 1);
	assert_int_not_equal(EVP_PKEY_eq(X509_get0_pubkey(card), X509_get0_pubkey(by_maker)), 1);
	X509_free(maker);
	X509_free(card);
	X509_free(customer);
	X509_free(by_customer);
	X509_free(by_maker);
}

static void names(void **state)
{
	static const char *const cn[] = {
		"TEST Manufacturer Root", "TEST HSM", "TEST Customer Root", "TEST Cluster",
		"TEST Cluster",
	};
	struct card *c = *state;
	char want[80], got[80];
	size_t i;

	for (i = 0; i < 5; i++) {
		X509 *x = cert(c, numbers[i]);

		snprintf(want, sizeof(want), "%s %s", cn[i], c->cfg.serial);
		X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, got,
					  sizeof(got));
		assert_string_equal(got, want);
		X509_free(x);
	}
}

static void unknown_numbers(void **state)
{
	static const uint32_t bad[] = { 0, 3, 5, 7, 9, 15, 17, 32, 0xffffffff };
	size_t i;

	for (i = 0; i < 9; i++) {
		assert_int_equal(get(*state, NOBODY, bad[i]), HSM_RV_INVALID_INPUT);
		assert_int_equal(bad_tag(last()), HSM_TAG_CERT);
	}
}

/* The five certificates, one behind the other. */
static size_t all(struct card *c, uint8_t *into)
{
	struct tlv t;
	size_t i, n = 0;

	for (i = 0; i < 5; n += t.len, i++) {
		assert_int_equal(get(c, NOBODY, numbers[i]), 0);
		assert_true(reply_find(last(), HSM_TAG_DATA, &t));
		memcpy(into + n, t.p, t.len);
	}
	return n;
}

static void restart(struct card *c)
{
	card_restart(c);
	card_open_contexts(c);
}

static void stays(void **state)
{
	static uint8_t a[8192], b[8192];
	struct card *c = *state;
	uint8_t masking[32];
	size_t len = all(c, a);

	memcpy(masking, c->fw->identity->masking_key.p, 32);
	restart(c);
	assert_int_equal(all(c, b), len);
	assert_memory_equal(a, b, len);
	assert_memory_equal(c->fw->identity->masking_key.p, masking, 32);
}

/* As a store from before there were identities: whole, but without the record. */
static void older_store(void **state)
{
	const struct store_op op = { STORE_META, RECORD_IDENTITY, NULL, 0 };
	static uint8_t a[8192], b[8192];
	struct card *c = *state;
	size_t len, old;

	old = all(c, a);
	assert_int_equal(commit_wait(c->store, &op, 1), 0);
	restart(c);
	assert_string_equal(c->log, "");
	len = all(c, b);
	assert_false(len == old && !memcmp(a, b, len));
	restart(c);
	assert_int_equal(all(c, a), len);
	assert_memory_equal(a, b, len);
}

/* A damaged one is not replaced: what it masked would never open again. */
static void damaged(void **state)
{
	struct card *c = *state;
	struct msg *m;

	card_stop(c);
	sql(c->path, "UPDATE record SET data = zeroblob(length(data)) WHERE kind = 0 AND id = 3");
	assert_true(card_start(c));
	card_login_all(c);
	assert_int_equal(get(c, NOBODY, 1), HSM_RV_RECORD_DAMAGED);
	made(c, ALICE, begin_aes("key"));
	m = begin(HSM_CMD_KEY_MASK, FIRST_SESSION);
	add_u64(m, HSM_TAG_HANDLE, 6);
	assert_int_equal(send(c, ALICE, m), HSM_RV_RECORD_DAMAGED);
	assert_non_null(strstr(c->log, "stored record meta 3 is damaged"));
}

static void records_that_make_no_sense(void **state)
{
	struct card *c = *state;
	struct record rec;
	struct identity *id;
	size_t i;

	assert_true(identity_make(c->fw, &rec));
	id = identity_read(rec.w.p, rec.w.len);
	assert_non_null(id);
	identity_free(id);
	for (i = 0; i < rec.w.len; i++)
		assert_null(identity_read(rec.w.p, i));
	for (i = 0; i < 4; i++) {
		rec.w.p[i] ^= 0x40;
		assert_null(identity_read(rec.w.p, rec.w.len));
		rec.w.p[i] ^= 0x40;
	}
	record_free(&rec);
}


int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_users, teardown)
#define DISK(f) cmocka_unit_test_setup_teardown(f, setup_users_sqlite, teardown)
	const struct CMUnitTest tests[] = {
		T(chains), T(names), T(unknown_numbers), DISK(stays), DISK(older_store),
		DISK(damaged), T(records_that_make_no_sense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
