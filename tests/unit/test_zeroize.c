// SPDX-License-Identifier: GPL-2.0-or-later
/* test_zeroize.c - ZEROIZE: who may, what goes, what stays, and what happens if it fails. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "fw_int.h"
#include "hsm/hsm_audit.h"
#include "record.h"
#include "scratch.h"
#include "wiped.h"

static struct before before;

static void by_an_officer(void **state)
{
	struct card *c = *state;

	fill_card(c, &before);
	assert_int_equal(zeroize(c, OFFICER), 0);
	assert_int_equal(reply_count(last(), HSM_TAG_NODE), 1);
	check_forgotten(c);
	assert_int_equal(send(c, ALICE, begin_find()), HSM_RV_BAD_SESSION);
	assert_int_equal(zeroize(c, OFFICER), HSM_RV_BAD_SESSION);
	check_fresh(c, &before);
	assert_non_null(strstr(c->log, "zeroized"));
}

/* And it can be done again, by the next officer, and after a restart. */
static void again_and_again(void **state)
{
	struct card *c = *state;
	unsigned int i;

	fill_card(c, &before);
	assert_int_equal(zeroize(c, ADMIN), 0);
	for (i = 0; i < 3; i++) {
		check_fresh(c, &before);
		card_restart(c);
		card_open_contexts(c);
		assert_int_equal(login(c, ALICE, HSM_USER_CU, "alice", PASSWORD), 0);
		assert_int_equal(found(c, ALICE, begin_find()), 1);
		assert_int_equal(login(c, ADMIN, HSM_USER_CO, "admin", PASSWORD), 0);
		assert_int_equal(zeroize(c, ADMIN), 0);
	}
	card_restart(c);
	check_fresh(c, &before);
	assert_int_equal(c->fw->damaged, 0);
}

/* The log is the same one: who did it, then the records of a fresh card, then what came. */
static void the_log_goes_on(void **state)
{
	static const uint32_t want[] = { HSM_CN_ZEROIZE, HSM_CN_INIT_TOKEN };
	struct card *c = *state;
	struct hsm_audit_rec rec;
	struct tlv_reader r;
	unsigned int seen = 0;
	uint64_t sequence = 0;
	struct msg *m;
	struct tlv t;

	fill_card(c, &before);
	assert_int_equal(zeroize(c, OFFICER), 0);
	check_fresh(c, &before);
	m = begin(HSM_CMD_AUDIT_READ, FIRST_SESSION);
	add_u64(m, HSM_TAG_SEQUENCE, 0);
	assert_int_equal(send(c, ADMIN, m), 0);
	tlv_read_init(&r, m->out + HEAD, m->req.out_len - HEAD);
	while (tlv_next_tag(&r, HSM_TAG_AUDIT_REC, &t)) {
		memcpy(&rec, t.p, sizeof(rec));
		assert_int_equal(rec.sequence, sequence++);
		if (rec.opcode == HSM_CN_ZEROIZE)
			assert_int_equal(rec.caller, ID_OFFICER);
		if (sequence > 10 && seen < 2 && rec.opcode == want[seen])
			seen++;
	}
	assert_int_equal(seen, 2);
	assert_true(sequence > 20);
}

static void not_by_others(void **state)
{
	struct card *c = *state;
	struct msg *m = begin(HSM_CMD_ZEROIZE, FIRST_SESSION);
	uint64_t h = fill_card(c, &before);

	assert_int_equal(zeroize(c, ALICE), HSM_RV_NOT_AUTHORIZED);
	assert_int_equal(zeroize(c, AUDITOR), HSM_RV_NOT_AUTHORIZED);
	assert_int_equal(zeroize(c, NOBODY), HSM_RV_NOT_LOGGED_IN);
	assert_int_equal(send(c, OFFICER, begin(HSM_CMD_ZEROIZE, 0)), HSM_RV_BAD_SESSION);
	m = begin(HSM_CMD_ZEROIZE, FIRST_SESSION);
	m->req.rights = HSM_CLASS_CRYPTO | HSM_CLASS_KEYS | HSM_CLASS_USERS | HSM_CLASS_AUDIT;
	assert_int_equal(send(c, OFFICER, m), HSM_RV_NO_RIGHT);
	assert_int_equal(info(c, ALICE, h), 0);
}

/* As the vendor's: whoever reaches an open card. */
static void by_anyone(void **state)
{
	struct card *c = *state;

	c->cfg.open_zeroize = true;
	card_restart(c);
	card_login_all(c);
	fill_card(c, &before);
	assert_int_equal(zeroize(c, NOBODY), 0);
	check_forgotten(c);
	check_fresh(c, &before);
	assert_int_equal(zeroize(c, ALICE), 0);
	check_fresh(c, &before);
}

/* If the store does not, the card is the old one, its users still logged in. */
static void store_fails(void **state)
{
	struct card *c = *state;
	uint64_t h = fill_card(c, &before);

	c->gate->fail = -EIO;
	assert_int_equal(zeroize(c, OFFICER), HSM_RV_STORE_FAILED);
	c->gate->fail = 0;
	assert_int_equal(info(c, ALICE, h), 0);
	made(c, ALICE, begin_aes("after"));
	assert_int_equal(zeroize(c, OFFICER), 0);
	check_fresh(c, &before);
}

static struct msg *begun(struct card *c, uint32_t ctx, struct msg *m)
{
	struct msg *own = malloc(sizeof(*own));

	assert_non_null(own);
	memcpy(own, m, sizeof(*own));
	exec_begin(c, ctx, own);
	return own;
}

/* It waits for what is on its way to the disk; what comes later is refused at once. */
static void waits_for_others(void **state)
{
	struct card *c = *state;
	struct msg *key, *wipe;

	fill_card(c, &before);
	c->gate->hold = true;
	key = begun(c, ALICE, begin_aes("on its way"));
	wipe = begun(c, OFFICER, begin(HSM_CMD_ZEROIZE, FIRST_SESSION));
	assert_false(key->done || wipe->done);
	assert_int_equal(send(c, BOB, begin_find()), HSM_RV_CARD_ZEROIZING);
	assert_int_equal(reply_count(last(), HSM_TAG_NODE), 1);
	assert_int_equal(zeroize(c, ADMIN), HSM_RV_CARD_ZEROIZING);
	gate_let_go(c->gate, 0);
	assert_int_equal(wait_status(key), 0);
	assert_int_equal(wait_status(wipe), 0);
	check_forgotten(c);
	check_fresh(c, &before);
}

/* While the store is at it, too; contexts may come and go. */
static void refuses_while_it_runs(void **state)
{
	struct card *c = *state;
	struct msg *wipe;

	fill_card(c, &before);
	c->gate->hold = true;
	wipe = begun(c, OFFICER, begin(HSM_CMD_ZEROIZE, FIRST_SESSION));
	assert_int_equal(send(c, ALICE, begin_find()), HSM_RV_CARD_ZEROIZING);
	assert_true(fw_ctx_close(c->fw, OFFICER));
	assert_true(fw_ctx_close(c->fw, ALICE));
	assert_true(fw_ctx_open(c->fw, ALICE));
	assert_false(wipe->done);
	gate_let_go(c->gate, 0);
	assert_int_equal(wait_status(wipe), 0);
	check_fresh(c, &before);
}

static bool holds(const char *path, const void *what, size_t len)
{
	size_t n;
	char *data = file_read(path, &n);
	bool found_it = memmem(data, n, what, len);

	free(data);
	return found_it;
}

/* What the old store was sealed into, but for the audit log, which stays, and its salt. */
struct old {
	uint8_t *piece[128];
	size_t len[128];
	unsigned int n;
};

static int keep_old(void *opaque, enum store_kind kind, uint64_t id, const void *data, size_t len)
{
	struct old *old = opaque;

	if (kind == STORE_META && id == RECORD_AUDIT_SALT)
		return 0;
	assert_true(old->n < 128);
	old->piece[old->n] = malloc(len);
	assert_non_null(old->piece[old->n]);
	memcpy(old->piece[old->n], data, len);
	old->len[old->n++] = len;
	return 0;
}

/* How many of them the file has any 16 bytes of, at every eighth place. */
static unsigned int count_old(const char *path, const struct old *old)
{
	unsigned int i, n = 0;
	size_t at, size;
	char *data = file_read(path, &size);

	for (i = 0; i < old->n; i++) {
		bool there = false;

		for (at = 0; !there && at + 16 <= old->len[i]; at += 8)
			there = memmem(data, size, old->piece[i] + at, 16);
		n += there;
	}
	free(data);
	return n;
}

static void read_old(struct card *c, struct old *old)
{
	struct store *st;

	card_stop(c);
	st = store_sqlite_open(c->path, c->err, sizeof(c->err));
	assert_non_null(st);
	assert_int_equal(st->ops->load(st, keep_old, old), 0);
	st->ops->close(st);
	assert_true(card_start(c));
	card_login_all(c);
}

static void nothing_left_in_the_files(void **state)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	struct card *c = *state;
	struct old old = { .n = 0 };
	uint8_t secret[32];
	char path[300];
	unsigned int i;

	for (i = 0; i < 30; i++)
		made(c, ALICE, begin_aes("one of many"));
	memcpy(secret, c->fw->objects.first->secret, sizeof(secret));
	read_old(c, &old);
	for (i = 0; i < 30; i++)
		made(c, ALICE, begin_aes("in the log"));
	assert_true(count_old(c->path, &old) > 30);
	assert_int_equal(zeroize(c, OFFICER), 0);
	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s", c->path, ends[i]);
		if (i && access(path, F_OK))
			continue;
		assert_false(holds(path, secret, sizeof(secret)));
		assert_int_equal(count_old(path, &old), 0);
	}
	while (old.n--)
		free(old.piece[old.n]);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_users, teardown)
#define F(f) cmocka_unit_test_setup_teardown(f, setup_users_sqlite, teardown)
	const struct CMUnitTest tests[] = {
		T(by_an_officer), F(again_and_again), T(the_log_goes_on), T(not_by_others),
		F(by_anyone),
		T(store_fails), T(waits_for_others), T(refuses_while_it_runs),
		F(nothing_left_in_the_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
