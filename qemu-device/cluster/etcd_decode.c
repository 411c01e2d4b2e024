// SPDX-License-Identifier: GPL-2.0-or-later
/* etcd_decode.c - what answers of etcd's JSON gateway say; whoever sent them may lie. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etcd_codec.h"

static int base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

ptrdiff_t etcd_base64_decode(void *out, const char *in, size_t len)
{
	unsigned char *to = out;
	size_t pad = 0;

	if (len % 4)
		return -1;
	while (pad < 2 && pad < len && in[len - 1 - pad] == '=')
		pad++;
	for (size_t i = 0; i < len; i += 4) {
		uint32_t v = 0;

		for (size_t j = i; j < i + 4; j++) {
			int digit = j >= len - pad ? 0 : base64_digit(in[j]);

			if (digit < 0)
				return -1;
			v = v << 6 | (uint32_t)digit;
		}
		*to++ = (unsigned char)(v >> 16);
		*to++ = (unsigned char)(v >> 8);
		*to++ = (unsigned char)v;
	}
	return (ptrdiff_t)(len / 4 * 3 - pad);
}

/* Numbers of 64 bits are strings; what is 0 is left out. No larger than INT64_MAX. */
static int get_number(const json_t *obj, const char *name, uint64_t *out)
{
	const json_t *value = json_object_get(obj, name);
	const char *text = json_string_value(value);
	char *end = "";

	*out = 0;
	if (json_is_integer(value) && json_integer_value(value) >= 0)
		*out = (uint64_t)json_integer_value(value);
	else if (text && *text >= '0' && *text <= '9' && strlen(text) <= 19 &&
		 strlen(text) == json_string_length(value))
		*out = strtoull(text, &end, 10);
	else if (value)
		return -EPROTO;
	return *end || *out > INT64_MAX ? -EPROTO : 0;
}

static bool get_flag(const json_t *obj, const char *name)
{
	return json_is_true(json_object_get(obj, name));
}

/* The bytes of a base64 field, written to *@at, which moves on. A field left out is empty. */
static ptrdiff_t get_bytes(const json_t *obj, const char *name, char **at)
{
	const json_t *value = json_object_get(obj, name);
	ptrdiff_t n;

	if (!value)
		return 0;
	if (!json_is_string(value))
		return -1;
	n = etcd_base64_decode(*at, json_string_value(value), json_string_length(value));
	if (n > 0)
		*at += n;
	return n;
}

static void make_printable(char *from, const char *end)
{
	for (char *c = from; c < end; c++)
		if (*c <= ' ' || *c > '~')
			*c = '?';
}

static int take_key(const json_t *kv, const char *prefix, char **at, struct kv_item *item,
		    struct etcd_buf *last)
{
	size_t skip = strlen(prefix);
	char *key = *at;
	ptrdiff_t n = get_bytes(kv, "key", at);

	if (n < (ptrdiff_t)skip || memcmp(key, prefix, skip) != 0)
		return -EPROTO;
	*(*at)++ = 0;
	if (last)
		etcd_buf_add(last, key, (size_t)n + 1);
	make_printable(key + skip, key + n);
	item->key = key + skip;
	return 0;
}

/* @entry: a key with its value, or an event about one. */
static int take_item(const json_t *entry, const char *prefix, char **at, struct kv_item *item,
		     struct etcd_buf *last)
{
	const json_t *kv = json_object_get(entry, "kv");
	const json_t *type = json_object_get(entry, "type");
	ptrdiff_t n;

	if (!kv)
		kv = entry;
	if (take_key(kv, prefix, at, item, last) || get_number(kv, "mod_revision", &item->mod) ||
	    !item->mod)
		return -EPROTO;
	if (type && (json_is_string(type) ? !strcmp(json_string_value(type), "DELETE") :
		     json_integer_value(type) == 1))
		return 0;
	item->value = *at;
	n = get_bytes(kv, "value", at);
	item->len = n > 0 ? (size_t)n : 0;
	return n < 0 ? -EPROTO : 0;
}

static size_t room_of(const json_t *list)
{
	size_t room = 1, i;
	const json_t *entry;

	json_array_foreach(list, i, entry) {
		const json_t *kv = json_object_get(entry, "kv");

		kv = kv ? kv : entry;
		room += json_string_length(json_object_get(kv, "key")) + 1;
		room += json_string_length(json_object_get(kv, "value"));
	}
	return room;
}

static int take_items(const json_t *list, const char *prefix, struct etcd_answer *a)
{
	size_t i;
	const json_t *entry;
	char *at;

	if (!list)
		return 0;
	if (!json_is_array(list))
		return -EPROTO;
	a->items = calloc(json_array_size(list) + 1, sizeof(*a->items));
	a->memory = malloc(room_of(list));
	if (!a->items || !a->memory)
		return -ENOMEM;
	at = a->memory;
	json_array_foreach(list, i, entry) {
		bool last = a->more && i + 1 == json_array_size(list);

		if (take_item(entry, prefix, &at, &a->items[a->n_items], last ? &a->last : NULL))
			return -EPROTO;
		a->n_items++;
	}
	return a->last.failed ? -ENOMEM : 0;
}

static int take_revision(const json_t *root, struct etcd_answer *a)
{
	const json_t *header = json_object_get(root, "header");

	if (!json_is_object(header) || get_number(header, "revision", &a->revision))
		return -EPROTO;
	return 0;
}

static int decode_txn(const json_t *root, const char *prefix, struct etcd_answer *a)
{
	const json_t *succeeded = json_object_get(root, "succeeded");

	(void)prefix;
	if (take_revision(root, a) || !a->revision || (succeeded && !json_is_boolean(succeeded)))
		return -EPROTO;
	a->succeeded = json_is_true(succeeded);
	return 0;
}

static int decode_range(const json_t *root, const char *prefix, struct etcd_answer *a)
{
	int rc = take_revision(root, a);

	a->more = get_flag(root, "more");
	rc = rc ? rc : take_items(json_object_get(root, "kvs"), prefix, a);
	if (!rc && (!a->revision || (a->more && !a->n_items)))
		return -EPROTO;
	for (size_t i = 0; !rc && i < a->n_items; i++)
		if (a->items[i].mod > a->revision || !a->items[i].value)
			return -EPROTO;
	return rc;
}

static int decode_lease(const json_t *root, const char *prefix, struct etcd_answer *a)
{
	(void)prefix;
	if (get_number(root, "ID", &a->lease) || get_number(root, "TTL", &a->ttl) || !a->lease)
		return -EPROTO;
	return a->ttl > 1000000 ? -EPROTO : 0;
}

static int decode_token(const json_t *root, const char *prefix, struct etcd_answer *a)
{
	const json_t *value = json_object_get(root, "token");
	const char *token = json_string_value(value);
	size_t len = json_string_length(value);

	(void)prefix;
	if (!token || !len || len > 4096 || strlen(token) != len)
		return -EPROTO;
	for (size_t i = 0; i < len; i++)
		if (token[i] <= ' ' || token[i] > '~')
			return -EPROTO;
	a->token = strdup(token);
	return a->token ? 0 : -ENOMEM;
}

/* etcd's words and its code (of gRPC) where the versions of the gateway put them. */
static const char *fault_text(const json_t *root, uint64_t *code)
{
	const json_t *error = json_object_get(root, "error");
	const char *text = json_string_value(error);

	*code = 0;
	if (json_is_object(error)) {
		if (get_number(error, "grpc_code", code) || !*code)
			(void)get_number(error, "code", code);
		return json_string_value(json_object_get(error, "message"));
	}
	(void)get_number(root, "code", code);
	return text ? text : json_string_value(json_object_get(root, "message"));
}

static int fault_of(const char *text, uint64_t code)
{
	static const struct { const char *text; int err; } known[] = {
		{ "database space exceeded", -ENOSPC },
		{ "request is too large", -ENOSPC },
		{ "too many operations", -ENOSPC },
		{ "trying to send message larger than max", -ENOSPC },
		{ "received message larger than max", -EMSGSIZE },
		{ "invalid auth token", -EKEYEXPIRED },
		{ "user name is empty", -EKEYEXPIRED },
		{ "auth store is old", -EKEYEXPIRED },
		{ "permission denied", -EACCES },
		{ "authentication failed", -EACCES },
		{ "authentication is not enabled", -ENOTSUP },
		{ "lease not found", -ENOKEY },
		{ "has been compacted", -ESTALE },
		{ "no leader", -EHOSTUNREACH },
		{ "too many requests", -EHOSTUNREACH },
		{ "not capable", -EHOSTUNREACH },
	};

	for (size_t i = 0; text && i < sizeof(known) / sizeof(known[0]); i++)
		if (strstr(text, known[i].text))
			return known[i].err;
	switch (code) {
	case 3:
		return -EPROTO;
	case 7:
		return -EACCES;
	case 16:
		return -EKEYEXPIRED;
	default:
		return -ETIMEDOUT;
	}
}

static void copy_text(char *to, size_t room, const char *text)
{
	snprintf(to, room, "%s", text);
	for (char *c = to; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

/* Lines of a stream: {"result":{...}}, or an error that ends it. */
static const json_t *stream_line(const json_t *root, struct etcd_answer *a)
{
	const json_t *result = json_object_get(root, "result");
	uint64_t code;
	const char *text;

	if (!json_object_get(root, "error"))
		return json_is_object(result) ? result : NULL;
	text = fault_text(root, &code);
	a->fault = fault_of(text, code);
	copy_text(a->text, sizeof(a->text), text ? text : "an error without words");
	return NULL;
}

static int decode_keepalive(const json_t *root, const char *prefix, struct etcd_answer *a)
{
	const json_t *result = stream_line(root, a);

	if (!result)
		return a->fault ? 0 : -EPROTO;
	return decode_lease(result, prefix, a);
}

static int check_events(const struct etcd_answer *a)
{
	for (size_t i = 1; i < a->n_items; i++)
		if (a->items[i].mod < a->items[i - 1].mod)
			return -EPROTO;
	return 0;
}

static int decode_watch(const json_t *root, const char *prefix, struct etcd_answer *a)
{
	const json_t *result = stream_line(root, a);
	const char *reason;
	int rc;

	if (!result)
		return a->fault ? 0 : -EPROTO;
	rc = take_revision(result, a);
	a->created = get_flag(result, "created");
	a->canceled = get_flag(result, "canceled");
	a->fragment = get_flag(result, "fragment");
	rc = rc ? rc : get_number(result, "compact_revision", &a->compacted);
	rc = rc ? rc : take_items(json_object_get(result, "events"), prefix, a);
	if (rc || !a->canceled)
		return rc ? rc : check_events(a);
	reason = json_string_value(json_object_get(result, "cancel_reason"));
	a->fault = a->compacted ? -ESTALE : fault_of(reason, 0);
	copy_text(a->text, sizeof(a->text), reason ? reason : "the watch was ended");
	return 0;
}

int etcd_decode(enum etcd_kind kind, const char *prefix, const char *body, size_t len,
		struct etcd_answer *a)
{
	static int (*const decoders[ETCD_KINDS])(const json_t *root, const char *prefix,
						 struct etcd_answer *a) = {
		[ETCD_TXN] = decode_txn, [ETCD_RANGE] = decode_range, [ETCD_GRANT] = decode_lease,
		[ETCD_KEEPALIVE] = decode_keepalive, [ETCD_TOKEN] = decode_token,
		[ETCD_WATCH] = decode_watch,
	};
	json_t *root = json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL);
	int rc;

	*a = (struct etcd_answer){ 0 };
	rc = json_is_object(root) ? decoders[kind](root, prefix, a) : -EPROTO;
	json_decref(root);
	if (rc)
		etcd_answer_free(a);
	return rc;
}

void etcd_answer_free(struct etcd_answer *a)
{
	free(a->items);
	free(a->memory);
	etcd_buf_free(&a->last);
	if (a->token)
		explicit_bzero(a->token, strlen(a->token));
	free(a->token);
	*a = (struct etcd_answer){ 0 };
}

int etcd_decode_fault(long status, const char *body, size_t len, char *text, size_t text_len)
{
	json_t *root = json_loadb(body, len, 0, NULL);
	uint64_t code = 0;
	const char *words = root ? fault_text(root, &code) : NULL;
	int err;

	if (words) {
		copy_text(text, text_len, words);
		err = fault_of(words, code);
	} else {
		snprintf(text, text_len, "answers with HTTP status %ld: is that etcd?", status);
		err = status == 401 ? -EKEYEXPIRED : status == 403 ? -EACCES :
		      status >= 500 ? -ETIMEDOUT : -EPROTO;
	}
	json_decref(root);
	return err;
}
