// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kmsg.c - reads the kernel's log; one record comes with each read().
 */
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kmsg.h"
#include "splats.h"

static int fd = -1;
static regex_t splat;

bool kmsg_open(void)
{
	if (regcomp(&splat, SPLATS, REG_EXTENDED | REG_NOSUB))
		return false;
	fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return fd >= 0 && lseek(fd, 0, SEEK_END) >= 0;
}

static void kmsg_judge(struct kmsg *k, const char *line)
{
	if (strstr(line, "hsm"))
		k->lines++;
	if (!*k->splat && !regexec(&splat, line, 0, NULL, 0))
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
