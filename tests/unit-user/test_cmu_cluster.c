// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_cmu_cluster.c - a change for servers of one cluster: one member is asked, and each
 * server's line says what its own node said. Servers 0 and 1 are members 10 and 11 of one
 * cluster, server 2 is a card on its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <endian.h>
#include <stdio_ext.h>
#include <unistd.h>

#include "cmu.h"
#include "conn.h"

#define SERVERS	3
#define FIRST_NODE	10

static struct played {
	unsigned int index;
	uint64_t position;	/* of the other member, as this one knows it */
	uint32_t says;		/* what a change is answered with */
	uint32_t other;		/* what that reply says of the other member; -1u: nothing */
	int changes, logins;
} cards[SERVERS];

static struct cmu cmu;

static size_t put_tlv(uint8_t *p, uint32_t tag, const void *value, size_t len)
{
	const struct hsm_tlv tlv = { htole32(tag), htole32((uint32_t)len) };

	memcpy(p, &tlv, sizeof(tlv));
	memcpy(p + sizeof(tlv), value, len);
	return sizeof(tlv) + len;
}

static size_t put_node(uint8_t *p, uint32_t node, uint32_t status)
{
	const struct hsm_node_status n = { htole32(node), htole32(status) };

	return put_tlv(p, HSM_TAG_NODE, &n, sizeof(n));
}

static size_t answer_info(const struct played *card, uint8_t *p)
{
	const uint32_t node = FIRST_NODE + card->index, other = FIRST_NODE + !card->index;
	struct hsm_cluster_info info = { .id = { card->index < 2 }, .position = htole64(5) };
	const struct hsm_member self = {
		.node = htole32(node), .position = htole64(5), .flags = htole32(HSM_MEMBER_F_LIVE),
	};
	const struct hsm_member peer = {
		.node = htole32(other), .position = htole64(card->position),
		.flags = htole32(HSM_MEMBER_F_LIVE),
	};
	size_t len = put_tlv(p, HSM_TAG_CLUSTER, &info, sizeof(info));

	len += put_tlv(p + len, HSM_TAG_MEMBER, &self, sizeof(self));
	return len + put_tlv(p + len, HSM_TAG_MEMBER, &peer, sizeof(peer));
}

static size_t answer_change(struct played *card, uint8_t *p)
{
	size_t len = put_node(p, FIRST_NODE + card->index, card->says);

	card->changes++;
	if (card->index < 2 && card->other != -1u)
		len += put_node(p + len, FIRST_NODE + !card->index, card->other);
	return len;
}

static int play(void *conn, const void *in, size_t in_len, void *out, size_t *out_len,
		uint32_t timeout_ms, uint64_t cookie)
{
	struct played *card = conn;
	struct hsm_msg_rep head = { 0 };
	uint8_t *p = (uint8_t *)out + sizeof(head);
	size_t len = sizeof(head);

	(void)in_len;
	(void)timeout_ms;
	(void)cookie;
	memcpy(&head.opcode, in, sizeof(head.opcode));
	if (le16toh(head.opcode) == HSM_CMD_CLUSTER_INFO) {
		len += answer_info(card, p);
	} else {
		card->logins += le16toh(head.opcode) == HSM_CMD_LOGIN;
		head.status = htole32(card->says);
		len += answer_change(card, p);
	}
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
	static char names[SERVERS][2] = { "a", "b", "c" };

	(void)state;
	memset(cards, 0, sizeof(cards));
	memset(&cmu, 0, sizeof(cmu));
	cmu.n = SERVERS;
	cmu.yes = true;
	for (unsigned int i = 0; i < SERVERS; i++) {
		cards[i].index = i;
		cmu.servers[i].index = i;
		cmu.servers[i].name = names[i];
		if (hsm_open_conn(&ops, &cards[i], &cmu.servers[i].hsm))
			return -1;
	}
	cmu_set_mode(&cmu, -1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < SERVERS; i++)
		hsm_close(cmu.servers[i].hsm);
	return 0;
}

static char printed[8192];

/* Runs @line with @answers on standard input; what it prints is in @printed. */
static int run(const char *line, const char *answers)
{
	char copy[128], *words[8];
	struct cli_args a = { 0 };
	FILE *in = tmpfile(), *out = tmpfile();
	int n, rc, saved_in = dup(STDIN_FILENO), saved_out = dup(STDOUT_FILENO);
	size_t got;

	fputs(answers, in);
	rewind(in);
	fflush(stdout);
	dup2(fileno(in), STDIN_FILENO);
	dup2(fileno(out), STDOUT_FILENO);
	clearerr(stdin);
	__fpurge(stdin);
	snprintf(copy, sizeof(copy), "%s", line);
	n = cli_split(copy, words, 8);
	rc = cli_parse(&cmu_tool, n, words, false, &a) ? a.cmd->run(&cmu, &a) : -1;
	cli_args_free(&a);
	fflush(stdout);
	dup2(saved_in, STDIN_FILENO);
	dup2(saved_out, STDOUT_FILENO);
	close(saved_in);
	close(saved_out);
	rewind(out);
	got = fread(printed, 1, sizeof(printed) - 1, out);
	printed[got] = '\0';
	fclose(in);
	fclose(out);
	return rc;
}

static void assert_printed(const char *end)
{
	const size_t all = strlen(printed), part = strlen(end);

	if (all < part || strcmp(printed + all - part, end) != 0)
		fail_msg("printed:\n%s\nnot, at its end:\n%s", printed, end);
}

#define SHARE	"shareKey 6 4 1"
#define DONE(n)	"shareKey success on server " n "\n"
#define AWAY	"shareKey failed: HSM CLUSTER ERROR: Server in cluster is unavailable\n" \
		"shareKey failed on server 1(b)\n"
#define DENIED(n) "shareKey failed: HSM Error: Key Access is denied\n" \
		"shareKey failed on server " n "\n"
#define RIA	"\nRetry/Ignore/Abort?(R/I/A):"

static void test_one_does_it(void **state)
{
	(void)state;
	assert_int_equal(run(SHARE, ""), CLI_OK);
	assert_printed(DONE("0(a)") DONE("1(b)") DONE("2(c)"));
	assert_int_equal(cards[0].changes, 1);
	assert_int_equal(cards[1].changes, 0);
	assert_int_equal(cards[2].changes, 1);
}

static void test_server_mode(void **state)
{
	(void)state;
	cmu_set_mode(&cmu, 1);
	assert_int_equal(run(SHARE, ""), CLI_OK);
	assert_printed("****\n\nDo you want to continue(y/n)?y\n" DONE("1(b)"));
	assert_int_equal(cards[0].changes, 0);
	assert_int_equal(cards[1].changes, 1);
}

/* The line of a server is its own node's, and silence is no success. */
static void test_own_status(void **state)
{
	(void)state;
	cmu.yes = false;
	cards[0].other = HSM_RV_CLUSTER_UNAVAILABLE;
	assert_int_equal(run(SHARE, "y\nI\n"), CLI_FAILED);
	assert_printed(DONE("0(a)") AWAY RIA "I\n" DONE("2(c)"));
	cards[0].other = -1u;
	assert_int_equal(run(SHARE, "y\nA\n"), CLI_FAILED);
	assert_printed(DONE("0(a)") AWAY RIA "A\n");
	assert_int_equal(cards[1].changes, 0);
	assert_int_equal(cards[2].changes, 1);
}

/* Retry of what is done already looks whether the server has come so far. */
static void test_retry_looks(void **state)
{
	(void)state;
	cmu.yes = false;
	cards[0].other = HSM_RV_CLUSTER_UNAVAILABLE;
	cards[0].position = 4;
	assert_int_equal(run(SHARE, "y\nR\nI\n"), CLI_FAILED);
	assert_printed(DONE("0(a)") AWAY RIA "R\n" AWAY RIA "I\n" DONE("2(c)"));
	cards[0].position = 5;
	assert_int_equal(run(SHARE, "y\nR\n"), CLI_OK);
	assert_printed(DONE("0(a)") AWAY RIA "R\n" DONE("1(b)") DONE("2(c)"));
	assert_int_equal(cards[0].changes, 2);
	assert_int_equal(cards[1].changes, 0);
}

/* Where the first member cannot, the next one may; it does it for both from then on. */
static void test_next_member(void **state)
{
	(void)state;
	cmu.yes = false;
	cards[0].says = HSM_RV_ACCESS_DENIED;
	assert_int_equal(run(SHARE, "y\nI\n"), CLI_FAILED);
	assert_printed(DENIED("0(a)") RIA "I\n" DONE("1(b)") DONE("2(c)"));
	assert_int_equal(cards[1].changes, 1);
}

/* A wrong password is counted once, not once for each member. */
static void test_login_counts_once(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < SERVERS; i++)
		cards[i].says = HSM_RV_LOGIN_FAILURE;
	assert_int_equal(run("loginHSM CO officer wrong_pwd", ""), CLI_FAILED);
	assert_int_equal(cards[0].logins, 1);
	assert_int_equal(cards[1].logins, 0);
	assert_int_equal(cards[2].logins, 1);
	assert_non_null(strstr(printed, "loginHSM failed on server 1(b)\n"));
	for (unsigned int i = 0; i < SERVERS; i++)
		cards[i].says = 0;
	assert_int_equal(run("loginHSM CO officer good_pwd", ""), CLI_OK);
	assert_int_equal(cards[1].logins, 1);
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_one_does_it),
		TEST(test_server_mode),
		TEST(test_own_status),
		TEST(test_retry_looks),
		TEST(test_next_member),
		TEST(test_login_counts_once),
	};

	return cmocka_run_group_tests_name("cmu_cluster", tests, NULL, NULL);
}
