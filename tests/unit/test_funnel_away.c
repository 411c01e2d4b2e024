// SPDX-License-Identifier: GPL-2.0-or-later
/* test_funnel_away.c - what waits in the funnel while nothing can be ordered, and its end. */
#include "trio.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "approving.h"
#include "factor.h"
#include "funnel_int.h"
#include "fw_int.h"
#include "quorum_int.h"
#include "replica_int.h"
#include "secmem.h"

static struct image doubtful;

static void set_state(enum cluster_state state)
{
	const struct cluster_hooks *h = trio[0].hooks;

	h->state(h->opaque, state, state == CLUSTER_ONLINE ? NULL : "tests");
}

/* A creation of card 0 of which nobody knows. */
static void be_in_doubt(void)
{
	struct msg *m = trio_aes("doubt");

	trio_begin(0, m);
	WAIT_FOR(trio[0].txn);
	trio_keep_proposal(0, &doubtful);
	fake_fail(&trio[0], -ETIMEDOUT);
	trio_end(m, FW_OK, HSM_RV_CLUSTER_UNAVAILABLE);
}

/* It is there after all, and its withdrawal waits for the cluster to come back: the handle. */
static uint64_t withdraw_while_away(void)
{
	be_in_doubt();
	trio_make_true(&doubtful);
	trio_deliver(0);
	image_clear(&doubtful);
	WAIT_FOR(trio[0].txn);
	set_state(CLUSTER_AWAY);
	fake_fail(&trio[0], -EHOSTUNREACH);
	assert_non_null(trio[0].c.fw->funnel->waiting.first);
	return trio[0].c.fw->objects.last->handle;
}

static struct msg *begin_delete(uint64_t handle)
{
	struct msg *m = malloc(sizeof(*m));

	assert_non_null(m);
	begin_in(m, HSM_CMD_KEY_DELETE, FIRST_SESSION);
	add_u64(m, HSM_TAG_HANDLE, handle);
	return m;
}

static void call_behind_a_withdrawal_is_answered(void **state)
{
	uint64_t handle = withdraw_while_away();
	struct msg *m[3];
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		m[i] = begin_delete(handle);
		trio_begin(0, m[i]);
	}
	trio_tick(0, 20);
	for (i = 0; i < 3; i++)
		trio_end(m[i], FW_OK, HSM_RV_CLUSTER_UNAVAILABLE);
	assert_int_equal(trio_keys(0), 1);
	/* And the withdrawal has kept its place. */
	trio_tick(0, 1000);
	set_state(CLUSTER_ONLINE);
	trio_order(0);
	WAIT_FOR(!trio_keys(0));
}

/* Two that stay do not let each other pass for ever. */
static void two_withdrawals_of_a_key(void **state)
{
	uint64_t handle = withdraw_while_away();
	struct msg *m = begin_delete(handle);

	(void)state;
	assert_true(funnel_withdraw_key(trio[0].c.fw, handle));
	trio_begin(0, m);
	trio_tick(0, 20);
	trio_end(m, FW_OK, HSM_RV_CLUSTER_UNAVAILABLE);
	trio_tick(0, 1000);
	set_state(CLUSTER_ONLINE);
	trio_order(0);
	WAIT_FOR(!trio_keys(0));
	WAIT_FOR(!trio[0].c.fw->funnel->waiting.first);
}

static void fresh_card_has_no_withdrawal_of_the_old_one(void **state)
{
	struct fw *fw = trio[0].c.fw;
	uint64_t handle = withdraw_while_away();
	struct msg *m = malloc(sizeof(*m));

	(void)state;
	assert_non_null(m);
	begin_in(m, HSM_CMD_ZEROIZE, FIRST_SESSION);
	assert_int_equal(send(&trio[0].c, ADMIN, m), 0);
	free(m);
	WAIT_FOR(!fw->funnel->waiting.first);
	assert_null(index_first(&fw->changing, index_hash_u64(fw->seed, handle)));
}

static void fresh_card_forgets_doubts(void **state)
{
	struct msg *m = malloc(sizeof(*m));

	(void)state;
	assert_non_null(m);
	be_in_doubt();
	image_clear(&doubtful);
	assert_int_equal(trio[0].c.fw->funnel->n_doubts, 1);
	begin_in(m, HSM_CMD_ZEROIZE, FIRST_SESSION);
	assert_int_equal(send(&trio[0].c, ADMIN, m), 0);
	free(m);
	WAIT_FOR(!trio[0].c.fw->funnel->n_doubts);
}

/* A token that the creation which is proposed has claimed. */
static void claim_for(struct fw *fw)
{
	struct change *ch = fw->funnel->batched.first;
	struct quorum_token *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	t->id = 77;
	t->expires_ms = UINT64_MAX;
	t->service = HSM_SERVICE_KEY_USE;
	t->state = TOKEN_CLAIMED;
	t->next = fw->quorum.first;
	fw->quorum.first = t;
	fw->quorum.n++;
	ch->claims[0] = ch->call.claims[0] = t;
}

static void answered_call_takes_its_claims_along(void **state)
{
	struct fw *fw = trio[0].c.fw;
	struct msg *m = trio_aes("later");
	uint64_t before = replica_position(fw);
	const struct change *ch;

	(void)state;
	add_u32(m, HSM_TAG_MIN_SRV, 3);
	add_u32(m, HSM_TAG_TIMEOUT_S, 5);
	trio_begin(0, m);
	WAIT_FOR(trio[0].txn);
	claim_for(fw);
	trio_order(0);
	WAIT_FOR(replica_position(fw) > before);
	trio_deliver(1);
	trio_deliver(2);
	trio_notes();
	WAIT_FOR(trio[0].txn);
	set_state(CLUSTER_AWAY);
	fake_fail(&trio[0], -EHOSTUNREACH);
	trio_end(m, FW_OK, HSM_RV_CLUSTER_INCOMPLETE);
	ch = fw->funnel->waiting.first;
	assert_non_null(ch);
	assert_null(ch->claims[0]);
	assert_null(ch->call.claims[0]);
}

static void open_doubt_is_looked_at_once(void **state)
{
	const struct replica *r = trio[0].c.fw->replica;
	uint64_t before;
	struct msg *m;
	int i;

	(void)state;
	be_in_doubt();
	image_clear(&doubtful);
	trio_tick(0, 20);
	before = r->batches;
	for (i = 0; i < 50; i++) {
		trio_tick(0, 20);
		fake_note(&trio[0], CLUSTER_ALIVE, &trio[1]);
	}
	assert_int_equal(r->batches, before);
	/* As soon as that position is another's, it is. */
	m = trio_aes("other");
	trio_begin(1, m);
	trio_settle();
	trio_end(m, FW_OK, 0);
	WAIT_FOR(!trio[0].c.fw->funnel->n_doubts);
}

static void doubts_are_secret(void **state)
{
	size_t used;

	(void)state;
	be_in_doubt();
	image_clear(&doubtful);
	used = secmem_used();
	funnel_forget_doubts(trio[0].c.fw->funnel);
	assert_true(secmem_used() < used);
}

/* card 0: what its engine saw of a stop that came while it took a proposal. */
static struct cluster_ops slow;
static const struct cluster_ops *quick;
static atomic_bool stopped, stopped_inside;
static pthread_t stopper;

static void *stop_it(void *arg)
{
	funnel_close(arg);
	replica_stop(arg);
	return NULL;
}

static void slow_propose(struct cluster *cl, struct cluster_txn *txn)
{
	assert_int_equal(pthread_create(&stopper, NULL, stop_it, trio[0].c.fw), 0);
	usleep(100000);
	stopped_inside = stopped;
	quick->propose(cl, txn);
}

static void slow_stop(struct cluster *cl)
{
	stopped = true;
	quick->stop(cl);
}

static void stop_waits_for_who_proposes(void **state)
{
	struct msg *m = trio_aes("stop");

	(void)state;
	quick = trio[0].cl.ops;
	slow = *quick;
	slow.propose = slow_propose;
	slow.stop = slow_stop;
	trio[0].cl.ops = &slow;
	trio_begin(0, m);
	pthread_join(stopper, NULL);
	assert_true(stopped);
	assert_false(stopped_inside);
	trio_end(m, FW_OK, HSM_RV_CLUSTER_UNAVAILABLE);
	assert_null(trio[0].txn);
}

/* Sent by @ctx of card 0, and ordered. */
static void done(uint32_t ctx, struct msg *m)
{
	exec_begin(&trio[0].c, ctx, m);
	trio_settle();
	wait_done(m);
	assert_int_equal(m->status, 0);
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

static struct msg *begin_service(uint32_t cmd, uint32_t m_value)
{
	struct msg *m = begin(cmd, FIRST_SESSION);

	add_u32(m, HSM_TAG_SERVICE, HSM_SERVICE_USER_MGMT);
	if (m_value)
		add_u32(m, HSM_TAG_M_VALUE, m_value);
	return m;
}

static bool token_in_image(void)
{
	size_t i;

	for (i = 0; i < trio_image.n; i++) {
		if (trio_image.op[i].kind == STORE_TOKEN)
			return true;
	}
	return false;
}

static void token_goes_with_a_login_that_ended_while_away(void **state)
{
	(void)state;
	done(ADMIN, begin_register("admin", 0));
	done(OFFICER, begin_register("officer", 1));
	done(ADMIN, begin_service(HSM_CMD_M_VALUE_SET, 2));
	done(ADMIN, begin_service(HSM_CMD_TOKEN_NEW, 0));
	trio_settle();
	assert_true(token_in_image());
	set_state(CLUSTER_AWAY);
	assert_int_equal(logout(&trio[0].c, ADMIN), 0);
	set_state(CLUSTER_ONLINE);
	trio_settle();
	assert_false(token_in_image());
	free_signers();
}

#define TRIO(test) cmocka_unit_test_setup_teardown(test, setup_trio, teardown_trio)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TRIO(call_behind_a_withdrawal_is_answered),
		TRIO(two_withdrawals_of_a_key),
		TRIO(fresh_card_has_no_withdrawal_of_the_old_one),
		TRIO(fresh_card_forgets_doubts),
		TRIO(answered_call_takes_its_claims_along),
		TRIO(open_doubt_is_looked_at_once),
		TRIO(doubts_are_secret),
		TRIO(stop_waits_for_who_proposes),
		TRIO(token_goes_with_a_login_that_ended_while_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
