// SPDX-License-Identifier: GPL-2.0-or-later
/* test_quorum_use.c - one key with an m value from birth on, and many who ask at once. */
#include <pthread.h>

#include "approving.h"
#include "dump.h"

#define USE	HSM_SERVICE_KEY_USE

static struct blob file, data, other;

static struct msg *crypt(uint16_t opcode, uint32_t use, uint32_t mech, uint64_t key)
{
	struct msg *m = begin_crypt(opcode, use, mech, key);

	if (opcode == HSM_CMD_CRYPT)
		add_blob(m, HSM_TAG_DATA, &data);
	return m;
}

/* A key that two have to approve: refused, two signatures, one use, refused again. */
static void from_end_to_end(void **state)
{
	static const uint8_t nonce[HSM_NONCE_LEN] = { 1 };
	struct card *c = *state;
	static struct blob plain;
	struct msg *m;
	uint64_t h;

	register_all(c);
	fill(&data, 32);
	m = begin_aes("aes256");
	add_u32(m, HSM_TAG_SHARE_USER, ID_BOB);
	add_u32(m, HSM_TAG_M_VALUE, 2);
	add(m, HSM_TAG_ATTEST_NONCE, nonce, sizeof(nonce));
	h = made(c, ALICE, m);
	assert_int_equal(reply_count(m, HSM_TAG_ATTESTATION), 1);
	assert_int_equal(info(c, BOB, h), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_M_VALUE), 2);
	m = crypt(HSM_CMD_CRYPT, HSM_USE_ENCRYPT, HSM_CKM_AES_ECB, h);
	assert_int_equal(send(c, BOB, m), HSM_RV_MXN_AUTH_FAILED);
	get_token(c, BOB, USE, h, &file);
	assert_int_equal(approve(c, BOB, &file, HSM_USER_CU, "bob", 3), 0);
	m = crypt(HSM_CMD_CRYPT, HSM_USE_ENCRYPT, HSM_CKM_AES_ECB, h);
	assert_int_equal(send(c, BOB, m), HSM_RV_MXN_AUTH_FAILED);
	assert_int_equal(approve(c, BOB, &file, HSM_USER_CU, "alice", 2), 0);
	m = crypt(HSM_CMD_CRYPT, HSM_USE_ENCRYPT, HSM_CKM_AES_ECB, h);
	assert_int_equal(send(c, BOB, m), 0);
	take(HSM_TAG_DATA, &plain);
	assert_true(evp_cipher(&(struct cipher_spec){ "AES-256-ECB", peek(c, h)->secret, NULL,
						      false, true }, data.p, data.len, &other));
	assert_true(same(&plain, &other));
	m = crypt(HSM_CMD_CRYPT, HSM_USE_ENCRYPT, HSM_CKM_AES_ECB, h);
	assert_int_equal(send(c, BOB, m), HSM_RV_MXN_AUTH_FAILED);
	assert_int_equal(approve(c, BOB, &file, HSM_USER_CU, "alice", 2), HSM_RV_NO_TOKEN);
}

#define THREADS	4
#define ROUNDS	200

struct racer {
	struct card *card;
	uint64_t key;
	pthread_barrier_t *start;
	pthread_t thread;
	struct msg m;
	unsigned int won;
};

static void *race(void *arg)
{
	struct racer *r = arg;
	struct msg *m = &r->m;

	begin_in(m, HSM_CMD_CRYPT, FIRST_SESSION);
	add_u32(m, HSM_TAG_USE, HSM_USE_ENCRYPT);
	add_u32(m, HSM_TAG_MECHANISM, HSM_CKM_AES_ECB);
	add_u64(m, HSM_TAG_HANDLE, r->key);
	add(m, HSM_TAG_DATA, "sixteen bytes!!!", 16);
	pthread_barrier_wait(r->start);
	exec_begin(r->card, ALICE, m);
	wait_done(m);
	assert_true(!m->status || m->status == HSM_RV_MXN_AUTH_FAILED);
	r->won = !m->status;
	return NULL;
}

/* Many ask at once with one token, from one login: one has it. */
static void one_of_many(void **state)
{
	static struct racer r[THREADS];
	pthread_barrier_t start;
	struct card *c = *state;
	unsigned int round, i, won;
	uint64_t key;

	register_all(c);
	key = quorum_key(c, 2);
	pthread_barrier_init(&start, NULL, THREADS);
	for (round = 0; round < ROUNDS; round++) {
		approved_key(c, USE, key, &file);
		for (i = 0; i < THREADS; i++) {
			r[i].card = c;
			r[i].key = key;
			r[i].start = &start;
			assert_int_equal(pthread_create(&r[i].thread, NULL, race, &r[i]), 0);
		}
		for (i = won = 0; i < THREADS; i++) {
			pthread_join(r[i].thread, NULL);
			won += r[i].won;
		}
		assert_int_equal(won, 1);
	}
	pthread_barrier_destroy(&start);
	assert_int_equal(tokens_seen(c, ALICE), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(from_end_to_end, setup_users, teardown),
		cmocka_unit_test_setup_teardown(one_of_many, setup_users, teardown),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free_signers();
	return failed;
}
