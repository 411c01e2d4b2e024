// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench_store.c - key stores of many keys, with the firmware in this process.
 *
 *	bench_store fill FILE N		makes a store of a card in service with N AES-256
 *					keys called key-0.., id-0.., under conn_loop.c's secret
 *	bench_store start FILE		how long the card takes to start on it, the median of
 *					five, and the memory that it has then
 *
 *	R bench=store mode=start keys=N ms=X rss_kb=X
 */
#include "bench.h"

#include <sys/wait.h>

#include <hsm.h>

#include "conn_loop.h"

#define THREADS	32
#define STARTS	5

static struct loop_card *card;
static atomic_uint next_key;
static unsigned int n_keys;

static void check(int rc, const char *what)
{
	if (rc)
		die("%s: %s", what, hsm_strerror(rc));
}

static void card_start(const char *path)
{
	char err[256];

	card = loop_card_new(path, 0, err, sizeof(err));
	if (!card)
		die("%s: %s", path, err);
}

static struct hsm *login(uint32_t type, const char *name, const char *password, uint32_t *session)
{
	struct hsm *h;

	check(loop_connect(card, false, &h), "connect");
	check(hsm_session_open(h, session, NULL), "session");
	check(hsm_login(h, *session, type, name, password, strlen(password), NULL), name);
	return h;
}

/* What hsm_activate does for the demo. */
static void activate(void)
{
	uint32_t session, id;
	struct hsm *h = login(HSM_USER_PRECO, "admin", "password", &session);

	check(hsm_user_password(h, session, HSM_USER_PRECO, "admin", "admin_pwd", 9, NULL), "admin");
	hsm_close(h);
	h = login(HSM_USER_CO, "admin", "admin_pwd", &session);
	check(hsm_user_create(h, session, HSM_USER_CU, "example_user", "example_pwd", 11, &id, NULL),
	      "example_user");
	hsm_close(h);
}

static void make_key(struct hsm *h, uint32_t session, unsigned int n)
{
	static const uint32_t type = HSM_KEY_AES, len = 32;
	char label[32], id[32];
	const struct hsm_attr attrs[] = {
		{ HSM_ATTR_KEY_TYPE, 4, &type }, { HSM_ATTR_VALUE_LEN, 4, &len },
		{ HSM_ATTR_LABEL, (uint32_t)snprintf(label, sizeof(label), "key-%u", n), label },
		{ HSM_ATTR_ID, (uint32_t)snprintf(id, sizeof(id), "id-%u", n), id },
	};
	const struct hsm_key_spec spec = { .attrs = attrs, .n_attrs = 4 };
	uint64_t handle;

	check(hsm_key_gen_sym(h, session, &spec, &handle, NULL), "key");
}

/* Many callers share each fsync. */
static void *fill_main(void *arg)
{
	uint32_t session;
	struct hsm *h = login(HSM_USER_CU, "example_user", "example_pwd", &session);
	unsigned int n;

	(void)arg;
	while ((n = atomic_fetch_add(&next_key, 1)) < n_keys)
		make_key(h, session, n);
	hsm_close(h);
	return NULL;
}

static void fill(const char *path, unsigned int n)
{
	pthread_t thread[THREADS];
	uint64_t begin;

	card_start(path);
	activate();
	n_keys = n;
	begin = now_ns();
	for (int i = 0; i < THREADS; i++) {
		if (pthread_create(&thread[i], NULL, fill_main, NULL))
			die("cannot start a thread");
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	printf("R bench=store mode=fill keys=%u ops_s=%.1f\n", n,
	       n * 1e9 / (double)(now_ns() - begin));
	loop_card_free(card);
}

static long resident_kb(void)
{
	long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f || fscanf(f, "%*d %ld", &pages) != 1)
		die("/proc/self/statm: %s", strerror(errno));
	fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

struct start {
	unsigned int keys;
	double ms;
	long rss_kb;
};

/* In a process of its own: memory that was freed once would be counted as used. */
static void start_once(const char *path, struct start *st)
{
	struct hsm_card info;
	struct hsm *h;
	uint64_t begin;
	int fds[2];
	pid_t pid;

	if (pipe(fds) || (pid = fork()) < 0)
		die("fork: %s", strerror(errno));
	if (!pid) {
		begin = now_ns();
		card_start(path);
		st->ms = (double)(now_ns() - begin) / 1e6;
		st->rss_kb = resident_kb();
		check(loop_connect(card, false, &h), "connect");
		check(hsm_card_info(h, &info, NULL), "card info");
		st->keys = info.keys;
		_exit(write(fds[1], st, sizeof(*st)) != sizeof(*st));
	}
	close(fds[1]);
	if (read(fds[0], st, sizeof(*st)) != sizeof(*st))
		die("%s: the card did not start", path);
	close(fds[0]);
	waitpid(pid, NULL, 0);
}

static int faster(const void *a, const void *b)
{
	double x = ((const struct start *)a)->ms, y = ((const struct start *)b)->ms;

	return (x > y) - (x < y);
}

static void start(const char *path)
{
	struct start all[STARTS], *median = &all[STARTS / 2];

	for (int i = 0; i < STARTS; i++)
		start_once(path, &all[i]);
	qsort(all, STARTS, sizeof(all[0]), faster);
	printf("R bench=store mode=start keys=%u ms=%.2f rss_kb=%ld\n", median->keys, median->ms,
	       median->rss_kb);
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "fill"))
		fill(argv[2], (unsigned int)atoi(argv[3]));
	else if (argc == 3 && !strcmp(argv[1], "start"))
		start(argv[2]);
	else
		die("usage: bench_store fill FILE N | start FILE");
	return 0;
}
