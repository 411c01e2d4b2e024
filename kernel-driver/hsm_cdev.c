// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/hsmN: node, open, release, ioctls, poll.
 *
 * A courier: it checks what protects the kernel and carries the messages unread.
 * The ABI is in <linux/hsm.h> and in Documentation/hsm.rst.
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "hsm_compat.h"
#include "hsm_drv.h"

#define HSM_MINORS	64

static dev_t hsm_devt;
static DEFINE_IDA(hsm_ida);

static char *hsm_devnode(HSM_DEVNODE_CONST struct device *dev, umode_t *mode)
{
	if (mode)
		*mode = 0660;
	return NULL;
}

static struct class hsm_class = {
	.name = "hsm",
	.devnode = hsm_devnode,
};

static u32 hsm_file_rights(const struct file *file)
{
	if (file->f_mode & FMODE_WRITE || capable(CAP_SYS_ADMIN))
		return HSM_RIGHT_ALL;
	return HSM_RIGHT_CRYPTO;
}

/* A file that is opened during a reset belongs to the time after it. */
static int hsm_wait_reset(struct hsm *hsm, bool nonblock)
{
	if (nonblock && READ_ONCE(hsm->state) == HSM_STATE_RESETTING)
		return -EAGAIN;
	if (wait_event_interruptible(hsm->state_wait,
				     READ_ONCE(hsm->state) != HSM_STATE_RESETTING))
		return -ERESTARTSYS;
	return READ_ONCE(hsm->state) == HSM_STATE_LIVE ? 0 : -ENODEV;
}

static int hsm_open(struct inode *inode, struct file *file)
{
	struct hsm *hsm = container_of(inode->i_cdev, struct hsm, cdev);
	struct hsm_ctx *ctx;
	int err = hsm_wait_reset(hsm, file->f_flags & O_NONBLOCK);

	if (err)
		return err;
	ctx = hsm_ctx_new(hsm, hsm_file_rights(file));
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	file->private_data = ctx;
	return nonseekable_open(inode, file);
}

static int hsm_release(struct inode *inode, struct file *file)
{
	hsm_ctx_put(file->private_data);
	return 0;
}

static __poll_t hsm_poll(struct file *file, poll_table *wait)
{
	struct hsm_ctx *ctx = file->private_data;

	poll_wait(file, &ctx->hsm->state_wait, wait);
	if (hsm_ctx_stale(ctx) || READ_ONCE(ctx->hsm->state) >= HSM_STATE_REMOVING)
		return EPOLLHUP | EPOLLERR;
	return 0;
}

union hsm_arg {
	__u32 size;
	struct hsm_info info;
	struct hsm_exec exec;
	struct hsm_restrict restrict_;
	struct hsm_cancel cancel;
};

static long hsm_ioctl_info(struct file *file, union hsm_arg *arg, void __user *uarg)
{
	struct hsm_ctx *ctx = file->private_data;
	struct hsm *hsm = ctx->hsm;
	struct hsm_info info = {
		.size = sizeof(info),
		.hw_version = hsm->hw_version,
		.index = hsm->index,
		.state = READ_ONCE(hsm->state),
		.epoch = READ_ONCE(hsm->epoch),
		.queues = hsm->nr_queues,
		.max_transfer = hsm->max_transfer,
		.rights = atomic_read(&ctx->rights),
	};

	if (arg->info.flags)
		return -EOPNOTSUPP;
	if (copy_to_user(uarg, &info, min_t(size_t, arg->size, sizeof(info))))
		return -EFAULT;
	return 0;
}

static int hsm_exec_check(const struct hsm *hsm, const struct hsm_exec *exec)
{
	if (exec->flags)
		return -EOPNOTSUPP;
	if (exec->reserved || exec->reserved2[0] || exec->reserved2[1])
		return -EINVAL;
	if (!exec->in_len || !exec->out_len)
		return -EINVAL;
	if (exec->in_len > hsm->max_transfer || exec->out_len > hsm->max_transfer)
		return -EMSGSIZE;
	return 0;
}

static long hsm_ioctl_exec(struct file *file, union hsm_arg *arg, void __user *uarg)
{
	struct hsm_ctx *ctx = file->private_data;
	const struct hsm_exec *exec = &arg->exec;
	struct hsm_exec __user *uexec = uarg;
	struct hsm_xfer x = {
		.ctx = ctx,
		.in = u64_to_user_ptr(exec->in),
		.out = u64_to_user_ptr(exec->out),
		.in_len = exec->in_len,
		.out_len = exec->out_len,
		.timeout_ms = exec->timeout_ms,
		.cookie = exec->cookie,
		.nonblock = file->f_flags & O_NONBLOCK,
	};
	int err = hsm_exec_check(ctx->hsm, exec);

	if (err)
		return err;
	err = hsm_xfer(&x);
	if ((!err || err == -ENOSPC) && put_user(x.out_len, &uexec->out_len))
		return -EFAULT;
	return err;
}

static long hsm_ioctl_restrict(struct file *file, union hsm_arg *arg, void __user *uarg)
{
	struct hsm_ctx *ctx = file->private_data;
	struct hsm_restrict __user *urestrict = uarg;
	u32 keep = arg->restrict_.rights;

	if (arg->restrict_.flags)
		return -EOPNOTSUPP;
	if (arg->restrict_.reserved || keep & ~HSM_RIGHT_ALL)
		return -EINVAL;
	return put_user((u32)atomic_fetch_and(keep, &ctx->rights) & keep, &urestrict->rights);
}

static long hsm_ioctl_cancel(struct file *file, union hsm_arg *arg, void __user *uarg)
{
	struct hsm_ctx *ctx = file->private_data;
	const struct hsm_cancel *cancel = &arg->cancel;
	struct hsm_cancel __user *ucancel = uarg;
	u32 count;
	int idx;

	if (cancel->flags)
		return -EOPNOTSUPP;
	if (cancel->count || cancel->reserved || !cancel->cookie)
		return -EINVAL;
	if (!hsm_enter(ctx->hsm, &idx))
		return -ENODEV;
	count = hsm_ctx_cancel(ctx, cancel->cookie);
	hsm_exit(ctx->hsm, idx);
	if (!count)
		return -ENOENT;
	return put_user(count, &ucancel->count);
}

static const struct {
	unsigned int cmd;
	u32 min_size;	/* as first published */
	u32 size;
	long (*fn)(struct file *file, union hsm_arg *arg, void __user *uarg);
} hsm_ioctls[] = {
	{ HSM_IOC_INFO, 48, sizeof(struct hsm_info), hsm_ioctl_info },
	{ HSM_IOC_EXEC, 64, sizeof(struct hsm_exec), hsm_ioctl_exec },
	{ HSM_IOC_RESTRICT, 16, sizeof(struct hsm_restrict), hsm_ioctl_restrict },
	{ HSM_IOC_CANCEL, 24, sizeof(struct hsm_cancel), hsm_ioctl_cancel },
};

static_assert(sizeof(struct hsm_info) == 48);
static_assert(sizeof(struct hsm_exec) == 64);
static_assert(sizeof(struct hsm_restrict) == 16);
static_assert(sizeof(struct hsm_cancel) == 24);

static long hsm_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *uarg = (void __user *)arg;
	unsigned int nr = _IOC_NR(cmd);
	union hsm_arg karg;
	u32 size;
	int err;

	if (nr >= ARRAY_SIZE(hsm_ioctls) || hsm_ioctls[nr].cmd != cmd)
		return -ENOTTY;
	if (get_user(size, (u32 __user *)uarg))
		return -EFAULT;
	if (size < hsm_ioctls[nr].min_size)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	err = copy_struct_from_user(&karg, hsm_ioctls[nr].size, uarg, size);
	if (err)
		return err;
	karg.size = size;
	return hsm_ioctls[nr].fn(file, &karg, uarg);
}

static const struct file_operations hsm_fops = {
	.owner = THIS_MODULE,
	.open = hsm_open,
	.release = hsm_release,
	.unlocked_ioctl = hsm_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.poll = hsm_poll,
};

static void hsm_dev_release(struct device *dev)
{
	struct hsm *hsm = container_of(dev, struct hsm, dev);

	cleanup_srcu_struct(&hsm->srcu);
	xa_destroy(&hsm->ctxs);
	hsm_pool_drain(hsm);
	pci_dev_put(hsm->pdev);
	kfree(hsm);
}

/* A card without its hardware half; hsm_index_free() and put_device(&hsm->dev) free it. */
struct hsm *hsm_alloc(struct pci_dev *pdev)
{
	struct hsm *hsm = kzalloc(sizeof(*hsm), GFP_KERNEL);
	int err;

	if (!hsm)
		return ERR_PTR(-ENOMEM);
	hsm->index = ida_alloc_max(&hsm_ida, HSM_MINORS - 1, GFP_KERNEL);
	err = hsm->index < 0 ? hsm->index : init_srcu_struct(&hsm->srcu);
	if (err) {
		if (hsm->index >= 0)
			ida_free(&hsm_ida, hsm->index);
		kfree(hsm);
		return ERR_PTR(err);
	}
	hsm->pdev = pci_dev_get(pdev);
	xa_init_flags(&hsm->ctxs, XA_FLAGS_ALLOC1);
	hsm_pool_init(hsm);
	hsm_ctrl_init(hsm);
	device_initialize(&hsm->dev);
	hsm->dev.class = &hsm_class;
	hsm->dev.parent = &pdev->dev;
	hsm->dev.groups = hsm_groups;
	hsm->dev.release = hsm_dev_release;
	hsm->dev.devt = MKDEV(MAJOR(hsm_devt), hsm->index);
	cdev_init(&hsm->cdev, &hsm_fops);
	hsm->cdev.owner = THIS_MODULE;
	return hsm;
}

/* Files of this card may still be open: its name is the next card's all the same. */
void hsm_index_free(struct hsm *hsm)
{
	ida_free(&hsm_ida, hsm->index);
}

int hsm_cdev_add(struct hsm *hsm)
{
	return cdev_device_add(&hsm->cdev, &hsm->dev);
}

/* No file is opened after this; those that are open stay, and answer ENODEV. */
void hsm_cdev_del(struct hsm *hsm)
{
	cdev_device_del(&hsm->cdev, &hsm->dev);
}

int hsm_cdev_init(void)
{
	int err = alloc_chrdev_region(&hsm_devt, 0, HSM_MINORS, "hsm");

	if (err)
		return err;
	err = class_register(&hsm_class);
	if (err)
		unregister_chrdev_region(hsm_devt, HSM_MINORS);
	return err;
}

void hsm_cdev_exit(void)
{
	class_unregister(&hsm_class);
	unregister_chrdev_region(hsm_devt, HSM_MINORS);
}
