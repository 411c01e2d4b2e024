// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_wipe_cut.c - the power goes at every write of a wipe, before it or in the middle of
 * it: the card is the old one whole or a fresh one, and once it was told, the fresh one.
 */
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fw_int.h"
#include "scratch.h"
#include "wiped.h"

#define KEYS	40

static struct {
	unsigned int left;	/* writes until the power goes; 0: it stays */
	bool half;		/* the last one gets half way */
} cut;

static ssize_t (*real_pwrite)(int fd, const void *p, size_t len, off_t at);
static int (*real_truncate)(int fd, off_t len);

static bool goes_now(void)
{
	return cut.left && !--cut.left;
}

static ssize_t cut_pwrite(int fd, const void *p, size_t len, off_t at)
{
	if (goes_now()) {
		if (cut.half)
			real_pwrite(fd, p, len / 2, at);
		kill(getpid(), SIGKILL);
	}
	return real_pwrite(fd, p, len, at);
}

static int cut_truncate(int fd, off_t len)
{
	if (goes_now())
		kill(getpid(), SIGKILL);
	return real_truncate(fd, len);
}

/* SQLite's own way of being watched. Builds without large files have the one, the others both. */
static void watch_writes(void)
{
	static const char *const names[] = { "pwrite", "pwrite64" };
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
	size_t i;

	for (i = 0; i < 2; i++) {
		real_pwrite = (void *)vfs->xGetSystemCall(vfs, names[i]);
		if (real_pwrite)
			vfs->xSetSystemCall(vfs, names[i], (sqlite3_syscall_ptr)cut_pwrite);
	}
	real_pwrite = pwrite;
	real_truncate = (void *)vfs->xGetSystemCall(vfs, "ftruncate");
	vfs->xSetSystemCall(vfs, "ftruncate", (sqlite3_syscall_ptr)cut_truncate);
}

static void start(struct card *c)
{
	if (!card_start(c))
		fail_msg("%s", c->err);
	assert_true(fw_ctx_open(c->fw, NOBODY));
	assert_int_equal(open_session(c, NOBODY), FIRST_SESSION);
}

/* The program once more: test_wipe_cut STORE WRITES HALF. Dies, or says that the card was told. */
static int wipe_and_die(char **argv)
{
	struct card *c = calloc(1, sizeof(*c));

	card_init(c, argv[1]);
	c->cfg.open_zeroize = true;
	start(c);
	cut.half = atoi(argv[3]);
	cut.left = (unsigned int)atoi(argv[2]);
	_exit(zeroize(c, NOBODY) ? 1 : 0);
}

struct kept {
	char *db;
	size_t len;
	uint8_t secret[32];
};

static void put_back(struct card *c, const struct kept *k)
{
	static const char *const ends[] = { "-wal", "-shm", "-journal" };
	char path[300];
	size_t i;

	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s", c->path, ends[i]);
		unlink(path);
	}
	file_write(c->path, k->db, k->len);
}

static bool secret_in_file(struct card *c, const struct kept *k)
{
	size_t len;
	char *data = file_read(c->path, &len);
	bool there = memmem(data, len, k->secret, sizeof(k->secret));

	free(data);
	return there;
}

/* Whether it is a fresh one. */
static bool look(struct card *c, const struct kept *k)
{
	bool fresh;

	start(c);
	assert_int_equal(c->fw->damaged, 0);
	fresh = c->fw->objects.live == 0;
	assert_int_equal(c->fw->objects.live, fresh ? 0 : KEYS);
	assert_int_equal(c->fw->users.n, fresh ? 2 : 5);
	assert_int_equal(c->fw->objects.next_handle, HSM_FIRST_HANDLE + (fresh ? 0 : KEYS));
	assert_false(secret_in_file(c, k));
	card_stop(c);
	return fresh;
}

struct seen {
	unsigned int old, fresh;
};

/* False when the wipe was done before the power went. */
static bool one_cut(struct card *c, const struct kept *k, unsigned int writes, bool half,
		    struct seen *seen)
{
	char number[16];
	int status;
	pid_t pid;

	put_back(c, k);
	snprintf(number, sizeof(number), "%u", writes);
	pid = fork();
	if (!pid) {
		execl("/proc/self/exe", "wipe", c->path, number, half ? "1" : "0", (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : !WEXITSTATUS(status));
	if (look(c, k)) {
		seen->fresh++;
	} else {
		assert_true(WIFSIGNALED(status));
		seen->old++;
	}
	return WIFSIGNALED(status);
}

static void keep(struct card *c, struct kept *k)
{
	unsigned int i;

	for (i = 0; i < KEYS; i++)
		made(c, ALICE, begin_aes("one of many"));
	memcpy(k->secret, c->fw->objects.first->secret, sizeof(k->secret));
	card_stop(c);
	k->db = file_read(c->path, &k->len);
}

static void at_every_write(void **state)
{
	struct card *c = *state;
	struct seen seen = { 0, 0 };
	struct kept k;
	unsigned int n, half;

	keep(c, &k);
	c->cfg.open_zeroize = true;
	for (half = 0; half < 2; half++) {
		for (n = 1; one_cut(c, &k, n, half, &seen); n++)
			;
		printf("wipe: %u writes\n", n - 1);
	}
	printf("wipe: %u times the old card, %u times a fresh one\n", seen.old, seen.fresh);
	assert_true(seen.old > 4 && seen.fresh > 4);
	free(k.db);
	start(c);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(at_every_write, setup_users_sqlite, teardown),
	};

	watch_writes();
	if (argc == 4)
		return wipe_and_die(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
