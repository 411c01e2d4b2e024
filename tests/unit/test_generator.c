// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_generator.c - the random generator of a card: seeded anew by a reset, and never asked
 * again once it repeated itself.
 */
#include <openssl/core_names.h>
#include <openssl/rand.h>

#include "crypto_int.h"
#include "fixture.h"
#include "using.h"

int __real_RAND_priv_bytes_ex(OSSL_LIB_CTX *ctx, unsigned char *buf, size_t num,
			      unsigned int strength);
int __wrap_RAND_priv_bytes_ex(OSSL_LIB_CTX *ctx, unsigned char *buf, size_t num,
			      unsigned int strength);

static bool stuck;

int __wrap_RAND_priv_bytes_ex(OSSL_LIB_CTX *ctx, unsigned char *buf, size_t num,
			      unsigned int strength)
{
	if (!stuck)
		return __real_RAND_priv_bytes_ex(ctx, buf, num, strength);
	memset(buf, 0x5a, num);
	return 1;
}

/* How often a generator was seeded. */
static unsigned int seeds(EVP_RAND_CTX *generator)
{
	unsigned int n = 0;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_uint(OSSL_DRBG_PARAM_RESEED_COUNTER, &n),
		OSSL_PARAM_construct_end(),
	};

	assert_non_null(generator);
	assert_int_equal(EVP_RAND_CTX_get_params(generator, params), 1);
	return n;
}

/* By this thread, whose generator is the one that is looked at. */
static void random_bytes(struct card *c, uint8_t out[32])
{
	assert_true(fw_random(c->fw, out, 32));
}

/* That of the process at once, that of a thread before it gives anything out. */
static void reset_seeds_anew(void **state)
{
	struct card *c = *state;
	uint8_t before[32], after[32];
	EVP_RAND_CTX *primary, *mine;
	unsigned int was, mine_was;

	random_bytes(c, before);
	primary = RAND_get0_primary(fc_lib()->ctx);
	mine = RAND_get0_private(fc_lib()->ctx);
	was = seeds(primary);
	mine_was = seeds(mine);
	random_bytes(c, before);
	assert_int_equal(seeds(primary), was);
	assert_int_equal(seeds(mine), mine_was);
	fw_reset(c->fw);
	assert_int_not_equal(seeds(primary), was);
	random_bytes(c, after);
	assert_int_not_equal(seeds(mine), mine_was);
	assert_memory_not_equal(before, after, sizeof(before));
}

static uint32_t ask(struct card *c)
{
	struct msg *m = begin(HSM_CMD_RANDOM, FIRST_SESSION);

	add_u32(m, HSM_TAG_LEN, 32);
	return send(c, ALICE, m);
}

static void no_numbers(struct card *c)
{
	uint8_t out[32], zero[32] = { 0 };

	memset(out, 0xff, sizeof(out));
	assert_false(fw_random(c->fw, out, sizeof(out)));
	assert_memory_equal(out, zero, sizeof(out));
	assert_int_equal(ask(c), HSM_RV_CRYPTO_FAILED);
}

static void no_key(struct card *c)
{
	uint32_t status = send(c, ALICE, begin_aes("none"));

	/* The record of the refusal cannot be sealed without an IV. */
	assert_true(status == HSM_RV_CRYPTO_FAILED || status == HSM_RV_STORE_FAILED);
}

/* Two equal blocks, once: from then on it is right again, and not believed. The last test. */
static void stops_for_good(void **state)
{
	struct card *c = *state;

	assert_int_equal(ask(c), 0);
	made(c, ALICE, begin_aes("before"));
	stuck = true;
	no_numbers(c);
	no_key(c);
	stuck = false;
	no_numbers(c);
	no_key(c);
	fw_reset(c->fw);
	card_open_contexts(c);
	no_numbers(c);
	card_stop(c);
	assert_false(card_start(c));
	assert_string_equal(c->err, "self-test failed: random generator");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_users, teardown)
	const struct CMUnitTest tests[] = { T(reset_seeds_anew), T(stops_for_good) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
