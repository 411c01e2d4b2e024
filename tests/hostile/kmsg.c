// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kmsg.c - reads the kernel's log; one record comes with each read().
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kmsg.h"

static int fd = -1;

/* What only a bug of the kernel writes. Faults that the IOMMU reports are none. */
static const char * const splats[] = {
	"WARNING:", "BUG:", "Oops", "general protection", "KASAN", "UBSAN", "INFO: ",
	"DMA-API:", "nobody cared", "soft lockup", "rcu_sched", "rcu_preempt",
	"blocked for more than", "refcount_t", "list_add corruption", "list_del corruption",
	"unregister_netdevice", "scheduling while atomic", "Kernel panic", "ODEBUG:",
};

bool kmsg_open(void)
{
	fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return fd >= 0 && lseek(fd, 0, SEEK_END) >= 0;
}

static void kmsg_judge(struct kmsg *k, const char *line)
{
	if (strstr(line, "hsm"))
		k->lines++;
	for (unsigned int i = 0; i < sizeof(splats) / sizeof(splats[0]); i++)
		if (!*k->splat && strstr(line, splats[i]))
			snprintf(k->splat, sizeof(k->splat), "%s", line);
}

struct kmsg kmsg_take(void)
{
	struct kmsg k = { 0 };
	char record[2048], *line;
	ssize_t n;

	/* EPIPE: records were overwritten; reading goes on behind them. */
	while ((n = read(fd, record, sizeof(record) - 1)) > 0 || (n < 0 && errno == EPIPE)) {
		record[n > 0 ? n : 0] = 0;
		record[strcspn(record, "\n")] = 0;
		line = strchr(record, ';');
		kmsg_judge(&k, line ? line + 1 : "hsm: lost");
	}
	return k;
}
