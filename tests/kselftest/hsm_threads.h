/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hsm_threads.h - the module taken out and put in, and threads that must come back.
 */
#ifndef HSM_THREADS_H
#define HSM_THREADS_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#include "hsm_utils.h"

static inline int module_remove(void)
{
	return syscall(SYS_delete_module, "hsm", O_NONBLOCK) ? -errno : 0;
}

static inline int module_insert(const char *params)
{
	int fd = open(hsm_env("HSM_KO", "/opt/cloudhsm/lib/hsm.ko"), O_RDONLY | O_CLOEXEC);
	int err = syscall(SYS_finit_module, fd, params, 0) ? -errno : 0;

	close(fd);
	return err;
}

/* Contexts are closed by work that holds on to the module for a moment. */
static inline int module_reload(const char *params)
{
	uint64_t end = now_ms() + 10000;
	int err;

	while ((err = module_remove()) == -EAGAIN && now_ms() < end)
		sleep_ms(10);
	return err ? err : module_insert(params);
}

/* A thread in one long command. */
struct lone {
	pthread_t tid;
	int fd;
	uint32_t session;
	uint64_t cookie;
	uint32_t timeout_ms;
	int64_t rv;
	atomic_bool started, ended;
};

static inline void *lone_main(void *arg)
{
	struct lone *l = arg;

	atomic_store(&l->started, true);
	l->rv = cmd_gen_rsa(l->fd, l->session, 4096, l->cookie, l->timeout_ms);
	atomic_store(&l->ended, true);
	return NULL;
}

static inline void lone_start(struct lone *l)
{
	atomic_store(&l->started, false);
	atomic_store(&l->ended, false);
	pthread_create(&l->tid, NULL, lone_main, l);
	while (!atomic_load(&l->started))
		sleep_ms(1);
	sleep_ms(20);
}

/* False, and the thread is left behind, if it does not end in time. */
static inline bool join_by(pthread_t tid, uint64_t end)
{
	while (pthread_tryjoin_np(tid, NULL)) {
		if (now_ms() > end)
			return false;
		sleep_ms(2);
	}
	return true;
}

static inline bool lone_join(struct lone *l)
{
	return join_by(l->tid, now_ms() + 20000);
}

#endif /* HSM_THREADS_H */
