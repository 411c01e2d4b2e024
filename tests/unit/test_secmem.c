// SPDX-License-Identifier: GPL-2.0-or-later
/* test_secmem.c - secret memory is zeroed, wiped, locked, undumped, and cheap when small. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "secmem.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

int __wrap_mlock(const void *p, size_t len);

/* That of the sanitizer does nothing. */
int __wrap_mlock(const void *p, size_t len)
{
	return (int)syscall(SYS_mlock, p, len);
}

static const size_t lengths[] = {
	1, 7, 8, 9, 16, 17, 31, 32, 33, 63, 64, 65, 100, 127, 129, 200, 500, 1000, 2000, 3583, 4096,
	4097, 10000, 30000, 65535, 65536, 65537, 200000, 3000000,
};

/* Looks at memory that the sanitizer knows to be free. */
__attribute__((no_sanitize("address")))
static bool all_zero(const volatile uint8_t *p, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (p[i])
			return false;
	return true;
}

static void zeroed_and_wiped(void **state)
{
	size_t before = secmem_used();

	(void)state;
	for (size_t i = 0; i < COUNT(lengths); i++) {
		size_t len = lengths[i];

		for (unsigned int round = 0; round < 3; round++) {
			uint8_t *p = secmem_alloc(len);

			assert_non_null(p);
			assert_int_equal((uintptr_t)p % 16, 0);
			assert_true(all_zero(p, 0, len));
			assert_true(secmem_used() >= before + len);
			memset(p, 0xa5, len);
			secmem_free(p);
			/* The allocator's own link stands in the first bytes. */
			if (len <= 65536)
				assert_true(all_zero(p, sizeof(void *), len));
		}
	}
	assert_int_equal(secmem_used(), before);
	assert_null(secmem_alloc(0));
	assert_null(secmem_alloc(SIZE_MAX));
	assert_null(secmem_alloc(secmem_total() + 1));
	secmem_free(NULL);
}

static void helpers(void **state)
{
	uint8_t bytes[4] = { 1, 2, 3, 4 }, *copy = secmem_dup(bytes, sizeof(bytes));

	(void)state;
	assert_memory_equal(copy, bytes, sizeof(bytes));
	assert_true(secmem_equal(copy, bytes, sizeof(bytes)));
	copy[3] ^= 0x80;
	assert_false(secmem_equal(copy, bytes, sizeof(bytes)));
	assert_true(secmem_equal(copy, bytes, 3));
	secmem_free(copy);
	secmem_wipe(bytes, 3);
	assert_int_equal(bytes[2], 0);
	assert_int_equal(bytes[3], 4);
	secmem_wipe(NULL, 0);
}

/* Blocks do not overlap: each keeps its pattern while others come and go. */
static void no_overlap(void **state)
{
	enum { N = 4000 };
	static uint8_t *blocks[N];
	static size_t lens[N];
	unsigned int seed = 1;

	(void)state;
	for (unsigned int i = 0; i < 20000; i++) {
		unsigned int k = (unsigned int)rand_r(&seed) % N;

		if (blocks[k]) {
			for (size_t j = 0; j < lens[k]; j++)
				assert_int_equal(blocks[k][j], (uint8_t)k);
			secmem_free(blocks[k]);
			blocks[k] = NULL;
		} else {
			lens[k] = 1 + (size_t)rand_r(&seed) % 700;
			blocks[k] = secmem_alloc(lens[k]);
			assert_non_null(blocks[k]);
			memset(blocks[k], (int)k, lens[k]);
		}
	}
	for (unsigned int k = 0; k < N; k++)
		secmem_free(blocks[k]);
}

static size_t resident_kib(void)
{
	unsigned long total, resident;
	FILE *f = fopen("/proc/self/statm", "r");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lu %lu", &total, &resident), 2);
	fclose(f);
	return resident * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

/* 300,000 keys of 32 bytes take about what they weigh. */
static void many_small(void **state)
{
	enum { N = 300000 };
	void **keys = malloc(N * sizeof(*keys));
	size_t used = secmem_used(), before;

	(void)state;
	memset(keys, 1, N * sizeof(*keys));
	before = resident_kib();
	for (unsigned int i = 0; i < N; i++)
		assert_non_null(keys[i] = secmem_alloc(32));
	assert_int_equal(secmem_used() - used, N * 32);
	/* The sanitizer's shadow adds an eighth. */
	assert_true(resident_kib() - before < N * 32 / 1024 * 3 / 2);
	for (unsigned int i = 0; i < N; i++)
		secmem_free(keys[i]);
	free(keys);
	assert_int_equal(secmem_used(), used);
}

static void *churn(void *opaque)
{
	uint8_t mark = (uint8_t)(uintptr_t)opaque;
	uint8_t *blocks[64] = { 0 };
	unsigned int seed = mark;

	for (unsigned int i = 0; i < 20000; i++) {
		unsigned int k = (unsigned int)rand_r(&seed) % COUNT(blocks);

		if (blocks[k] && blocks[k][15] != mark)
			return blocks[k];
		secmem_free(blocks[k]);
		blocks[k] = secmem_alloc(16 + k * 8);
		blocks[k][15] = mark;
	}
	for (unsigned int k = 0; k < COUNT(blocks); k++)
		secmem_free(blocks[k]);
	return NULL;
}

static void threads(void **state)
{
	pthread_t ids[4];

	(void)state;
	for (uintptr_t i = 0; i < COUNT(ids); i++)
		assert_int_equal(pthread_create(&ids[i], NULL, churn, (void *)(i + 1)), 0);
	for (size_t i = 0; i < COUNT(ids); i++) {
		void *failed;

		pthread_join(ids[i], &failed);
		assert_null(failed);
	}
}

/* The flags of the mapping that holds @p, from the kernel. */
static void mapping_flags(const void *p, char *flags, size_t len)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	char line[512];
	bool here = false;

	assert_non_null(f);
	flags[0] = 0;
	while (fgets(line, sizeof(line), f)) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			here = (uintptr_t)p >= from && (uintptr_t)p < to;
		if (here && !strncmp(line, "VmFlags:", 8))
			snprintf(flags, len, "%s", line);
	}
	fclose(f);
}

/* Whether this process may lock @len bytes more. */
static bool may_lock(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool may;

	assert_true(p != MAP_FAILED);
	may = !mlock(p, len);
	munmap(p, len);
	return may;
}

/* The first test: what the others use up cannot be locked any more. */
static void guarded(void **state)
{
	bool locks = may_lock(2 << 20);
	static const size_t sizes[] = { 32, 100000 };
	char flags[512];

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		uint8_t *p = secmem_alloc(sizes[i]);

		mapping_flags(p, flags, sizeof(flags));
		assert_non_null(strstr(flags, " dd"));
		assert_non_null(strstr(flags, " dc"));
		if (locks)
			assert_non_null(strstr(flags, " lo"));
		secmem_free(p);
	}
	if (!locks)
		print_message("too little leave to lock memory: that it is locked is not seen\n");
}

/* In a child of its own, so that what it uses up does not matter. */
static int in_child(int (*fn)(void))
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(fn());
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static uint8_t *inherited;

static int touch_inherited(void)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	signal(SIGSEGV, SIG_DFL);
	return *(volatile uint8_t *)inherited;
}

static void not_in_children(void **state)
{
	int status;

	(void)state;
	inherited = secmem_dup("secret", 6);
	status = in_child(touch_inherited);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	secmem_free(inherited);
}

/* Runs this program again, with no leave to lock memory. */
static const char *self;

static int run_unlocked(void)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_MEMLOCK, &none);
	if (!geteuid() && setresuid(65534, 65534, 65534))
		return 3;
	if (!freopen("/dev/null", "w", stderr))
		return 4;
	for (unsigned int i = 0; i < 100; i++) {
		uint8_t *p = secmem_alloc(60000);

		if (!p)
			return 1;
		memset(p, 1, 60000);
	}
	return 0;
}

static void without_locking(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (!pid) {
		execl(self, self, "unlocked", (char *)NULL);
		_exit(2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int free_foreign(void)
{
	static uint8_t not_ours[1 << 21];

	signal(SIGABRT, SIG_DFL);
	secmem_free(not_ours + (1 << 20));
	return 0;
}

static void foreign_pointer(void **state)
{
	int status = in_child(free_foreign);

	(void)state;
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guarded),
		cmocka_unit_test(zeroed_and_wiped),
		cmocka_unit_test(helpers),
		cmocka_unit_test(no_overlap),
		cmocka_unit_test(many_small),
		cmocka_unit_test(threads),
		cmocka_unit_test(not_in_children),
		cmocka_unit_test(without_locking),
		cmocka_unit_test(foreign_pointer),
	};

	self = argv[0];
	if (argc > 1)
		_exit(run_unlocked());
	return cmocka_run_group_tests_name("secmem", tests, NULL, NULL);
}
