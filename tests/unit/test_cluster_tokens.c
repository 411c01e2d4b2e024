// SPDX-License-Identifier: GPL-2.0-or-later
/* test_cluster_tokens.c - quorum tokens of three cards: seen and approved anywhere, used once. */
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "approving.h"
#include "cloned.h"
#include "cluster_fixture.h"
#include "factor.h"
#include "fw_int.h"
#include "replica.h"

static struct blob file;

/* Three cards where service 3 takes two approvals. */
static int setup_quorum(void **state)
{
	struct cards *cs;

	setup_three_users(state);
	cs = *state;
	register_all(&cs->card[0]);
	assert_int_equal(m_value_set(&cs->card[0], ADMIN, HSM_SERVICE_USER_MGMT, 2), 0);
	return 0;
}

static int undo_quorum(void **state)
{
	free_signers();
	return teardown_cards(state);
}

static void seen_on_all(struct cards *cs, uint32_t ctx, uint32_t want)
{
	size_t i;

	for (i = 0; i < cs->n; i++)
		assert_int_equal(tokens_seen(&cs->card[i], ctx), want);
}

/* What is swept goes after the answer. */
static void goes_on(struct card *c, uint32_t ctx)
{
	int ms;

	for (ms = 0; ms < 5000 && tokens_seen(c, ctx); ms++)
		usleep(1000);
	assert_int_equal(tokens_seen(c, ctx), 0);
}

static uint32_t create(struct card *c, const char *name)
{
	return user_create(c, ADMIN, HSM_USER_CU, name, PASSWORD);
}

static void approved_anywhere(void **state)
{
	struct cards *cs = *state;

	get_token(&cs->card[0], ADMIN, HSM_SERVICE_USER_MGMT, 0, &file);
	assert_int_equal(reply_count(last(), HSM_TAG_NODE), 3);
	seen_on_all(cs, ADMIN, 1);
	seen_on_all(cs, OFFICER, 1);
	seen_on_all(cs, ALICE, 0);
	assert_int_equal(approve(&cs->card[1], ADMIN, &file, HSM_USER_CO, "admin", 0), 0);
	assert_int_equal(create(&cs->card[0], "carol"), HSM_RV_MXN_AUTH_FAILED);
	assert_int_equal(approve(&cs->card[2], ADMIN, &file, HSM_USER_CO, "admin", 0),
			 HSM_RV_BAD_APPROVAL);
	assert_int_equal(approve(&cs->card[2], OFFICER, &file, HSM_USER_CO, "officer", 1),
			 HSM_RV_NO_TOKEN);
	assert_int_equal(approve(&cs->card[2], ADMIN, &file, HSM_USER_CO, "officer", 1), 0);
	assert_int_equal(create(&cs->card[0], "carol"), 0);
	seen_on_all(cs, ADMIN, 0);
	assert_int_equal(create(&cs->card[0], "dave"), HSM_RV_MXN_AUTH_FAILED);
}

static void officers_token_used_through_another_card(void **state)
{
	struct cards *cs = *state;

	approved_officers(&cs->card[0], HSM_SERVICE_USER_MGMT, &file);
	assert_int_equal(create(&cs->card[2], "carol"), 0);
	assert_int_equal(create(&cs->card[0], "dave"), HSM_RV_MXN_AUTH_FAILED);
	seen_on_all(cs, ADMIN, 0);
}

struct user_of_token {
	struct card *c;
	char name[32];
	uint32_t status;
};

static void *use(void *arg)
{
	struct user_of_token *u = arg;
	struct msg *m = malloc(sizeof(*m));

	assert_non_null(m);
	begin_in(m, HSM_CMD_USER_CREATE, FIRST_SESSION);
	add_u32(m, HSM_TAG_USER_TYPE, HSM_USER_CU);
	add_text(m, HSM_TAG_USER_NAME, u->name);
	add_text(m, HSM_TAG_PASSWORD, PASSWORD);
	u->status = send(u->c, ADMIN, m);
	free(m);
	return NULL;
}

static void race_of_two_cards_for_one_token(void **state)
{
	struct cards *cs = *state;
	struct user_of_token u[3] = { 0 };
	pthread_t thread[3];
	unsigned int used;
	int round;
	size_t i;

	for (round = 0; round < 6; round++) {
		approved_officers(&cs->card[round % 3], HSM_SERVICE_USER_MGMT, &file);
		for (i = 0; i < 3; i++) {
			u[i].c = &cs->card[i];
			snprintf(u[i].name, sizeof(u[i].name), "user_%d_%zu", round, i);
			assert_int_equal(pthread_create(&thread[i], NULL, use, &u[i]), 0);
		}
		for (used = 0, i = 0; i < 3; i++) {
			pthread_join(thread[i], NULL);
			used += !u[i].status;
			assert_true(!u[i].status || u[i].status == HSM_RV_MXN_AUTH_FAILED);
		}
		assert_int_equal(used, 1);
		seen_on_all(cs, ADMIN, 0);
	}
}

/* What changes nothing is settled by the card of the login: nobody else may. */
static void key_token_is_of_its_login(void **state)
{
	struct cards *cs = *state;
	uint64_t h = quorum_key(&cs->card[0], 2);

	approved_key(&cs->card[0], HSM_SERVICE_KEY_USE, h, &file);
	cards_settle(cs, 0);
	seen_on_all(cs, ALICE, 1);
	assert_int_equal(use_key(&cs->card[1], ALICE, h), HSM_RV_MXN_AUTH_FAILED);
	assert_int_equal(use_key(&cs->card[0], ALICE, h), 0);
	assert_int_equal(use_key(&cs->card[0], ALICE, h), HSM_RV_MXN_AUTH_FAILED);
	assert_int_equal(use_key(&cs->card[1], ALICE, h), HSM_RV_MXN_AUTH_FAILED);
	goes_on(&cs->card[1], ALICE);
	goes_on(&cs->card[2], ALICE);
}

static void goes_with_its_login(void **state)
{
	struct cards *cs = *state;

	get_token(&cs->card[1], ADMIN, HSM_SERVICE_USER_MGMT, 0, &file);
	get_token(&cs->card[1], OFFICER, HSM_SERVICE_USER_MGMT, 0, &file);
	seen_on_all(cs, ADMIN, 2);
	assert_int_equal(logout(&cs->card[0], OFFICER), 0);
	assert_int_equal(logout(&cs->card[1], ADMIN), 0);
	fw_ctx_close(cs->card[1].fw, OFFICER);
	goes_on(&cs->card[0], ADMIN);
	goes_on(&cs->card[2], OFFICER);
}

static void goes_with_its_card(void **state)
{
	struct cards *cs = *state;

	approved_officers(&cs->card[1], HSM_SERVICE_USER_MGMT, &file);
	assert_int_equal(tokens_seen(&cs->card[0], ADMIN), 1);
	cards_leave(cs, 1);
	cards_see_each_other(cs);
	assert_int_equal(tokens_seen(&cs->card[0], ADMIN), 0);
	assert_int_equal(create(&cs->card[0], "carol"), HSM_RV_MXN_AUTH_FAILED);
}

static void deleted_through_any_card(void **state)
{
	struct cards *cs = *state;
	struct msg *m;
	int i;

	approved_officers(&cs->card[0], HSM_SERVICE_USER_MGMT, &file);
	m = begin(HSM_CMD_TOKEN_DELETE, FIRST_SESSION);
	add_u32(m, HSM_TAG_TOKEN_ID, get_le32(file.p + TOKEN_AT(id)));
	assert_int_equal(send(&cs->card[2], ADMIN, m), 0);
	seen_on_all(cs, ADMIN, 0);
	assert_int_equal(create(&cs->card[0], "carol"), HSM_RV_MXN_AUTH_FAILED);
	for (i = 0; i < 70; i++)
		get_token(&cs->card[i % 3], ADMIN, HSM_SERVICE_USER_MGMT, 0, &file);
	seen_on_all(cs, ADMIN, 70);
	assert_int_equal(send(&cs->card[1], OFFICER, begin(HSM_CMD_TOKEN_DELETE, FIRST_SESSION)), 0);
	seen_on_all(cs, ADMIN, 0);
}

static void late_by_the_clock_of_any_card(void **state)
{
	struct cards *cs = *state;

	get_token(&cs->card[0], ADMIN, HSM_SERVICE_USER_MGMT, 0, &file);
	atomic_fetch_add(&cs->card[2].clock_ms, 599999);
	seen_on_all(cs, ADMIN, 1);
	atomic_fetch_add(&cs->card[2].clock_ms, 1001);
	assert_int_equal(tokens_seen(&cs->card[2], ADMIN), 0);
	goes_on(&cs->card[0], ADMIN);
}

static void file_with_two_tokens_of_a_cluster(void **state)
{
	struct cards *cs = *state;
	static struct blob two;

	get_token(&cs->card[0], ADMIN, HSM_SERVICE_USER_MGMT, 0, &file);
	get_token(&cs->card[1], ADMIN, HSM_SERVICE_USER_MGMT, 0, &two);
	memcpy(file.p + TOKEN_LEN, two.p, TOKEN_LEN);
	file.len = 2 * TOKEN_LEN;
	check_refused(approve(&cs->card[0], ADMIN, &file, HSM_USER_CO, "admin", 0),
		      HSM_RV_INVALID_INPUT, HSM_TAG_DATA);
}

struct approver {
	struct card *c;
	struct msg m;
};

static void *send_approval(void *arg)
{
	struct approver *a = arg;

	a->m.status = send(a->c, ADMIN, &a->m);
	return NULL;
}

/* Neither approval gets lost over the other. */
static void race_of_two_approvals(void **state)
{
	struct cards *cs = *state;
	struct approver *a[2];
	pthread_t thread[2];
	int i;

	get_token(&cs->card[0], ADMIN, HSM_SERVICE_USER_MGMT, 0, &file);
	for (i = 0; i < 2; i++) {
		a[i] = malloc(sizeof(*a[i]));
		a[i]->c = &cs->card[1 + i];
		begin_in(&a[i]->m, HSM_CMD_TOKEN_APPROVE, FIRST_SESSION);
		add_blob(&a[i]->m, HSM_TAG_DATA, &file);
		add_signed(&a[i]->m, HSM_USER_CO, i ? "officer" : "admin", i, &file);
		assert_int_equal(pthread_create(&thread[i], NULL, send_approval, a[i]), 0);
	}
	for (i = 0; i < 2; i++) {
		pthread_join(thread[i], NULL);
		assert_int_equal(a[i]->m.status, 0);
		free(a[i]);
	}
	assert_int_equal(create(&cs->card[1], "carol"), 0);
}

/* Two cards with a cluster driven by hand, and a token of the first one. */
static struct fake one, two;
static struct image image, entry;

static void await_proposal(struct fake *f)
{
	int ms;

	for (ms = 0; ms < 5000 && !*(struct cluster_txn *volatile *)&f->txn; ms++)
		usleep(1000);
	assert_non_null(f->txn);
}

/* Orders what @from proposes, and hands it to @to. */
static void order(struct fake *from, struct fake *to)
{
	uint64_t next = replica_position(to->c.fw) + 1;

	await_proposal(from);
	fake_order(from, &image, &entry);
	settle(from, next);
	assert_int_equal(fake_deliver(to, &entry), 0);
	settle(to, next);
	fake_note(&two, CLUSTER_ALIVE, &one);
}

static uint32_t ordered(struct fake *from, struct fake *to, uint32_t ctx, struct msg *m)
{
	exec_begin(&from->c, ctx, m);
	order(from, to);
	wait_done(m);
	return m->status;
}

static struct msg *begin_register(const char *name, int n)
{
	static struct blob token, sig;
	struct msg *m = begin(HSM_CMD_USER_REGISTER, FIRST_SESSION);

	fill(&token, 32);
	evp_sign(signer(n), "SHA256", false, &token, &sig);
	add_u32(m, HSM_TAG_USER_TYPE, HSM_USER_CO);
	add_text(m, HSM_TAG_USER_NAME, name);
	add_blob(m, HSM_TAG_DATA, &token);
	add_blob(m, HSM_TAG_SIGNATURE, &sig);
	add_spki(m, signer(n));
	return m;
}

static struct msg *begin_create(const char *name)
{
	return begin_user(HSM_CMD_USER_CREATE, HSM_USER_CU, name, PASSWORD);
}

static void make_approved(void)
{
	struct msg *m = begin(HSM_CMD_TOKEN_NEW, FIRST_SESSION);

	add_u32(m, HSM_TAG_SERVICE, HSM_SERVICE_USER_MGMT);
	assert_int_equal(ordered(&one, &two, ADMIN, m), 0);
	take(HSM_TAG_TOKEN, &file);
	m = begin_approve(&file);
	add_signed(m, HSM_USER_CO, "admin", 0, &file);
	add_signed(m, HSM_USER_CO, "officer", 1, &file);
	assert_int_equal(ordered(&two, &one, ADMIN, m), 0);
}

static int setup_fakes(void **state)
{
	struct msg *m = begin(HSM_CMD_M_VALUE_SET, FIRST_SESSION);

	(void)state;
	cloned(&one, 1);
	fake_start(&one, false);
	assert_int_equal(fake_image(&one, &image), 0);
	fake_join(&one, &image);
	fake_init(&two, 2);
	fake_start(&two, false);
	fake_join(&two, &image);
	settle(&one, 1);
	settle(&two, 1);
	fake_note(&two, CLUSTER_CARD, &one);
	fake_note(&two, CLUSTER_ALIVE, &one);
	card_login_all(&one.c);
	card_login_all(&two.c);
	assert_int_equal(ordered(&one, &two, ADMIN, begin_register("admin", 0)), 0);
	assert_int_equal(ordered(&one, &two, OFFICER, begin_register("officer", 1)), 0);
	m = begin(HSM_CMD_M_VALUE_SET, FIRST_SESSION);
	add_u32(m, HSM_TAG_SERVICE, HSM_SERVICE_USER_MGMT);
	add_u32(m, HSM_TAG_M_VALUE, 2);
	assert_int_equal(ordered(&one, &two, ADMIN, m), 0);
	make_approved();
	return 0;
}

static int undo_fakes(void **state)
{
	(void)state;
	fake_free(&one);
	fake_free(&two);
	image_clear(&image);
	image_clear(&entry);
	free_signers();
	return 0;
}

static bool in_image(void)
{
	return image_find(&image, STORE_TOKEN, get_le32(file.p + TOKEN_AT(id)));
}

static uint32_t failed(int err)
{
	struct msg *m = begin_create("carol");

	exec_begin(&one.c, ADMIN, m);
	await_proposal(&one);
	fake_fail(&one, err);
	wait_done(m);
	return m->status;
}

static void change_that_failed_gives_it_back(void **state)
{
	(void)state;
	assert_true(in_image());
	assert_int_equal(failed(-EHOSTUNREACH), HSM_RV_CLUSTER_UNAVAILABLE);
	assert_int_equal(ordered(&one, &two, ADMIN, begin_create("carol")), 0);
	assert_false(in_image());
}

/* It may yet turn out to have been used. */
static void unknown_outcome_spends_it(void **state)
{
	(void)state;
	assert_int_equal(failed(-ETIMEDOUT), HSM_RV_CLUSTER_UNAVAILABLE);
	assert_int_equal(fake_snapshot(&one, &image), 0);
	assert_int_equal(send(&one.c, ADMIN, begin_create("dave")), HSM_RV_MXN_AUTH_FAILED);
}

/* Both have asked; the order says who gets it. */
static void race_that_the_order_decides(void **state)
{
	struct msg *late = malloc(sizeof(*late)), *first;

	(void)state;
	assert_non_null(late);
	begin_in(late, HSM_CMD_USER_CREATE, FIRST_SESSION);
	add_u32(late, HSM_TAG_USER_TYPE, HSM_USER_CU);
	add_text(late, HSM_TAG_USER_NAME, "late");
	add_text(late, HSM_TAG_PASSWORD, PASSWORD);
	exec_begin(&one.c, ADMIN, late);
	await_proposal(&one);
	first = begin_create("first");
	exec_begin(&two.c, ADMIN, first);
	await_proposal(&two);
	fake_order(&two, &image, &entry);
	assert_int_equal(fake_deliver(&one, &entry), 0);
	fake_fail(&one, -EAGAIN);
	assert_int_equal(wait_status(late), HSM_RV_MXN_AUTH_FAILED);
	fake_note(&two, CLUSTER_ALIVE, &one);
	wait_done(first);
	assert_int_equal(first->status, 0);
	assert_false(in_image());
	assert_null(one.txn);
}

static struct msg *approval(const char *name, int n)
{
	struct msg *m = malloc(sizeof(*m));

	assert_non_null(m);
	begin_in(m, HSM_CMD_TOKEN_APPROVE, FIRST_SESSION);
	add_blob(m, HSM_TAG_DATA, &file);
	add_signed(m, HSM_USER_CO, name, n, &file);
	return m;
}

/* Both wait for the same transaction, behind another one: neither is lost. */
static void race_of_two_approvals_through_one_card(void **state)
{
	struct msg *m = begin(HSM_CMD_TOKEN_NEW, FIRST_SESSION), *a, *b;
	int i;

	(void)state;
	add_u32(m, HSM_TAG_SERVICE, HSM_SERVICE_USER_MGMT);
	assert_int_equal(ordered(&one, &two, ADMIN, m), 0);
	take(HSM_TAG_TOKEN, &file);
	assert_int_equal(login(&one.c, NOBODY, HSM_USER_CO, "admin", PASSWORD), 0);
	a = approval("admin", 0);
	b = approval("officer", 1);
	m = begin(HSM_CMD_TOKEN_NEW, FIRST_SESSION);
	add_u32(m, HSM_TAG_SERVICE, HSM_SERVICE_USER_MGMT);
	exec_begin(&one.c, OFFICER, m);
	await_proposal(&one);
	exec_begin(&one.c, ADMIN, a);
	exec_begin(&one.c, NOBODY, b);
	for (i = 0; i < 3; i++)
		order(&one, &two);
	wait_done(m);
	assert_int_equal(wait_status(a), 0);
	assert_int_equal(wait_status(b), 0);
}

/* A record that makes no sense, as only who knows the secret could write it: no token. */
static void garbage_for_a_token(void **state)
{
	static const uint8_t record[] = { 1, 0, 0, 0, 4, 0, 0, 0, 'H', 'S', 'M', 'T' };

	(void)state;
	fw_lock_write(one.c.fw);
	quorum_take(one.c.fw, 99, record, sizeof(record));
	quorum_take(one.c.fw, UINT64_MAX, record, sizeof(record));
	fw_unlock(one.c.fw);
	assert_int_equal(tokens_seen(&one.c, ADMIN), 1);
}

int main(void)
{
#define QUORUM(test) cmocka_unit_test_setup_teardown(test, setup_quorum, undo_quorum)
#define FAKES(test) cmocka_unit_test_setup_teardown(test, setup_fakes, undo_fakes)
	const struct CMUnitTest tests[] = {
		QUORUM(approved_anywhere),
		QUORUM(officers_token_used_through_another_card),
		QUORUM(race_of_two_cards_for_one_token),
		QUORUM(key_token_is_of_its_login),
		QUORUM(goes_with_its_login),
		QUORUM(goes_with_its_card),
		QUORUM(deleted_through_any_card),
		QUORUM(late_by_the_clock_of_any_card),
		QUORUM(file_with_two_tokens_of_a_cluster),
		QUORUM(race_of_two_approvals),
		FAKES(change_that_failed_gives_it_back),
		FAKES(unknown_outcome_spends_it),
		FAKES(race_that_the_order_decides),
		FAKES(race_of_two_approvals_through_one_card),
		FAKES(garbage_for_a_token),
	};

	return cmocka_run_group_tests(tests, cloned_make, cloned_remove);
}
