// SPDX-License-Identifier: GPL-2.0-or-later
/* test_replies.c - no reply of a card, however broken, does harm to the library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <endian.h>
#include <errno.h>

#include "fake_card.h"

/* Each breaks one thing of a reply that is right otherwise. */
static void break_opcode(void)
{
	card.rep[0] ^= 1;
}

static void break_length_more(void)
{
	card.rep[4]++;
}

static void break_length_less(void)
{
	card.rep[4]--;
}

static void break_short(void)
{
	card.rep_len = 15;
}

static void break_empty(void)
{
	card.rep_len = 0;
}

static void break_status(void)
{
	card.rep[11] = 0x80;
}

static void break_no_handle(void)
{
	card.rep[16] ^= 1;
}

static void break_handle_len(void)
{
	rep_begin(HSM_CMD_KEY_GEN_SYM, 0);
	rep_u32(HSM_TAG_HANDLE, 6);
	rep_end();
}

static void break_tlv_over(void)
{
	card.rep[20] = 9;
}

static void break_tlv_huge(void)
{
	memset(card.rep + 20, 0xff, 4);
}

static void break_tlv_head(void)
{
	card.rep_len += 7;
	rep_end();
}

static void break_node_len(void)
{
	rep_u32(HSM_TAG_NODE, 0);
	rep_end();
}

static void break_too_many_nodes(void)
{
	for (uint32_t i = 0; i <= HSM_NODES_MAX; i++)
		rep_node(i, 0);
	rep_end();
}

static void break_room(void)
{
	card.honest_room = false;
	card.rep_len = sizeof(card.rep);
}

static void break_needs_too_much(void)
{
	card.rep_len = HSM_MSG_MAX + 1;
}

static void test_broken_replies(void **state)
{
	static void (*const breaks[])(void) = {
		break_opcode, break_length_more, break_length_less, break_short, break_empty,
		break_status, break_no_handle, break_handle_len, break_tlv_over, break_tlv_huge,
		break_tlv_head, break_node_len, break_too_many_nodes, break_room,
		break_needs_too_much,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++) {
		uint64_t handle;

		memset(&card, 0, sizeof(card));
		card.honest_room = true;
		rep_begin(HSM_CMD_KEY_GEN_SYM, 0);
		rep_u64(HSM_TAG_HANDLE, 6);
		rep_end();
		assert_int_equal(gen_sym(&handle), 0);
		breaks[i]();
		if (gen_sym(&handle) != -EPROTO)
			fail_msg("break %zu was taken", i);
	}
}

static ssize_t read_some(void *opaque, void *buf, size_t room)
{
	size_t *left = opaque, n = *left < room ? *left : room;

	memset(buf, 'x', n);
	*left -= n;
	return (ssize_t)n;
}

static void ask_for_bytes(void)
{
	const struct hsm_wrap w = { .mechanism = HSM_WRAP_AES_PKCS5 };
	const struct hsm_crypt c = { .use = HSM_USE_SIGN, .mechanism = HSM_CKM_SHA256 };
	struct hsm_bytes out, iv;
	size_t left = HSM_CRYPT_MAX + 1;
	uint32_t operation;

	hsm_cert(h, HSM_CERT_HARDWARE, &out, &res);
	hsm_bytes_clear(&out);
	hsm_key_get_public(h, 1, 6, &out, &res);
	hsm_bytes_clear(&out);
	hsm_key_wrap(h, 1, 6, 7, &w, &out, &iv, &res);
	hsm_bytes_clear(&out);
	hsm_bytes_clear(&iv);
	hsm_host_wrap(h, 1, 6, &w, "plain", 5, &out, &res);
	hsm_bytes_clear(&out);
	hsm_host_unwrap(h, 1, 6, &w, "wrapped", 7, &out, &res);
	hsm_bytes_clear(&out);
	hsm_crypt(h, 1, &c, "data", 4, &out, &iv, &res);
	hsm_bytes_clear(&out);
	hsm_bytes_clear(&iv);
	hsm_crypt_init(h, 1, &c, &operation, &iv, &res);
	hsm_bytes_clear(&iv);
	hsm_crypt_stream(h, 1, &c, read_some, &left, &out, &res);
	hsm_bytes_clear(&out);
}

/* Users, shares and quorum; lists end, whatever total the card gives. */
static void ask_people(void)
{
	uint8_t challenge[HSM_NONCE_LEN], hash[HSM_DIGEST_LEN];
	struct hsm_key_ref_info *keys;
	struct hsm_quorum *tokens, q;
	struct hsm_token token;
	struct hsm_bytes out;
	uint32_t number;
	bool hashed;
	size_t n;

	hsm_challenge(h, 1, challenge, &res);
	hsm_user_create_2fa(h, 1, HSM_USER_CO, "name", "password", 8, NULL, &number, &res);
	hsm_user_mask(h, 1, 4, &out, &res);
	hsm_bytes_clear(&out);
	hsm_key_list(h, 1, 0, &keys, &n, hash, &hashed, &res);
	hsm_free(keys);
	hsm_m_value_get(h, 1, 3, &number, &res);
	hsm_token_new(h, 1, 3, 0, &token, &res);
	hsm_token_read(&token, &q);
	hsm_token_list(h, 1, &tokens, &n, &res);
	hsm_free(tokens);
}

/* Every decoder, whatever the card's last reply was; each call frees what it got. */
static void ask_everything(void)
{
	const uint32_t id = HSM_ATTR_ALL;
	struct hsm_key_info *info;
	struct hsm_user *users, user;
	struct hsm_attrs *attrs;
	struct hsm_card about;
	uint64_t a, b, *handles;
	uint32_t session, templ;
	size_t n;

	ask_for_bytes();
	ask_people();
	hsm_template(h, 1, NULL, 0, &templ, &res);
	gen_sym(&a);
	hsm_key_gen_pair(h, 1, &(struct hsm_key_spec){ 0 }, &a, &b, &res);
	hsm_card_info(h, &about, &res);
	hsm_session_open(h, &session, &res);
	hsm_login_status(h, 1, &user, &res);
	hsm_user_list(h, 1, &users, &n, &res);
	hsm_free(users);
	hsm_key_attrs(h, 1, 6, &id, 1, &attrs, &res);
	hsm_free(attrs);
	hsm_key_info(h, 1, 6, &info, &res);
	hsm_free(info);
	hsm_key_find(h, 1, NULL, 0, NULL, 0, &handles, &n, &res);
	hsm_free(handles);
}

/* Tags and lengths that fit now and then, so that noise gets past the first check. */
static void rep_noise(void)
{
	static const size_t lens[] = { 0, 1, 4, 8, 16, 32, 48, 128, 272, 300, 392 };
	uint8_t noise[392];

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (uint8_t)random();
	rep_tlv(random() % 2 ? 0x80000000u + (uint32_t)random() % 0x58 : (uint32_t)random() % 0x400,
		noise, lens[(size_t)random() % (sizeof(lens) / sizeof(lens[0]))]);
}

static void test_random_replies(void **state)
{
	(void)state;
	srandom(1);
	for (int round = 0; round < 4000; round++) {
		rep_begin(0, 0);
		for (int i = (int)(random() % 6); i; i--)
			rep_noise();
		if (random() % 2)
			card.rep[16 + (size_t)random() % 64] ^= (uint8_t)random();
		rep_end();
		card.echo_opcode = true;
		ask_everything();
	}
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, fake_setup, fake_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_broken_replies),
		TEST(test_random_replies),
	};

	return cmocka_run_group_tests_name("replies", tests, NULL, NULL);
}
