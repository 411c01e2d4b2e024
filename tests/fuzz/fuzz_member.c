// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_member.c - a member of a cluster over a store of keys and values that holds and answers
 * what the input says, when it says so. An input is a list of actions (1 byte) and what they
 * need; items are a name (its number, and an id), a revision and a value.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster.h"
#include "fuzzing.h"
#include "kv.h"

#define CALLS_MAX	64
#define ITEMS_MAX	16
#define STEPS_MAX	200
#define NODE		1

struct later { kv_call fn; void *arg; };
struct asked { kv_done done; void *arg; };

static struct {
	struct kv kv;
	struct later posts[CALLS_MAX], timers[CALLS_MAX];
	size_t n_posts, n_timers;
	struct asked txns[CALLS_MAX];
	size_t n_txns;
	struct ranged { kv_items items; void *arg; } ranges[CALLS_MAX];
	size_t n_ranges;
	kv_events events;
	void *events_arg;
	kv_done lease;
	void *lease_arg;
	uint64_t revision;
	bool closed;
} s;

/* What the hooks have been called with, as far as something follows from it. */
static struct {
	enum cluster_state state;
	uint64_t revision;
	bool image_open, refused;
	bool noted[CLUSTER_NOTES][256];
	struct cluster_txn txn;
	bool proposed;
	int answer;
} m;

static void check_key(const char *key)
{
	size_t len = strlen(key);

	must(len && len < 64 && *key != '/', "a key that is none");
}

static void txn(struct kv *kv, const struct kv_cmp *cmp, size_t n_cmp, const struct kv_op *op,
		size_t n_op, kv_done done, void *arg)
{
	(void)kv;
	must(n_op && n_op <= 128, "a transaction that etcd does not take");
	for (size_t i = 0; i < n_cmp; i++)
		check_key(cmp[i].key);
	for (size_t i = 0; i < n_op; i++)
		check_key(op[i].key);
	must(s.n_txns < CALLS_MAX, "too many transactions on their way");
	s.txns[s.n_txns++] = (struct asked){ done, arg };
}

static void range(struct kv *kv, const char *prefix, kv_items items, void *arg)
{
	(void)kv;
	(void)prefix;
	must(s.n_ranges < CALLS_MAX, "too many ranges on their way");
	s.ranges[s.n_ranges++] = (struct ranged){ items, arg };
}

static void watch(struct kv *kv, uint64_t from, kv_events events, void *arg)
{
	(void)kv;
	(void)from;
	s.events = events;
	s.events_arg = arg;
}

static void unwatch(struct kv *kv)
{
	(void)kv;
	s.events = NULL;
}

static void lease(struct kv *kv, kv_done done, void *arg)
{
	(void)kv;
	s.lease = done;
	s.lease_arg = arg;
}

static void unlease(struct kv *kv)
{
	(void)kv;
}

static void after(struct kv *kv, unsigned int ms, kv_call fn, void *arg)
{
	(void)kv;
	(void)ms;
	must(s.n_timers < CALLS_MAX, "too many timers");
	s.timers[s.n_timers++] = (struct later){ fn, arg };
}

static void post(struct kv *kv, kv_call fn, void *arg)
{
	(void)kv;
	must(s.n_posts < CALLS_MAX, "too many calls");
	s.posts[s.n_posts++] = (struct later){ fn, arg };
}

static void close_kv(struct kv *kv)
{
	(void)kv;
	s.closed = true;
}

/* What a call does may make others, which wait for the next turn. */
static void run(struct later *list, size_t *n)
{
	struct later now[CALLS_MAX];
	size_t due = *n;

	memcpy(now, list, due * sizeof(now[0]));
	*n = 0;
	for (size_t i = 0; i < due; i++)
		now[i].fn(now[i].arg);
}

static void pump(struct kv *kv)
{
	(void)kv;
	if (s.n_posts)
		run(s.posts, &s.n_posts);
	else
		run(s.timers, &s.n_timers);
}

static const struct kv_ops kv_ops = {
	"script", txn, range, watch, unwatch, lease, unlease, after, post, close_kv, pump,
};

static int image(void *opaque, const struct store_op **ops, size_t *n_ops)
{
	static const struct store_op made[] = {
		{ STORE_META, CLUSTER_HEADER, "salt", 4 }, { STORE_OBJECT, 6, "key", 3 },
		{ STORE_META, CLUSTER_ROOT, "root", 4 },
	};

	(void)opaque;
	must(!m.image_open, "two images at a time");
	*ops = made;
	*n_ops = COUNT(made);
	m.image_open = !m.answer;
	return m.answer;
}

static void image_end(void *opaque)
{
	(void)opaque;
	must(m.image_open, "an image ended twice");
	m.image_open = false;
}

static void check_ops(uint64_t revision, const struct store_op *ops, size_t n)
{
	bool root = false;

	must(!m.refused, "a member that is refused is told more");
	for (size_t i = 0; i < n; i++) {
		root |= ops[i].kind == STORE_META && ops[i].id == CLUSTER_ROOT && ops[i].data;
		/* The sanitizer tells whether it may be read. */
		for (size_t j = 0; ops[i].data && j < ops[i].len; j++)
			(void)((const volatile uint8_t *)ops[i].data)[j];
	}
	must(root, "an entry without a root");
	m.revision = revision;
}

static int snapshot(void *opaque, uint64_t revision, const struct store_op *ops, size_t n)
{
	(void)opaque;
	check_ops(revision, ops, n);
	return m.answer;
}

static int deliver(void *opaque, uint64_t revision, const struct store_op *ops, size_t n)
{
	(void)opaque;
	must(revision > m.revision, "an entry that was there already");
	check_ops(revision, ops, n);
	return m.answer;
}

static void note(void *opaque, enum cluster_note kind, uint32_t node, const void *data, size_t len)
{
	(void)opaque;
	must(kind < CLUSTER_NOTES && len <= CLUSTER_NOTE_MAX && (data || !len),
	     "a note that is none");
	must(data || node > 255 || m.noted[kind][node], "a note went that never was");
	if (node < 256)
		m.noted[kind][node] = data;
}

static void state(void *opaque, enum cluster_state now, const char *why)
{
	(void)opaque;
	for (; why && *why; why++)
		must(*why >= ' ' && *why <= '~', "a reason that cannot be printed");
	m.state = now;
	m.refused = m.refused || now == CLUSTER_REFUSED;
}

static void tick(void *opaque)
{
	(void)opaque;
}

static void done(struct cluster_txn *t, int err, uint64_t revision)
{
	(void)t;
	must(m.proposed, "a proposal was done twice");
	m.proposed = false;
	if (!err)
		m.revision = revision;
}

/* A name of ours or one that only looks like it, and what stands under it. */
static struct kv_item take_item(struct input *in, char *key, size_t room)
{
	static const char *const forms[] = {
		"r/0/%016x", "r/2/%016x", "r/1/%016x", "m/%u",	"a/%u",
		"seeding",   "r/4/%016x", "r/%x",      "m/0%u", "x%u",
	};
	uint8_t form = input_u8(in), id = input_u8(in), back = input_u8(in);
	struct input v;
	struct kv_item item = { .key = key };

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(key, room, forms[(form & 0x0f) % COUNT(forms)], (unsigned int)id);
#pragma GCC diagnostic pop
	v = input_piece(in);
	item.mod = s.revision > back ? s.revision - back : 1;
	if (form & 0x80)
		return item;
	item.value = v.left ? v.p : (const uint8_t *)"";
	item.len = v.left;
	return item;
}

static size_t take_items(struct input *in, struct kv_item v[ITEMS_MAX], bool values)
{
	static char keys[ITEMS_MAX][40];
	size_t n = input_u8(in) % ITEMS_MAX, i;

	for (i = 0; i < n && in->left; i++) {
		v[i] = take_item(in, keys[i], sizeof(keys[i]));
		if (values && !v[i].value)
			v[i].value = "";
	}
	return i;
}

static int error_of(uint8_t n)
{
	static const int errors[] = {
		0, 0, 0, -EAGAIN, -EHOSTUNREACH, -ETIMEDOUT, -ENOSPC, -EACCES, -EPROTO,
	};

	return errors[n % COUNT(errors)];
}

static void answer_range(struct input *in)
{
	struct kv_item v[ITEMS_MAX];
	int err = error_of(input_u8(in));
	size_t n = take_items(in, v, true);
	struct ranged r = s.ranges[0];

	if (!s.n_ranges)
		return;
	memmove(&s.ranges[0], &s.ranges[1], --s.n_ranges * sizeof(s.ranges[0]));
	r.items(r.arg, err, err ? 0 : s.revision, v, err ? 0 : n);
}

static void answer_txn(struct input *in)
{
	struct asked t = s.txns[0];
	int err = error_of(input_u8(in));

	if (!s.n_txns)
		return;
	memmove(&s.txns[0], &s.txns[1], --s.n_txns * sizeof(s.txns[0]));
	t.done(t.arg, err, err ? 0 : ++s.revision);
}

static void send_events(struct input *in)
{
	static const int ends[] = { -ESTALE, -EIO, -EPROTO };
	struct kv_item v[ITEMS_MAX];
	uint8_t how = input_u8(in);
	kv_events fn = s.events;
	size_t n;

	if (!fn)
		return;
	if (how & 0x80) {
		s.events = NULL;
		fn(s.events_arg, ends[how % COUNT(ends)], 0, NULL, 0);
		return;
	}
	s.revision += how % 4;
	n = take_items(in, v, false);
	fn(s.events_arg, 0, s.revision, v, n);
}

static void answer_lease(struct input *in)
{
	int err = error_of(input_u8(in));
	kv_done fn = s.lease;

	/* One that there is may end later; one that there is not cannot. */
	if (err)
		s.lease = NULL;
	if (fn)
		fn(s.lease_arg, err, err ? 0 : ++s.revision);
}

static void propose(struct cluster *cl)
{
	static const struct store_op ops[] = {
		{ STORE_OBJECT, 7, "key", 3 }, { STORE_META, CLUSTER_ROOT, "mine", 4 },
	};

	if (m.proposed || m.refused)
		return;
	m.txn = (struct cluster_txn){
		.ops = ops, .n_ops = COUNT(ops), .base = m.revision, .done = done,
	};
	m.proposed = true;
	cl->ops->propose(cl, &m.txn);
}

static void publish(struct cluster *cl, struct input *in)
{
	uint8_t kind = input_u8(in);
	struct input v = input_piece(in);

	if (v.left <= CLUSTER_NOTE_MAX)
		cl->ops->publish(cl, kind & 1, kind & 2 ? NULL : v.p, v.left);
}

enum action { RANGE, TXN, EVENTS, LEASE, POSTS, TIMERS, PROPOSE, PUBLISH, TICK, ANSWER, ACTIONS };

static void act(struct cluster *cl, struct input *in)
{
	static const int answers[] = { 0, 0, -ESTALE, -EPERM };

	switch (input_u8(in) % ACTIONS) {
	case RANGE:
		answer_range(in);
		break;
	case TXN:
		answer_txn(in);
		break;
	case EVENTS:
		send_events(in);
		break;
	case LEASE:
		answer_lease(in);
		break;
	case TIMERS:
		run(s.timers, &s.n_timers);
		break;
	case PROPOSE:
		propose(cl);
		break;
	case PUBLISH:
		publish(cl, in);
		break;
	case TICK:
		cl->ops->tick(cl, input_u8(in) & 1);
		break;
	case ANSWER:
		m.answer = answers[input_u8(in) % COUNT(answers)];
		break;
	default:
		break;
	}
	run(s.posts, &s.n_posts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct cluster_hooks hooks = {
		NULL, image, image_end, snapshot, deliver, note, state, tick,
	};
	struct input in = { data, size };
	struct cluster *cl;

	memset(&s, 0, sizeof(s));
	memset(&m, 0, sizeof(m));
	s.revision = 10;
	s.kv = (struct kv){ .ops = &kv_ops, .timeout_ms = 5000, .lasting = input_u8(&in) & 1 };
	cl = member_open(&s.kv);
	must(cl && !cl->ops->start(cl, NODE, &hooks), "no member");
	run(s.posts, &s.n_posts);
	for (int i = 0; i < STEPS_MAX && in.left; i++)
		act(cl, &in);
	cl->ops->stop(cl);
	must(!m.proposed && !m.image_open, "something was left when the member stopped");
	cl->ops->close(cl);
	must(s.closed, "the store was not closed");
	return 0;
}
