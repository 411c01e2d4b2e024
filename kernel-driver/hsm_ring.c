// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slots, submissions and completions of one queue pair.
 *
 * There are fewer slots than ring entries, by a quarter: the submission ring
 * cannot overflow, and the completion head may be rung once per quarter lap.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>

#include "hsm_drv.h"

static u16 hsm_req_cid(const struct hsm_req *req)
{
	return req->slot | req->gen << HSM_CID_BITS;
}

static struct hsm_req *hsm_slot_pop(struct hsm_queue *q, unsigned int reserve)
{
	struct hsm_req *req;

	lockdep_assert_held(&q->lock);
	if (q->nr_free <= reserve)
		return NULL;
	req = &q->reqs[q->free[--q->nr_free]];
	req->gen = (req->gen + 1) & HSM_GEN_MASK;
	req->state = HSM_REQ_HELD;
	req->abort = HSM_ABORT_NONE;
	req->orphan = false;
	req->timed_out = false;
	req->resets = q->hsm->resets;
	req->ctx = NULL;
	req->cookie = 0;
	req->error = 0;
	memset(&req->sqe, 0, sizeof(req->sqe));
	reinit_completion(&req->done);
	return req;
}

/*
 * A slot in state HELD; NULL if none but the reserved ones is free; an error
 * pointer if the card takes no commands.
 */
struct hsm_req *hsm_slot_take(struct hsm_queue *q, unsigned int reserve)
{
	struct hsm_req *req;
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	req = q->live ? hsm_slot_pop(q, reserve) : ERR_PTR(hsm_state_error(q->hsm));
	spin_unlock_irqrestore(&q->lock, flags);
	return req;
}

void hsm_slot_give(struct hsm_req *req)
{
	struct hsm_queue *q = req->q;
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	req->state = HSM_REQ_FREE;
	q->free[q->nr_free++] = req->slot;
	spin_unlock_irqrestore(&q->lock, flags);
	if (wq_has_sleeper(&q->slot_wait))
		wake_up(&q->slot_wait);
}

static void hsm_ring_post(struct hsm_queue *q, struct hsm_req *req)
{
	lockdep_assert_held(&q->lock);
	req->sqe.cid = cpu_to_le16(hsm_req_cid(req));
	req->state = HSM_REQ_SENT;
	q->sq[q->sq_tail++ & (q->size - 1)] = req->sqe;
	/* writel() orders the entry and the buffers before the doorbell. */
	writel(q->sq_tail, q->doorbell + HSM_DB_SQ_TAIL);
}

/* Hands a filled slot to the card, unless the card was reset since it was filled. */
int hsm_ring_submit(struct hsm_req *req)
{
	struct hsm_queue *q = req->q;
	unsigned long flags;
	int err = 0;

	spin_lock_irqsave(&q->lock, flags);
	/* Pairs with hsm_resets_inc(). */
	if (smp_load_acquire(&q->hsm->resets) != req->resets || !q->live)
		err = hsm_state_error(q->hsm);
	else
		hsm_ring_post(q, req);
	spin_unlock_irqrestore(&q->lock, flags);
	return err;
}

/*
 * Asks the card to end a command, and gives it hsm_abort_timeout_ms for that.
 * Without a slot for the abort the watchdog tries again. q->lock is held.
 */
void hsm_ring_abort(struct hsm_req *victim)
{
	struct hsm_queue *q = victim->q;
	struct hsm_req *req;

	lockdep_assert_held(&q->lock);
	if (victim->abort == HSM_ABORT_NONE)
		victim->deadline = jiffies + msecs_to_jiffies(hsm_abort_timeout_ms);
	if (victim->abort == HSM_ABORT_SENT || !q->live)
		return;
	req = hsm_slot_pop(q, 0);
	victim->abort = req ? HSM_ABORT_SENT : HSM_ABORT_WANTED;
	if (!req)
		return;
	req->sqe.opcode = HSM_OP_ABORT;
	req->sqe.arg = cpu_to_le32(hsm_req_cid(victim));
	req->orphan = true;
	req->abort = HSM_ABORT_SENT;
	req->deadline = jiffies + msecs_to_jiffies(hsm_abort_timeout_ms);
	hsm_ring_post(q, req);
}

/*
 * The caller of a request goes away. True if the request is an orphan from now
 * on; false if it has come back, so that the caller still has to put it.
 */
bool hsm_ring_orphan(struct hsm_req *req)
{
	struct hsm_queue *q = req->q;
	unsigned long flags;
	bool left;

	spin_lock_irqsave(&q->lock, flags);
	left = req->state == HSM_REQ_SENT;
	if (left) {
		req->orphan = true;
		if (req->sqe.opcode == HSM_OP_CTX_OPEN && req->ctx)
			kref_get(&req->ctx->kref);
		else
			req->ctx = NULL;
		hsm_ring_abort(req);
	}
	spin_unlock_irqrestore(&q->lock, flags);
	return left;
}

static void hsm_req_finish(struct hsm_req *req, int error)
{
	struct hsm_queue *q = req->q;

	req->error = error;
	req->state = HSM_REQ_DONE;
	if (!req->orphan) {
		complete(&req->done);
		return;
	}
	llist_add(&req->reap, &q->reap);
	queue_work(system_unbound_wq, &q->reap_work);
}

/* Each field is read once: the card may change an entry that it has posted. */
static void hsm_ring_complete(struct hsm_queue *q, const struct hsm_cqe *cqe)
{
	u16 cid = le16_to_cpu(READ_ONCE(cqe->cid));
	struct hsm_req *req = NULL;

	if ((cid & HSM_CID_MASK) < q->nr_slots)
		req = &q->reqs[cid & HSM_CID_MASK];
	if (!req || req->state != HSM_REQ_SENT || req->gen != cid >> HSM_CID_BITS) {
		q->strays++;
		atomic_inc(&q->hsm->stale_completions);
		dev_warn_ratelimited(&q->hsm->dev, "%s: completion of unknown command %#x\n",
				     q->name, cid);
		return;
	}
	req->status = le16_to_cpu(READ_ONCE(cqe->status));
	req->reply_len = le32_to_cpu(READ_ONCE(cqe->out_len));
	hsm_req_finish(req, 0);
}

static bool hsm_ring_pending(const struct hsm_queue *q)
{
	u32 head = READ_ONCE(q->cq_head);
	u32 phase = le32_to_cpu(READ_ONCE(q->cq[head & (q->size - 1)].phase));

	return (phase & HSM_CQE_PHASE) == !(head & q->size);
}

/*
 * While q->lock is held no more commands can end than there are slots. A card that
 * posts more, or a ring of completions that nobody waits for, could go on for ever:
 * that breaks the queue. False if it is broken.
 */
static bool hsm_ring_bound(struct hsm_queue *q, unsigned int found)
{
	if (found < q->nr_slots && q->strays <= q->size)
		return true;
	q->broken = true;
	dev_err_ratelimited(&q->hsm->dev, "%s: completions beyond all commands\n", q->name);
	hsm_reset_blame(q->hsm);
	return false;
}

static bool hsm_ring_process(struct hsm_queue *q)
{
	unsigned int found = 0;

	lockdep_assert_held(&q->lock);
	while (!q->broken && hsm_ring_pending(q) && hsm_ring_bound(q, found)) {
		/* The rest of the entry is read after its phase. */
		dma_rmb();
		hsm_ring_complete(q, &q->cq[q->cq_head & (q->size - 1)]);
		WRITE_ONCE(q->cq_head, q->cq_head + 1);
		found++;
	}
	if (q->live && q->cq_head - q->cq_rung >= DIV_ROUND_UP(q->size, 4)) {
		q->cq_rung = q->cq_head;
		writel(q->cq_head, q->doorbell + HSM_DB_CQ_HEAD);
	}
	return found;
}

/* Takes what has been completed; true if there was something. Any context. */
bool hsm_ring_poll(struct hsm_queue *q)
{
	unsigned long flags;
	bool found;

	if (!hsm_ring_pending(q))
		return false;
	spin_lock_irqsave(&q->lock, flags);
	found = hsm_ring_process(q);
	spin_unlock_irqrestore(&q->lock, flags);
	return found;
}

/* A completion that still waits a whole tick after it was seen had no interrupt. */
static void hsm_ring_watch_cq(struct hsm_queue *q)
{
	bool pending = hsm_ring_pending(q);

	if (pending && q->cq_late && q->cq_seen == q->cq_head) {
		atomic_inc(&q->hsm->lost_interrupts);
		dev_warn_ratelimited(&q->hsm->dev, "%s: lost interrupt\n", q->name);
		hsm_ring_process(q);
		pending = false;
	}
	q->cq_late = pending;
	q->cq_seen = q->cq_head;
}

/* One step of the timeout ladder; true if only a reset is left. */
static bool hsm_ring_watch_req(struct hsm_queue *q, struct hsm_req *req)
{
	bool late = time_after_eq(jiffies, req->deadline);

	if (late && hsm_ring_process(q))
		atomic_inc(&q->hsm->lost_interrupts);
	if (req->state != HSM_REQ_SENT)
		return false;
	if (late && req->abort != HSM_ABORT_NONE)
		return true;
	if (late) {
		req->timed_out = true;
		atomic_inc(&q->hsm->timeouts);
		dev_warn_ratelimited(&q->hsm->dev, "%s: command %#x timed out\n", q->name,
				     hsm_req_cid(req));
	}
	if (late || req->abort == HSM_ABORT_WANTED)
		hsm_ring_abort(req);
	return false;
}

/* A watchdog tick; true if a command outlived its abort. */
bool hsm_ring_watch(struct hsm_queue *q)
{
	bool late = false;
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&q->lock, flags);
	hsm_ring_watch_cq(q);
	for (i = 0; i < q->nr_slots && q->live; i++)
		if (q->reqs[i].state == HSM_REQ_SENT)
			late |= hsm_ring_watch_req(q, &q->reqs[i]);
	/* The blame came too early if the card was about to start. */
	if (q->broken)
		hsm_reset_blame(q->hsm);
	spin_unlock_irqrestore(&q->lock, flags);
	return late;
}

/*
 * Gives back every command in flight. The card must have acknowledged a reset or
 * be off the bus; what it completed before that counts.
 */
void hsm_ring_fail(struct hsm_queue *q, int error)
{
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&q->lock, flags);
	hsm_ring_process(q);
	for (i = 0; i < q->nr_slots; i++)
		if (q->reqs[i].state == HSM_REQ_SENT)
			hsm_req_finish(&q->reqs[i], error);
	spin_unlock_irqrestore(&q->lock, flags);
}
