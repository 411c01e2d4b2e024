/*
 * HSM card: submission rings, completion rings, interrupts
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/main-loop.h"
#include "hw/pci/msix.h"
#include "hsm-hostile.h"
#include "trace.h"

#define HSM_FETCH_MAX   16      /* entries of one read */

static uint32_t hsm_queue_size(const HsmQueue *q)
{
    return qatomic_read(&q->size);
}

static bool hsm_fetching_allowed(HsmState *s)
{
    return qatomic_load_acquire(&s->ready) && !qatomic_read(&s->error) &&
           !qatomic_read(&s->shutdown);
}

/* Entries that one read can take: not past the ring's end, not too many. */
static uint32_t hsm_fetch_room(HsmQueue *q)
{
    uint32_t head = qatomic_read(&q->sq_head);
    uint32_t n = qatomic_load_acquire(&q->sq_tail) - head;
    uint32_t size = hsm_queue_size(q);
    uint32_t live = qatomic_read(&q->n_live);

    if (!n || live >= size) {
        return 0;
    }
    return MIN(MIN(n, HSM_FETCH_MAX),
               MIN(size - live, size - (head & (size - 1))));
}

bool hsm_fetch_pending(HsmQueue *q)
{
    return hsm_fetching_allowed(q->s) && hsm_fetch_room(q);
}

static void hsm_accept(HsmQueue *q, const struct hsm_sqe *sqe)
{
    HsmState *s = q->s;
    HsmReq *req = hsm_req_new(q, sqe);

    trace_hsm_fetch(q->index, req->cid, sqe->opcode);
    hsm_stat(s, HSM_STAT_COMMANDS);
    QTAILQ_INSERT_TAIL(&q->live, req, live);
    if (s->fault == HSM_FAULT_SLOW) {
        req->due_ms = hsm_now_ms(s) + s->fault_arg;
    } else if (hsm_hostile_fetch(q, sqe) ||
               (sqe->opcode != HSM_OP_ABORT &&
                hsm_fault_take(s, HSM_FAULT_STUCK))) {
        req->stuck = true;
        req->due_ms = UINT64_MAX;
    }
    if (req->due_ms) {
        hsm_req_wait(req, &s->later_list);
    } else {
        hsm_list_add(&s->ready_list, req);
    }
}

static bool hsm_fetch_queue(HsmQueue *q)
{
    HsmState *s = q->s;
    uint32_t gen = qatomic_load_acquire(&s->gen);
    struct hsm_sqe sqe[HSM_FETCH_MAX];
    uint64_t addr;
    uint32_t n;

    if (!hsm_fetching_allowed(s)) {
        return false;
    }
    n = hsm_fetch_room(q);
    if (!n) {
        return false;
    }
    addr = q->sq_base +
           (q->sq_head & (hsm_queue_size(q) - 1)) * sizeof(struct hsm_sqe);
    switch (hsm_dma(s, gen, addr, sqe, n * sizeof(sqe[0]), HSM_DMA_READ)) {
    case HSM_DMA_STALE:
        return false;
    case HSM_DMA_FAULT:
        hsm_fatal(s, gen, HSM_ERR_SQ_FETCH);
        return false;
    default:
        break;
    }
    QEMU_LOCK_GUARD(&s->lock);
    if (s->gen != gen || s->error || s->shutdown) {
        return false;
    }
    for (uint32_t i = 0; i < n; i++) {
        hsm_accept(q, &sqe[i]);
    }
    qatomic_set(&q->n_live, q->n_live + n);
    qatomic_set(&q->sq_head, q->sq_head + n);
    return true;
}

/* Reads from each ring what is there. One worker at a time. */
bool hsm_fetch(HsmState *s)
{
    bool any = false;

    if (qatomic_xchg(&s->fetching, true)) {
        return false;
    }
    for (unsigned i = 0; i < s->n_queues; i++) {
        any |= hsm_fetch_queue(&s->queue[i]);
    }
    qatomic_set(&s->fetching, false);
    return any;
}

static bool hsm_cq_room(HsmQueue *q)
{
    return q->cq_tail - qatomic_load_acquire(&q->cq_head) < hsm_queue_size(q);
}

/* Takes the next entry of the ring, whose phase word comes back. */
static uint32_t hsm_cq_take(HsmQueue *q, struct hsm_cqe *cqe)
{
    uint32_t index = q->cq_tail;
    uint32_t phase = (index >> q->log2_size & 1) ^ HSM_CQE_PHASE;

    cqe->sq_head = cpu_to_le32(q->sq_head);
    cqe->phase = cpu_to_le32(phase);
    qatomic_inc(&q->s->n_posting);
    qatomic_set(&q->n_live, q->n_live - 1);
    /* Before the driver can see the entry and move CQ_HEAD past it. */
    qatomic_set(&q->cq_tail, index + 1);
    return index;
}

/* Fault injection on a completion; false: it is lost. */
static bool hsm_cqe_fault(HsmQueue *q, struct hsm_cqe *cqe)
{
    HsmState *s = q->s;
    uint16_t cid = le16_to_cpu(cqe->cid);

    if (hsm_fault_take(s, HSM_FAULT_DROP_CQE)) {
        qatomic_set(&q->n_live, q->n_live - 1);
        return false;
    }
    if (hsm_fault_take(s, HSM_FAULT_BAD_CID)) {
        cqe->cid = cpu_to_le16(~cid);
    } else if (hsm_fault_take(s, HSM_FAULT_STALE_CID)) {
        cqe->cid = cpu_to_le16(q->last_cid);
    } else if (hsm_fault_take(s, HSM_FAULT_LONG_OUT)) {
        cqe->out_len = cpu_to_le32(0xffffff00);
    }
    q->last_cid = cid;
    return true;
}

/* The interrupt is pending from here on, unless a reset comes first. */
static void hsm_irq_raise(HsmQueue *q, uint32_t gen)
{
    HsmWorker *w = hsm_self(q->s);

    qemu_mutex_lock(&w->dma_lock);
    if (qatomic_read(&q->s->gen) == gen) {
        set_bit_atomic(q->vector, q->s->irq_pending);
    }
    qemu_mutex_unlock(&w->dma_lock);
    if (!w->batched++) {
        w->batch_ns = get_clock();
    }
}

static void hsm_cqe_write(HsmQueue *q, uint32_t gen, uint32_t index,
                          struct hsm_cqe *cqe)
{
    const uint32_t body = offsetof(struct hsm_cqe, phase);
    uint64_t addr = q->cq_base + (index & (hsm_queue_size(q) - 1)) *
                                 sizeof(*cqe);
    HsmDmaResult ret;

    if (hsm_hostile_post(q, index, cqe)) {
        hsm_irq_raise(q, gen);
        return;
    }
    smp_wmb(); /* the reply before its completion */
    ret = hsm_dma(q->s, gen, addr, cqe, body, HSM_DMA_WRITE);
    if (ret == HSM_DMA_OK) {
        smp_wmb(); /* the entry before its phase */
        ret = hsm_dma(q->s, gen, addr + body, &cqe->phase,
                      sizeof(cqe->phase), HSM_DMA_WRITE);
    }
    if (ret == HSM_DMA_OK) {
        trace_hsm_complete(q->index, le16_to_cpu(cqe->cid),
                           le16_to_cpu(cqe->status),
                           le32_to_cpu(cqe->out_len), index);
        hsm_stat(q->s, HSM_STAT_COMPLETIONS);
        hsm_irq_raise(q, gen);
    } else if (ret == HSM_DMA_FAULT) {
        hsm_fatal(q->s, gen, HSM_ERR_CQ_POST);
    }
}

typedef enum HsmPost { HSM_POST_NOW, HSM_POST_HELD, HSM_POST_DROPPED } HsmPost;

/* Decides what becomes of a completion. Under HsmState.lock. */
static HsmPost hsm_post_begin(HsmReq *req, bool was_held, struct hsm_cqe *cqe,
                              uint32_t *index)
{
    HsmQueue *q = req->q;
    HsmState *s = req->s;

    if (s->gen != req->gen) {
        return HSM_POST_DROPPED;
    }
    if (!was_held) {
        QTAILQ_REMOVE(&q->live, req, live);
    }
    if (s->error) {
        return HSM_POST_DROPPED;
    }
    if ((!was_held && q->held.n) || !hsm_cq_room(q)) {
        hsm_list_add(&q->held, req);
        return HSM_POST_HELD;
    }
    if (!hsm_cqe_fault(q, cqe)) {
        return HSM_POST_DROPPED;
    }
    *index = hsm_cq_take(q, cqe);
    return HSM_POST_NOW;
}

static void hsm_post(HsmReq *req, bool was_held)
{
    HsmState *s = req->s;
    HsmQueue *q = req->q;
    uint32_t gen = req->gen;
    uint32_t index = 0;
    HsmPost what;
    struct hsm_cqe cqe = {
        .cid = cpu_to_le16(req->cid),
        .status = cpu_to_le16(req->status),
        .out_len = cpu_to_le32(req->out_len),
    };

    WITH_QEMU_LOCK_GUARD(&s->lock) {
        what = hsm_post_begin(req, was_held, &cqe, &index);
    }
    switch (what) {
    case HSM_POST_HELD:
        trace_hsm_hold(q->index, le16_to_cpu(cqe.cid));
        return;
    case HSM_POST_DROPPED:
        trace_hsm_drop(q->index, req->cid, gen);
        hsm_stat(s, HSM_STAT_STALE);
        hsm_req_free(req);
        return;
    case HSM_POST_NOW:
        hsm_req_free(req);
        hsm_cqe_write(q, gen, index, &cqe);
        qatomic_dec(&s->n_posting);
        return;
    }
}

static const struct {
    uint16_t status;
    HsmStat stat;
} hsm_status_stat[] = {
    { HSM_SC_ABORTED, HSM_STAT_ABORTS },
    { HSM_SC_TIMEOUT, HSM_STAT_TIMEOUTS },
    { HSM_SC_BAD_OPCODE, HSM_STAT_GUEST_ERRORS },
    { HSM_SC_BAD_FIELD, HSM_STAT_GUEST_ERRORS },
    { HSM_SC_BAD_LENGTH, HSM_STAT_GUEST_ERRORS },
    { HSM_SC_BAD_SEGMENTS, HSM_STAT_GUEST_ERRORS },
};

/* Ends a command that is on no list. It is gone when this returns. */
void hsm_complete(HsmReq *req, uint16_t status, uint32_t out_len)
{
    for (unsigned i = 0; i < ARRAY_SIZE(hsm_status_stat); i++) {
        if (hsm_status_stat[i].status == status) {
            hsm_stat(req->s, hsm_status_stat[i].stat);
        }
    }
    req->status = status;
    req->out_len = out_len;
    /* The guest decides how long a completion is held. */
    hsm_req_free_data(req);
    hsm_post(req, false);
}

bool hsm_held_pending(HsmQueue *q)
{
    return qatomic_read(&q->held.n) && hsm_cq_room(q);
}

/* Posts completions that now have room. */
bool hsm_post_held(HsmState *s)
{
    bool any = false;

    for (unsigned i = 0; i < s->n_queues; i++) {
        HsmQueue *q = &s->queue[i];

        while (hsm_held_pending(q)) {
            HsmReq *req;

            WITH_QEMU_LOCK_GUARD(&s->lock) {
                req = hsm_list_pop(&q->held);
            }
            if (!req) {
                break;
            }
            hsm_post(req, true);
            any = true;
        }
    }
    return any;
}

bool hsm_irq_any(HsmState *s)
{
    for (unsigned i = 0; i < BITS_TO_LONGS(HSM_MAX_VECTORS); i++) {
        if (qatomic_read(&s->irq_pending[i])) {
            return true;
        }
    }
    return false;
}

static void hsm_irq_notify(HsmState *s, unsigned vector)
{
    bool lost;

    WITH_QEMU_LOCK_GUARD(&s->lock) {
        lost = hsm_fault_take(s, HSM_FAULT_DROP_IRQ);
    }
    trace_hsm_irq(vector, lost);
    if (!lost) {
        hsm_stat(s, HSM_STAT_INTERRUPTS);
        msix_notify(PCI_DEVICE(s), vector);
    }
}

/* Raises what is pending. A reset clears it, and holds the BQL as we do. */
void hsm_irq_flush(HsmState *s)
{
    hsm_self(s)->batched = 0;
    if (!hsm_irq_any(s)) {
        return;
    }
    bql_lock();
    for (unsigned i = 0; i < BITS_TO_LONGS(HSM_MAX_VECTORS); i++) {
        unsigned long bits = qatomic_xchg(&s->irq_pending[i], 0);

        for (; bits; bits &= bits - 1) {
            hsm_irq_notify(s, i * BITS_PER_LONG + ctzl(bits));
        }
    }
    bql_unlock();
}
