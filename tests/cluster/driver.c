// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * driver.c - a member of a cluster that does what it is told, a line at a time:
 *
 *   driver STORE SECRET NODE CLUSTER
 *
 *   wait STATE SECONDS     until the card is online, away, ...; STATE or "late" and what it is
 *   state                  what it is, and why
 *   position               how far it has come, and the hash of its users and keys
 *   login [PASSWORD]       without a password a fresh card is brought into service first
 *   create LABEL [MIN_SRV [TIMEOUT_S]]
 *   burst PREFIX N         N keys, one after the other; a line "K HANDLE LABEL" for each that
 *                          was acknowledged, then how many, and the status of the last
 *   sign HANDLE            delete HANDLE
 *   find                   how many keys the user has
 *   handles                their handles
 *   members                NODE:live or dead, of each
 *   quit
 *
 * Each answer is lines of which the last begins with "= ". A status is printed as 0x%x.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cluster_host.h"
#include "driver_card.h"

#define ID_ROOM 64

static struct card card;
static struct call_msg msg;

static const char * const state_name[] = {
	[HSM_MEMBERSHIP_NONE] = "none", [HSM_MEMBERSHIP_JOINING] = "joining",
	[HSM_MEMBERSHIP_ONLINE] = "online", [HSM_MEMBERSHIP_AWAY] = "away",
	[HSM_MEMBERSHIP_REFUSED] = "refused",
};

/* The words of a command; those that are missing are empty. */
struct words {
	char *v[4];
};

static void say_status(uint32_t status)
{
	struct hsm_node_status nodes[HSM_MEMBERS_MAX];
	size_t n = call_nodes(&msg, nodes);

	printf("= 0x%x", status);
	for (size_t i = 0; i < n; i++)
		printf(" %u:0x%x", nodes[i].node, nodes[i].status);
	printf("\n");
}

static void do_wait(const struct words *w)
{
	long long left = atoll(w->v[2]) * 1000;
	char why[POSIX_CLUSTER_ERR_MAX];
	const char *is;

	for (;; left -= 20) {
		is = state_name[fw_membership(card.fw, why, sizeof(why))];
		if (left <= 0 || !strcmp(is, w->v[1]))
			break;
		nanosleep(&(struct timespec){ 0, 20000000 }, NULL);
	}
	printf("= %s%s\n", strcmp(is, w->v[1]) ? "late " : "", is);
}

static void do_state(const struct words *w)
{
	char why[POSIX_CLUSTER_ERR_MAX];
	uint32_t is = fw_membership(card.fw, why, sizeof(why));

	(void)w;
	printf("= %s%s%s\n", state_name[is], *why ? " " : "", why);
}

static void do_position(const struct words *w)
{
	uint64_t position;
	uint8_t sha256[32];

	(void)w;
	if (!fw_state(card.fw, &position, sha256)) {
		printf("= no memory\n");
		return;
	}
	printf("= %" PRIu64 " ", position);
	for (size_t i = 0; i < sizeof(sha256); i++)
		printf("%02x", sha256[i]);
	printf("\n");
}

static void do_login(const struct words *w)
{
	say_status(*w->v[1] ? card_login_as(&card, &msg, w->v[1]) : card_login(&card, &msg));
}

static void begin_create(const char *label)
{
	call_begin(&msg, HSM_CMD_KEY_GEN_SYM, card.session);
	call_add_u32(&msg, HSM_ATTR_KEY_TYPE, HSM_KEY_GENERIC);
	call_add_u32(&msg, HSM_ATTR_VALUE_LEN, 32);
	call_add_u8(&msg, HSM_ATTR_SIGN, 1);
	call_add_text(&msg, HSM_ATTR_LABEL, label);
	call_add_text(&msg, HSM_ATTR_ID, label);
}

static void do_create(const struct words *w)
{
	uint32_t rv;

	begin_create(w->v[1]);
	if (*w->v[2])
		call_add_u32(&msg, HSM_TAG_MIN_SRV, (uint32_t)atol(w->v[2]));
	if (*w->v[3])
		call_add_u32(&msg, HSM_TAG_TIMEOUT_S, (uint32_t)atol(w->v[3]));
	rv = card_call(&card, &msg);
	if (!rv)
		printf("K %" PRIu64 " %s\n", call_reply_u64(&msg, HSM_TAG_HANDLE), w->v[1]);
	say_status(rv);
}

static void do_burst(const struct words *w)
{
	long i, n = atol(w->v[2]);
	char label[ID_ROOM];
	uint32_t rv = 0;

	for (i = 0; !rv && i < n; i++) {
		snprintf(label, sizeof(label), "%.40s%ld", w->v[1], i);
		begin_create(label);
		rv = card_call(&card, &msg);
		if (!rv)
			printf("K %" PRIu64 " %s\n", call_reply_u64(&msg, HSM_TAG_HANDLE), label);
		fflush(stdout);
	}
	printf("= %ld 0x%x\n", rv ? i - 1 : i, rv);
}

static void do_sign(const struct words *w)
{
	uint32_t rv;

	call_handle(&msg, HSM_CMD_CRYPT, card.session, strtoull(w->v[1], NULL, 10));
	call_add_u32(&msg, HSM_TAG_USE, HSM_USE_SIGN);
	call_add_u32(&msg, HSM_TAG_MECHANISM, HSM_CKM_SHA256_HMAC);
	call_add_text(&msg, HSM_TAG_DATA, "what is signed");
	rv = card_call(&card, &msg);
	say_status(rv);
}

static void do_delete(const struct words *w)
{
	call_handle(&msg, HSM_CMD_KEY_DELETE, card.session, strtoull(w->v[1], NULL, 10));
	say_status(card_call(&card, &msg));
}

static uint32_t find(uint32_t start)
{
	call_begin(&msg, HSM_CMD_KEY_FIND, card.session);
	call_add_u32(&msg, HSM_TAG_START, start);
	return card_call(&card, &msg);
}

static void do_find(const struct words *w)
{
	uint32_t rv = find(0);

	(void)w;
	if (rv)
		printf("= 0x%x\n", rv);
	else
		printf("= %u\n", call_reply_u32(&msg, HSM_TAG_TOTAL));
}

static void do_handles(const struct words *w)
{
	uint32_t n = 0, rv;
	struct tlv t;

	(void)w;
	while (!(rv = find(n)) && call_find(&msg, HSM_TAG_HANDLES, &t))
		for (size_t i = 0; i + 8 <= t.len; i += 8, n++)
			printf("H %" PRIu64 "\n", get_le64(t.p + i));
	printf("= %u 0x%x\n", n, rv);
}

static void do_members(const struct words *w)
{
	struct tlv_reader r;
	struct tlv t;

	(void)w;
	call_begin(&msg, HSM_CMD_CLUSTER_INFO, 0);
	printf("=");
	if (!card_call(&card, &msg)) {
		tlv_read_init(&r, msg.out + CALL_HEAD, msg.req.out_len - CALL_HEAD);
		while (tlv_next_tag(&r, HSM_TAG_MEMBER, &t))
			printf(" %u:%s", get_le32(t.p),
			       get_le32(t.p + offsetof(struct hsm_member, flags)) & HSM_MEMBER_F_LIVE ?
			       "live" : "dead");
	}
	printf("\n");
}

static const struct {
	const char *name;
	void (*run)(const struct words *w);
} commands[] = {
	{ "wait", do_wait }, { "state", do_state }, { "position", do_position },
	{ "login", do_login }, { "create", do_create }, { "burst", do_burst },
	{ "sign", do_sign }, { "delete", do_delete }, { "find", do_find },
	{ "handles", do_handles }, { "members", do_members },
};

static void run(char *line)
{
	struct words w;
	size_t i;

	line[strcspn(line, "\n")] = 0;
	for (i = 0; i < 4; i++) {
		w.v[i] = strsep(&line, " ");
		if (!w.v[i])
			w.v[i] = "";
	}
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (!strcmp(w.v[0], commands[i].name)) {
			commands[i].run(&w);
			return;
		}
	}
	printf("= no such command\n");
}

int main(int argc, char **argv)
{
	char line[256];

	if (argc != 5) {
		fprintf(stderr, "usage: driver STORE SECRET NODE CLUSTER\n");
		return 2;
	}
	card.node = (uint32_t)atol(argv[3]);
	if (!card_open(&card, argv[1], argv[2], argv[4])) {
		printf("= failed %s\n", card.err);
		card_close(&card);
		return 1;
	}
	printf("= ready\n");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) && strncmp(line, "quit", 4)) {
		run(line);
		fflush(stdout);
	}
	card_close(&card);
	return 0;
}
