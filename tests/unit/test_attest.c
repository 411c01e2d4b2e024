// SPDX-License-Identifier: GPL-2.0-or-later
/* test_attest.c - what the card states about itself and its keys, and that it signs it. */
#include <time.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "audit.h"
#include "crypto.h"
#include "fixture.h"
#include "fw_int.h"
#include "identity.h"

static const uint8_t nonce[HSM_NONCE_LEN + 1] = "what the one who asks has chosen";
static const uint8_t measured[HSM_DIGEST_LEN] = "what the test says it measured..";
static unsigned int measurements;
static bool measurable = true;

static bool measure(void *opaque, uint8_t sha256[32])
{
	(void)opaque;
	measurements++;
	memcpy(sha256, measured, sizeof(measured));
	return measurable;
}

/* As setup_users(), but the measurement is a known one. */
static int setup(void **state)
{
	struct card *c;

	setup_users(state);
	c = *state;
	c->platform.measure = measure;
	c->fw->platform.measure = measure;
	measurements = 0;
	measurable = true;
	return 0;
}

/* A statement, taken apart; fails unless it is whole and signed by the card. */
struct statement {
	struct hsm_attestation st;
	struct hsm_attested_key keys[2];
	size_t n_keys;
};

static X509 *hardware(struct card *c)
{
	struct bytes der = identity_cert(c->fw->identity, HSM_CERT_HARDWARE);
	const uint8_t *p = der.p;
	X509 *x = d2i_X509(NULL, &p, (long)der.len);

	assert_non_null(x);
	return x;
}

static bool signed_by_card(struct card *c, const struct tlv *st, const struct tlv *sig)
{
	X509 *x = hardware(c);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, X509_get0_pubkey(x)) == 1 &&
		  EVP_DigestVerify(ctx, sig->p, sig->len, st->p, st->len) == 1;

	EVP_MD_CTX_free(ctx);
	X509_free(x);
	return ok;
}

static struct statement stated(struct card *c, const struct msg *m)
{
	struct statement s;
	struct tlv st, sig;

	assert_true(reply_find(m, HSM_TAG_ATTESTATION, &st));
	assert_true(reply_find(m, HSM_TAG_SIGNATURE, &sig));
	assert_true(signed_by_card(c, &st, &sig));
	memset(&s, 0, sizeof(s));
	assert_true(st.len >= sizeof(s.st) && st.len <= sizeof(s.st) + sizeof(s.keys));
	memcpy(&s.st, st.p, sizeof(s.st));
	s.n_keys = (st.len - sizeof(s.st)) / sizeof(s.keys[0]);
	memcpy(s.keys, st.p + sizeof(s.st), st.len - sizeof(s.st));
	assert_int_equal(s.st.n_keys, s.n_keys);
	assert_memory_equal(s.st.magic, "HSMQ", 4);
	assert_int_equal(s.st.version, 1);
	assert_memory_equal(s.st.nonce, nonce, HSM_NONCE_LEN);
	return s;
}

static struct msg *begin_attest(uint32_t session)
{
	struct msg *m = begin(HSM_CMD_ATTEST, session);

	add(m, HSM_TAG_NONCE, nonce, HSM_NONCE_LEN);
	return m;
}

static struct msg *with_nonce(struct msg *m)
{
	add(m, HSM_TAG_ATTEST_NONCE, nonce, HSM_NONCE_LEN);
	return m;
}

static void card_alone(void **state)
{
	uint8_t hash[HSM_DIGEST_LEN];
	struct card *c = *state;
	struct statement s;
	uint32_t reboot;
	uint64_t next;

	c->fw->fips = true;
	c->fw->policy = FW_POLICY_STRICT;
	assert_int_equal(send(c, NOBODY, begin_attest(0)), 0);
	s = stated(c, last());
	audit_state(c->fw, &reboot, &next, hash);
	assert_int_equal(s.n_keys, 0);
	assert_memory_equal(s.st.measurement, measured, sizeof(measured));
	assert_string_equal(s.st.serial, "TEST-0001");
	assert_int_equal(s.st.node_id, 7);
	assert_int_equal(s.st.policy, 1);
	assert_int_equal(s.st.fips_state, 2);
	assert_int_equal(s.st.fw_major, FW_VERSION_MAJOR);
	assert_int_equal(s.st.fw_minor, FW_VERSION_MINOR);
	assert_int_equal(s.st.nodes, 1);
	assert_int_equal(s.st.users, 5);
	assert_int_equal(s.st.reboot, reboot);
	assert_true(next && s.st.audit_next == next);
	assert_memory_equal(s.st.audit_hash, hash, sizeof(hash));
	assert_true(s.st.time_us / 1000000 - (uint64_t)time(NULL) + 5 < 10);
	assert_int_equal(reply_count(last(), HSM_TAG_NODE), 1);
}

static void measured_once(void **state)
{
	struct card *c = *state;

	assert_int_equal(measurements, 0);
	assert_int_equal(send(c, NOBODY, begin_attest(0)), 0);
	assert_int_equal(send(c, NOBODY, begin_attest(0)), 0);
	assert_int_equal(send(c, ALICE, with_nonce(begin_aes("key"))), 0);
	assert_int_equal(measurements, 1);
}

static void not_measurable(void **state)
{
	struct card *c = *state;

	measurable = false;
	assert_int_equal(send(c, NOBODY, begin_attest(0)), HSM_RV_SELFTEST_FAILED);
	assert_int_equal(send(c, ALICE, with_nonce(begin_aes("key"))), HSM_RV_SELFTEST_FAILED);
	assert_int_equal(found(c, ALICE, begin_find()), 0);
	assert_int_equal(send(c, ALICE, begin_aes("key")), 0);
}

static void bad_nonce(void **state)
{
	static const size_t bad[] = { 0, 31, 33 };
	struct msg *m;
	size_t i;

	assert_int_equal(send(*state, NOBODY, begin(HSM_CMD_ATTEST, 0)), HSM_RV_BAD_MESSAGE);
	for (i = 0; i < 3; i++) {
		m = begin(HSM_CMD_ATTEST, 0);
		add(m, HSM_TAG_NONCE, nonce, bad[i]);
		assert_int_equal(send(*state, NOBODY, m), HSM_RV_INVALID_INPUT);
		m = begin_aes("key");
		add(m, HSM_TAG_ATTEST_NONCE, nonce, bad[i]);
		assert_int_equal(send(*state, ALICE, m), HSM_RV_INVALID_INPUT);
	}
	assert_int_equal(found(*state, ALICE, begin_find()), 0);
}

/* The digest is that of what KEY_ATTRS answers but for NODE, which comes last. */
static void check_attrs(struct card *c, const struct hsm_attested_key *k)
{
	const size_t node = 8 + sizeof(struct hsm_node_status);
	uint8_t digest[HSM_DIGEST_LEN];

	assert_int_equal(attrs(c, ALICE, k->handle, HSM_ATTR_ALL), 0);
	assert_true(fc_sha256(last()->out + HEAD, last()->req.out_len - HEAD - node, digest));
	assert_memory_equal(k->attrs, digest, sizeof(digest));
}

static void token_key(void **state)
{
	struct msg *m = with_nonce(begin_aes("key"));
	struct card *c = *state;
	struct statement s;
	uint64_t handle;

	add_u32(m, HSM_TAG_SHARE_USER, ID_BOB);
	add_u32(m, HSM_TAG_M_VALUE, 2);
	assert_int_equal(send(c, ALICE, m), 0);
	s = stated(c, m);
	handle = reply_u64(m, HSM_TAG_HANDLE);
	assert_int_equal(s.n_keys, 1);
	assert_int_equal(s.keys[0].handle, handle);
	assert_int_equal(s.keys[0].origin, HSM_CMD_KEY_GEN_SYM);
	assert_int_equal(s.keys[0].owner, ID_ALICE);
	assert_int_equal(s.keys[0].m_value, 2);
	assert_int_equal(s.keys[0].shares, 1);
	check_attrs(c, &s.keys[0]);
}

static void session_key(void **state)
{
	struct msg *m = with_nonce(begin_aes("key"));
	struct card *c = *state;
	struct statement s;

	add_u8(m, HSM_ATTR_TOKEN, 0);
	assert_int_equal(send(c, ALICE, m), 0);
	s = stated(c, m);
	assert_int_equal(s.n_keys, 1);
	assert_int_equal(s.keys[0].handle, reply_u64(m, HSM_TAG_HANDLE));
	assert_int_equal(s.keys[0].origin, HSM_CMD_KEY_GEN_SYM);
	check_attrs(c, &s.keys[0]);
}

static void new_pair(void **state)
{
	struct card *c = *state;
	struct statement s;
	struct msg *m = with_nonce(begin_rsa("pair"));

	assert_int_equal(send(c, ALICE, m), 0);
	s = stated(c, m);
	assert_int_equal(s.n_keys, 2);
	assert_int_equal(s.keys[0].handle, reply_u64(m, HSM_TAG_HANDLE_PUBLIC));
	assert_int_equal(s.keys[1].handle, reply_u64(m, HSM_TAG_HANDLE_PRIVATE));
	assert_int_equal(s.keys[1].origin, HSM_CMD_KEY_GEN_PAIR);
	check_attrs(c, &s.keys[0]);
	check_attrs(c, &s.keys[1]);
}

/* Sends @m with a nonce; the one key that it makes is stated to come of its opcode. */
static void makes(struct card *c, struct msg *m)
{
	const uint16_t opcode = get_le16(m->in);
	struct statement s;

	with_nonce(m);
	assert_int_equal(send(c, ALICE, m), 0);
	s = stated(c, m);
	assert_int_equal(s.n_keys, 1);
	assert_int_equal(s.keys[0].handle, reply_u64(m, HSM_TAG_HANDLE));
	assert_int_equal(s.keys[0].origin, opcode);
	check_attrs(c, &s.keys[0]);
}

/* What @opcode gives out of @handle, put back in by @back. */
static void comes_back(struct card *c, uint16_t opcode, uint64_t handle, uint16_t back)
{
	struct msg *m = begin(opcode, FIRST_SESSION);
	uint8_t data[4096];
	size_t len;
	struct tlv t;

	add_u64(m, HSM_TAG_HANDLE, handle);
	assert_int_equal(send(c, ALICE, m), 0);
	assert_true(reply_find(m, HSM_TAG_DATA, &t) && t.len <= sizeof(data));
	len = t.len;
	memcpy(data, t.p, len);
	m = begin(back, FIRST_SESSION);
	add(m, HSM_TAG_DATA, data, len);
	if (back == HSM_CMD_KEY_PUT_PUBLIC)
		add_text(m, HSM_ATTR_LABEL, "back");
	makes(c, m);
}

static void other_makers(void **state)
{
	struct card *c = *state;
	struct msg *m = begin(HSM_CMD_KEY_GEN_PBE, FIRST_SESSION);

	add_text(m, HSM_TAG_PASSWORD, "secret");
	add_text(m, HSM_TAG_SALT, "12345678");
	add_u32(m, HSM_TAG_ITERATIONS, 1000);
	add_text(m, HSM_ATTR_LABEL, "pbe");
	makes(c, m);
	comes_back(c, HSM_CMD_KEY_GET_PUBLIC, made(c, ALICE, begin_rsa("pair")),
		   HSM_CMD_KEY_PUT_PUBLIC);
	comes_back(c, HSM_CMD_KEY_MASK, made(c, ALICE, begin_aes("key")), HSM_CMD_KEY_UNMASK);
}

static void without_nonce(void **state)
{
	struct card *c = *state;

	assert_int_equal(send(c, ALICE, begin_aes("key")), 0);
	assert_int_equal(reply_count(last(), HSM_TAG_ATTESTATION), 0);
	assert_int_equal(reply_count(last(), HSM_TAG_SIGNATURE), 0);
}

static struct msg *begin_about(uint32_t session, uint64_t a, uint64_t b)
{
	struct msg *m = begin_attest(session);

	add_u64(m, HSM_TAG_HANDLE, a);
	if (b)
		add_u64(m, HSM_TAG_HANDLE, b);
	return m;
}

static void keys_that_are_there(void **state)
{
	struct card *c = *state;
	struct statement s;
	uint64_t a = made(c, ALICE, begin_aes("one")), b = made(c, ALICE, begin_aes("two"));

	assert_int_equal(send(c, ALICE, begin_about(FIRST_SESSION, b, a)), 0);
	s = stated(c, last());
	assert_int_equal(s.n_keys, 2);
	assert_int_equal(s.keys[0].handle, b);
	assert_int_equal(s.keys[1].handle, a);
	assert_int_equal(s.keys[0].origin, 0);
	check_attrs(c, &s.keys[0]);
	check_attrs(c, &s.keys[1]);
}

static void keys_of_others(void **state)
{
	struct card *c = *state;
	uint64_t key = made(c, ALICE, begin_aes("key"));
	struct msg *m;

	assert_int_equal(send(c, ALICE, begin_about(0, key, 0)), HSM_RV_BAD_SESSION);
	assert_int_equal(send(c, NOBODY, begin_about(FIRST_SESSION, key, 0)),
			 HSM_RV_NOT_LOGGED_IN);
	assert_int_equal(send(c, BOB, begin_about(FIRST_SESSION, key, 0)), HSM_RV_BAD_HANDLE);
	assert_int_equal(bad_tag(last()), HSM_TAG_HANDLE);
	assert_int_equal(reply_count(last(), HSM_TAG_ATTESTATION), 0);
	assert_int_equal(send(c, ALICE, begin_about(FIRST_SESSION, key, 99)), HSM_RV_BAD_HANDLE);
	m = begin_about(FIRST_SESSION, key, key);
	add_u64(m, HSM_TAG_HANDLE, key);
	assert_int_equal(send(c, ALICE, m), HSM_RV_INVALID_INPUT);
	assert_int_equal(bad_tag(m), HSM_TAG_HANDLE);
}

static void no_room(void **state)
{
	struct card *c = *state;
	struct msg *m = with_nonce(begin_aes("key"));
	size_t need;

	m->room = 64;
	assert_int_equal(exec(c, ALICE, m), FW_NO_ROOM);
	need = m->req.out_len;
	assert_int_equal(found(c, ALICE, begin_find()), 0);
	m = with_nonce(begin_aes("key"));
	m->room = need;
	assert_int_equal(send(c, ALICE, m), 0);
	stated(c, m);
}

static void no_identity(void **state)
{
	struct card *c = *state;
	struct identity *id = c->fw->identity;

	c->fw->identity = NULL;
	assert_int_equal(send(c, NOBODY, begin_attest(0)), HSM_RV_RECORD_DAMAGED);
	assert_int_equal(send(c, ALICE, with_nonce(begin_aes("key"))), HSM_RV_RECORD_DAMAGED);
	assert_int_equal(found(c, ALICE, begin_find()), 0);
	c->fw->identity = id;
}

/* A restored store is the same card to the one who checks. */
static void renewed(void **state)
{
	static const uint32_t kept[] = { HSM_CERT_MANUFACTURER_ROOT, HSM_CERT_HARDWARE };
	static const uint32_t fresh[] = {
		HSM_CERT_CUSTOMER_ROOT, HSM_CERT_CLUSTER_CUSTOMER, HSM_CERT_CLUSTER_MANUFACTURER,
	};
	struct card *c = *state;
	struct identity *old = c->fw->identity, *now;
	struct record rec;
	size_t i;

	assert_true(identity_renew(c->fw, old, &rec));
	now = identity_read(rec.w.p, rec.w.len);
	record_free(&rec);
	assert_non_null(now);
	for (i = 0; i < 2; i++)
		assert_true(bytes_equal(identity_cert(old, kept[i]), identity_cert(now, kept[i])));
	for (i = 0; i < 3; i++)
		assert_false(bytes_equal(identity_cert(old, fresh[i]),
					 identity_cert(now, fresh[i])));
	assert_false(bytes_equal(old->masking_key, now->masking_key));
	c->fw->identity = now;
	assert_int_equal(send(c, NOBODY, begin_attest(0)), 0);
	stated(c, last());
	identity_free(old);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(card_alone), T(measured_once), T(not_measurable), T(bad_nonce), T(token_key),
		T(session_key), T(new_pair), T(other_makers), T(without_nonce), T(keys_that_are_there),
		T(keys_of_others), T(no_room), T(no_identity), T(renewed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
