// SPDX-License-Identifier: GPL-2.0-or-later
/* sim_world.c - the scheduler of the simulator: virtual time, random numbers, the trace. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

struct sim_event {
	uint64_t at, seq, life;
	struct sim_proc *proc;
	sim_fn fn, drop;
	void *arg;
	struct sim_event *next;
};

static bool before(const struct sim_event *a, const struct sim_event *b)
{
	return a->at != b->at ? a->at < b->at : a->seq < b->seq;
}

static void swap(struct sim_event **a, struct sim_event **b)
{
	struct sim_event *t = *a;

	*a = *b;
	*b = t;
}

static void push(struct sim_world *w, struct sim_event *ev)
{
	size_t i = w->n_events++;

	if (w->n_events > w->room) {
		w->room = w->room ? w->room * 2 : 256;
		w->heap = realloc(w->heap, w->room * sizeof(struct sim_event *));
	}
	w->heap[i] = ev;
	for (; i && before(w->heap[i], w->heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&w->heap[i], &w->heap[(i - 1) / 2]);
}

static struct sim_event *pop(struct sim_world *w)
{
	struct sim_event *ev = w->heap[0];
	size_t i = 0, child;

	w->heap[0] = w->heap[--w->n_events];
	while ((child = 2 * i + 1) < w->n_events) {
		if (child + 1 < w->n_events && before(w->heap[child + 1], w->heap[child]))
			child++;
		if (!before(w->heap[child], w->heap[i]))
			break;
		swap(&w->heap[i], &w->heap[child]);
		i = child;
	}
	return ev;
}

void sim_at(struct sim_world *w, struct sim_proc *proc, uint64_t delay, sim_fn fn, sim_fn drop,
	    void *arg)
{
	struct sim_event *ev = malloc(sizeof(*ev));

	*ev = (struct sim_event){ w->now + delay, w->seq++, proc ? proc->life : 0, proc, fn, drop,
				  arg, NULL };
	push(w, ev);
}

static void drop_event(struct sim_event *ev)
{
	if (ev->drop)
		ev->drop(ev->arg);
	free(ev);
}

static void hold(struct sim_event *ev)
{
	ev->next = NULL;
	*ev->proc->held_end = ev;
	ev->proc->held_end = &ev->next;
}

static void run(struct sim_event *ev)
{
	struct sim_proc *p = ev->proc;

	if (p && p->life != ev->life) {
		drop_event(ev);
	} else if (p && p->paused) {
		hold(ev);
	} else {
		ev->fn(ev->arg);
		free(ev);
	}
}

bool sim_step(struct sim_world *w, uint64_t until)
{
	struct sim_event *ev;

	if (!w->n_events || w->heap[0]->at > until)
		return false;
	ev = pop(w);
	if (ev->at > w->now)
		w->now = ev->at;
	w->steps++;
	run(ev);
	return true;
}

static void remove_at(struct sim_world *w, size_t i)
{
	for (; i; i = (i - 1) / 2)
		swap(&w->heap[i], &w->heap[(i - 1) / 2]);
	pop(w);
}

bool sim_step_of(struct sim_world *w, struct sim_proc *proc)
{
	struct sim_event *ev = NULL;
	size_t at = 0;

	for (size_t i = 0; i < w->n_events; i++) {
		if (w->heap[i]->proc == proc && (!ev || before(w->heap[i], ev))) {
			ev = w->heap[i];
			at = i;
		}
	}
	if (!ev)
		return false;
	remove_at(w, at);
	run(ev);
	return true;
}

void sim_run_until(struct sim_world *w, uint64_t until)
{
	while (sim_step(w, until))
		;
	if (w->now < until)
		w->now = until;
}

uint64_t sim_now(const struct sim_world *w)
{
	return w->now;
}

void sim_pause(struct sim_proc *p)
{
	p->paused = true;
}

/* What it missed comes at once, in order. */
void sim_resume(struct sim_proc *p)
{
	struct sim_event *ev = p->held, *next;

	p->paused = false;
	p->held = NULL;
	p->held_end = &p->held;
	for (; ev; ev = next) {
		next = ev->next;
		ev->at = p->w->now;
		push(p->w, ev);
	}
}

void sim_proc_end_life(struct sim_proc *p)
{
	p->life++;
	sim_resume(p);
}

uint64_t sim_clock_ms(const struct sim_proc *p)
{
	return p->clock_ms + (p->w->now - p->clock_base) * p->rate / 100 / SIM_MS;
}

void sim_clock_set(struct sim_proc *p, unsigned int rate, uint64_t jump_ms)
{
	p->clock_ms = sim_clock_ms(p) + jump_ms;
	p->clock_base = p->w->now;
	p->rate = rate;
}

/* xoshiro256**, seeded by splitmix64. */
static uint64_t splitmix(uint64_t *x)
{
	uint64_t z = *x += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static uint64_t rotl(uint64_t x, int k)
{
	return x << k | x >> (64 - k);
}

static uint64_t next_random(uint64_t s[4])
{
	uint64_t result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

uint32_t sim_random(struct sim_world *w, uint32_t below)
{
	return below ? (uint32_t)(next_random(w->rng) >> 32) % below : 0;
}

bool sim_chance(struct sim_world *w, uint32_t percent)
{
	return sim_random(w, 100) < percent;
}

/*
 * The firmware's random numbers are a row of their own, so that what happens when does not
 * hang on how many it takes; and its large requests one more: those are for caches that
 * outlive a history, and so come in one history or in another.
 */
void sim_fill_random(struct sim_world *w, void *buf, size_t len)
{
	uint64_t *rng = w->rng_firmware[len > 256];
	uint8_t *p = buf;

	while (len) {
		uint64_t v = next_random(rng);
		size_t n = len < 8 ? len : 8;

		memcpy(p, &v, n);
		p += n;
		len -= n;
	}
}

static void add_line(struct sim_world *w, const char *fmt, va_list ap)
{
	char line[512];
	int n = snprintf(line, sizeof(line), "%9.3f ", (double)w->now / 1e6);

	n += vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, ap);
	if (n > (int)sizeof(line) - 2)
		n = (int)sizeof(line) - 2;
	line[n++] = '\n';
	if (w->trace_len + (size_t)n + 1 > w->trace_room) {
		w->trace_room = w->trace_room ? w->trace_room * 2 : 16384;
		w->trace = realloc(w->trace, w->trace_room);
	}
	memcpy(w->trace + w->trace_len, line, (size_t)n);
	w->trace_len += (size_t)n;
}

void sim_say(struct sim_world *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_line(w, fmt, ap);
	va_end(ap);
}

void sim_detail(struct sim_world *w, const char *fmt, ...)
{
	va_list ap;

	if (!w->verbose)
		return;
	va_start(ap, fmt);
	add_line(w, fmt, ap);
	va_end(ap);
}

void sim_fail(struct sim_world *w, const char *fmt, ...)
{
	va_list ap;

	if (w->failures++ < 10) {
		sim_say(w, "WRONG, and this is what:");
		va_start(ap, fmt);
		add_line(w, fmt, ap);
		va_end(ap);
	}
}

struct sim_world *sim_world_new(uint64_t seed, bool verbose)
{
	struct sim_world *w = calloc(1, sizeof(*w));

	w->seed = seed;
	w->verbose = verbose;
	w->now = SIM_S;
	for (size_t i = 0; i < 4; i++) {
		w->rng[i] = splitmix(&seed);
		w->rng_firmware[0][i] = splitmix(&seed);
		w->rng_firmware[1][i] = splitmix(&seed);
	}
	w->weather.slow_us = 1500;
	for (uint32_t i = 0; i < SIM_NODES_MAX; i++) {
		struct sim_proc *p = &w->node[i].proc;

		*p = (struct sim_proc){ .w = w, .id = i, .clock_ms = 1000, .rate = 100 };
		p->held_end = &p->held;
		snprintf(w->node[i].serial, sizeof(w->node[i].serial), "SIM-%04u", i);
	}
	return w;
}

void sim_world_free(struct sim_world *w)
{
	if (!w)
		return;
	for (uint32_t i = 0; i < SIM_NODES_MAX; i++) {
		if (w->node[i].fw)
			sim_card_kill(w, &w->node[i]);
		sim_proc_end_life(&w->node[i].proc);
		sim_disk_free(w->node[i].disk);
	}
	while (w->n_events)
		drop_event(pop(w));
	sim_etcd_free(w->etcd);
	free(w->heap);
	free(w->trace);
	free(w);
}
