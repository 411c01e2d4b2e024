// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sim_run.c - plays random histories of cards in a cluster and has the checker judge them.
 *
 *   sim [FIRST [COUNT]]	histories of the seeds FIRST.. (1, 100)
 *
 * In the environment: SEED=n plays one with all its details, SECONDS_MAX=s stops after so
 * long, SUMS=1 prints a sum of each history's trace. A history that fails is printed whole,
 * at most ten of them. The last line is "sim: N passed, N failed".
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sim_history.h"

#define CONVERGE_S 180
#define LEASES_S 12
#define REST_S	3	/* at least: what is tried again is so once a second */

static unsigned long long total_steps, total_ops, total_acked;

static void begin(struct history *h)
{
	struct sim_world *w = h->w;

	if (sim_chance(w, 25)) {
		w->lasting = false;
		sim_etcd_free(w->etcd);
		w->etcd = sim_etcd_new(w);
	}
	h->forgives = sim_chance(w, 40);
	sim_say(w, "%u cards, %s", w->n_nodes, w->lasting ? "etcd" : "group");
	for (uint32_t i = 0; i < w->n_nodes; i++)
		faults_start_card(h, i);
	if (!sim_wait_online(w, 30))
		sim_fail(w, "not all cards are online");
}

static void play(struct history *h)
{
	unsigned int steps = 20 + sim_random(h->w, 120), busy = 40 + sim_random(h->w, 50);
	struct faults f;

	faults_choose(h, &f);
	while (steps-- && !h->w->failures) {
		uint64_t ms = sim_chance(h->w, 60) ? sim_random(h->w, 10) :
			      sim_random(h->w, sim_chance(h->w, 10) ? 8000 : 400);

		sim_run_until(h->w, sim_now(h->w) + ms * SIM_MS);
		if (sim_chance(h->w, busy))
			history_random_op(h);
		else
			faults_random(h, &f);
		checker_look(h);
	}
}

/* Cards that are destroyed now never come back: one at least stays. */
static void destroy(struct history *h)
{
	struct sim_world *w = h->w;
	uint32_t n = sim_chance(w, 30) ? sim_random(w, w->n_nodes) : 0;

	while (n--) {
		struct sim_node *card = &w->node[sim_random(w, w->n_nodes)];

		if (card->gone)
			continue;
		sim_say(w, "card %u: destroyed", card->proc.id);
		if (card->fw)
			faults_kill_card(h, card);
		card->gone = true;
		h->destroyed |= 1u << card->proc.id;
		if (sim_chance(w, 30))
			h->replaced |= 1u << card->proc.id;
	}
}

/* An empty card takes the place of a destroyed one, under its number. */
static void replace(struct history *h, struct sim_node *card)
{
	struct sim_node *spare = &h->w->node[SIM_NODES_MAX - 1];
	struct sim_disk *disk = card->disk;

	if (h->w->n_nodes == SIM_NODES_MAX || spare->gone)
		return;
	sim_say(h->w, "card %u: replaced by an empty one", card->proc.id);
	card->disk = spare->disk;
	spare->disk = disk;
	memcpy(card->serial, spare->serial, sizeof(card->serial));
	spare->gone = true;
	card->gone = false;
	for (size_t i = 0; i < h->n_keys; i++) {
		h->keys[i].have &= ~(1u << card->proc.id);
		h->keys[i].without &= ~(1u << card->proc.id);
	}	faults_start_card(h, card->proc.id);
}

/* Not before the leases of the old ones have ended: two cards cannot have one number. */
static void replace_all(struct history *h)
{
	sim_run_until(h->w, sim_now(h->w) + LEASES_S * SIM_S);
	for (uint32_t i = 0; i < h->w->n_nodes; i++)
		if (h->replaced & 1u << i)
			replace(h, &h->w->node[i]);
}

static bool quiet(struct history *h)
{
	return !history_open(h, -1) && checker_converged(h, false);
}

/* What still waits after a while waits for cards that are not there any more. */
static void wait_for_end(struct history *h)
{
	uint64_t end = sim_now(h->w) + CONVERGE_S * SIM_S, nudge = sim_now(h->w) + 20 * SIM_S;

	sim_run_until(h->w, sim_now(h->w) + REST_S * SIM_S);
	while (sim_now(h->w) < end && !quiet(h)) {
		sim_run_until(h->w, sim_now(h->w) + 100 * SIM_MS);
		if (sim_now(h->w) > nudge)
			history_cancel(h, -1, true);
	}
	if (history_open(h, -1))
		sim_fail(h->w, "%zu calls hang", history_open(h, -1));
	else
		checker_converged(h, true);
}

/* What was written down is what was in the tables. */
static void restart_all(struct history *h)
{
	struct sim_world *w = h->w;

	sim_say(w, "all cards are switched off, and on again");
	for (uint32_t i = 0; i < w->n_nodes; i++)
		if (w->node[i].fw)
			sim_card_stop(w, &w->node[i]);
	if (!w->lasting)
		sim_etcd_wipe(w->etcd);
	for (uint32_t i = 0; i < w->n_nodes; i++)
		if (!w->node[i].gone)
			faults_start_card(h, i);
	wait_for_end(h);
}

static void say_states(struct history *h)
{
	char why[160];

	for (uint32_t i = 0; i < h->w->n_nodes; i++) {
		struct fw *fw = h->w->node[i].fw;
		uint64_t position = 0;
		uint8_t hash[32] = { 0 };

		if (!fw)
			continue;
		fw_state(fw, &position, hash);
		sim_say(h->w, "card %u: membership %u %s, position %llu, state %02x%02x", i,
			fw_membership(fw, why, sizeof(why)), why, (unsigned long long)position,
			hash[0], hash[1]);
	}
}

static void finish(struct history *h)
{
	if (!h->w->failures)
		destroy(h);
	if (!h->w->failures)
		faults_heal(h);
	if (!h->w->failures && h->replaced)
		replace_all(h);
	if (!h->w->failures)
		wait_for_end(h);
	if (!h->w->failures)
		checker_end(h);
	if (!h->w->failures && sim_chance(h->w, 20)) {
		restart_all(h);
		checker_end(h);
	}
	if (h->w->failures)
		say_states(h);
}

static void count(const struct history *h)
{
	total_steps += h->w->steps;
	total_ops += h->n_ops;
	for (size_t i = 0; i < h->n_ops; i++)
		total_acked += h->ops[i].outcome == ACKED;
}

static char crash_line[64];

static void crashed(int sig)
{
	ssize_t n = write(STDERR_FILENO, crash_line, strlen(crash_line));

	(void)n;
	signal(sig, SIG_DFL);
	raise(sig);
}

/* So that a crash names its seed, too. */
static void name_crashes(uint64_t seed)
{
	snprintf(crash_line, sizeof(crash_line), "seed %llu: CRASHED\n", (unsigned long long)seed);
	signal(SIGSEGV, crashed);
	signal(SIGABRT, crashed);
}

/* FNV-1a of the trace: the same seed has to give the same. */
static void say_sum(const struct sim_world *w)
{
	uint64_t sum = 0xcbf29ce484222325;

	for (size_t i = 0; i < w->trace_len; i++)
		sum = (sum ^ (uint8_t)w->trace[i]) * 0x100000001b3;
	printf("seed %llu: trace %016llx\n", (unsigned long long)w->seed,
	       (unsigned long long)sum);
}

static bool play_seed(uint64_t seed, bool verbose)
{
	struct history *h = calloc(1, sizeof(*h));
	bool ok;

	name_crashes(seed);
	h->w = sim_clone(seed, 3 + (uint32_t)(seed % 3), verbose);
	begin(h);
	if (!h->w->failures)
		play(h);
	finish(h);
	ok = !h->w->failures;
	if (!ok || verbose)
		printf("%s\nseed %llu: %s (SEED=%llu plays it again)\n", h->w->trace,
		       (unsigned long long)seed, ok ? "ok" : "FAILED", (unsigned long long)seed);
	if (getenv("SUMS"))
		say_sum(h->w);
	fflush(stdout);
	count(h);
	for (uint32_t i = 0; i < SIM_NODES_MAX; i++)
		if (h->w->node[i].fw)
			faults_kill_card(h, &h->w->node[i]);
	sim_world_free(h->w);
	free(h);
	return ok;
}

int main(int argc, char **argv)
{
	uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 0) : 1, seed;
	uint64_t n = argc > 2 ? strtoull(argv[2], NULL, 0) : 100;
	const char *one = getenv("SEED"), *limit = getenv("SECONDS_MAX");
	time_t end = limit ? time(NULL) + atol(limit) : 0;
	unsigned long passed = 0, failed = 0;

	if (one) {
		first = strtoull(one, NULL, 0);
		n = 1;
	}
	for (seed = first; seed < first + n && failed < 10; seed++) {
		if (end && time(NULL) > end)
			break;
		if (play_seed(seed, one))
			passed++;
		else
			failed++;
	}
	sim_images_free();
	printf("sim: %llu events, %llu requests, %llu acknowledged\n", total_steps, total_ops,
	       total_acked);
	printf("sim: %lu passed, %lu failed\n", passed, failed);
	fflush(stdout);
	return failed || !passed;
}
