// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_cmu_sync.c - syncKey and syncUser between two cards of one cluster, which are
 * played: what the first masks reaches the second as it is, or nothing does.
 */
#define _GNU_SOURCE
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

#include "cmu.h"
#include "conn.h"

#define MASKED	"a masked object, of whatever bytes"

/* A card: what it answers, and what it was asked. */
static struct played {
	uint32_t status;
	uint16_t opcode;
	size_t len;		/* of the request */
	int calls;
	uint8_t req[4096];
	uint8_t cluster;	/* first byte of its cluster's id; 0: it does not tell */
} cards[2];

static struct cmu cmu;

static size_t put_tlv(uint8_t *p, uint32_t tag, const void *value, size_t len)
{
	const struct hsm_tlv tlv = { htole32(tag), htole32((uint32_t)len) };

	memcpy(p, &tlv, sizeof(tlv));
	memcpy(p + sizeof(tlv), value, len);
	return sizeof(tlv) + len;
}

/* Masking gives the object, unmasking a handle, CLUSTER_INFO an id; each ignores the others. */
static int play(void *conn, const void *in, size_t in_len, void *out, size_t *out_len,
		uint32_t timeout_ms, uint64_t cookie)
{
	const uint64_t handle = htole64(6);
	struct played *card = conn;
	struct hsm_cluster_info info = { 0 };
	struct hsm_msg_rep head = { .status = htole32(card->status) };
	size_t len = sizeof(head);

	(void)timeout_ms;
	(void)cookie;
	card->calls++;
	card->len = in_len;
	assert_true(in_len <= sizeof(card->req));
	memcpy(card->req, in, in_len);
	memcpy(&head.opcode, in, sizeof(head.opcode));
	card->opcode = le16toh(head.opcode);
	len += put_tlv((uint8_t *)out + len, HSM_TAG_DATA, MASKED, sizeof(MASKED));
	len += put_tlv((uint8_t *)out + len, HSM_TAG_HANDLE, &handle, sizeof(handle));
	info.id[0] = card->cluster;
	if (card->cluster)
		len += put_tlv((uint8_t *)out + len, HSM_TAG_CLUSTER, &info, sizeof(info));
	head.length = htole32((uint32_t)len);
	memcpy(out, &head, sizeof(head));
	*out_len = len;
	return 0;
}

static void leave(void *conn)
{
	(void)conn;
}

static int setup(void **state)
{
	static const struct hsm_conn_ops ops = { .exec = play, .close = leave };
	static char names[2][2] = { "a", "b" };

	(void)state;
	memset(cards, 0, sizeof(cards));
	memset(&cmu, 0, sizeof(cmu));
	cmu.n = 2;
	for (unsigned int i = 0; i < 2; i++) {
		cmu.servers[i].index = i;
		cmu.servers[i].name = names[i];
		if (hsm_open_conn(&ops, &cards[i], &cmu.servers[i].hsm))
			return -1;
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 2; i++)
		hsm_close(cmu.servers[i].hsm);
	return 0;
}

static int run(const char *line)
{
	char copy[64], *words[8];
	struct cli_args a = { 0 };
	int n, rc;

	snprintf(copy, sizeof(copy), "%s", line);
	n = cli_split(copy, words, 8);
	assert_true(cli_parse(&cmu_tool, n, words, false, &a));
	rc = a.cmd->run(&cmu, &a);
	cli_args_free(&a);
	return rc;
}

static bool asked_with_object(const struct played *card)
{
	return memmem(card->req, card->len, MASKED, sizeof(MASKED));
}

static void check(const char *line, uint16_t mask, uint16_t unmask, int calls)
{
	cmu_set_mode(&cmu, 0);
	assert_int_equal(run(line), CLI_OK);
	assert_int_equal(cards[0].opcode, mask);
	assert_int_equal(cards[1].opcode, unmask);
	assert_false(asked_with_object(&cards[0]));
	assert_true(asked_with_object(&cards[1]));
	assert_int_equal(cards[0].calls + cards[1].calls, calls);
}

static void test_key(void **state)
{
	(void)state;
	check("syncKey 6 1", HSM_CMD_KEY_MASK, HSM_CMD_KEY_UNMASK, 3);
}

/* In one cluster a key goes back under its own handle; in another one it is a new key. */
static void test_key_of_cluster(void **state)
{
	const struct hsm_tlv tlv = { htole32(HSM_TAG_HANDLE), htole32(8) };

	(void)state;
	cards[0].cluster = cards[1].cluster = 7;
	check("syncKey 6 1", HSM_CMD_KEY_MASK, HSM_CMD_KEY_UNMASK, 4);
	assert_non_null(memmem(cards[1].req, cards[1].len, &tlv, sizeof(tlv)));
	cards[1].cluster = 8;
	check("syncKey 6 1", HSM_CMD_KEY_MASK, HSM_CMD_KEY_UNMASK, 8);
	assert_null(memmem(cards[1].req, cards[1].len, &tlv, sizeof(tlv)));
}

/* A card that puts it elsewhere than where it was told to is not believed. */
static void test_key_elsewhere(void **state)
{
	(void)state;
	cmu_set_mode(&cmu, 0);
	cards[0].cluster = cards[1].cluster = 7;
	assert_int_not_equal(run("syncKey 9 1"), CLI_OK);
	assert_int_equal(cards[1].opcode, HSM_CMD_KEY_UNMASK);
}

static void test_user(void **state)
{
	(void)state;
	check("syncUser 6 1", HSM_CMD_USER_MASK, HSM_CMD_USER_UNMASK, 2);
}

/* The first refuses: the second is not asked. The second refuses: that is the outcome. */
static void test_refused(void **state)
{
	(void)state;
	cmu_set_mode(&cmu, 0);
	cards[0].status = HSM_RV_BAD_HANDLE;
	assert_int_equal(run("syncKey 6 1"), CLI_FAILED);
	assert_int_equal(run("syncUser 6 1"), CLI_FAILED);
	assert_int_equal(cards[1].calls, 0);
	cards[0].status = 0;
	cards[1].status = HSM_RV_USER_EXISTS;
	assert_int_equal(run("syncKey 6 1"), CLI_FAILED);
	assert_int_equal(run("syncUser 6 1"), CLI_FAILED);
	assert_int_equal(cards[1].calls, 2);
}

static void test_where(void **state)
{
	(void)state;
	cmu_set_mode(&cmu, -1);
	assert_int_equal(run("syncKey 6 1"), CLI_USAGE);
	cmu_set_mode(&cmu, 1);
	assert_int_equal(run("syncKey 6 1"), CLI_USAGE);
	assert_int_equal(run("syncKey 6 2"), CLI_USAGE);
	assert_int_equal(cards[0].calls + cards[1].calls, 0);
	assert_int_equal(run("syncKey 6 0"), CLI_OK);
	assert_int_equal(cards[0].opcode, HSM_CMD_KEY_UNMASK);
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_key),
		TEST(test_key_of_cluster),
		TEST(test_key_elsewhere),
		TEST(test_user),
		TEST(test_refused),
		TEST(test_where),
	};

	return cmocka_run_group_tests_name("cmu_sync", tests, NULL, NULL);
}
