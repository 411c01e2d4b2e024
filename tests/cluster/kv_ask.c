// SPDX-License-Identifier: GPL-2.0-or-later
/* kv_ask.c - a kv that is asked from another thread, and waited for. */
#include <curl/curl.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "kv_ask.h"

#define PATIENCE_S	20

static const char *etcd_file;	/* NULL: memory */
static char place[64];		/* the group, or the folder in etcd, of this test */
static char config[] = "/tmp/hsm-kv-XXXXXX";

static void remove_config(void)
{
	unlink(config);
}

bool kv_use_etcd(const char *path)
{
	int fd = path ? mkstemp(config) : -1;

	if (fd < 0)
		return false;
	close(fd);
	atexit(remove_config);
	etcd_file = path;
	return true;
}

bool kv_is_etcd(void)
{
	return etcd_file;
}

void kv_new_place(void)
{
	static unsigned int test;

	snprintf(place, sizeof(place), "t%d-%ld-%u", (int)getpid(), (long)time(NULL), test++);
}

void wait_for(sem_t *sem)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += PATIENCE_S;
	if (sem_timedwait(sem, &ts))
		fail_msg("no answer in %d s", PATIENCE_S);
}

void post_ask(void *arg)
{
	struct ask *ask = arg;

	ask->inside = true;
	ask->fn(ask);
	ask->inside = false;
}

int run(struct ask *ask)
{
	sem_init(&ask->answered, 0, 0);
	ask->kv->ops->post(ask->kv, post_ask, ask);
	wait_for(&ask->answered);
	sem_destroy(&ask->answered);
	return ask->err;
}

static void done(void *arg, int err, uint64_t revision)
{
	struct ask *ask = arg;

	assert_false(ask->inside);
	ask->err = err;
	ask->revision = revision;
	sem_post(&ask->answered);
}

void ask_txn(struct ask *ask)
{
	ask->kv->ops->txn(ask->kv, ask->cmp, ask->n_cmp, ask->op, ask->n_op, done, ask);
}

int txn(struct kv *kv, const struct kv_cmp *cmp, size_t n_cmp, const struct kv_op *op,
	       size_t n_op, uint64_t *revision)
{
	struct ask ask = { .kv = kv, .cmp = cmp, .n_cmp = n_cmp, .op = op, .n_op = n_op, .fn = ask_txn };
	int err = run(&ask);

	if (revision)
		*revision = ask.revision;
	return err;
}

uint64_t put(struct kv *kv, const char *key, const char *value)
{
	const struct kv_op op = { .what = KV_PUT, .key = key, .value = value, .len = strlen(value) };
	uint64_t revision;

	assert_int_equal(txn(kv, NULL, 0, &op, 1, &revision), 0);
	assert_true(revision > 0);
	return revision;
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct kv_item *)a)->key, ((const struct kv_item *)b)->key);
}

static char *describe(const struct kv_item *items, size_t n)
{
	struct kv_item *sorted = malloc((n + 1) * sizeof(*sorted));
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (n)
		memcpy(sorted, items, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_key);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "%s%s%s%.*s", i ? " " : "", sorted[i].key, sorted[i].value ? "=" : " gone",
			sorted[i].len > 32 ? 8 : (int)sorted[i].len, (const char *)sorted[i].value);
	fclose(f);
	free(sorted);
	return text;
}

static void take_items(void *arg, int err, uint64_t revision, const struct kv_item *items, size_t n)
{
	struct ask *ask = arg;

	ask->n = n;
	for (size_t i = 0; i < n; i++) {
		ask->bytes += items[i].len;
		assert_true(items[i].mod > 0 && items[i].mod <= revision);
	}
	ask->text = describe(items, n);
	done(arg, err, revision);
}

void ask_range(struct ask *ask)
{
	ask->kv->ops->range(ask->kv, ask->prefix, take_items, ask);
}

void assert_holds(struct kv *kv, const char *prefix, const char *text)
{
	struct ask ask = { .kv = kv, .prefix = prefix, .fn = ask_range };

	assert_int_equal(run(&ask), 0);
	assert_string_equal(ask.text, text);
	free(ask.text);
}

void ask_lease(struct ask *ask)
{
	ask->kv->ops->lease(ask->kv, done, ask);
}

void call_unlease(void *kv)
{
	((struct kv *)kv)->ops->unlease(kv);
}

static void take_events(void *arg, int err, uint64_t revision, const struct kv_item *items, size_t n)
{
	struct seen *seen = arg;

	pthread_mutex_lock(&seen->lock);
	seen->err = err;
	if (!err) {
		assert_true(revision > seen->last);
		seen->last = revision;
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(items[i].mod, revision);
			seen->bytes += items[i].len;
		}
		seen->lines[seen->n++] = describe(items, n);
	}
	pthread_mutex_unlock(&seen->lock);
	sem_post(&seen->more);
}

static void start_watch(void *arg)
{
	struct seen *seen = arg;

	seen->kv->ops->watch(seen->kv, seen->from, take_events, seen);
}

struct seen *watch(struct kv *kv, uint64_t from)
{
	struct seen *seen = calloc(1, sizeof(*seen));

	pthread_mutex_init(&seen->lock, NULL);
	sem_init(&seen->more, 0, 0);
	seen->kv = kv;
	seen->from = from;
	kv->ops->post(kv, start_watch, seen);
	return seen;
}

void seen_free(struct seen *seen)
{
	for (size_t i = 0; i < seen->n; i++)
		free(seen->lines[i]);
	free(seen);
}

void assert_next(struct seen *seen, size_t i, const char *text)
{
	wait_for(&seen->more);
	pthread_mutex_lock(&seen->lock);
	assert_int_equal(seen->err, 0);
	assert_true(seen->n > i);
	assert_string_equal(seen->lines[i], text);
	pthread_mutex_unlock(&seen->lock);
}

static void write_config(void)
{
	json_t *root = json_load_file(etcd_file, 0, NULL);
	char prefix[200];

	assert_non_null(root);
	snprintf(prefix, sizeof(prefix), "%s%s/", json_string_value(json_object_get(root, "prefix")), place);
	json_object_set_new(root, "prefix", json_string(prefix));
	assert_int_equal(json_dump_file(root, config, 0), 0);
	json_decref(root);
}

struct kv *open_kv(void)
{
	char err[256] = "";
	struct kv *kv;

	if (etcd_file)
		write_config();
	kv = etcd_file ? kv_etcd_open(config, err, sizeof(err)) : kv_mem_open(place);
	if (!kv)
		fail_msg("%s", err);
	return kv;
}

void close_kv(struct kv *kv)
{
	kv->ops->close(kv);
}

static size_t ignore(char *data, size_t size, size_t n, void *arg)
{
	(void)data;
	(void)arg;
	return size * n;
}

void compact_etcd(uint64_t revision)
{
	json_t *root = json_load_file(config, 0, NULL);
	CURL *curl = curl_easy_init();
	long status = 0;
	char url[256], body[64];

	snprintf(url, sizeof(url), "%s/v3/kv/compaction",
		 json_string_value(json_array_get(json_object_get(root, "endpoints"), 0)));
	snprintf(body, sizeof(body), "{\"revision\":\"%llu\"}", (unsigned long long)revision);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore);
	if (json_object_get(root, "ca")) {
		curl_easy_setopt(curl, CURLOPT_CAINFO, json_string_value(json_object_get(root, "ca")));
		curl_easy_setopt(curl, CURLOPT_SSLCERT, json_string_value(json_object_get(root, "cert")));
		curl_easy_setopt(curl, CURLOPT_SSLKEY, json_string_value(json_object_get(root, "key")));
	}
	assert_int_equal(curl_easy_perform(curl), 0);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	assert_int_equal(status, 200);
	curl_easy_cleanup(curl);
	json_decref(root);
}
