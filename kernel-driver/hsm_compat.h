/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between the kernels the driver builds on, 6.1 to 6.12.
 */
#ifndef HSM_COMPAT_H
#define HSM_COMPAT_H

#include <linux/device.h>
#include <linux/version.h>

/* 6.2 made the device of class->devnode const. */
#if KERNEL_VERSION(6, 2, 0) <= LINUX_VERSION_CODE
#define HSM_DEVNODE_CONST const
#else
#define HSM_DEVNODE_CONST
#endif

#endif /* HSM_COMPAT_H */
