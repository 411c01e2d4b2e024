// SPDX-License-Identifier: GPL-2.0-or-later
/* kv_mem_group.c - the groups of a process: the thread of each, and the tasks it runs. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kv_mem.h"

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct mem_group *groups;

uint64_t mem_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void task_free(struct mem_task *task)
{
	mem_txn_free(&task->txn);
	free(task->prefix);
	free(task);
}

/*
 * There is nobody whom a lack of the few bytes of a task could be told: that is waited
 * for.
 */
struct mem_task *mem_task_new(struct kv_mem *kv, mem_run run, void *arg)
{
	static const struct timespec moment = { .tv_nsec = 10000000 };
	struct mem_task *task;

	while (!(task = calloc(1, sizeof(*task))))
		nanosleep(&moment, NULL);
	task->kv = kv;
	task->run = run;
	task->arg = arg;
	return task;
}

/* group->lock held. */
static void add_ready(struct mem_group *g, struct mem_task *task)
{
	task->next = NULL;
	*g->tail = task;
	g->tail = &task->next;
}

static void add_timer(struct mem_group *g, struct mem_task *task)
{
	struct mem_task **p = &g->timers;

	while (*p && (*p)->due <= task->due)
		p = &(*p)->next;
	task->next = *p;
	*p = task;
}

void mem_task_submit(struct mem_task *task)
{
	struct mem_group *g = task->kv->group;

	pthread_mutex_lock(&g->lock);
	if (task->due)
		add_timer(g, task);
	else
		add_ready(g, task);
	pthread_cond_signal(&g->wake);
	pthread_mutex_unlock(&g->lock);
}

static void forget_in(struct mem_task **list, const struct kv_mem *kv)
{
	while (*list) {
		struct mem_task *task = *list;

		if (task->kv != kv) {
			list = &task->next;
			continue;
		}
		*list = task->next;
		task_free(task);
	}
}

void mem_group_forget(struct mem_group *g, const struct kv_mem *kv)
{
	pthread_mutex_lock(&g->lock);
	forget_in(&g->ready, kv);
	forget_in(&g->timers, kv);
	g->tail = &g->ready;
	while (*g->tail)
		g->tail = &(*g->tail)->next;
	pthread_mutex_unlock(&g->lock);
}

/* group->lock held: until something is ready, the next timer is due, or it is the end. */
static void rest(struct mem_group *g)
{
	uint64_t now = mem_now();

	while (g->timers && g->timers->due <= now) {
		struct mem_task *task = g->timers;

		g->timers = task->next;
		add_ready(g, task);
	}
	if (g->ready || g->end)
		return;
	if (g->timers) {
		struct timespec until = {
			.tv_sec = (time_t)(g->timers->due / 1000000000u),
			.tv_nsec = (long)(g->timers->due % 1000000000u),
		};

		pthread_cond_timedwait(&g->wake, &g->lock, &until);
	} else {
		pthread_cond_wait(&g->wake, &g->lock);
	}
}

static struct mem_task *next_task(struct mem_group *g)
{
	struct mem_task *task;

	pthread_mutex_lock(&g->lock);
	do
		rest(g);
	while (!g->ready && !g->end);
	task = g->ready;
	if (task) {
		g->ready = task->next;
		if (!g->ready)
			g->tail = &g->ready;
	}
	pthread_mutex_unlock(&g->lock);
	return task;
}

static void *group_thread(void *arg)
{
	struct mem_group *g = arg;
	struct mem_task *task;

	while ((task = next_task(g))) {
		task->run(task->kv, task);
		task_free(task);
	}
	return NULL;
}

static void group_free(struct mem_group *g)
{
	mem_data_free(&g->data);
	pthread_cond_destroy(&g->wake);
	pthread_cond_destroy(&g->left);
	pthread_mutex_destroy(&g->lock);
	free(g->name);
	free(g);
}

static void group_init(struct mem_group *g)
{
	pthread_condattr_t attr;

	mem_data_init(&g->data);
	g->tail = &g->ready;
	pthread_mutex_init(&g->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&g->wake, &attr);
	pthread_cond_init(&g->left, &attr);
	pthread_condattr_destroy(&attr);
}

static bool group_run(struct mem_group *g)
{
	sigset_t all, old;
	int err;

	/* Signals are for the host's threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&g->thread, NULL, group_thread, g);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!err)
		pthread_setname_np(g->thread, "hsm-group");
	return !err;
}

static struct mem_group *group_new(const char *name)
{
	struct mem_group *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	group_init(g);
	g->name = strdup(name);
	if (!g->name || !group_run(g)) {
		group_free(g);
		return NULL;
	}
	g->next = groups;
	groups = g;
	return g;
}

struct mem_group *mem_group_enter(const char *name)
{
	struct mem_group *g;

	pthread_mutex_lock(&list_lock);
	for (g = groups; g && strcmp(g->name, name) != 0; g = g->next)
		;
	if (!g)
		g = group_new(name);
	if (g)
		g->members++;
	pthread_mutex_unlock(&list_lock);
	return g;
}

void mem_group_leave(struct mem_group *g)
{
	struct mem_group **p = &groups;
	bool last;

	pthread_mutex_lock(&list_lock);
	last = --g->members == 0;
	while (last && *p != g)
		p = &(*p)->next;
	if (last)
		*p = g->next;
	pthread_mutex_unlock(&list_lock);
	if (!last)
		return;
	pthread_mutex_lock(&g->lock);
	g->end = true;
	pthread_cond_signal(&g->wake);
	pthread_mutex_unlock(&g->lock);
	pthread_join(g->thread, NULL);
	group_free(g);
}
