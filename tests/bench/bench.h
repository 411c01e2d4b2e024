/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench.h - what the benchmark programs share: a clock, a timed pool of threads,
 * percentiles and one form of output line,
 *
 *	R bench=NAME mode=MODE threads=N ops_s=X p50_us=X p99_us=X max_us=X
 */
#ifndef HSM_BENCH_H
#define HSM_BENCH_H

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SAMPLES_MAX	200000	/* latencies kept of one thread */

static inline uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static inline void sleep_ns(uint64_t ns)
{
	struct timespec ts = { (time_t)(ns / 1000000000u), (long)(ns % 1000000000u) };

	nanosleep(&ts, NULL);
}

__attribute__((noreturn, format(printf, 1, 2)))
static inline void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("bench: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

static inline void *need(void *p)
{
	if (!p)
		die("no memory");
	return p;
}

struct samples {
	uint64_t *ns;
	size_t n, cap;
};

static inline void samples_init(struct samples *s, size_t cap)
{
	s->ns = need(calloc(cap, sizeof(*s->ns)));
	s->n = 0;
	s->cap = cap;
}

static inline void samples_add(struct samples *s, uint64_t ns)
{
	if (s->n < s->cap)
		s->ns[s->n++] = ns;
}

static inline int samples_cmp(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static inline void samples_sort(struct samples *s)
{
	qsort(s->ns, s->n, sizeof(*s->ns), samples_cmp);
}

/* Microseconds at the quantile @q of sorted samples. */
static inline double samples_us(const struct samples *s, double q)
{
	if (!s->n)
		return 0;
	return (double)s->ns[(size_t)(q * (double)(s->n - 1) + 0.5)] / 1e3;
}

/* One thread of a pool. @setup and @done run outside the measured time. */
struct worker {
	int index;
	const struct work *work;
	void *state;
	uint64_t ops, ns;
	struct samples lat;
	pthread_t tid;
	pthread_barrier_t *start;
	atomic_bool *stop;
};

struct work {
	void *(*setup)(int index);
	void (*op)(void *state);
	void (*done)(void *state);
};

static inline void *worker_main(void *arg)
{
	struct worker *w = arg;
	uint64_t begin, t, end;

	w->state = w->work->setup ? w->work->setup(w->index) : NULL;
	pthread_barrier_wait(w->start);
	begin = end = now_ns();
	while (!atomic_load_explicit(w->stop, memory_order_relaxed)) {
		t = end;
		w->work->op(w->state);
		end = now_ns();
		samples_add(&w->lat, end - t);
		w->ops++;
	}
	w->ns = end - begin;
	if (w->work->done)
		w->work->done(w->state);
	return NULL;
}

static inline void report(const char *bench, const char *mode, int threads, struct worker *w)
{
	struct samples all;
	double ops_s = 0;
	size_t n = 0;

	for (int i = 0; i < threads; i++)
		n += w[i].lat.n;
	samples_init(&all, n ? n : 1);
	for (int i = 0; i < threads; i++) {
		ops_s += w[i].ns ? (double)w[i].ops * 1e9 / (double)w[i].ns : 0;
		for (size_t k = 0; k < w[i].lat.n; k++)
			samples_add(&all, w[i].lat.ns[k]);
	}
	samples_sort(&all);
	printf("R bench=%s mode=%s threads=%d ops_s=%.1f p50_us=%.1f p99_us=%.1f max_us=%.1f\n",
	       bench, mode, threads, ops_s, samples_us(&all, .5), samples_us(&all, .99),
	       samples_us(&all, 1));
	fflush(stdout);
	free(all.ns);
}

/* Runs @work on @threads threads for @secs seconds and prints the line. */
static inline void run_timed(const char *bench, const char *mode, int threads, double secs,
			     const struct work *work)
{
	struct worker *w = need(calloc((size_t)threads, sizeof(*w)));
	pthread_barrier_t start;
	atomic_bool stop = false;

	pthread_barrier_init(&start, NULL, (unsigned int)threads + 1);
	for (int i = 0; i < threads; i++) {
		w[i] = (struct worker){ .index = i, .work = work, .start = &start, .stop = &stop };
		samples_init(&w[i].lat, SAMPLES_MAX / (size_t)threads);
		if (pthread_create(&w[i].tid, NULL, worker_main, &w[i]))
			die("cannot start a thread");
	}
	pthread_barrier_wait(&start);
	sleep_ns((uint64_t)(secs * 1e9));
	atomic_store(&stop, true);
	for (int i = 0; i < threads; i++)
		pthread_join(w[i].tid, NULL);
	report(bench, mode, threads, w);
	for (int i = 0; i < threads; i++)
		free(w[i].lat.ns);
	free(w);
	pthread_barrier_destroy(&start);
}

#endif /* HSM_BENCH_H */
