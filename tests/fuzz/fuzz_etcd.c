// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_etcd.c - what etcd, or who pretends to be it, answers. An input is a byte, the kind of
 * the answer (enum etcd_kind; the next: a fault), and its body. What was decoded is asked for
 * again: the bodies of requests have to be JSON that says the same.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "etcd_codec.h"
#include "fuzzing.h"

#define PREFIX	"/hsm/"

static void must_print(const char *text, const char *what)
{
	for (; *text; text++)
		must(*text >= ' ' && *text <= '~', what);
}

/* The bytes under @name in base64. */
static void must_hold(const json_t *obj, const char *name, const char *prefix, const void *p,
		      size_t len)
{
	const json_t *value = json_object_get(obj, name);
	size_t n = json_string_length(value), skip = strlen(prefix);
	char *out = malloc(n + 1);
	ptrdiff_t got = etcd_base64_decode(out, json_string_value(value), n);

	must(got == (ptrdiff_t)(skip + len) && !memcmp(out, prefix, skip) &&
	     (!len || !memcmp(out + skip, p, len)), "a body that says something else");
	free(out);
}

/* A transaction that puts the items where they are, if nothing else happened. */
static void ask_again(const struct etcd_answer *a)
{
	size_t n = a->n_items < 8 ? a->n_items : 8;
	struct etcd_buf buf = { 0 };
	struct kv_cmp cmp[8];
	struct kv_op op[8];
	json_t *root, *list;

	for (size_t i = 0; i < n; i++) {
		const struct kv_item *item = &a->items[i];

		cmp[i] = (struct kv_cmp){ item->key, item->mod };
		op[i] = (struct kv_op){ item->value ? KV_PUT : KV_DELETE, item->key, item->value,
					item->len, i & 1 };
	}
	etcd_body_txn(&buf, PREFIX, cmp, n, op, n, 7);
	root = json_loadb(buf.data, buf.len, 0, NULL);
	must(root, "a body that is no JSON");
	list = json_object_get(root, "success");
	for (size_t i = 0; i < n; i++) {
		const json_t *put = json_object_get(json_array_get(list, i), "request_put");

		if (!op[i].value)
			continue;
		must_hold(put, "key", PREFIX, op[i].key, strlen(op[i].key));
		must_hold(put, "value", "", op[i].value, op[i].len);
	}
	json_decref(root);
	etcd_buf_free(&buf);
}

static void next_page(const struct etcd_answer *a)
{
	struct etcd_buf buf = { 0 };
	json_t *root;

	etcd_body_range(&buf, PREFIX, "", a->revision, &a->last, 10);
	root = json_loadb(buf.data, buf.len, 0, NULL);
	must(root, "a body that is no JSON");
	if (a->more)
		must_hold(root, "key", "", a->last.data, a->last.len);
	json_decref(root);
	etcd_buf_free(&buf);
}

static void look(enum etcd_kind kind, const struct etcd_answer *a)
{
	for (size_t i = 0; i < a->n_items; i++) {
		must_print(a->items[i].key, "a key that cannot be printed");
		must(a->items[i].mod && (a->items[i].value || !a->items[i].len),
		     "an item that is none");
		must(kind != ETCD_RANGE || a->items[i].mod <= a->revision, "an item of the future");
	}
	must_print(a->text, "words that cannot be printed");
	if (a->token)
		must_print(a->token, "a token that cannot be printed");
	must(a->fault <= 0 && a->revision <= INT64_MAX, "numbers that make no sense");
	ask_again(a);
	if (kind == ETCD_RANGE)
		next_page(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	uint8_t kind = input_u8(&in) % (ETCD_KINDS + 1);
	struct etcd_answer a;
	char text[64];
	int rc;

	if (kind == ETCD_KINDS) {
		rc = etcd_decode_fault(200 + input_u16(&in) % 400, (const char *)in.p, in.left,
				       text, sizeof(text));
		must(rc < 0, "a fault that is none");
		must_print(text, "words that cannot be printed");
		return 0;
	}
	rc = etcd_decode(kind, PREFIX, (const char *)in.p, in.left, &a);
	must(!rc || rc == -EPROTO || rc == -ENOMEM, "another error than there is");
	if (rc)
		return 0;
	look(kind, &a);
	etcd_answer_free(&a);
	return 0;
}
