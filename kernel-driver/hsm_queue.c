// SPDX-License-Identifier: GPL-2.0-only
/*
 * The queue pairs of a card: memory, registers, interrupts.
 */
#include <linux/dma-mapping.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "hsm_drv.h"

static unsigned int ring_log2 = 8;
module_param(ring_log2, uint, 0444);
MODULE_PARM_DESC(ring_log2, "log2 of the entries of a ring, 1 to 10 (default 8)");

irqreturn_t hsm_queue_irq(int irq, void *data)
{
	/* A waiter that polls may have been faster: an empty ring is no stray interrupt. */
	hsm_ring_poll(data);
	return IRQ_HANDLED;
}

static size_t hsm_sq_bytes(const struct hsm_queue *q)
{
	return q->size * sizeof(*q->sq);
}

static size_t hsm_cq_bytes(const struct hsm_queue *q)
{
	return q->size * sizeof(*q->cq);
}

static void hsm_slots_free(struct hsm_queue *q)
{
	unsigned int i;

	for (i = 0; q->reqs && i < q->nr_slots; i++)
		if (q->reqs[i].in)
			dma_free_coherent(&q->hsm->pdev->dev, 2 * HSM_SLOT_BYTES, q->reqs[i].in,
					  q->reqs[i].in_dma);
	kvfree(q->reqs);
	kfree(q->free);
}

static int hsm_slot_init(struct hsm_queue *q, unsigned int i)
{
	struct hsm_req *req = &q->reqs[i];

	req->q = q;
	req->slot = i;
	init_completion(&req->done);
	req->in = dma_alloc_coherent(&q->hsm->pdev->dev, 2 * HSM_SLOT_BYTES, &req->in_dma,
				     GFP_KERNEL);
	if (!req->in)
		return -ENOMEM;
	req->out = req->in + HSM_SLOT_BYTES;
	req->out_dma = req->in_dma + HSM_SLOT_BYTES;
	q->free[q->nr_free++] = i;
	return 0;
}

static int hsm_slots_alloc(struct hsm_queue *q)
{
	unsigned int i;
	int err = 0;

	q->nr_slots = q->size - q->size / 4;
	q->reserve = DIV_ROUND_UP(q->nr_slots, 8);
	q->reqs = kvcalloc(q->nr_slots, sizeof(*q->reqs), GFP_KERNEL);
	q->free = kcalloc(q->nr_slots, sizeof(*q->free), GFP_KERNEL);
	if (!q->reqs || !q->free)
		return -ENOMEM;
	for (i = 0; i < q->nr_slots && !err; i++)
		err = hsm_slot_init(q, i);
	return err;
}

static int hsm_queue_alloc(struct hsm *hsm, unsigned int i)
{
	unsigned int log2 = clamp(ring_log2, HSM_MIN_LOG2_SIZE,
				  hsm_cap(hsm, HSM_CAP_LOG2_SIZE_SHIFT));
	struct device *dev = &hsm->pdev->dev;
	struct hsm_queue *q = &hsm->queues[i];

	q->hsm = hsm;
	spin_lock_init(&q->lock);
	init_waitqueue_head(&q->slot_wait);
	init_llist_head(&q->reap);
	INIT_WORK(&q->reap_work, hsm_req_reap);
	snprintf(q->name, sizeof(q->name), "hsm%d-q%u", hsm->index, i);
	q->size = 1u << min_t(unsigned int, log2, HSM_MAX_LOG2_SIZE);
	q->vector = hsm->nr_vectors > 1 ? 1 + i % (hsm->nr_vectors - 1) : 0;
	q->doorbell = hsm->bar + HSM_REG_DOORBELL + i * HSM_REG_DOORBELL_STRIDE;
	q->sq = dma_alloc_coherent(dev, hsm_sq_bytes(q), &q->sq_dma, GFP_KERNEL);
	q->cq = dma_alloc_coherent(dev, hsm_cq_bytes(q), &q->cq_dma, GFP_KERNEL);
	if (!q->sq || !q->cq)
		return -ENOMEM;
	return hsm_slots_alloc(q);
}

static void hsm_queue_free(struct hsm_queue *q)
{
	if (!q->hsm)
		return;
	hsm_slots_free(q);
	if (q->cq)
		dma_free_coherent(&q->hsm->pdev->dev, hsm_cq_bytes(q), q->cq, q->cq_dma);
	if (q->sq)
		dma_free_coherent(&q->hsm->pdev->dev, hsm_sq_bytes(q), q->sq, q->sq_dma);
}

/* Memory for hsm->nr_queues pairs; hsm_queues_free() cleans up after a failure, too. */
int hsm_queues_alloc(struct hsm *hsm)
{
	unsigned int i;
	int err = 0;

	/* Ring bases are page aligned: dma_alloc_coherent() promises that. */
	BUILD_BUG_ON(HSM_RING_ALIGN > PAGE_SIZE);
	hsm->queues = kcalloc(hsm->nr_queues, sizeof(*hsm->queues), GFP_KERNEL);
	if (!hsm->queues)
		return -ENOMEM;
	for (i = 0; i < hsm->nr_queues && !err; i++)
		err = hsm_queue_alloc(hsm, i);
	return err;
}

void hsm_queues_free(struct hsm *hsm)
{
	unsigned int i;

	for (i = 0; hsm->queues && i < hsm->nr_queues; i++)
		hsm_queue_free(&hsm->queues[i]);
	kfree(hsm->queues);
	hsm->queues = NULL;
}

static void hsm_queue_empty(struct hsm_queue *q)
{
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	memset(q->cq, 0, hsm_cq_bytes(q));
	q->sq_tail = 0;
	q->cq_head = 0;
	q->cq_rung = 0;
	q->cq_late = false;
	q->broken = false;
	q->strays = 0;
	spin_unlock_irqrestore(&q->lock, flags);
}

/* Empty rings, and the registers of all pairs, used or not; CTRL.EN is 0. */
void hsm_queues_program(struct hsm *hsm)
{
	unsigned int i;

	for (i = 0; i < hsm_cap(hsm, HSM_CAP_QUEUES_SHIFT); i++) {
		void __iomem *regs = hsm->bar + HSM_REG_QUEUE + i * HSM_REG_QUEUE_STRIDE;
		struct hsm_queue *q = &hsm->queues[i];

		if (i >= hsm->nr_queues) {
			writel(0, regs + HSM_QREG_LOG2_SIZE);
			continue;
		}
		hsm_queue_empty(q);
		lo_hi_writeq(q->sq_dma, regs + HSM_QREG_SQ_BASE);
		lo_hi_writeq(q->cq_dma, regs + HSM_QREG_CQ_BASE);
		writel(ilog2(q->size), regs + HSM_QREG_LOG2_SIZE);
		writel(q->vector, regs + HSM_QREG_VECTOR);
	}
}

static void hsm_queues_set(struct hsm *hsm, bool live)
{
	unsigned long flags;
	unsigned int i;

	for (i = 0; i < hsm->nr_queues; i++) {
		struct hsm_queue *q = &hsm->queues[i];

		spin_lock_irqsave(&q->lock, flags);
		/* An end moves the state before it halts the queues: no start undoes that. */
		q->live = live && READ_ONCE(hsm->state) < HSM_STATE_REMOVING;
		spin_unlock_irqrestore(&q->lock, flags);
		wake_up_all(&q->slot_wait);
	}
}

void hsm_queues_go(struct hsm *hsm)
{
	hsm_queues_set(hsm, true);
}

/* After this nothing is submitted and no doorbell is rung. */
void hsm_queues_halt(struct hsm *hsm)
{
	hsm_queues_set(hsm, false);
}

void hsm_queues_fail(struct hsm *hsm, int error)
{
	unsigned int i;

	for (i = 0; i < hsm->nr_queues; i++)
		hsm_ring_fail(&hsm->queues[i], error);
}

/* Waits until the reaper has emptied every queue of orphans. */
void hsm_queues_flush(struct hsm *hsm)
{
	unsigned int i;

	for (i = 0; i < hsm->nr_queues; i++)
		flush_work(&hsm->queues[i].reap_work);
}
