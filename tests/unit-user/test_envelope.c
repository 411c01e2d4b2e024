// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_envelope.c - what the library tells a card when bytes cross in the clear on
 * neither side: the card's half is the firmware's own arithmetic.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <endian.h>
#include <errno.h>

#include "crypto_key.h"
#include "fake_card.h"

#define SESSION	0x01020304u
#define HANDLE	0x1122334455667788u

static const char secret[] = "the quick brown fox";
static const char info_to_card[] = "hsm transport to card 1";
static const char info_to_host[] = "hsm transport to host 1";
static const uint8_t zero_iv[FC_GCM_IV_LEN];

/* What the fake card does wrong, and what it saw. */
static struct {
	struct fc_ecdh *key;
	uint8_t point[FC_POINT_LEN];
	uint8_t host[FC_POINT_LEN];	/* the last point of the host */
	uint8_t opened[HSM_HOST_WRAP_MAX];
	size_t opened_len;
	bool bad_point;			/* a point that is not on the curve */
	int flip;			/* a byte of the envelope to the host, -1 = none */
	size_t cut;			/* bytes that its envelope lacks */
} peer;

static void context(uint16_t opcode, uint8_t aad[14])
{
	const uint32_t session = htole32(SESSION);
	const uint64_t handle = htole64(HANDLE);

	opcode = htole16(opcode);
	memcpy(aad, &opcode, 2);
	memcpy(aad + 2, &session, 4);
	memcpy(aad + 6, &handle, 8);
}

static struct fc_gcm *agreed(const char *info)
{
	uint8_t salt[2 * FC_POINT_LEN], key[FC_GCM_KEY_LEN];

	memcpy(salt, peer.host, FC_POINT_LEN);
	memcpy(salt + FC_POINT_LEN, peer.point, FC_POINT_LEN);
	assert_true(fc_ecdh_derive(peer.key, peer.host, salt, sizeof(salt), info, key,
				   sizeof(key)));
	return fc_gcm_new(key);
}

static void take_point(void)
{
	size_t len = 0;
	const uint8_t *p = req_tlv(HSM_TAG_POINT, &len);

	assert_int_equal(len, FC_POINT_LEN);
	memcpy(peer.host, p, FC_POINT_LEN);
}

static void answer_host_wrap(void)
{
	struct fc_gcm *gcm;
	uint8_t aad[14];
	size_t len = 0;
	const uint8_t *p = req_tlv(HSM_TAG_DATA, &len);

	take_point();
	gcm = agreed(info_to_card);
	context(HSM_CMD_HOST_WRAP, aad);
	assert_true(len > FC_GCM_TAG_LEN);
	peer.opened_len = len - FC_GCM_TAG_LEN;
	assert_true(fc_gcm_open(gcm, zero_iv, aad, sizeof(aad), p, peer.opened_len, peer.opened,
				p + peer.opened_len));
	fc_gcm_free(gcm);
	rep_tlv(HSM_TAG_DATA, "wrapped", 7);
}

static void answer_host_unwrap(void)
{
	uint8_t aad[14], sealed[sizeof(secret) + FC_GCM_TAG_LEN];
	struct fc_gcm *gcm;

	take_point();
	gcm = agreed(info_to_host);
	context(HSM_CMD_HOST_UNWRAP, aad);
	assert_true(fc_gcm_seal(gcm, zero_iv, aad, sizeof(aad), secret, sizeof(secret), sealed,
				sealed + sizeof(secret)));
	fc_gcm_free(gcm);
	if (peer.flip >= 0)
		sealed[peer.flip] ^= 1;
	rep_tlv(HSM_TAG_POINT, peer.point, FC_POINT_LEN);
	rep_tlv(HSM_TAG_DATA, sealed, sizeof(sealed) - peer.cut);
}

static void answer(void)
{
	rep_begin(req_opcode(), 0);
	if (req_opcode() == HSM_CMD_TRANSPORT_KEY)
		rep_tlv(HSM_TAG_POINT, peer.point, FC_POINT_LEN);
	else if (req_opcode() == HSM_CMD_HOST_WRAP)
		answer_host_wrap();
	else
		answer_host_unwrap();
	rep_end();
	if (peer.bad_point) {
		for (size_t i = 0; i + FC_POINT_LEN <= card.rep_len; i++)
			if (!memcmp(card.rep + i, peer.point, FC_POINT_LEN))
				card.rep[i + FC_POINT_LEN - 1] ^= 1;
	}
}

static int setup(void **state)
{
	memset(&peer, 0, sizeof(peer));
	peer.flip = -1;
	peer.key = fc_ecdh_new(peer.point);
	if (!peer.key || fake_setup(state))
		return -1;
	card.answer = answer;
	return 0;
}

static int teardown(void **state)
{
	fc_ecdh_free(peer.key);
	return fake_teardown(state);
}

static const struct hsm_wrap mech4 = {
	.mechanism = HSM_WRAP_AES_PKCS5, .iv = (const uint8_t *)"12345678", .iv_len = 8,
};

static int host_wrap(const void *data, size_t len, struct hsm_bytes *out)
{
	return hsm_host_wrap(h, SESSION, HANDLE, &mech4, data, len, out, &res);
}

static int host_unwrap(struct hsm_bytes *out)
{
	return hsm_host_unwrap(h, SESSION, HANDLE, &mech4, "wrapped", 7, out, &res);
}

/* The card opens it, the plaintext is nowhere in the message, and each call has its key. */
static void test_to_card(void **state)
{
	uint8_t first[FC_POINT_LEN];
	struct hsm_bytes out;
	size_t len = 0;

	(void)state;
	assert_int_equal(host_wrap(secret, sizeof(secret), &out), 0);
	assert_int_equal(out.len, 7);
	assert_memory_equal(out.p, "wrapped", 7);
	hsm_bytes_clear(&out);
	assert_int_equal(peer.opened_len, sizeof(secret));
	assert_memory_equal(peer.opened, secret, sizeof(secret));
	for (size_t i = 0; i + 8 <= card.req_len; i++)
		assert_memory_not_equal(card.req + i, secret, 8);
	assert_int_equal(req_u32(HSM_TAG_WRAP_MECHANISM), HSM_WRAP_AES_PKCS5);
	assert_memory_equal(req_tlv(HSM_TAG_IV, &len), "12345678", 8);
	memcpy(first, peer.host, sizeof(first));
	assert_int_equal(host_wrap(secret, sizeof(secret), &out), 0);
	hsm_bytes_clear(&out);
	assert_memory_not_equal(first, peer.host, sizeof(first));
}

static void test_to_host(void **state)
{
	struct hsm_bytes out;
	size_t len = 0;

	(void)state;
	assert_int_equal(host_unwrap(&out), 0);
	assert_int_equal(out.len, sizeof(secret));
	assert_memory_equal(out.p, secret, sizeof(secret));
	hsm_bytes_clear(&out);
	assert_null(out.p);
	assert_memory_equal(req_tlv(HSM_TAG_DATA, &len), "wrapped", 7);
	assert_int_equal(len, 7);
}

static void test_sizes(void **state)
{
	static uint8_t big[HSM_HOST_WRAP_MAX + 1];
	struct hsm_bytes out;

	(void)state;
	assert_int_equal(host_wrap(big, 0, &out), -EINVAL);
	assert_int_equal(host_wrap(big, sizeof(big), &out), -EINVAL);
	assert_int_equal(card.calls, 0);
	assert_int_equal(res.rc, -EINVAL);
	assert_null(out.p);
	assert_int_equal(host_wrap(big, HSM_HOST_WRAP_MAX, &out), 0);
	assert_int_equal(peer.opened_len, HSM_HOST_WRAP_MAX);
	hsm_bytes_clear(&out);
}

/* An envelope with any byte changed does not open, and nothing of it comes out. */
static void test_bit_flips(void **state)
{
	struct hsm_bytes out;

	(void)state;
	for (peer.flip = 0; peer.flip < (int)(sizeof(secret) + FC_GCM_TAG_LEN); peer.flip++) {
		assert_int_equal(host_unwrap(&out), -EBADMSG);
		assert_int_equal(res.rc, -EBADMSG);
		assert_null(out.p);
	}
}

static void test_bad_replies(void **state)
{
	struct hsm_bytes out;

	(void)state;
	for (peer.cut = 1; peer.cut < sizeof(secret); peer.cut++)
		assert_int_equal(host_unwrap(&out), -EBADMSG);
	for (; peer.cut <= sizeof(secret) + FC_GCM_TAG_LEN; peer.cut++)
		assert_int_equal(host_unwrap(&out), -EPROTO);
	peer.cut = 0;
	peer.bad_point = true;
	assert_int_equal(host_unwrap(&out), -EPROTO);
	assert_int_equal(host_wrap(secret, sizeof(secret), &out), -EPROTO);
	assert_int_equal(req_opcode(), HSM_CMD_TRANSPORT_KEY);
	assert_null(out.p);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_to_card), TEST(test_to_host), TEST(test_sizes), TEST(test_bit_flips),
		TEST(test_bad_replies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
