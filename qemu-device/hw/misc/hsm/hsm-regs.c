/*
 * HSM card: registers and doorbells
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A vCPU that writes a doorbell only leaves the new index behind and, if no
 * worker is looking, wakes one.
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "qemu/log.h"
#include "hsm-hostile.h"
#include "trace.h"

/* CAP.TIMEOUT, in 100 ms: enable and disable take no time, hosts may. */
#define HSM_TIMEOUT     20

typedef struct HsmReg {
    uint32_t offset;
    uint32_t size;
    uint64_t (*read)(HsmState *s, HsmQueue *q);
    void (*write)(HsmState *s, HsmQueue *q, uint64_t val);
} HsmReg;

static uint64_t hsm_id_read(HsmState *s, HsmQueue *q)
{
    return HSM_ID_MAGIC;
}

static uint64_t hsm_version_read(HsmState *s, HsmQueue *q)
{
    return HSM_HW_MAJOR << 16 | HSM_HW_MINOR;
}

static uint64_t hsm_cap_read(HsmState *s, HsmQueue *q)
{
    return (uint64_t)s->n_queues << HSM_CAP_QUEUES_SHIFT |
           HSM_MAX_LOG2_SIZE << HSM_CAP_LOG2_SIZE_SHIFT |
           ctz64(s->max_transfer) << HSM_CAP_XFER_SHIFT |
           HSM_TIMEOUT << HSM_CAP_TIMEOUT_SHIFT |
           (uint64_t)(s->n_queues + 1) << HSM_CAP_VECTORS_SHIFT;
}

static uint64_t hsm_ctrl_reg_read(HsmState *s, HsmQueue *q)
{
    return s->ctrl;
}

static void hsm_ctrl_reg_write(HsmState *s, HsmQueue *q, uint64_t val)
{
    hsm_ctrl_write(s, val);
}

static uint64_t hsm_status_read(HsmState *s, HsmQueue *q)
{
    return hsm_status(s);
}

static uint64_t hsm_epoch_read(HsmState *s, HsmQueue *q)
{
    return s->epoch;
}

static uint64_t hsm_error_read(HsmState *s, HsmQueue *q)
{
    return qatomic_read(&s->error);
}

static uint64_t hsm_scratch_read(HsmState *s, HsmQueue *q)
{
    return ~s->scratch;
}

static void hsm_scratch_write(HsmState *s, HsmQueue *q, uint64_t val)
{
    s->scratch = val;
}

static uint64_t hsm_sq_base_read(HsmState *s, HsmQueue *q)
{
    return q->sq_base;
}

static void hsm_sq_base_write(HsmState *s, HsmQueue *q, uint64_t val)
{
    q->sq_base = val;
}

static uint64_t hsm_cq_base_read(HsmState *s, HsmQueue *q)
{
    return q->cq_base;
}

static void hsm_cq_base_write(HsmState *s, HsmQueue *q, uint64_t val)
{
    q->cq_base = val;
}

static uint64_t hsm_log2_size_read(HsmState *s, HsmQueue *q)
{
    return q->log2_size;
}

static void hsm_log2_size_write(HsmState *s, HsmQueue *q, uint64_t val)
{
    q->log2_size = val;
}

static uint64_t hsm_vector_read(HsmState *s, HsmQueue *q)
{
    return q->vector;
}

static void hsm_vector_write(HsmState *s, HsmQueue *q, uint64_t val)
{
    q->vector = val;
}

static const HsmReg hsm_card_regs[] = {
    { HSM_REG_ID, 4, hsm_id_read },
    { HSM_REG_VERSION, 4, hsm_version_read },
    { HSM_REG_CAP, 8, hsm_cap_read },
    { HSM_REG_CTRL, 4, hsm_ctrl_reg_read, hsm_ctrl_reg_write },
    { HSM_REG_STATUS, 4, hsm_status_read },
    { HSM_REG_EPOCH, 4, hsm_epoch_read },
    { HSM_REG_ERROR, 4, hsm_error_read },
    { HSM_REG_SCRATCH, 4, hsm_scratch_read, hsm_scratch_write },
};

/* Offsets are within a queue block. */
static const HsmReg hsm_queue_regs[] = {
    { HSM_QREG_SQ_BASE, 8, hsm_sq_base_read, hsm_sq_base_write },
    { HSM_QREG_CQ_BASE, 8, hsm_cq_base_read, hsm_cq_base_write },
    { HSM_QREG_LOG2_SIZE, 4, hsm_log2_size_read, hsm_log2_size_write },
    { HSM_QREG_VECTOR, 4, hsm_vector_read, hsm_vector_write },
};

static uint64_t hsm_doorbell_read(HsmState *s, HsmQueue *q)
{
    return 0;
}

static void hsm_doorbell_error(HsmQueue *q, const char *which, uint32_t val)
{
    trace_hsm_doorbell_bad(q->index, which, val);
    hsm_stat(q->s, HSM_STAT_DOORBELL_ERRORS);
    qemu_log_mask(LOG_GUEST_ERROR, "hsm: queue pair %u: %s doorbell 0x%x "
                  "dropped\n", q->index, which, val);
}

static bool hsm_queue_live(HsmQueue *q)
{
    return qatomic_read(&q->s->ready) && q->log2_size;
}

static void hsm_sq_tail_write(HsmState *s, HsmQueue *q, uint64_t val)
{
    uint32_t tail = q->sq_tail;
    uint32_t used = tail - qatomic_read(&q->sq_head);
    uint32_t more = (uint32_t)val - tail;

    if (!hsm_queue_live(q) || more > (1u << q->log2_size) - used) {
        hsm_doorbell_error(q, "SQ_TAIL", val);
        return;
    }
    trace_hsm_sq_tail(q->index, val);
    qatomic_store_release(&q->sq_tail, (uint32_t)val);
    hsm_kick(s);
}

static void hsm_cq_head_write(HsmState *s, HsmQueue *q, uint64_t val)
{
    uint32_t head = q->cq_head;

    if (!hsm_queue_live(q) ||
        (uint32_t)val - head > qatomic_read(&q->cq_tail) - head) {
        hsm_doorbell_error(q, "CQ_HEAD", val);
        return;
    }
    trace_hsm_cq_head(q->index, val);
    qatomic_store_release(&q->cq_head, (uint32_t)val);
    smp_mb(); /* a worker that holds a completion back looks at cq_head last */
    if (qatomic_read(&q->held.n)) {
        hsm_kick(s);
    }
}

/* Offsets are within a doorbell pair. */
static const HsmReg hsm_doorbells[] = {
    { HSM_DB_SQ_TAIL, 4, hsm_doorbell_read, hsm_sq_tail_write },
    { HSM_DB_CQ_HEAD, 4, hsm_doorbell_read, hsm_cq_head_write },
};

typedef struct HsmBank {
    uint32_t base;
    uint32_t stride;
    const HsmReg *regs;
    unsigned n_regs;
    bool per_queue;
    bool locked;                /* read-only while CTRL.EN is 1 */
} HsmBank;

/* From the last address down. */
static const HsmBank hsm_banks[] = {
    { HSM_REG_DOORBELL, HSM_REG_DOORBELL_STRIDE,
      hsm_doorbells, ARRAY_SIZE(hsm_doorbells), .per_queue = true },
    { HSM_REG_QUEUE, HSM_REG_QUEUE_STRIDE,
      hsm_queue_regs, ARRAY_SIZE(hsm_queue_regs),
      .per_queue = true, .locked = true },
    { 0, HSM_REG_QUEUE, hsm_card_regs, ARRAY_SIZE(hsm_card_regs) },
};

typedef struct HsmAccess {
    const HsmReg *reg;
    HsmQueue *q;
    bool locked;
    unsigned shift;             /* bits of the register below the access */
} HsmAccess;

static const HsmReg *hsm_find_reg(const HsmBank *bank, uint32_t offset,
                                  unsigned size)
{
    for (unsigned i = 0; i < bank->n_regs; i++) {
        const HsmReg *reg = &bank->regs[i];

        if (offset >= reg->offset && offset + size <= reg->offset + reg->size) {
            return reg;
        }
    }
    return NULL;
}

/* Finds the register of an access; false: none, or not of that size. */
static bool hsm_decode(HsmState *s, hwaddr addr, unsigned size, HsmAccess *a)
{
    const HsmBank *bank = hsm_banks;
    uint32_t index, offset;

    if ((size != 4 && size != 8) || addr % size) {
        return false;
    }
    while (addr < bank->base) {
        bank++;
    }
    index = (addr - bank->base) / bank->stride;
    offset = (addr - bank->base) % bank->stride;
    if (index >= (bank->per_queue ? s->n_queues : 1)) {
        return false;
    }
    a->reg = hsm_find_reg(bank, offset, size);
    if (!a->reg) {
        return false;
    }
    a->q = bank->per_queue ? &s->queue[index] : NULL;
    a->locked = bank->locked && (s->ctrl & HSM_CTRL_EN);
    a->shift = (offset - a->reg->offset) * 8;
    return true;
}

static void hsm_bad_access(HsmState *s, const char *what, hwaddr addr,
                           unsigned size)
{
    trace_hsm_bad_access(what, addr, size);
    hsm_stat(s, HSM_STAT_GUEST_ERRORS);
    qemu_log_mask(LOG_GUEST_ERROR, "hsm: bad %s of %u bytes at 0x%" HWADDR_PRIx
                  "\n", what, size, addr);
}

static uint64_t hsm_regs_read(void *opaque, hwaddr addr, unsigned size)
{
    HsmState *s = opaque;
    HsmAccess a;
    uint64_t val;

    if (s->gone) {
        return UINT64_MAX; /* unplugged while a vCPU was on its way here */
    }
    if (!hsm_decode(s, addr, size, &a)) {
        hsm_bad_access(s, "read", addr, size);
        return 0;
    }
    val = hsm_hostile_read(s, addr - a.shift / 8, a.reg->read(s, a.q));
    val = extract64(val, a.shift, size * 8);
    trace_hsm_read(addr, size, val);
    return val;
}

static void hsm_regs_write(void *opaque, hwaddr addr, uint64_t val,
                           unsigned size)
{
    HsmState *s = opaque;
    HsmAccess a;

    if (s->gone) {
        return;
    }
    if (!hsm_decode(s, addr, size, &a) || !a.reg->write || a.locked) {
        hsm_bad_access(s, "write", addr, size);
        return;
    }
    trace_hsm_write(addr, size, val);
    if (size < a.reg->size) {
        val = deposit64(a.reg->read(s, a.q), a.shift, size * 8, val);
    }
    a.reg->write(s, a.q, val);
    hsm_hostile_ctrl(s);
}

/* A system or function level reset. */
void hsm_regs_reset(HsmState *s)
{
    s->scratch = 0;
    for (unsigned i = 0; i < s->n_queues; i++) {
        HsmQueue *q = &s->queue[i];

        q->sq_base = 0;
        q->cq_base = 0;
        q->log2_size = 0;
        q->vector = 0;
    }
}

/* Every access comes here, so that bad ones are answered as documented. */
const MemoryRegionOps hsm_regs_ops = {
    .read = hsm_regs_read,
    .write = hsm_regs_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
    .impl = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
};
