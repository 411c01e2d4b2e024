// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * checker.c - what must hold of the keys of a history, at any time and at its end. It looks
 * at the answers, into the tables of every card and onto every disk.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fw_int.h"
#include "sim_history.h"

static bool reads_number(const struct object *o, unsigned int *key, unsigned int *op)
{
	struct bytes label = object_label(o);
	char text[32] = "";

	if (label.len >= sizeof(text))
		return false;
	memcpy(text, label.p, label.len);
	return sscanf(text, "%u.%u", key, op) == 2;
}

static struct key_model *model_of(struct history *h, const struct object *o, unsigned int *op)
{
	unsigned int key;

	if (!reads_number(o, &key, op) || key >= h->n_keys)
		return NULL;
	return &h->keys[key];
}

static bool usable(const struct object *o)
{
	return !o->ctx && o->state != OBJECT_PENDING && o->state != OBJECT_ORPHAN;
}

/* Disks that ever had a record of the key. */
static unsigned int holders(const struct history *h, uint64_t handle)
{
	unsigned int n = 0;

	for (uint32_t i = 0; i < SIM_NODES_MAX; i++)
		n += sim_disk_writes(h->w->node[i].disk, STORE_OBJECT, handle) > 0;
	return n;
}

/* Where the model has the handle of this key, or of this half of a pair. */
static uint64_t *handle_of(struct key_model *k, const struct object *o)
{
	return k->pair && o->kind == KIND_EC_PRIVATE ? &k->handle_private :
	       &k->handle;
}

static void check_handle(struct history *h, struct key_model *k, const struct object *o)
{
	uint64_t *handle = handle_of(k, o);

	if (*handle && *handle != o->handle)
		sim_fail(h->w, "key %u has two handles, %llu and %llu", (unsigned int)(k - h->keys),
			 (unsigned long long)*handle, (unsigned long long)o->handle);
	for (size_t i = 0; !*handle && i < h->n_keys; i++)
		if (h->keys[i].handle == o->handle || h->keys[i].handle_private == o->handle)
			sim_fail(h->w, "handle %llu is that of two keys, %zu and %u",
				 (unsigned long long)o->handle, i, (unsigned int)(k - h->keys));
	*handle = o->handle;
}

static void check_usable(struct history *h, uint32_t node, struct key_model *k,
			 const struct object *o)
{
	const struct op *c = k->create;
	unsigned int key = (unsigned int)(k - h->keys), n = holders(h, o->handle);

	if (c->outcome == FAILED)
		sim_fail(h->w, "card %u: key %u can be used, though its creation (op %u) failed",
			 node, key, c->no);
	if (n < c->min_srv)
		sim_fail(h->w, "card %u: key %u can be used with %u of %u holders", node, key, n,
			 c->min_srv);
	if (k->without & 1u << node)
		sim_fail(h->w, "card %u: key %u is back after its deletion", node, key);
}

static void look_at_card(struct history *h, uint32_t node)
{
	const struct fw *fw = h->w->node[node].fw;
	const struct object *o;
	struct key_model *k;
	unsigned int op;

	for (o = fw->objects.first; o; o = o->next) {
		if (!usable(o))
			continue;
		k = model_of(h, o, &op);
		if (!k) {
			sim_fail(h->w, "card %u: key %llu is nobody's", node,
				 (unsigned long long)o->handle);
			continue;
		}
		check_handle(h, k, o);
		check_usable(h, node, k, o);
	}
}

/* Once a card was printed as having the key, its disk does, until the key is deleted. */
static void look_at_disks(struct history *h)
{
	for (size_t i = 0; i < h->n_keys; i++) {
		const struct key_model *k = &h->keys[i];

		for (uint32_t n = 0; n < SIM_NODES_MAX; n++) {
			bool has = sim_disk_has(h->w->node[n].disk, STORE_OBJECT, k->handle);

			if (k->have & 1u << n && !k->delete_tried && !has)
				sim_fail(h->w, "disk %u: acknowledged key %zu is not there", n, i);
			if (k->without & 1u << n && has)
				sim_fail(h->w, "disk %u: deleted key %zu is there", n, i);
		}
	}
}

/* A deletion that is on its way may have happened. */
static void note_open_deletions(struct history *h)
{
	for (size_t i = 0; i < h->n_ops; i++)
		if (h->ops[i].kind == OP_DELETE && h->ops[i].outcome == OPEN)
			h->keys[h->ops[i].key].delete_tried = true;
}

void checker_look(struct history *h)
{
	note_open_deletions(h);
	for (uint32_t i = 0; i < h->w->n_nodes; i++)
		if (h->w->node[i].fw)
			look_at_card(h, i);
	look_at_disks(h);
}

static void check_lines(struct history *h, const struct op *o)
{
	if (o->n_nodes && o->nodes[0].node != o->node)
		sim_fail(h->w, "op %u: the first line is not its card's", o->no);
	for (size_t i = 1; i < o->n_nodes; i++) {
		if (o->nodes[i].node == o->node ||
		    (i > 1 && o->nodes[i].node <= o->nodes[i - 1].node))
			sim_fail(h->w, "op %u: the lines of the nodes are not in order", o->no);
		if (o->nodes[i].node >= h->w->n_nodes)
			sim_fail(h->w, "op %u: there is no node %u", o->no, o->nodes[i].node);
	}
}

static void check_create_lines(struct history *h, const struct op *o)
{
	unsigned int have = 0;

	for (size_t i = 0; i < o->n_nodes; i++) {
		uint32_t n = o->nodes[i].node;

		if (o->nodes[i].status || n >= SIM_NODES_MAX)
			continue;
		have++;
		/* One that joins late has seen nothing of a key that was deleted meanwhile. */
		if (!sim_disk_writes(h->w->node[n].disk, STORE_OBJECT, o->handle) &&
		    !h->keys[o->key].delete_tried)
			sim_fail(h->w, "op %u: node %u is SUCCESS, and its disk has not got the key",
				 o->no, n);
	}
	/* One that had it and is away now is no SUCCESS, but has it. */
	if (!have || holders(h, o->handle) < o->min_srv)
		sim_fail(h->w, "op %u: acknowledged by %u, held by %u of %u nodes", o->no, have,
			 holders(h, o->handle), o->min_srv);
	for (size_t i = 0; i < h->n_keys; i++)
		if ((int)i != o->key && h->keys[i].handle == o->handle)
			sim_fail(h->w, "op %u: handle %llu was given twice", o->no,
				 (unsigned long long)o->handle);
}

static void check_label_lines(struct history *h, const struct op *o)
{
	for (size_t i = 0; i < h->n_ops; i++)
		if (&h->ops[i] != o && h->ops[i].key == o->key && h->ops[i].outcome != FAILED &&
		    (h->ops[i].outcome == OPEN || h->ops[i].end > o->begin))
			return;	/* another change of it was on its way */
	for (size_t i = 0; i < o->n_nodes; i++) {
		const struct fw *fw = o->nodes[i].node < SIM_NODES_MAX ?
				      h->w->node[o->nodes[i].node].fw : NULL;
		const struct object *k = fw ? object_by_handle(&fw->objects, o->handle) : NULL;
		unsigned int key, op;

		if (o->nodes[i].status || !fw)
			continue;
		/* One whose creation was in doubt may have been withdrawn meanwhile. */
		if (!k && h->keys[o->key].create->outcome != ACKED)
			continue;
		if (!k || !reads_number(k, &key, &op) || op != o->no)
			sim_fail(h->w, "op %u: node %u is SUCCESS, and has another label", o->no,
				 o->nodes[i].node);
	}
}

void checker_answer(struct history *h, const struct op *o)
{
	note_open_deletions(h);
	check_lines(h, o);
	if (o->outcome == ACKED && o->kind == OP_CREATE)
		check_create_lines(h, o);
	if (o->outcome == ACKED && o->kind == OP_LABEL && !h->healing)
		check_label_lines(h, o);
	if (o->outcome == ACKED && o->kind == OP_SESSION_KEY && o->n_nodes != 1)
		sim_fail(h->w, "op %u: a session key of %zu nodes", o->no, o->n_nodes);
	if (o->status == HSM_RV_CLUSTER_INCOMPLETE && o->min_srv < 2)
		sim_fail(h->w, "op %u: incomplete, but nothing was asked", o->no);
	checker_look(h);
}

bool checker_survives(const struct history *h, const struct op *o)
{
	bool has = h->w->lasting;

	for (size_t i = 0; i < o->n_nodes; i++)
		has |= !o->nodes[i].status && !(h->destroyed & 1u << o->nodes[i].node);
	return has;
}

/* Whether another acknowledged change came after @o for certain. */
static bool overwritten(const struct history *h, const struct op *o, enum op_kind kind)
{
	for (size_t i = 0; i < h->n_ops; i++) {
		const struct op *p = &h->ops[i];

		if (p != o && p->kind == kind && p->key == o->key && p->outcome == ACKED &&
		    p->begin > o->end && checker_survives(h, p))
			return true;
	}
	return false;
}

static void check_last_label(struct history *h, const struct key_model *k, unsigned int op)
{
	const struct op *o = op < h->n_ops ? &h->ops[op] : NULL;

	if (!o || (o->kind != OP_LABEL && o->kind != OP_CREATE) || &h->keys[o->key] != k)
		sim_fail(h->w, "key %u has a label that nobody gave it",
			 (unsigned int)(k - h->keys));
	else if (o->kind == OP_LABEL && o->outcome == FAILED)
		sim_fail(h->w, "op %u failed, but its label is there", op);
	else if (overwritten(h, o, OP_LABEL))
		sim_fail(h->w, "the label of op %u is there, though another one came later", op);
}

/* The key, or the first half of a pair, and how many of it there are. */
static const struct object *find_key(const struct fw *fw, unsigned int key, unsigned int *n)
{
	const struct object *o, *found = NULL;
	unsigned int k, op;

	*n = 0;
	for (o = fw->objects.first; o; o = o->next) {
		if (o->ctx || !reads_number(o, &k, &op) || k != key)
			continue;
		if (!found)
			found = o;
		++*n;
	}
	return found;
}

/*
 * With a card goes its knowledge of what it was told that nobody knows; with a start of it
 * goes what it could not write down.
 */
static bool card_is_gone(const struct history *h, const struct op *o)
{
	return h->destroyed & 1u << o->node ||
	       ((o->status == HSM_RV_STORE_FAILED || o->disk_failed) &&
		h->w->node[o->node].proc.life != o->life);
}

static void end_key(struct history *h, const struct fw *fw, unsigned int key)
{
	struct key_model *k = &h->keys[key];
	unsigned int at, op, n;
	const struct object *o = find_key(fw, key, &n);
	enum outcome c = k->create->outcome;

	if (!o && c == ACKED && !k->delete_tried && (h->w->lasting || k->have & ~h->destroyed))
		sim_fail(h->w, "acknowledged key %u is lost", key);
	if (o && n != 1u + k->pair)
		sim_fail(h->w, "key %u is there %u times", key, n);
	if (o && k->delete_acked)
		sim_fail(h->w, "deleted key %u is there", key);
	if (o && (c == FAILED || (c == DOUBT && !card_is_gone(h, k->create))))
		sim_fail(h->w, "key %u is there, though its creation failed", key);
	if (o && o->state == OBJECT_PENDING)
		sim_fail(h->w, "key %u is still pending", key);
	if (o && reads_number(o, &at, &op))
		check_last_label(h, k, op);
}

static void end_ids(struct history *h, const struct fw *fw)
{
	unsigned int op;

	for (const struct object *a = fw->objects.first; a; a = a->next)
		for (const struct object *b = a->next; b; b = b->next)
			if (object_id(a).len && model_of(h, a, &op) != model_of(h, b, &op) &&
			    bytes_equal(object_id(a), object_id(b)))
				sim_fail(h->w, "two keys have one id: %llu and %llu",
					 (unsigned long long)a->handle,
					 (unsigned long long)b->handle);
}

void checker_end(struct history *h)
{
	const struct fw *fw = NULL;

	for (uint32_t i = 0; i < h->w->n_nodes && !fw; i++)
		fw = h->w->node[i].fw;
	if (!fw)
		return;
	checker_look(h);
	for (unsigned int key = 0; key < h->n_keys; key++)
		end_key(h, fw, key);
	end_ids(h, fw);
	checker_end_users(h);
}
