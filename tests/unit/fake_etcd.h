/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_etcd.h - a small HTTP server on loopback that answers as it is told, wrong if need
 * be, and a kv over it whose questions are waited for.
 */
#ifndef TESTS_FAKE_ETCD_H
#define TESTS_FAKE_ETCD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kv.h"

#define FAKE_CONNS	32

/* What a request gets. @path: only a request to that; NULL: to any. */
struct fake_step {
	const char *path;
	int status;		/* 0: @body is all that is sent, status line and headers included */
	const char *body;
	size_t repeat;		/* @body, so many times more */
	long length;		/* the Content-Length to claim; 0: the right one, -1: none */
	bool close;		/* the connection, behind it */
	bool stall;		/* nothing more on this connection */
};

struct fake_etcd {
	int fd, port;
	const struct fake_step *steps;	/* each is used once, but for the last of a path */
	size_t n_steps;
	bool used[64];
	pthread_mutex_t lock;
	pthread_t thread;
	int conns[FAKE_CONNS];
	pthread_t threads[FAKE_CONNS];
	size_t n_conns;
	bool stop;
	_Atomic unsigned int requests;	/* seen so far, all but those for a token */
	char last[8192];		/* request with its headers */
};

void fake_etcd_start(struct fake_etcd *f, const struct fake_step *steps, size_t n);
void fake_stop(struct fake_etcd *f);

/* A kv over @f, with what @more says besides ("" or ", \"user\": ..."); a cmocka failure if not. */
struct kv *fake_kv(const struct fake_etcd *f, const char *dir, const char *more);
/* The transaction of one put; what it came to. */
int fake_put(struct kv *kv);
int fake_leased_put(struct kv *kv);
int fake_range(struct kv *kv, size_t *n);
int fake_lease(struct kv *kv);
/* Waits until the lease is lost, at most @ms: the error, or 0. */
int fake_lease_lost(unsigned int ms);
/* Watches from @from on until the watch is over, at most @ms: its error, 0: it is not over. */
int fake_watch(struct kv *kv, uint64_t from, unsigned int ms);
/* Waits on. */
int fake_watch_over(unsigned int ms);
/* What the watch has brought: "revision:n revision:n ". */
const char *fake_seen(void);

#endif /* TESTS_FAKE_ETCD_H */
