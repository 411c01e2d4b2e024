// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life of a request: slot, submission, wait, result, orphans.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/stat.h>

#include "hsm_drv.h"

static unsigned int spin_us;
module_param(spin_us, uint, 0644);
MODULE_PARM_DESC(spin_us, "time to poll for a completion before sleeping, in microseconds");

/* Each card has at most one poller: pollers and the card's threads share the host's cores. */
static bool hsm_spin_begin(struct hsm *hsm)
{
	return READ_ONCE(spin_us) && single_task_running() &&
	       !test_and_set_bit(HSM_FLAG_SPINNING, &hsm->flags);
}

static void hsm_req_spin(struct hsm_req *req)
{
	struct hsm *hsm = req->q->hsm;
	u64 end;

	if (!hsm_spin_begin(hsm))
		return;
	end = ktime_get_mono_fast_ns() + spin_us * NSEC_PER_USEC;
	while (!completion_done(&req->done) && !need_resched() && single_task_running() &&
	       ktime_get_mono_fast_ns() < end) {
		hsm_ring_poll(req->q);
		cpu_relax();
	}
	clear_bit(HSM_FLAG_SPINNING, &hsm->flags);
}

static struct hsm_queue *hsm_this_queue(struct hsm *hsm)
{
	return &hsm->queues[raw_smp_processor_id() % hsm->nr_queues];
}

/*
 * A slot for a command of user space, or an error pointer: EAGAIN if none is
 * free and the caller does not wait, ERESTARTSYS on a signal.
 */
struct hsm_req *hsm_req_get(struct hsm *hsm, bool nonblock)
{
	struct hsm_queue *q = hsm_this_queue(hsm);
	struct hsm_req *req = hsm_slot_take(q, q->reserve);
	int err;

	if (req)
		return req;
	if (nonblock)
		return ERR_PTR(-EAGAIN);
	err = wait_event_interruptible_exclusive(q->slot_wait,
						 (req = hsm_slot_take(q, q->reserve)));
	return err ? ERR_PTR(err) : req;
}

/* A slot for a command of the driver's own; ERESTARTSYS on a fatal signal. */
struct hsm_req *hsm_req_get_own(struct hsm *hsm)
{
	struct hsm_queue *q = hsm_this_queue(hsm);
	struct hsm_req *req;
	int err;

	err = wait_event_killable(q->slot_wait, (req = hsm_slot_take(q, 0)));
	return err ? ERR_PTR(err) : req;
}

/* What the card wrote, or might have: it keeps to the room, and on success to its word. */
static size_t hsm_req_dirty(const struct hsm_req *req)
{
	u32 room = le32_to_cpu(req->sqe.out_len);

	if (req->state == HSM_REQ_DONE && !req->error && req->status == HSM_SC_OK)
		room = min(room, req->reply_len);
	return min_t(u32, room, HSM_SLOT_BYTES);
}

/* Takes the buffers back from the card, wipes those of the slot and frees it. */
void hsm_req_put(struct hsm_req *req)
{
	struct device *dev = &req->q->hsm->pdev->dev;

	if (req->big_in)
		hsm_pages_unmap(dev, req->big_in);
	if (req->big_out)
		hsm_pages_unmap(dev, req->big_out);
	req->big_in = NULL;
	req->big_out = NULL;
	memzero_explicit(req->in, min_t(u32, le32_to_cpu(req->sqe.in_len), HSM_SLOT_BYTES));
	memzero_explicit(req->out, hsm_req_dirty(req));
	hsm_slot_give(req);
}

/* Completed orphans: nobody else will put them. */
void hsm_req_reap(struct work_struct *work)
{
	struct hsm_queue *q = container_of(work, struct hsm_queue, reap_work);
	struct hsm_req *req, *next;

	llist_for_each_entry_safe(req, next, llist_del_all(&q->reap), reap) {
		struct hsm_pages *big_in = req->big_in;
		struct hsm_pages *big_out = req->big_out;
		struct hsm_ctx *ctx = req->ctx;

		hsm_req_put(req);
		hsm_pages_free(big_in);
		hsm_pages_free(big_out);
		if (ctx)
			hsm_ctx_put(ctx);
	}
}

/* Waits for the card; -EINTR if a fatal signal came first: req is no longer the caller's. */
static int hsm_req_wait(struct hsm_req *req)
{
	hsm_req_spin(req);
	if (!wait_for_completion_killable(&req->done) || !hsm_ring_orphan(req))
		return 0;
	return -EINTR;
}

/*
 * Submits a filled slot and waits until it is back. 0 if it is; the caller then
 * asks hsm_req_result() and puts it. -EINTR: the slot is gone, and with it its big
 * buffers. Any other error: the card has not seen it; the caller puts it.
 */
int hsm_req_run(struct hsm_req *req, u8 opcode, u32 ctx, unsigned int timeout_ms)
{
	int err;

	timeout_ms = timeout_ms ?: READ_ONCE(hsm_default_timeout_ms);
	req->sqe.opcode = opcode;
	req->sqe.ctx = cpu_to_le32(ctx);
	req->sqe.timeout_ms = cpu_to_le32(timeout_ms);
	/* The card keeps the time as well; it may be a little late. */
	req->deadline = jiffies + msecs_to_jiffies(timeout_ms) + msecs_to_jiffies(100);
	err = hsm_ring_submit(req);
	return err ?: hsm_req_wait(req);
}

static const int hsm_sc_errno[] = {
	[HSM_SC_OK] = 0,
	[HSM_SC_BAD_OPCODE] = -EIO,
	[HSM_SC_BAD_FIELD] = -EIO,
	[HSM_SC_BAD_CTX] = -EIO,
	[HSM_SC_BAD_LENGTH] = -EIO,
	[HSM_SC_BAD_SEGMENTS] = -EIO,
	[HSM_SC_DATA_FAULT] = -EIO,
	[HSM_SC_NO_ROOM] = -ENOSPC,
	[HSM_SC_ABORTED] = -ECANCELED,
	[HSM_SC_TIMEOUT] = -ETIMEDOUT,
	[HSM_SC_NOT_FOUND] = -EIO,
	[HSM_SC_BUSY] = -EAGAIN,
	[HSM_SC_INTERNAL] = -EIO,
};

static void hsm_req_complain(const struct hsm_req *req)
{
	dev_warn_ratelimited(&req->q->hsm->dev, "%s: opcode %u: status %u, length %u of %u\n",
			     req->q->name, req->sqe.opcode, req->status, req->reply_len,
			     le32_to_cpu(req->sqe.out_len));
}

/* Only a message has a reply that can be too long, and it must be one that fits elsewhere. */
static bool hsm_req_no_room(const struct hsm_req *req)
{
	return req->sqe.opcode == HSM_OP_EXEC && req->reply_len > le32_to_cpu(req->sqe.out_len) &&
	       req->reply_len <= req->q->hsm->max_transfer;
}

/* errno of a request that is back, as <linux/hsm.h> has it. */
int hsm_req_result(const struct hsm_req *req)
{
	u32 room = le32_to_cpu(req->sqe.out_len);
	int err = -EIO;

	if (req->error)
		return req->timed_out && req->error == -ESTALE ? -ETIMEDOUT : req->error;
	if (req->status < ARRAY_SIZE(hsm_sc_errno))
		err = hsm_sc_errno[req->status];
	if ((!err && req->reply_len > room) || (err == -ENOSPC && !hsm_req_no_room(req)))
		err = -EIO;
	if (err == -EIO)
		hsm_req_complain(req);
	if (err == -ECANCELED && req->timed_out)
		err = -ETIMEDOUT;
	return err;
}
