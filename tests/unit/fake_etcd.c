// SPDX-License-Identifier: GPL-2.0-or-later
/* fake_etcd.c - a server that lies, and a kv over it. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_etcd.h"
#include "scratch.h"

static const struct fake_step *pick(struct fake_etcd *f, const char *path)
{
	const struct fake_step *found = NULL;

	for (size_t i = 0; i < f->n_steps; i++) {
		const struct fake_step *step = &f->steps[i];

		if (step->path && strncmp(path, step->path, strlen(step->path)) != 0)
			continue;
		found = step;
		if (!f->used[i]) {
			f->used[i] = true;
			break;
		}
	}
	return found;
}

static bool send_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

static bool answer(int fd, const struct fake_step *step)
{
	size_t body = step->body ? strlen(step->body) : 0;
	char head[200];
	bool ok = true;

	if (step->status && step->length < 0)
		snprintf(head, sizeof(head), "HTTP/1.1 %d X\r\n\r\n", step->status);
	else
		snprintf(head, sizeof(head), "HTTP/1.1 %d X\r\nContent-Length: %ld\r\n\r\n", step->status,
			 step->length ? step->length : (long)(body * (step->repeat + 1)));
	if (step->status)
		ok = send_all(fd, head, strlen(head));
	for (size_t i = 0; ok && body && i <= step->repeat; i++)
		ok = send_all(fd, step->body, body);
	return ok;
}

/* One whole request; false when there is none. */
static bool read_request(int fd, char *buf, size_t size)
{
	size_t have = 0, need = 0;

	while (!need || have < need) {
		ssize_t n = recv(fd, buf + have, size - 1 - have, 0);
		const char *end, *len;

		if (n <= 0)
			return false;
		have += (size_t)n;
		buf[have] = 0;
		end = strstr(buf, "\r\n\r\n");
		len = strcasestr(buf, "\r\nContent-Length:");
		if (end && !need)
			need = (size_t)(end + 4 - buf) + (len ? (size_t)atol(len + 17) : 0);
	}
	return true;
}

static const struct fake_step *take(struct fake_etcd *f, const char *buf)
{
	const struct fake_step *step;

	pthread_mutex_lock(&f->lock);
	snprintf(f->last, sizeof(f->last), "%s", buf);
	f->requests += !strstr(buf, "/auth/");
	step = pick(f, strchr(buf, '/'));
	pthread_mutex_unlock(&f->lock);
	return step;
}

struct fake_conn {
	struct fake_etcd *f;
	int fd;
};

static void *serve(void *arg)
{
	struct fake_conn conn = *(struct fake_conn *)arg;
	char buf[8192];

	free(arg);
	while (read_request(conn.fd, buf, sizeof(buf))) {
		const struct fake_step *step = take(conn.f, buf);

		if (!step || !answer(conn.fd, step) || step->close)
			break;
		while (step->stall && recv(conn.fd, buf, sizeof(buf), 0) > 0)
			;
	}
	shutdown(conn.fd, SHUT_RDWR);
	return NULL;
}

static void *accept_all(void *arg)
{
	struct fake_etcd *f = arg;

	for (;;) {
		struct fake_conn *conn = malloc(sizeof(*conn));
		int fd = accept(f->fd, NULL, NULL);

		pthread_mutex_lock(&f->lock);
		if (fd < 0 || f->stop || f->n_conns == FAKE_CONNS) {
			pthread_mutex_unlock(&f->lock);
			free(conn);
			if (fd >= 0)
				close(fd);
			return NULL;
		}
		*conn = (struct fake_conn){ f, fd };
		f->conns[f->n_conns] = fd;
		pthread_create(&f->threads[f->n_conns++], NULL, serve, conn);
		pthread_mutex_unlock(&f->lock);
	}
}

void fake_etcd_start(struct fake_etcd *f, const struct fake_step *steps, size_t n)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);

	*f = (struct fake_etcd){ .steps = steps, .n_steps = n };
	pthread_mutex_init(&f->lock, NULL);
	f->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(f->fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(f->fd, 16), 0);
	assert_int_equal(getsockname(f->fd, (struct sockaddr *)&addr, &len), 0);
	f->port = ntohs(addr.sin_port);
	pthread_create(&f->thread, NULL, accept_all, f);
}

void fake_stop(struct fake_etcd *f)
{
	pthread_mutex_lock(&f->lock);
	f->stop = true;
	pthread_mutex_unlock(&f->lock);
	shutdown(f->fd, SHUT_RDWR);
	pthread_join(f->thread, NULL);
	for (size_t i = 0; i < f->n_conns; i++) {
		shutdown(f->conns[i], SHUT_RDWR);
		pthread_join(f->threads[i], NULL);
		close(f->conns[i]);
	}
	close(f->fd);
}

struct kv *fake_kv(const struct fake_etcd *f, const char *dir, const char *more)
{
	const char *path = scratch(dir, "cluster.json");
	char text[1024], err[256] = "";
	struct kv *kv;

	snprintf(text, sizeof(text), "{ \"endpoints\": [ \"http://127.0.0.1:%d\" ], \"prefix\": \"/h/\", "
		 "\"lease_s\": 2%s%s }", f->port, strstr(more, "timeout_ms") ? "" : ", \"timeout_ms\": 600", more);
	file_write(path, text, strlen(text));
	kv = kv_etcd_open(path, err, sizeof(err));
	if (!kv)
		fail_msg("%s", err);
	return kv;
}

/* The one question on its way. */
static struct {
	struct kv *kv;
	sem_t done, lost, over;
	bool leased;
	int err, lease_err, watch_err;
	size_t n;
	uint64_t from;
	char seen[1024];
} now;

static int ask(struct kv *kv, kv_call fn)
{
	struct timespec ts;

	now.kv = kv;
	sem_init(&now.done, 0, 0);
	kv->ops->post(kv, fn, NULL);
	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += 20;
	if (sem_timedwait(&now.done, &ts))
		fail_msg("no answer");
	return now.err;
}

static void done(void *arg, int err, uint64_t revision)
{
	(void)arg;
	(void)revision;
	now.err = err;
	sem_post(&now.done);
}

static void post_put(void *arg)
{
	const struct kv_op op = { .what = KV_PUT, .key = "a", .value = "1", .len = 1, .leased = now.leased };
	const struct kv_cmp cmp = { "root", 7 };

	(void)arg;
	now.kv->ops->txn(now.kv, &cmp, 1, &op, 1, done, NULL);
}

int fake_put(struct kv *kv)
{
	now.leased = false;
	return ask(kv, post_put);
}

int fake_leased_put(struct kv *kv)
{
	now.leased = true;
	return ask(kv, post_put);
}

static void take_items(void *arg, int err, uint64_t revision, const struct kv_item *items, size_t n)
{
	(void)items;
	now.n = n;
	done(arg, err, revision);
}

static void post_range(void *arg)
{
	(void)arg;
	now.kv->ops->range(now.kv, "", take_items, NULL);
}

int fake_range(struct kv *kv, size_t *n)
{
	int err = ask(kv, post_range);

	*n = now.n;
	return err;
}

static void lease_done(void *arg, int err, uint64_t revision)
{
	static bool granted;

	if (err && granted) {
		now.lease_err = err;
		sem_post(&now.lost);
		granted = false;
		return;
	}
	granted = !err;
	done(arg, err, revision);
}

static void post_lease(void *arg)
{
	(void)arg;
	now.kv->ops->lease(now.kv, lease_done, NULL);
}

int fake_lease(struct kv *kv)
{
	sem_init(&now.lost, 0, 0);
	return ask(kv, post_lease);
}

static int wait_ms(sem_t *sem, unsigned int ms)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += ms / 1000;
	ts.tv_nsec += (long)(ms % 1000) * 1000000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_sec++;
		ts.tv_nsec -= 1000000000;
	}
	return sem_timedwait(sem, &ts);
}

int fake_lease_lost(unsigned int ms)
{
	return wait_ms(&now.lost, ms) ? 0 : now.lease_err;
}

static void take_events(void *arg, int err, uint64_t revision, const struct kv_item *items, size_t n)
{
	size_t len = strlen(now.seen);

	for (size_t i = 0; i < n; i++)
		assert_int_equal(items[i].mod, revision);
	(void)arg;
	now.watch_err = err;
	if (err)
		sem_post(&now.over);
	else
		snprintf(now.seen + len, sizeof(now.seen) - len, "%llu:%zu ", (unsigned long long)revision, n);
}

static void post_watch(void *arg)
{
	(void)arg;
	now.kv->ops->watch(now.kv, now.from, take_events, NULL);
}

int fake_watch_over(unsigned int ms)
{
	return wait_ms(&now.over, ms) ? 0 : now.watch_err;
}

int fake_watch(struct kv *kv, uint64_t from, unsigned int ms)
{
	now.kv = kv;
	now.from = from;
	now.seen[0] = 0;
	sem_init(&now.over, 0, 0);
	kv->ops->post(kv, post_watch, NULL);
	return fake_watch_over(ms);
}

const char *fake_seen(void)
{
	return now.seen;
}
