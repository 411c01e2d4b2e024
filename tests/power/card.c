// SPDX-License-Identifier: GPL-2.0-or-later
/* card.c - the state of a card in lines, its audit log, and when its store rests. */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audit.h"
#include "card.h"
#include "crypto.h"
#include "identity.h"
#include "record.h"

/* What the linker puts in the place of the waits of the store's thread. */
int __real_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex);
int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex);
int __wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
				  const struct timespec *until);
int __real_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
				  const struct timespec *until);

static atomic_bool resting, may_rest;

int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
	int ret;

	atomic_store(&resting, true);
	ret = __real_pthread_cond_wait(cond, mutex);
	atomic_store(&resting, false);
	return ret;
}

/* The clock is that of the store's condition. */
int __wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
				  const struct timespec *until)
{
	struct timespec soon;
	int ret;

	(void)until;
	clock_gettime(CLOCK_MONOTONIC, &soon);
	soon.tv_nsec += 1000000;
	soon.tv_sec += soon.tv_nsec / 1000000000;
	soon.tv_nsec %= 1000000000;
	ret = __real_pthread_cond_timedwait(cond, mutex, &soon);
	return ret == ETIMEDOUT && !atomic_load(&may_rest) ? 0 : ret;
}

void card_rest(void)
{
	unsigned int ms = 0;

	atomic_store(&may_rest, true);
	do {
		usleep(1000);
	} while (!atomic_load(&resting) && ms++ < 5000);
	atomic_store(&may_rest, false);
	check(ms < 5000, "the store does not come to rest");
}

/* Text that grows. */
__attribute__((format(printf, 2, 3)))
static void add(struct state *st, const char *fmt, ...)
{
	size_t len = st->text ? strlen(st->text) : 0;
	va_list ap;

	st->text = realloc(st->text, len + 200);
	va_start(ap, fmt);
	vsnprintf(st->text + len, 200, fmt, ap);
	va_end(ap);
}

static void add_bytes(struct state *st, const char *what, uint64_t id, const void *p, size_t len)
{
	uint8_t sha256[32];

	check(fc_sha256(p, len, sha256), "SHA-256");
	add(st, "%s %" PRIu64 " %zu %016" PRIx64 "\n", what, id, len, get_le64(sha256));
}

static void add_record(struct state *st, const char *what, uint64_t id, struct record *rec)
{
	add_bytes(st, what, id, rec->w.p, rec->w.len);
	record_free(rec);
}

void state_take(struct state *st, struct fw *fw)
{
	uint8_t hash[32];
	struct record rec;
	struct bytes cert;

	*st = (struct state){ 0 };
	fw_lock_read(fw);
	for (size_t i = 0; i < fw->users.n; i++) {
		const struct user *u = fw->users.v[i];

		record_put_user(&rec, &u->rec);
		add_record(st, u->pending ? "pending user" : "user", u->rec.id, &rec);
		add(st, "  %s type %u failures %u debt %u\n", u->rec.name, u->rec.type,
		    u->rec.failures, u->debt);
	}
	for (const struct object *o = fw->objects.first; o; o = o->next) {
		if (o->ctx || o->state == OBJECT_PENDING)
			continue;
		record_put_object(&rec, o);
		add_record(st, "key", o->handle, &rec);
	}
	add(st, "m values %u %u\n", fw->quorum.m_value[0], fw->quorum.m_value[1]);
	add(st, "next user %u, %zu damaged\n", fw->users.next_id, fw->damaged);
	cert = fw->identity ? identity_cert(fw->identity, HSM_CERT_CUSTOMER_ROOT) :
	       (struct bytes){ 0 };
	add_bytes(st, "certificate", HSM_CERT_CUSTOMER_ROOT, cert.p, cert.len);
	st->next_handle = fw->objects.next_handle;
	fw_unlock(fw);
	audit_state(fw, &st->reboot, &st->next_record, hash);
}

void state_free(struct state *st)
{
	free(st->text);
	st->text = NULL;
}

bool state_is_fresh(const struct fw *fw)
{
	return fw->users.n == 2 && !fw->objects.live && !fw->damaged &&
	       fw->users.v[0]->rec.type == HSM_USER_PRECO &&
	       fw->objects.next_handle == HSM_FIRST_HANDLE;
}

bool audit_copy(struct audit_copy *log, struct fw *fw)
{
	static uint8_t page[16384];
	struct tlv_reader r;
	struct tlv_writer w;
	struct chain chain;
	struct tlv t;
	size_t before;

	*log = (struct audit_copy){ 0 };
	chain_begin(&chain, fw->serial);
	do {
		before = log->n;
		tlv_write_init(&w, page, sizeof(page));
		if (!check(!audit_read(fw, chain.next, &w, 0), "audit log from %" PRIu64,
			   chain.next))
			return false;
		tlv_read_init(&r, page, w.len);
		while (tlv_next_tag(&r, HSM_TAG_AUDIT_REC, &t)) {
			log->rec = realloc(log->rec, (log->n + 1) * sizeof(*log->rec));
			memcpy(&log->rec[log->n], t.p, sizeof(*log->rec));
			if (!chain_take(&chain, &log->rec[log->n++]))
				return false;
		}
	} while (log->n > before);
	return true;
}

static int take_needle(void *opaque, enum store_kind kind, uint64_t id, const void *data,
		       size_t len)
{
	struct needles *ns = opaque;

	/* The audit log's salt stays. */
	if (ns->n < NEEDLES && len >= 40 && !(kind == STORE_META && id == RECORD_AUDIT_SALT))
		memcpy(ns->v[ns->n++], (const uint8_t *)data + 21, NEEDLE_LEN);
	return 0;
}

void needles_take(struct needles *ns, struct store *st)
{
	ns->n = 0;
	check(!st->ops->load(st, take_needle, ns), "the store cannot be read");
}
