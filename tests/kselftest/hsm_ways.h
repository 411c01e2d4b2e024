/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hsm_ways.h - the ways in which a card goes away, and how it comes back.
 */
#ifndef HSM_WAYS_H
#define HSM_WAYS_H

#include <linux/pci_regs.h>

#include "hsm_threads.h"

/*
 * go_...() takes the card at @pci (hsm_pci()) away, back_...() brings it back. 0 or an error.
 */
static char pci[300];

static inline int go_reset(void)
{
	return spit("1", "/sys/class/hsm/%s/reset_controller", strrchr(hsm_path(), '/') + 1);
}

static inline int go_flr(void)
{
	return spit("1", "%s/reset", pci);
}

static inline int go_unbind(void)
{
	return spit(strrchr(pci, '/') + 1, "/sys/bus/pci/drivers/hsm/unbind");
}

static inline int back_bind(void)
{
	return spit(strrchr(pci, '/') + 1, "/sys/bus/pci/drivers/hsm/bind");
}

static inline int go_remove(void)
{
	return spit("1", "%s/remove", pci);
}

static inline int back_rescan(void)
{
	return spit("1", "/sys/bus/pci/rescan");
}

static inline int wait_gone(void)
{
	uint64_t end = now_ms() + 30000;

	while (!access(pci, F_OK)) {
		if (now_ms() > end)
			return -ETIMEDOUT;
		sleep_ms(10);
	}
	return 0;
}

static inline int go_unplug(void)
{
	int err = host_ask("{\"execute\":\"device_del\",\"arguments\":{\"id\":\"hsm0\"}}");

	return err ? -err : wait_gone();
}

/* Sets bits of a 16-bit register of the configuration space. */
static inline int config_set(const char *dev, off_t at, uint16_t bits)
{
	char path[400];
	uint16_t val;
	bool good;
	int fd;

	snprintf(path, sizeof(path), "%s/config", dev);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	good = pread(fd, &val, sizeof(val), at) == sizeof(val);
	val |= bits;
	good = good && pwrite(fd, &val, sizeof(val), at) == sizeof(val);
	close(fd);
	return good ? 0 : -EIO;
}

/*
 * An error that is not fatal: the kernel has the driver stop and start the card.
 * Firmware would have let card and port report errors (SERR).
 */
static inline int go_error(void)
{
	char port[310];

	snprintf(port, sizeof(port), "%s/..", pci);
	if (config_set(pci, PCI_COMMAND, PCI_COMMAND_SERR) ||
	    config_set(port, PCI_COMMAND, PCI_COMMAND_SERR) ||
	    config_set(port, PCI_BRIDGE_CONTROL, PCI_BRIDGE_CTL_SERR))
		return -EIO;
	return -host_ask("{\"execute\":\"human-monitor-command\",\"arguments\":"
			 "{\"command-line\":\"pcie_aer_inject_error hsm0 POISON_TLP\"}}");
}

/* The host frees the card's store a moment after the guest has let go of the card. */
static inline int back_plug(void)
{
	uint64_t end = now_ms() + 20000;
	int err;

	do {
		sleep_ms(100);
		err = host_ask(hsm_env("HSM_PLUG", ""));
	} while (err == EPROTO && now_ms() < end);
	return -err;
}

static inline int back_nothing(void)
{
	return 0;
}

/* The card answers; @fd is of hsm_open() or hsm_open_wait(), and is closed. */
static inline bool works(int fd)
{
	bool good = fd >= 0 && cmd_nop(fd) == HSM_RV_SUCCESS;

	if (fd >= 0)
		close(fd);
	return good;
}

#endif /* HSM_WAYS_H */
