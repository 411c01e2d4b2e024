// SPDX-License-Identifier: GPL-2.0-or-later
/* test_seal_root.c - the root tells whether records are just those it was made over. */
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

/* A store that is an array, so that a test can play the thief. */
struct shelf {
	struct seal *s;
	struct { bool there; enum store_kind kind; uint64_t id; struct sealed rec; } recs[32];
	struct sealed root;
};

static struct sealed copy_of(const struct sealed *rec)
{
	struct sealed copy = { malloc(rec->len), rec->len };

	memcpy(copy.data, rec->data, rec->len);
	return copy;
}

static void shelf_put(struct shelf *f, const struct store_op *op)
{
	size_t i = 0;

	while (f->recs[i].there && (f->recs[i].kind != op->kind || f->recs[i].id != op->id))
		i++;
	assert_true(i < COUNT(f->recs) - 1);
	if (f->recs[i].there)
		free(f->recs[i].rec.data);
	f->recs[i].there = op->data != NULL;
	f->recs[i].kind = op->kind;
	f->recs[i].id = op->id;
	if (op->data)
		f->recs[i].rec = copy_of(&(struct sealed){ (uint8_t *)op->data, op->len });
	/* No gaps: those behind move up. */
	for (; !op->data && f->recs[i + 1].there; i++) {
		f->recs[i] = f->recs[i + 1];
		f->recs[i + 1].there = false;
	}
}

static int make_root(struct seal *s, const struct store_txn *batch, struct store_op *root)
{
	const struct store_op *ops;
	size_t n;
	int err = seal_root_hook(s, batch, &ops, &n);

	if (err)
		return err;
	assert_int_equal(n, 1);
	*root = ops[0];
	return 0;
}

static int shelf_hook(struct shelf *f, const struct store_op *ops, size_t n, struct store_op *root)
{
	struct store_txn second = { .ops = ops + 1, .n_ops = n - 1 };
	struct store_txn first = { .ops = ops, .n_ops = 1, .next = n > 1 ? &second : NULL };

	return make_root(f->s, &first, root);
}

static void shelf_commit(struct shelf *f, const struct store_op *ops, size_t n)
{
	struct store_op root;

	assert_int_equal(shelf_hook(f, ops, n, &root), 0);
	assert_int_equal(root.kind, STORE_META);
	assert_int_equal(root.id, 1);
	for (size_t i = 0; i < n; i++)
		shelf_put(f, &ops[i]);
	free(f->root.data);
	f->root = copy_of(&(struct sealed){ (uint8_t *)root.data, root.len });
}

/* Seals @text (NULL: deletes) as (@kind, @id) and commits it. */
static void shelf_set(struct shelf *f, enum store_kind kind, uint64_t id, const char *text)
{
	struct sealed rec = { NULL, 0 };

	if (text)
		assert_true(seal_record(f->s, kind, id, text, strlen(text), &rec));
	shelf_commit(f, &(struct store_op){ kind, id, rec.data, rec.len }, 1);
	free(rec.data);
}

static enum seal_verdict shelf_load(const struct shelf *f, struct seal *s)
{
	for (size_t i = 0; f->recs[i].there; i++)
		seal_load_add(s, f->recs[i].kind, f->recs[i].id, f->recs[i].rec.data,
			      f->recs[i].rec.len);
	return seal_load_root(s, f->root.data, f->root.len);
}

/* What a card that starts on the shelf as it is would say. */
static enum seal_verdict verdict(const struct shelf *f)
{
	struct seal *s = new_seal();
	enum seal_verdict v = shelf_load(f, s);

	seal_free(s);
	return v;
}

static int shelf_make(void **state)
{
	struct shelf *f = calloc(1, sizeof(*f));

	f->s = new_seal();
	shelf_set(f, STORE_USER, 1, "user");
	for (uint64_t id = 6; id < 16; id++)
		shelf_set(f, STORE_OBJECT, id, "key");
	*state = f;
	return 0;
}

static int shelf_free(void **state)
{
	struct shelf *f = *state;

	for (size_t i = 0; f->recs[i].there; i++)
		free(f->recs[i].rec.data);
	free(f->root.data);
	seal_free(f->s);
	free(f);
	return 0;
}

static void root_follows(void **state)
{
	struct shelf *f = *state;

	assert_int_equal(verdict(f), SEAL_WHOLE);
	shelf_set(f, STORE_OBJECT, 9, "changed");
	assert_int_equal(verdict(f), SEAL_WHOLE);
	shelf_set(f, STORE_OBJECT, 9, NULL);
	assert_int_equal(verdict(f), SEAL_WHOLE);
	shelf_set(f, STORE_OBJECT, 100, NULL);
	assert_int_equal(verdict(f), SEAL_WHOLE);
	shelf_set(f, STORE_OBJECT, 9, "back");
	assert_int_equal(verdict(f), SEAL_WHOLE);
}

/* The next card goes on where the last one was, and its root holds too. */
static void root_after_restart(void **state)
{
	struct shelf *f = *state;
	struct sealed before = copy_of(&f->root);

	for (unsigned int i = 0; i < 3; i++) {
		seal_free(f->s);
		f->s = new_seal();
		assert_int_equal(shelf_load(f, f->s), SEAL_WHOLE);
		shelf_set(f, STORE_OBJECT, 6 + i, "later");
		assert_int_equal(verdict(f), SEAL_WHOLE);
		/* Little-endian sequence numbers that fit two bytes. */
		assert_true((before.data[1] | before.data[2] << 8) <
			    (f->root.data[1] | f->root.data[2] << 8));
		free(before.data);
		before = copy_of(&f->root);
	}
	free(before.data);
}

static void notices_removal(void **state)
{
	struct shelf *f = *state;
	size_t last = 0;

	while (f->recs[last + 1].there)
		last++;
	f->recs[last].there = false;
	assert_int_equal(verdict(f), SEAL_SET_DIFFERS);
	f->recs[last].there = true;
	assert_int_equal(verdict(f), SEAL_WHOLE);
}

static void notices_rollback(void **state)
{
	struct shelf *f = *state;
	struct sealed old = copy_of(&f->recs[3].rec), new;
	struct seal *s = new_seal();

	shelf_set(f, f->recs[3].kind, f->recs[3].id, "newer");
	new = f->recs[3].rec;
	f->recs[3].rec = old;
	/* The record alone is as good as ever: only the root knows. */
	assert_true(opens(s, f->recs[3].kind, f->recs[3].id, &old, "key"));
	assert_int_equal(verdict(f), SEAL_SET_DIFFERS);
	f->recs[3].rec = new;
	assert_int_equal(verdict(f), SEAL_WHOLE);
	free(old.data);
	seal_free(s);
}

static void notices_return(void **state)
{
	struct shelf *f = *state;
	struct sealed old = copy_of(&f->recs[3].rec);
	struct store_op op = { f->recs[3].kind, f->recs[3].id, old.data, old.len };

	shelf_set(f, op.kind, op.id, NULL);
	assert_int_equal(verdict(f), SEAL_WHOLE);
	shelf_put(f, &op);
	assert_int_equal(verdict(f), SEAL_SET_DIFFERS);
	free(old.data);
}

static void notices_swap(void **state)
{
	struct shelf *f = *state;
	struct sealed rec = f->recs[3].rec;

	f->recs[3].rec = f->recs[4].rec;
	f->recs[4].rec = rec;
	assert_int_equal(verdict(f), SEAL_SET_DIFFERS);
}

static void notices_old_root(void **state)
{
	struct shelf *f = *state;
	struct sealed old = copy_of(&f->root), new;

	shelf_set(f, STORE_OBJECT, 9, "changed");
	new = f->root;
	f->root = old;
	assert_int_equal(verdict(f), SEAL_SET_DIFFERS);
	f->root = new;
	free(old.data);
}

static void notices_bad_root(void **state)
{
	struct shelf *f = *state;
	struct sealed root = f->root;

	for (size_t i = 0; i < root.len; i++) {
		root.data[i] ^= 1;
		assert_int_equal(verdict(f), SEAL_ROOT_DAMAGED);
		root.data[i] ^= 1;
	}
	/* A record in the root's place is none. */
	f->root = f->recs[2].rec;
	assert_int_equal(verdict(f), SEAL_ROOT_DAMAGED);
	f->root = (struct sealed){ NULL, 0 };
	assert_int_equal(verdict(f), SEAL_NO_ROOT);
	f->root = root;
	assert_int_equal(verdict(f), SEAL_WHOLE);
}

/*
 * A flipped byte in IV or text leaves the set as it was, so that what is known to
 * be one damaged record is not taken for a rollback; one in number or tag cannot.
 */
static void tells_damage(void **state)
{
	struct shelf *f = *state;
	struct sealed *rec = &f->recs[5].rec;

	for (size_t i = 0; i < rec->len; i++) {
		bool in_mac = (i >= 1 && i < 9) || i >= rec->len - FC_GCM_TAG_LEN;

		rec->data[i] ^= 0x40;
		assert_int_equal(verdict(f), in_mac ? SEAL_SET_DIFFERS : SEAL_WHOLE);
		rec->data[i] ^= 0x40;
	}
	rec->len = 5;
	assert_int_equal(verdict(f), SEAL_SET_DIFFERS);
}

/* A batch that could not be written: put, changed, deleted, some of it twice. */
static void abort_restores(void **state)
{
	struct shelf *f = *state;
	struct sealed rec;
	struct store_op root;

	assert_true(seal_record(f->s, STORE_OBJECT, 7, "lost", 4, &rec));
	for (unsigned int i = 0; i < 3; i++) {
		const struct store_op ops[] = {
			{ STORE_OBJECT, 7, rec.data, rec.len }, { STORE_OBJECT, 8, NULL, 0 },
			{ STORE_OBJECT, 50 + i, rec.data, rec.len }, { STORE_OBJECT, 7, NULL, 0 },
			{ STORE_OBJECT, 7, rec.data, rec.len }, { STORE_USER, 9, NULL, 0 },
			{ STORE_OBJECT, 50 + i, NULL, 0 }, { STORE_META, 2, rec.data, rec.len },
		};

		assert_int_equal(shelf_hook(f, ops, COUNT(ops), &root), 0);
		seal_root_abort(f->s);
		seal_root_abort(f->s);
		shelf_set(f, STORE_OBJECT, 10, "kept");
		assert_int_equal(verdict(f), SEAL_WHOLE);
	}
	free(rec.data);
}

static void batch_twice(void **state)
{
	struct shelf *f = *state;
	struct sealed a, b;

	assert_true(seal_record(f->s, STORE_OBJECT, 7, "a", 1, &a));
	assert_true(seal_record(f->s, STORE_OBJECT, 7, "b", 1, &b));
	shelf_commit(f, (struct store_op[]){
		{ STORE_OBJECT, 7, a.data, a.len }, { STORE_OBJECT, 7, NULL, 0 },
		{ STORE_OBJECT, 7, b.data, b.len },
	}, 3);
	assert_int_equal(verdict(f), SEAL_WHOLE);
	free(a.data);
	free(b.data);
}

/* The salt's record and the root itself are not part of the set. */
static void meta_is_outside(void **state)
{
	struct shelf *f = *state;
	struct store_op header = { STORE_META, 0, "header", 6 }, root;

	assert_int_equal(shelf_hook(f, &header, 1, &root), 0);
	free(f->root.data);
	f->root = copy_of(&(struct sealed){ (uint8_t *)root.data, root.len });
	assert_int_equal(verdict(f), SEAL_WHOLE);
	shelf_put(f, &header);
	assert_int_equal(verdict(f), SEAL_WHOLE);
}

static void bad_kind_changes_nothing(void **state)
{
	struct shelf *f = *state;
	const struct store_op ops[] = {
		{ STORE_OBJECT, 7, NULL, 0 }, { (enum store_kind)5, 1, "x", 1 },
	};
	struct store_op root;

	assert_true(shelf_hook(f, ops, 2, &root) < 0);
	shelf_set(f, STORE_OBJECT, 10, "kept");
	assert_int_equal(verdict(f), SEAL_WHOLE);
}

/* The map behind the root, as it grows and shrinks: 50,000 changes against the truth. */
static void many_records(void **state)
{
	struct seal *s = new_seal(), *again = new_seal();
	static struct sealed recs[3000];
	unsigned int seed = 3;
	struct store_op root = { .data = NULL };

	(void)state;
	for (unsigned int i = 0; i < 50000; i++) {
		uint64_t id = (uint64_t)rand_r(&seed) % COUNT(recs);
		struct sealed *rec = &recs[id];
		bool put = !rec->data || rand_r(&seed) % 3;
		struct store_txn txn = { .n_ops = 1 };
		struct store_op op;

		free(rec->data);
		*rec = (struct sealed){ NULL, 0 };
		if (put)
			assert_true(seal_record(s, STORE_OBJECT, id, "k", 1, rec));
		op = (struct store_op){ STORE_OBJECT, id, rec->data, rec->len };
		txn.ops = &op;
		assert_int_equal(make_root(s, &txn, &root), 0);
	}
	for (uint64_t id = 0; id < COUNT(recs); id++)
		if (recs[id].data)
			seal_load_add(again, STORE_OBJECT, id, recs[id].data, recs[id].len);
	assert_int_equal(seal_load_root(again, root.data, root.len), SEAL_WHOLE);
	for (uint64_t id = 0; id < COUNT(recs); id++)
		free(recs[id].data);
	seal_free(s);
	seal_free(again);
}

#define ON_SHELF(test) cmocka_unit_test_setup_teardown(test, shelf_make, shelf_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_SHELF(root_follows),
		ON_SHELF(root_after_restart),
		ON_SHELF(notices_removal),
		ON_SHELF(notices_rollback),
		ON_SHELF(notices_return),
		ON_SHELF(notices_swap),
		ON_SHELF(notices_old_root),
		ON_SHELF(notices_bad_root),
		ON_SHELF(tells_damage),
		ON_SHELF(abort_restores),
		ON_SHELF(batch_twice),
		ON_SHELF(meta_is_outside),
		ON_SHELF(bad_kind_changes_nothing),
		cmocka_unit_test(many_records),
	};

	return cmocka_run_group_tests_name("seal root", tests, NULL, NULL);
}
