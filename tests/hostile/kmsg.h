/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kmsg.h - what the kernel has logged since it was last asked.
 */
#ifndef KMSG_H
#define KMSG_H

#include <stdbool.h>

struct kmsg {
	int lines;		/* of the driver */
	char splat[256];	/* the first line that no driver may cause; "": none */
};

/* From here on; false without /dev/kmsg. */
bool kmsg_open(void);
struct kmsg kmsg_take(void);

#endif /* KMSG_H */
