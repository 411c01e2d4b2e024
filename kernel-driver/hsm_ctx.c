// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contexts: one per open file, and on the card one per context.
 *
 * The card learns of a context with the first command of its file. The last put
 * closes it on the card from a work item, so that close() never waits for
 * hardware. Its id is used again only after that, or after a reset.
 */
#include <linux/delay.h>
#include <linux/slab.h>

#include "hsm_drv.h"

/* With rights, a mask of HSM_RIGHT_*; an error pointer without memory. */
struct hsm_ctx *hsm_ctx_new(struct hsm *hsm, u32 rights)
{
	struct hsm_ctx *ctx = kzalloc(sizeof(*ctx), GFP_KERNEL_ACCOUNT);
	int err;

	if (!ctx)
		return ERR_PTR(-ENOMEM);
	ctx->hsm = hsm;
	ctx->resets = READ_ONCE(hsm->resets);
	kref_init(&ctx->kref);
	atomic_set(&ctx->rights, rights);
	mutex_init(&ctx->lock);
	err = xa_alloc_cyclic(&hsm->ctxs, &ctx->id, ctx, XA_LIMIT(1, INT_MAX), &hsm->next_ctx,
			      GFP_KERNEL_ACCOUNT);
	if (err < 0) {
		kfree(ctx);
		return ERR_PTR(err);
	}
	atomic_inc(&hsm->nr_ctxs);
	get_device(&hsm->dev);
	return ctx;
}

static void hsm_ctx_free(struct hsm_ctx *ctx)
{
	struct hsm *hsm = ctx->hsm;

	xa_erase(&hsm->ctxs, ctx->id);
	atomic_dec(&hsm->nr_ctxs);
	kfree(ctx);
	put_device(&hsm->dev);
}

/* A context command; *status as the card gave it if 0 is returned. */
static int hsm_ctx_command(struct hsm_ctx *ctx, u8 opcode, u16 *status)
{
	struct hsm_req *req = hsm_req_get_own(ctx->hsm);
	int err;

	if (IS_ERR(req))
		return PTR_ERR(req);
	req->resets = ctx->resets;
	req->ctx = opcode == HSM_OP_CTX_OPEN ? ctx : NULL;
	err = hsm_req_run(req, opcode, ctx->id, 0);
	if (err == -EINTR)
		return err;
	*status = req->status;
	if (!err && (req->error || req->status != HSM_SC_BAD_CTX))
		err = hsm_req_result(req);
	hsm_req_put(req);
	return err;
}

/* An earlier caller may have left after the card had opened the context. */
static int hsm_ctx_open(struct hsm_ctx *ctx)
{
	bool again = ctx->open_sent;
	u16 status;
	int err;

	ctx->open_sent = true;
	err = hsm_ctx_command(ctx, HSM_OP_CTX_OPEN, &status);
	if (err)
		return err;
	if (status == HSM_SC_BAD_CTX && !again)
		return -EIO;
	/* Pairs with hsm_ctx_ready(). */
	smp_store_release(&ctx->opened, true);
	return 0;
}

/* 0 if the card knows the context; opens it on first use. */
int hsm_ctx_ready(struct hsm_ctx *ctx)
{
	int err;

	if (hsm_ctx_stale(ctx))
		return hsm_state_error(ctx->hsm);
	/* Pairs with hsm_ctx_open(). */
	if (smp_load_acquire(&ctx->opened))
		return 0;
	if (mutex_lock_interruptible(&ctx->lock))
		return -ERESTARTSYS;
	err = ctx->opened ? 0 : hsm_ctx_open(ctx);
	mutex_unlock(&ctx->lock);
	return err;
}

/* A card that is busy is given as long as for an abort. */
static int hsm_ctx_close(struct hsm_ctx *ctx)
{
	unsigned long end = jiffies + msecs_to_jiffies(hsm_abort_timeout_ms);
	u16 status;
	int err;

	while ((err = hsm_ctx_command(ctx, HSM_OP_CTX_CLOSE, &status)) == -EAGAIN &&
	       time_before(jiffies, end))
		msleep(20);
	/* After a reset, and from a dead card, the context is gone anyway. */
	return err == -ENODEV || hsm_ctx_stale(ctx) ? 0 : err;
}

static void hsm_ctx_close_work(struct work_struct *work)
{
	struct hsm_ctx *ctx = container_of(work, struct hsm_ctx, close_work);
	struct hsm *hsm = ctx->hsm;
	int err, idx;

	if (hsm_enter(hsm, &idx)) {
		err = hsm_ctx_close(ctx);
		if (err) {
			dev_err_ratelimited(&hsm->dev, "context %u does not close: %d\n",
					    ctx->id, err);
			/* Nothing else ends its sessions. */
			hsm_reset_blame(hsm);
			flush_work(&hsm->reset_work);
		}
		hsm_exit(hsm, idx);
	}
	hsm_ctx_free(ctx);
}

static void hsm_ctx_release(struct kref *kref)
{
	struct hsm_ctx *ctx = container_of(kref, struct hsm_ctx, kref);
	struct hsm *hsm = ctx->hsm;
	int idx;

	if (!ctx->open_sent || hsm_ctx_stale(ctx) || !hsm_enter(hsm, &idx)) {
		hsm_ctx_free(ctx);
		return;
	}
	/* The work queue is there as long as the hardware half; its removal drains it. */
	INIT_WORK(&ctx->close_work, hsm_ctx_close_work);
	queue_work(hsm->wq, &ctx->close_work);
	hsm_exit(hsm, idx);
}

void hsm_ctx_put(struct hsm_ctx *ctx)
{
	kref_put(&ctx->kref, hsm_ctx_release);
}

static u32 hsm_ctx_cancel_queue(struct hsm_ctx *ctx, struct hsm_queue *q, u64 cookie)
{
	unsigned long flags;
	unsigned int i;
	u32 count = 0;

	spin_lock_irqsave(&q->lock, flags);
	for (i = 0; i < q->nr_slots; i++) {
		struct hsm_req *req = &q->reqs[i];

		if (req->state != HSM_REQ_SENT || req->ctx != ctx || req->cookie != cookie)
			continue;
		hsm_ring_abort(req);
		count++;
	}
	spin_unlock_irqrestore(&q->lock, flags);
	return count;
}

/* Aborts the commands of a context with that cookie; how many there are. */
u32 hsm_ctx_cancel(struct hsm_ctx *ctx, u64 cookie)
{
	struct hsm *hsm = ctx->hsm;
	unsigned int i;
	u32 count = 0;

	for (i = 0; i < hsm->nr_queues; i++)
		count += hsm_ctx_cancel_queue(ctx, &hsm->queues[i], cookie);
	return count;
}
