/*
 * HSM card: enable, reset, shutdown, fatal state
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "exec/address-spaces.h"
#include "hw/pci/msix.h"
#include "hsm.h"
#include "trace.h"

static bool hsm_ring_good(uint64_t base, uint64_t bytes)
{
    return base % HSM_RING_ALIGN == 0 && base <= UINT64_MAX - bytes;
}

static bool hsm_queue_good(const HsmQueue *q)
{
    if (!q->log2_size) {
        return true;
    }
    return q->log2_size <= HSM_MAX_LOG2_SIZE && q->vector <= q->s->n_queues &&
           hsm_ring_good(q->sq_base, sizeof(struct hsm_sqe) << q->log2_size) &&
           hsm_ring_good(q->cq_base, sizeof(struct hsm_cqe) << q->log2_size);
}

void hsm_fatal(HsmState *s, uint32_t gen, uint32_t error)
{
    QEMU_LOCK_GUARD(&s->lock);
    if (s->gen != gen || s->error) {
        return;
    }
    trace_hsm_fatal(error);
    qatomic_set(&s->error, error);
    qemu_bh_schedule(s->event_bh);
}

static void hsm_enable(HsmState *s)
{
    s->ctrl = HSM_CTRL_EN;
    qatomic_set(&s->iommu, pci_device_iommu_address_space(PCI_DEVICE(s)) !=
                           &address_space_memory);
    for (unsigned i = 0; i < s->n_queues; i++) {
        if (!hsm_queue_good(&s->queue[i])) {
            qemu_log_mask(LOG_GUEST_ERROR, "hsm: enable with a bad block of "
                          "queue pair %u\n", i);
            hsm_fatal(s, s->gen, HSM_ERR_QUEUE_CONFIG);
            return;
        }
        qatomic_set(&s->queue[i].size, s->queue[i].log2_size ?
                                       1u << s->queue[i].log2_size : 0);
    }
    if (!hsm_ctx_open_own(s)) {
        hsm_fatal(s, s->gen, HSM_ERR_FIRMWARE);
        return;
    }
    trace_hsm_enable(s->epoch);
    qatomic_store_release(&s->ready, true);
}

void hsm_ctrl_write(HsmState *s, uint32_t val)
{
    if (!(val & HSM_CTRL_EN)) {
        if (s->ctrl & HSM_CTRL_EN) {
            hsm_reset(s, "disable");
        }
        return;
    }
    if (!(s->ctrl & HSM_CTRL_EN)) {
        hsm_enable(s);
    }
    if (val & HSM_CTRL_SHUTDOWN) {
        QEMU_LOCK_GUARD(&s->lock);
        trace_hsm_shutdown();
        s->ctrl |= HSM_CTRL_SHUTDOWN;
        qatomic_set(&s->shutdown, true);
    }
}

static bool hsm_shutdown_done(HsmState *s)
{
    if (!s->shutdown || s->error) {
        return false;
    }
    QEMU_LOCK_GUARD(&s->lock);
    for (unsigned i = 0; i < s->n_queues; i++) {
        if (s->queue[i].n_live) {
            return false;
        }
    }
    return !qatomic_read(&s->n_posting);
}

uint32_t hsm_status(HsmState *s)
{
    return (qatomic_read(&s->ready) ? HSM_STATUS_RDY : 0) |
           (qatomic_read(&s->error) ? HSM_STATUS_FATAL : 0) |
           (hsm_shutdown_done(s) ? HSM_STATUS_SHUTDOWN_DONE : 0) |
           (qatomic_read(&s->tamper) ? HSM_STATUS_TAMPER : 0);
}

/* Empties a queue pair. Its commands that wait go to @drop. */
static void hsm_queue_reset(HsmQueue *q, HsmReqList *drop)
{
    HsmReq *req;

    QTAILQ_FOREACH(req, &q->live, live) {
        atomic_store(&req->fw.cancel, true);
    }
    QTAILQ_INIT(&q->live);
    hsm_list_move(drop, &q->held);
    qatomic_set(&q->sq_head, 0);
    qatomic_set(&q->sq_tail, 0);
    qatomic_set(&q->cq_head, 0);
    qatomic_set(&q->cq_tail, 0);
    qatomic_set(&q->n_live, 0);
    q->last_cid = 0;
}

/*
 * The card forgets everything but registers and keys. Waits for nobody: threads
 * that are in a command find that the generation is another one.
 */
void hsm_reset(HsmState *s, const char *why)
{
    HsmReqList drop;

    hsm_list_init(&drop);
    WITH_QEMU_LOCK_GUARD(&s->lock) {
        /*
         * In this order: who finds the new generation must not find the card
         * ready with rings of the old one, and take entries for the new.
         */
        qatomic_set(&s->ready, false);
        qatomic_store_release(&s->gen, s->gen + 1);
        qatomic_set(&s->shutdown, false);
        qatomic_set(&s->error, HSM_ERR_NONE);
        qatomic_set(&s->next_event_ms, UINT64_MAX);
        hsm_list_move(&drop, &s->ready_list);
        for (unsigned i = 0; i < HSM_CLASSES; i++) {
            hsm_list_move(&drop, &s->wait_list[i]);
        }
        hsm_list_move(&drop, &s->later_list);
        for (unsigned i = 0; i < s->n_queues; i++) {
            hsm_queue_reset(&s->queue[i], &drop);
        }
        g_hash_table_remove_all(s->contexts);
    }
    s->ctrl = 0;
    s->epoch = s->epoch + 1 == HSM_EPOCH_GONE ? 0 : s->epoch + 1;

    /* Any copy that was going on when gen changed has ended after this. */
    for (unsigned i = 0; i < s->n_threads; i++) {
        qemu_mutex_lock(&s->worker[i].dma_lock);
        qemu_mutex_unlock(&s->worker[i].dma_lock);
    }
    qemu_bh_cancel(s->event_bh);
    bitmap_zero(s->irq_pending, HSM_MAX_VECTORS);
    for (unsigned i = 0; i <= s->n_queues; i++) {
        msix_clr_pending(PCI_DEVICE(s), i);
    }
    hsm_list_free(&drop);
    fw_reset(s->fw);
    hsm_stat(s, HSM_STAT_RESETS);
    trace_hsm_reset(why, s->epoch);
}
