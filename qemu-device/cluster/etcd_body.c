// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * etcd_body.c - bodies of requests to etcd's JSON gateway. Keys and values go in as base64
 * straight away: a transaction is written once, into one buffer.
 */
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etcd_codec.h"

#define B64_LEN(n)	(((n) + 2) / 3 * 4)

static char *buf_room(struct etcd_buf *buf, size_t len)
{
	size_t room = buf->room ? buf->room : 512;
	char *data;

	if (buf->failed)
		return NULL;
	while (room - buf->len < len)
		room *= 2;
	if (room == buf->room)
		return buf->data + buf->len;
	data = realloc(buf->data, room);
	if (!data) {
		buf->failed = true;
		return NULL;
	}
	buf->data = data;
	buf->room = room;
	return data + buf->len;
}

void etcd_buf_add(struct etcd_buf *buf, const void *data, size_t len)
{
	char *at = buf_room(buf, len);

	if (!at || !len)
		return;
	memcpy(at, data, len);
	buf->len += len;
}

void etcd_buf_printf(struct etcd_buf *buf, const char *fmt, ...)
{
	char text[256];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= sizeof(text))
		buf->failed = true;
	else
		etcd_buf_add(buf, text, (size_t)len);
}

void etcd_buf_free(struct etcd_buf *buf)
{
	free(buf->data);
	*buf = (struct etcd_buf){ 0 };
}

/* Writes @len bytes, of which no more follow if @len is no multiple of 3. */
static char *base64(char *out, const void *data, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *in = data;

	for (; len >= 3; in += 3, len -= 3) {
		*out++ = digits[in[0] >> 2];
		*out++ = digits[(in[0] << 4 | in[1] >> 4) & 63];
		*out++ = digits[(in[1] << 2 | in[2] >> 6) & 63];
		*out++ = digits[in[2] & 63];
	}
	if (!len)
		return out;
	*out++ = digits[in[0] >> 2];
	*out++ = digits[(in[0] << 4 | (len == 2 ? in[1] >> 4 : 0)) & 63];
	*out++ = len == 2 ? digits[in[1] << 2 & 63] : '=';
	*out++ = '=';
	return out;
}

/* "NAME":"base64" */
static void add_bytes(struct etcd_buf *buf, const char *name, const void *data, size_t len)
{
	char *at;

	etcd_buf_printf(buf, "\"%s\":\"", name);
	at = buf_room(buf, B64_LEN(len) + 1);
	if (!at)
		return;
	at = base64(at, data, len);
	*at++ = '"';
	buf->len = (size_t)(at - buf->data);
}

/* The key @prefix @part, or the end of all that begin with it. */
enum key_end { KEY, KEY_PREFIX_END };

static void add_key(struct etcd_buf *buf, const char *name, const char *prefix, const char *part,
		    enum key_end end)
{
	size_t n = strlen(prefix), m = strlen(part), len = n + m;
	char stack[320], *key = len < sizeof(stack) ? stack : malloc(len + 1);

	if (!key) {
		buf->failed = true;
		return;
	}
	memcpy(key, prefix, n);
	memcpy(key + n, part, m + 1);
	if (end == KEY_PREFIX_END)
		key[len - 1]++;
	add_bytes(buf, name, key, len);
	if (key != stack)
		free(key);
}

static void add_put(struct etcd_buf *buf, const char *prefix, const struct kv_op *op,
		    uint64_t lease)
{
	etcd_buf_printf(buf, "{\"request_put\":{");
	add_key(buf, "key", prefix, op->key, KEY);
	etcd_buf_printf(buf, ",");
	add_bytes(buf, "value", op->value, op->len);
	if (op->leased)
		etcd_buf_printf(buf, ",\"lease\":\"%llu\"", (unsigned long long)lease);
	etcd_buf_printf(buf, "}}");
}

static void add_delete(struct etcd_buf *buf, const char *prefix, const struct kv_op *op)
{
	etcd_buf_printf(buf, "{\"request_delete_range\":{");
	add_key(buf, "key", prefix, op->key, KEY);
	if (op->what == KV_DELETE_PREFIX) {
		etcd_buf_printf(buf, ",");
		add_key(buf, "range_end", prefix, op->key, KEY_PREFIX_END);
	}
	etcd_buf_printf(buf, "}}");
}

static void add_compare(struct etcd_buf *buf, const char *prefix, const struct kv_cmp *cmp)
{
	etcd_buf_printf(buf, "{\"target\":\"MOD\",\"result\":\"EQUAL\",\"mod_revision\":\"%llu\",",
			(unsigned long long)cmp->mod);
	add_key(buf, "key", prefix, cmp->key, KEY);
	etcd_buf_printf(buf, "}");
}

void etcd_body_txn(struct etcd_buf *buf, const char *prefix, const struct kv_cmp *cmp, size_t n_cmp,
		   const struct kv_op *op, size_t n_op, uint64_t lease)
{
	etcd_buf_printf(buf, "{\"compare\":[");
	for (size_t i = 0; i < n_cmp; i++) {
		etcd_buf_printf(buf, i ? "," : "");
		add_compare(buf, prefix, &cmp[i]);
	}
	etcd_buf_printf(buf, "],\"success\":[");
	for (size_t i = 0; i < n_op; i++) {
		etcd_buf_printf(buf, i ? "," : "");
		if (op[i].what == KV_PUT)
			add_put(buf, prefix, &op[i], lease);
		else
			add_delete(buf, prefix, &op[i]);
	}
	etcd_buf_printf(buf, "]}");
}

void etcd_body_range(struct etcd_buf *buf, const char *prefix, const char *part, uint64_t revision,
		     const struct etcd_buf *after, unsigned int limit)
{
	etcd_buf_printf(buf, "{\"limit\":\"%u\",", limit);
	if (revision)
		etcd_buf_printf(buf, "\"revision\":\"%llu\",", (unsigned long long)revision);
	if (after->len)	/* its zero is in it: the next key there can be */
		add_bytes(buf, "key", after->data, after->len);
	else
		add_key(buf, "key", prefix, part, KEY);
	etcd_buf_printf(buf, ",");
	add_key(buf, "range_end", prefix, part, KEY_PREFIX_END);
	etcd_buf_printf(buf, "}");
}

/* In fragments, or etcd gives up on an answer that is longer than its limit. */
void etcd_body_watch(struct etcd_buf *buf, const char *prefix, uint64_t from)
{
	etcd_buf_printf(buf, "{\"create_request\":{\"fragment\":true,\"start_revision\":\"%llu\",",
			(unsigned long long)from);
	add_key(buf, "key", prefix, "", KEY);
	etcd_buf_printf(buf, ",");
	add_key(buf, "range_end", prefix, "", KEY_PREFIX_END);
	etcd_buf_printf(buf, "}}");
}

void etcd_body_login(struct etcd_buf *buf, const char *user, const char *password)
{
	json_t *root = json_pack("{s:s, s:s}", "name", user, "password", password);
	char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;

	if (text)
		etcd_buf_add(buf, text, strlen(text));
	else
		buf->failed = true;
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
	json_decref(root);
}
