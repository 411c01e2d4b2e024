// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench_edu.c - what any round trip to a device of QEMU costs, on its "edu" device, whose
 * registers are read and written through sysfs.
 *
 *	bench_edu MODE SECONDS
 *
 *	read	a register read: the vCPU's own thread answers
 *	wake	a doorbell that wakes a sleeping thread of the host, whose answer is polled for
 */
#include "bench.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/mman.h>

#define EDU	"0x11e8"	/* of vendor 0x1234 */

enum { REG_ID = 0x00 / 4, REG_FACTORIAL = 0x08 / 4, REG_STATUS = 0x20 / 4 };

static volatile uint32_t *regs;

static bool is_edu(const char *folder)
{
	char path[512], id[16] = "";
	FILE *f;

	snprintf(path, sizeof(path), "%s/device", folder);
	f = fopen(path, "r");
	if (!f)
		return false;
	if (!fgets(id, sizeof(id), f))
		id[0] = '\0';
	fclose(f);
	return !strncmp(id, EDU, strlen(EDU));
}

static void map_edu(const char *folder)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/enable", folder);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, "1", 1) != 1)
		die("%s: %s", path, strerror(errno));
	close(fd);
	snprintf(path, sizeof(path), "%s/resource0", folder);
	fd = open(path, O_RDWR | O_SYNC);
	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	regs = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (regs == MAP_FAILED)
		die("%s: %s", path, strerror(errno));
	close(fd);
}

static void find_edu(void)
{
	glob_t g;

	if (glob("/sys/bus/pci/devices/*", 0, NULL, &g))
		die("there is no PCI bus");
	for (size_t i = 0; i < g.gl_pathc && !regs; i++) {
		if (is_edu(g.gl_pathv[i]))
			map_edu(g.gl_pathv[i]);
	}
	globfree(&g);
	if (!regs || (regs[REG_ID] & 0xffff) != 0x00ed)
		die("there is no edu device");
}

static void op_read(void *state)
{
	(void)state;
	(void)regs[REG_ID];
}

static void op_wake(void *state)
{
	(void)state;
	regs[REG_FACTORIAL] = 5;
	while (regs[REG_STATUS] & 1)
		;
	if (regs[REG_FACTORIAL] != 120)
		die("edu: 5! is %u", regs[REG_FACTORIAL]);
}

int main(int argc, char **argv)
{
	const bool wake = argc == 3 && !strcmp(argv[1], "wake");
	const struct work work = { NULL, wake ? op_wake : op_read, NULL };

	if (argc != 3 || (!wake && strcmp(argv[1], "read")))
		die("usage: bench_edu read|wake SECONDS");
	find_edu();
	run_timed("edu", argv[1], 1, atof(argv[2]), &work);
	return 0;
}
