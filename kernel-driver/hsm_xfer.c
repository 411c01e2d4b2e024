// SPDX-License-Identifier: GPL-2.0-only
/*
 * HSM_IOC_EXEC: user memory to the card and back.
 *
 * The driver copies; it does not pin. Up to HSM_SLOT_BYTES travel in the slot,
 * more in single pages behind a list of segments, which then stands in the slot.
 * User memory that faults is touched only while neither a slot nor the hardware
 * half is held. Whatever held a message is wiped.
 */
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "hsm_drv.h"

#define HSM_XFER_FAULT	1	/* the request is not in memory: fault it in, and again */

/* Buffers that do not fit a slot, and the request in them. */
static int hsm_xfer_prepare(struct hsm_xfer *x)
{
	if (x->out_len > HSM_SLOT_BYTES) {
		x->big_out = hsm_pages_alloc(x->ctx->hsm, x->out_len, DMA_FROM_DEVICE);
		if (!x->big_out)
			return -ENOMEM;
	}
	if (x->in_len > HSM_SLOT_BYTES) {
		x->big_in = hsm_pages_alloc(x->ctx->hsm, x->in_len, DMA_TO_DEVICE);
		if (!x->big_in)
			return -ENOMEM;
		return hsm_pages_copy_in(x->big_in, x->in);
	}
	return 0;
}

static int hsm_xfer_load_big(struct hsm_req *req, struct hsm_pages *p)
{
	bool in = p->dir == DMA_TO_DEVICE;
	int err = hsm_pages_map(&req->q->hsm->pdev->dev, p, in ? req->in : req->out);

	if (err)
		return err;
	if (in) {
		req->big_in = p;
		req->sqe.in_segs = cpu_to_le16(p->nr);
	} else {
		req->big_out = p;
		req->sqe.out_segs = cpu_to_le16(p->nr);
	}
	return 0;
}

static int hsm_xfer_load(struct hsm_xfer *x, struct hsm_req *req)
{
	int err = 0;

	req->ctx = x->ctx;
	req->resets = x->ctx->resets;
	req->cookie = x->cookie;
	req->sqe.in_addr = cpu_to_le64(req->in_dma);
	req->sqe.out_addr = cpu_to_le64(req->out_dma);
	req->sqe.in_len = cpu_to_le32(x->in_len);
	req->sqe.out_len = cpu_to_le32(x->out_len);
	req->sqe.rights = cpu_to_le32(atomic_read(&x->ctx->rights));
	if (x->big_in)
		err = hsm_xfer_load_big(req, x->big_in);
	else if (copy_from_user_nofault(req->in, x->in, x->in_len))
		err = HSM_XFER_FAULT;
	if (!err && x->big_out)
		err = hsm_xfer_load_big(req, x->big_out);
	return err;
}

/* The reply of a finished request, as far as it can be copied without a fault. */
static int hsm_xfer_store(struct hsm_xfer *x, const struct hsm_req *req)
{
	int err = hsm_req_result(req);

	if (err == -ENOSPC)
		x->out_len = req->reply_len;
	if (err)
		return err;
	x->out_len = req->reply_len;
	x->copy_len = req->reply_len;
	if (x->big_out)
		return 0;
	if (!copy_to_user_nofault(x->out, req->out, x->copy_len)) {
		x->copy_len = 0;
		return 0;
	}
	x->late = kmemdup(req->out, x->copy_len, GFP_KERNEL_ACCOUNT);
	return x->late ? 0 : -ENOMEM;
}

/* One try, with the hardware half held. */
static int hsm_xfer_try(struct hsm_xfer *x)
{
	struct hsm_req *req;
	int err = hsm_ctx_ready(x->ctx);

	if (err)
		return err;
	req = hsm_req_get(x->ctx->hsm, x->nonblock);
	if (IS_ERR(req))
		return PTR_ERR(req);
	err = hsm_xfer_load(x, req);
	if (!err)
		err = hsm_req_run(req, HSM_OP_EXEC, x->ctx->id, x->timeout_ms);
	if (err == -EINTR) {
		x->big_in = NULL;
		x->big_out = NULL;
		return err;
	}
	if (!err)
		err = hsm_xfer_store(x, req);
	hsm_req_put(req);
	return err;
}

static int hsm_xfer_enter(struct hsm_xfer *x)
{
	struct hsm *hsm = x->ctx->hsm;
	int err, idx;

	if (!hsm_enter(hsm, &idx))
		return -ENODEV;
	err = hsm_xfer_try(x);
	hsm_exit(hsm, idx);
	return err;
}

static int hsm_xfer_run(struct hsm_xfer *x)
{
	int err;

	while ((err = hsm_xfer_enter(x)) == HSM_XFER_FAULT) {
		if (fatal_signal_pending(current))
			return -EINTR;
		if (fault_in_readable(x->in, x->in_len))
			return -EFAULT;
	}
	if (err || !x->copy_len)
		return err;
	if (x->big_out)
		return hsm_pages_copy_out(x->big_out, x->out, x->copy_len);
	return copy_to_user(x->out, x->late, x->copy_len) ? -EFAULT : 0;
}

/* Carries one message. x->out_len is set on success and with ENOSPC. */
int hsm_xfer(struct hsm_xfer *x)
{
	int err = hsm_xfer_prepare(x);

	if (!err)
		err = hsm_xfer_run(x);
	kfree_sensitive(x->late);
	hsm_pages_free(x->big_in);
	hsm_pages_free(x->big_out);
	return err;
}
