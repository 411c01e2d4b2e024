// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attributes of /sys/class/hsm/hsmN; Documentation/sysfs-class-hsm.
 */
#include <linux/kstrtox.h>
#include <linux/sysfs.h>

#include "hsm_drv.h"

static struct hsm *hsm_of(struct device *dev)
{
	return container_of(dev, struct hsm, dev);
}

static const char * const hsm_state_names[] = {
	[HSM_STATE_NEW] = "new",
	[HSM_STATE_LIVE] = "live",
	[HSM_STATE_RESETTING] = "resetting",
	[HSM_STATE_REMOVING] = "removing",
	[HSM_STATE_DEAD] = "dead",
};

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", hsm_state_names[READ_ONCE(hsm_of(dev)->state)]);
}
static DEVICE_ATTR_RO(state);

static ssize_t hw_version_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	u32 version = hsm_of(dev)->hw_version;

	return sysfs_emit(buf, "%u.%u\n", version >> 16, version & 0xffff);
}
static DEVICE_ATTR_RO(hw_version);

#define HSM_ATTR_NUMBER(name, value)							\
static ssize_t name##_show(struct device *dev, struct device_attribute *attr, char *buf)	\
{											\
	struct hsm *hsm = hsm_of(dev);							\
											\
	return sysfs_emit(buf, "%u\n", value);						\
}											\
static DEVICE_ATTR_RO(name)

HSM_ATTR_NUMBER(epoch, READ_ONCE(hsm->epoch));
HSM_ATTR_NUMBER(queues, hsm->nr_queues);
HSM_ATTR_NUMBER(max_transfer, hsm->max_transfer);
HSM_ATTR_NUMBER(contexts, atomic_read(&hsm->nr_ctxs));
HSM_ATTR_NUMBER(resets, READ_ONCE(hsm->resets));
HSM_ATTR_NUMBER(timeouts, atomic_read(&hsm->timeouts));
HSM_ATTR_NUMBER(lost_interrupts, atomic_read(&hsm->lost_interrupts));
HSM_ATTR_NUMBER(stale_completions, atomic_read(&hsm->stale_completions));

static ssize_t reset_controller_store(struct device *dev, struct device_attribute *attr,
				      const char *buf, size_t count)
{
	bool reset;
	int err = kstrtobool(buf, &reset);

	if (err)
		return err;
	if (!reset)
		return -EINVAL;
	err = hsm_reset_now(hsm_of(dev));
	return err ?: count;
}
static DEVICE_ATTR_WO(reset_controller);

static struct attribute *hsm_attrs[] = {
	&dev_attr_state.attr,
	&dev_attr_hw_version.attr,
	&dev_attr_epoch.attr,
	&dev_attr_queues.attr,
	&dev_attr_max_transfer.attr,
	&dev_attr_contexts.attr,
	&dev_attr_resets.attr,
	&dev_attr_timeouts.attr,
	&dev_attr_lost_interrupts.attr,
	&dev_attr_stale_completions.attr,
	&dev_attr_reset_controller.attr,
	NULL
};

static const struct attribute_group hsm_group = { .attrs = hsm_attrs };

const struct attribute_group *hsm_groups[] = { &hsm_group, NULL };
