/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hsm_faults.h - the kernel's fault injection (Documentation/fault-injection): which
 * allocations and copies may fail, and the one call of this thread that does.
 */
#ifndef HSM_FAULTS_H
#define HSM_FAULTS_H

#include <sys/mount.h>

#include "hsm_threads.h"

#define FAULTS_DIR "/sys/kernel/debug"

static const char *const fault_kinds[] = { "failslab", "fail_page_alloc", "fail_usercopy" };

/* Writes to a file of every kind that has it. */
static inline void faults_set(const char *file, const char *text)
{
	for (size_t i = 0; i < sizeof(fault_kinds) / sizeof(*fault_kinds); i++)
		spit(text, FAULTS_DIR "/%s/%s", fault_kinds[i], file);
}

/* Calls through these addresses alone may fail ("require"), or may not ("reject"). */
static inline void faults_range(const char *what, unsigned long long start,
				unsigned long long end)
{
	char file[32], text[32];

	snprintf(file, sizeof(file), "%s-end", what);
	snprintf(text, sizeof(text), "%#llx", end);
	faults_set(file, text);
	snprintf(file, sizeof(file), "%s-start", what);
	snprintf(text, sizeof(text), "%#llx", start);
	faults_set(file, text);
}

/* Only calls of the driver's fail; false if it is not there. */
static inline bool faults_through_driver(void)
{
	FILE *f = fopen("/proc/modules", "re");
	unsigned long long start, size;
	char line[256], name[64];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%63s %llu %*s %*s %*s %llx", name, &size, &start) == 3 &&
			!strcmp(name, "hsm");
	if (f)
		fclose(f);
	if (found)
		faults_range("require", start, start + size);
	return found;
}

/* Where a function of the kernel's starts and ends; false if there is none of that name. */
static inline bool fault_symbol(const char *symbol, unsigned long long *start,
				unsigned long long *end)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	char line[256], name[128];
	unsigned long long at;

	*start = 0;
	*end = 0;
	while (f && !*end && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%llx %*c %127s", &at, name) != 2)
			continue;
		if (*start && at > *start)
			*end = at;
		if (!strcmp(name, symbol))
			*start = at;
	}
	if (f)
		fclose(f);
	return *end;
}

/* Only calls of a function of the kernel's fail. */
static inline bool faults_through_symbol(const char *symbol)
{
	unsigned long long start, end;

	if (!fault_symbol(symbol, &start, &end))
		return false;
	faults_range("require", start, end);
	return true;
}

/* DMA API debugging turns itself off for good when it has no memory: none of it fails. */
static inline void faults_spare_dma_debug(void)
{
	unsigned long long start, end;

	if (fault_symbol("add_dma_entry", &start, &end))
		faults_range("reject", start, end);
}

/* Everything that may fail can; false on a kernel without fault injection. */
static inline bool faults_ready(void)
{
	if (mount("debugfs", FAULTS_DIR, "debugfs", 0, NULL) && errno != EBUSY)
		return false;
	if (access(FAULTS_DIR "/fail_usercopy", F_OK))
		return false;
	faults_set("probability", "0");
	faults_set("times", "-1");
	faults_set("verbose", "0");
	faults_set("stacktrace-depth", "32");
	faults_set("min-order", "0");
	faults_set("ignore-gfp-wait", "N");
	faults_set("ignore-gfp-highmem", "N");
	faults_spare_dma_debug();
	return true;
}

static inline int fault_file(void)
{
	static __thread int fd;

	if (!fd)
		fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	return fd;
}

/* The n-th call of this thread that may fail fails; 0: none. */
static inline bool fault_arm(unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	return pwrite(fault_file(), text, (size_t)len, 0) == len;
}

/* True if it did; in any case no other one will. */
static inline bool fault_came(void)
{
	char text[16] = "";
	bool came = pread(fault_file(), text, sizeof(text) - 1, 0) > 0 && !atoi(text);

	fault_arm(0);
	return came;
}

#endif /* HSM_FAULTS_H */
