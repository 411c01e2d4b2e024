// SPDX-License-Identifier: GPL-2.0-or-later
/* test_seal.c - what is sealed opens, what was tampered with does not. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto.h"
#include "sealing.h"
#include "secmem.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void round_trip(void **state)
{
	static const char * const texts[] = { "", "x", "a key of sixteen", "something longer" };
	struct seal *s = new_seal(), *again = new_seal();

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct sealed rec;

		assert_true(seal_record(s, STORE_OBJECT, i, texts[i], strlen(texts[i]), &rec));
		assert_int_equal(rec.len, strlen(texts[i]) + seal_overhead);
		assert_true(opens(s, STORE_OBJECT, i, &rec, texts[i]));
		assert_true(opens(again, STORE_OBJECT, i, &rec, texts[i]));
		free(rec.data);
	}
	seal_free(s);
	seal_free(again);
	seal_free(NULL);
}

static void refuses_changes(void **state)
{
	struct seal *s = new_seal();
	struct sealed rec, cut;
	uint8_t *plain;
	size_t len;

	(void)state;
	assert_true(seal_record(s, STORE_USER, 7, "text", 4, &rec));
	for (size_t bit = 0; bit < rec.len * 8; bit++) {
		rec.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(seal_open(s, STORE_USER, 7, rec.data, rec.len, &plain, &len));
		assert_null(plain);
		assert_int_equal(len, 0);
		rec.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (cut = rec; cut.len--;)
		assert_false(opens(s, STORE_USER, 7, &cut, "text"));
	assert_true(opens(s, STORE_USER, 7, &rec, "text"));
	free(rec.data);
	seal_free(s);
}

static void refuses_elsewhere(void **state)
{
	static const uint8_t other_salt[32] = "other";
	struct seal *s = new_seal();
	struct seal *others[] = {
		seal_new("secreT", 6, seal_salt), seal_new("secret", 5, seal_salt),
		seal_new("secret", 6, other_salt),
	};
	struct sealed rec;

	(void)state;
	assert_true(seal_record(s, STORE_USER, 7, "text", 4, &rec));
	assert_false(opens(s, STORE_USER, 8, &rec, "text"));
	assert_false(opens(s, STORE_OBJECT, 7, &rec, "text"));
	assert_false(opens(s, STORE_USER, 7 | 1ull << 40, &rec, "text"));
	for (size_t i = 0; i < COUNT(others); i++) {
		assert_false(opens(others[i], STORE_USER, 7, &rec, "text"));
		seal_free(others[i]);
	}
	free(rec.data);
	seal_free(s);
}

/* One thread's sealing, for the test of several. */
struct sealer {
	struct seal *s;
	struct sealed recs[3000];
};

static void *seal_many(void *opaque)
{
	struct sealer *w = opaque;

	for (size_t i = 0; i < COUNT(w->recs); i++)
		if (!seal_record(w->s, STORE_OBJECT, i, "t", 1, &w->recs[i]))
			return w;
	return NULL;
}

static int compare_heads(const void *a, const void *b)
{
	return memcmp((*(const struct sealed * const *)a)->data,
		      (*(const struct sealed * const *)b)->data, 9);
}

static int compare_ivs(const void *a, const void *b)
{
	return memcmp((*(const struct sealed * const *)a)->data + 9,
		      (*(const struct sealed * const *)b)->data + 9, FC_GCM_IV_LEN);
}

/* Threads and restarts never share an IV; threads never share a sequence number. */
static void numbers_are_unique(void **state)
{
	static struct sealer w[4];
	static const struct sealed *all[COUNT(w) * COUNT(w[0].recs)];
	const size_t each = COUNT(w[0].recs), of_first = 3 * each;
	struct seal *s = new_seal(), *restarted = new_seal();
	pthread_t threads[COUNT(w)];
	void *failed;

	(void)state;
	for (size_t i = 0; i < COUNT(w); i++) {
		w[i].s = i < 3 ? s : restarted;
		assert_int_equal(pthread_create(&threads[i], NULL, seal_many, &w[i]), 0);
	}
	for (size_t i = 0; i < COUNT(w); i++) {
		pthread_join(threads[i], &failed);
		assert_null(failed);
		for (size_t j = 0; j < each; j++)
			all[i * each + j] = &w[i].recs[j];
	}
	qsort(all, of_first, sizeof(all[0]), compare_heads);
	for (size_t i = 1; i < of_first; i++)
		assert_int_not_equal(compare_heads(&all[i - 1], &all[i]), 0);
	qsort(all, COUNT(all), sizeof(all[0]), compare_ivs);
	for (size_t i = 1; i < COUNT(all); i++)
		assert_int_not_equal(compare_ivs(&all[i - 1], &all[i]), 0);
	for (size_t i = 0; i < COUNT(all); i++)
		free(all[i]->data);
	seal_free(s);
	seal_free(restarted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(refuses_changes),
		cmocka_unit_test(refuses_elsewhere),
		cmocka_unit_test(numbers_are_unique),
	};

	return cmocka_run_group_tests_name("seal", tests, NULL, NULL);
}
