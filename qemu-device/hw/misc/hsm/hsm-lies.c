/*
 * HSM card: a card that lies - the lies
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hsm-hostile.h"

static uint64_t hsm_read_ones(HsmHostile *h, hwaddr reg, uint64_t val)
{
    return UINT64_MAX;
}

/* Off the bus from some access on. */
static uint64_t hsm_read_ones_later(HsmHostile *h, hwaddr reg, uint64_t val)
{
    return h->reads > 1 + h->seed * 7 % 50 ? UINT64_MAX : val;
}

static uint64_t hsm_read_ones_one(HsmHostile *h, hwaddr reg, uint64_t val)
{
    static const uint16_t regs[] = {
        HSM_REG_STATUS, HSM_REG_EPOCH, HSM_REG_CAP, HSM_REG_VERSION,
        HSM_REG_ID, HSM_REG_ERROR, HSM_REG_CTRL,
    };

    return reg == regs[h->seed % ARRAY_SIZE(regs)] ? UINT64_MAX : val;
}

static uint64_t hsm_read_random(HsmHostile *h, hwaddr reg, uint64_t val)
{
    return hsm_draw(h) % 8 ? val : hsm_draw(h);
}

static uint64_t hsm_read_id(HsmHostile *h, hwaddr reg, uint64_t val)
{
    bool lie = reg == (h->seed & 1 ? HSM_REG_ID : HSM_REG_VERSION);

    return lie ? hsm_draw(h) : val;
}

static uint64_t hsm_read_cap(HsmHostile *h, hwaddr reg, uint64_t val)
{
    static const struct {
        uint8_t shift;
        uint8_t value;
    } caps[] = {
        { HSM_CAP_QUEUES_SHIFT, 0 }, { HSM_CAP_QUEUES_SHIFT, 255 },
        { HSM_CAP_QUEUES_SHIFT, HSM_MAX_QUEUES + 1 },
        { HSM_CAP_QUEUES_SHIFT, HSM_MAX_QUEUES },
        { HSM_CAP_LOG2_SIZE_SHIFT, 0 }, { HSM_CAP_LOG2_SIZE_SHIFT, 1 },
        { HSM_CAP_LOG2_SIZE_SHIFT, 31 }, { HSM_CAP_LOG2_SIZE_SHIFT, 255 },
        { HSM_CAP_XFER_SHIFT, 0 }, { HSM_CAP_XFER_SHIFT, 31 },
        { HSM_CAP_XFER_SHIFT, 32 }, { HSM_CAP_XFER_SHIFT, 255 },
        { HSM_CAP_TIMEOUT_SHIFT, 0 }, { HSM_CAP_TIMEOUT_SHIFT, 255 },
        { HSM_CAP_VECTORS_SHIFT, 0 }, { HSM_CAP_VECTORS_SHIFT, 255 },
    };
    unsigned i = h->seed % (ARRAY_SIZE(caps) + 1);

    if (reg != HSM_REG_CAP) {
        return val;
    }
    if (i == ARRAY_SIZE(caps)) {
        return hsm_draw(h);
    }
    return deposit64(val, caps[i].shift, 8, caps[i].value);
}

static uint64_t hsm_read_epoch(HsmHostile *h, hwaddr reg, uint64_t val)
{
    const uint64_t epochs[] = {
        HSM_EPOCH_GONE, val - 1, 0, val + hsm_draw(h), HSM_EPOCH_GONE - 1,
    };

    return reg == HSM_REG_EPOCH ?
           epochs[hsm_draw(h) % ARRAY_SIZE(epochs)] : val;
}

static uint64_t hsm_read_fatal(HsmHostile *h, hwaddr reg, uint64_t val)
{
    if (reg == HSM_REG_ERROR) {
        return hsm_draw(h);
    }
    return reg == HSM_REG_STATUS && !(hsm_draw(h) % 4) ?
           val | HSM_STATUS_FATAL : val;
}

/* Well at first, and fatal 30 ms after each enable. */
static uint64_t hsm_read_relapse(HsmHostile *h, hwaddr reg, uint64_t val)
{
    int64_t now = g_get_monotonic_time() / 1000;

    if (reg != HSM_REG_STATUS || !(val & HSM_STATUS_RDY)) {
        h->rdy_since_ms = 0;
        return val;
    }
    h->rdy_since_ms = h->rdy_since_ms ?: now;
    return now - h->rdy_since_ms > 30 ? val | HSM_STATUS_FATAL : val;
}

static uint64_t hsm_read_status(HsmHostile *h, hwaddr reg, uint64_t val)
{
    return reg == HSM_REG_STATUS ? hsm_draw(h) >> (hsm_draw(h) % 2 ? 60 : 32)
                                 : val;
}

static uint64_t hsm_read_tamper(HsmHostile *h, hwaddr reg, uint64_t val)
{
    const uint32_t bits = HSM_STATUS_TAMPER | HSM_STATUS_SHUTDOWN_DONE;

    return reg == HSM_REG_STATUS ? val ^ (hsm_draw(h) & bits) : val;
}

static uint64_t hsm_read_never_ready(HsmHostile *h, hwaddr reg, uint64_t val)
{
    return reg == HSM_REG_STATUS ? val & ~(uint64_t)HSM_STATUS_RDY : val;
}

static uint64_t hsm_read_always_ready(HsmHostile *h, hwaddr reg, uint64_t val)
{
    return reg == HSM_REG_STATUS ? val | HSM_STATUS_RDY : val;
}

/* RDY changes 1.5 s after it should: within what CAP allows. */
static uint64_t hsm_read_late_ready(HsmHostile *h, hwaddr reg, uint64_t val)
{
    int64_t now = g_get_monotonic_time() / 1000;

    if (reg != HSM_REG_STATUS) {
        return val;
    }
    if ((val & HSM_STATUS_RDY) == h->rdy) {
        h->rdy_since_ms = 0;
    } else if (!h->rdy_since_ms) {
        h->rdy_since_ms = now;
    } else if (now - h->rdy_since_ms > 1500) {
        h->rdy = val & HSM_STATUS_RDY;
        h->rdy_since_ms = 0;
    }
    return (val & ~(uint64_t)HSM_STATUS_RDY) | h->rdy;
}

static bool hsm_fetch_stuck(HsmHostile *h, HsmQueue *q,
                            const struct hsm_sqe *sqe)
{
    return true;
}

static bool hsm_fetch_some(HsmHostile *h, HsmQueue *q,
                           const struct hsm_sqe *sqe)
{
    return !(hsm_draw(h) % 4);
}

static uint32_t hsm_any_length(HsmHostile *h, uint32_t room)
{
    const uint32_t lengths[] = {
        0, 1, room - 1, room, room + 1, 4097, 65537, 1u << 20, INT32_MAX,
        1u << 31, UINT32_MAX, hsm_draw(h),
    };

    return lengths[hsm_draw(h) % ARRAY_SIZE(lengths)];
}

static bool hsm_post_length(HsmHostile *h, HsmQueue *q, struct hsm_cqe *cqe)
{
    uint32_t room = hsm_asked(h, q, le16_to_cpu(cqe->cid)).room;

    cqe->out_len = cpu_to_le32(hsm_any_length(h, room));
    if (!(hsm_draw(h) % 2)) {
        cqe->status = cpu_to_le16(hsm_draw(h) % 2 ? HSM_SC_NO_ROOM
                                                  : hsm_draw(h) % 16);
    }
    return false;
}

static bool hsm_post_long(HsmHostile *h, HsmQueue *q, struct hsm_cqe *cqe)
{
    uint32_t room = hsm_asked(h, q, le16_to_cpu(cqe->cid)).room;

    cqe->out_len = cpu_to_le32(room + 1 + hsm_draw(h) % 65536);
    return false;
}

static bool hsm_post_short(HsmHostile *h, HsmQueue *q, struct hsm_cqe *cqe)
{
    cqe->out_len = 0;
    return false;
}

static bool hsm_post_no_room(HsmHostile *h, HsmQueue *q, struct hsm_cqe *cqe)
{
    uint32_t room = hsm_asked(h, q, le16_to_cpu(cqe->cid)).room;

    cqe->status = cpu_to_le16(HSM_SC_NO_ROOM);
    cqe->out_len = cpu_to_le32(hsm_any_length(h, room));
    return false;
}

static bool hsm_post_status(HsmHostile *h, HsmQueue *q, struct hsm_cqe *cqe)
{
    cqe->status = cpu_to_le16(hsm_draw(h) >> (hsm_draw(h) % 2 ? 60 : 48));
    return false;
}

static bool hsm_post_busy(HsmHostile *h, HsmQueue *q, struct hsm_cqe *cqe)
{
    if (hsm_asked(h, q, le16_to_cpu(cqe->cid)).opcode != HSM_OP_CTX_OPEN) {
        cqe->status = cpu_to_le16(HSM_SC_BUSY);
    }
    return false;
}

static bool hsm_post_unknown(HsmHostile *h, HsmQueue *q, struct hsm_cqe *cqe)
{
    cqe->cid = cpu_to_le16(hsm_draw(h));
    return false;
}

static bool hsm_post_twice(HsmHostile *h, HsmQueue *q, struct hsm_cqe *cqe)
{
    for (unsigned n = hsm_draw(h) % 4; n; n--) {
        hsm_push(q, le16_to_cpu(cqe->cid), hsm_draw(h) % 13,
                 hsm_any_length(h, 4096));
    }
    return false;
}

/* The slot is right, its generation is that of an earlier command. */
static bool hsm_post_stale(HsmHostile *h, HsmQueue *q, struct hsm_cqe *cqe)
{
    uint16_t cid = le16_to_cpu(cqe->cid);

    for (unsigned n = 1 + hsm_draw(h) % 3; n; n--) {
        uint16_t slot = hsm_draw(h) % 2 ? cid : cid + hsm_draw(h) % 4;

        hsm_push(q, hsm_asked(h, q, slot).cid - (n << 12), HSM_SC_OK, 16);
    }
    return false;
}

/* The slot is right and in flight; everything else is of the last life. */
static bool hsm_post_generation(HsmHostile *h, HsmQueue *q, struct hsm_cqe *cqe)
{
    cqe->cid = cpu_to_le16(le16_to_cpu(cqe->cid) - (1 << 12));
    return false;
}

static bool hsm_post_never(HsmHostile *h, HsmQueue *q, struct hsm_cqe *cqe)
{
    for (unsigned n = hsm_draw(h) % 8; n; n--) {
        hsm_push(q, hsm_draw(h) % 256 | hsm_draw(h) << 12, hsm_draw(h) % 13,
                 hsm_any_length(h, 4096));
    }
    return false;
}

static bool hsm_post_drop(HsmHostile *h, HsmQueue *q, struct hsm_cqe *cqe)
{
    return hsm_draw(h) % 4 == 0;
}

static bool hsm_post_sq_head(HsmHostile *h, HsmQueue *q, struct hsm_cqe *cqe)
{
    cqe->sq_head = cpu_to_le32(hsm_draw(h));
    return false;
}

static bool hsm_post_phase(HsmHostile *h, HsmQueue *q, struct hsm_cqe *cqe)
{
    uint32_t phase = le32_to_cpu(cqe->phase);

    phase = (hsm_draw(h) & ~1ull) | (phase ^ !(hsm_draw(h) % 8));
    cqe->phase = cpu_to_le32(phase);
    return false;
}

static HsmQueue *hsm_any_queue(HsmHostile *h)
{
    HsmQueue *q = &h->s->queue[hsm_draw(h) % h->s->n_queues];

    return q->log2_size ? q : &h->s->queue[0];
}

static void hsm_garbage(HsmHostile *h, uint64_t *to, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes / sizeof(*to); i++) {
        to[i] = hsm_draw(h);
    }
}

/* Completes, with a lie, commands that are in flight or are not. */
static void hsm_tick_early(HsmHostile *h)
{
    HsmQueue *q = hsm_any_queue(h);

    for (unsigned i = 0; i < 16; i++) {
        uint16_t cid = hsm_asked(h, q, hsm_draw(h) % 32).cid;

        hsm_push(q, cid, hsm_draw(h) % 3 ? HSM_SC_OK : hsm_draw(h) % 13,
                 hsm_any_length(h, 4096));
    }
    hsm_raise(h->s, q->vector);
}

/* The whole ring, in turn full for one lap and for the next. */
static void hsm_tick_flood(HsmHostile *h)
{
    HsmQueue *q = hsm_any_queue(h);
    uint32_t size = 1u << q->log2_size;
    g_autofree struct hsm_cqe *ring = g_new(struct hsm_cqe, size);

    hsm_garbage(h, (uint64_t *)ring, size * sizeof(*ring));
    for (uint32_t i = 0; i < size; i++) {
        ring[i].phase = cpu_to_le32(hsm_draw(h) % 16 ? h->drawn >> 10 : 1);
    }
    hsm_poke(h->s, q->cq_base, ring, size * sizeof(*ring));
    hsm_raise(h->s, q->vector);
}

/* Changes entries after they were posted; the phase stays. */
static void hsm_tick_rewrite(HsmHostile *h)
{
    HsmQueue *q = hsm_any_queue(h);

    for (unsigned i = 0; i < 64; i++) {
        uint64_t junk[2] = { hsm_draw(h), hsm_draw(h) };
        uint32_t index = (q->cq_tail - 1 - i) & ((1u << q->log2_size) - 1);

        hsm_poke(h->s, q->cq_base + index * sizeof(struct hsm_cqe), junk,
                 offsetof(struct hsm_cqe, phase));
    }
}

static void hsm_tick_vectors(HsmHostile *h)
{
    for (unsigned i = 0; i <= h->s->n_queues; i++) {
        hsm_raise(h->s, i);
    }
}

static void hsm_tick_event(HsmHostile *h)
{
    hsm_raise(h->s, 0);
}

/* Into buffers of commands, in flight or given back, and what is beside. */
static void hsm_tick_buffers(HsmHostile *h)
{
    uint64_t junk[512];

    for (unsigned i = 0; i < 8; i++) {
        HsmSpot spot = hsm_any_spot(h);
        uint64_t at = spot.addr;

        hsm_garbage(h, junk, sizeof(junk));
        at += (hsm_draw(h) % 3 - 1) * (uint64_t)MAX(spot.len, 4096);
        if (spot.addr) {
            hsm_poke(h->s, at, junk, sizeof(junk));
        }
    }
}

/* Over the submission and completion rings, and before and behind them. */
static void hsm_tick_rings(HsmHostile *h)
{
    HsmQueue *q = hsm_any_queue(h);
    uint64_t base = hsm_draw(h) % 2 ? q->sq_base : q->cq_base;
    uint64_t junk[512];

    hsm_garbage(h, junk, sizeof(junk));
    hsm_poke(h->s, base + (hsm_draw(h) % 8 - 2) * 4096, junk, sizeof(junk));
    hsm_raise(h->s, q->vector);
}

/* Anywhere. Only an IOMMU is in the way. */
static void hsm_tick_anywhere(HsmHostile *h)
{
    static const uint64_t ends[] = {
        0, 4096, 1ull << 20, 0xfee00000, 1ull << 32, UINT64_MAX - 4095,
        1ull << 47, 1ull << 63,
    };
    uint64_t junk[512];

    hsm_garbage(h, junk, sizeof(junk));
    hsm_poke(h->s, ends[hsm_draw(h) % ARRAY_SIZE(ends)], junk, sizeof(junk));
    hsm_poke(h->s, hsm_draw(h) >> (hsm_draw(h) % 64), junk, sizeof(junk));
    hsm_poke(h->s, hsm_draw(h) % (512 << 20), junk, sizeof(junk));
}

static const HsmLie *hsm_other_lie(HsmHostile *h)
{
    return &hsm_lies[hsm_draw(h) % hsm_n_lies];
}

static uint64_t hsm_read_mixed(HsmHostile *h, hwaddr reg, uint64_t val)
{
    const HsmLie *lie = hsm_other_lie(h);

    return lie->read && lie->read != hsm_read_mixed && !(hsm_draw(h) % 32) ?
           lie->read(h, reg, val) : val;
}

static bool hsm_post_mixed(HsmHostile *h, HsmQueue *q, struct hsm_cqe *cqe)
{
    const HsmLie *lie = hsm_other_lie(h);

    return lie->post && lie->post != hsm_post_mixed && !(hsm_draw(h) % 2) &&
           lie->post(h, q, cqe);
}

static void hsm_tick_mixed(HsmHostile *h)
{
    const HsmLie *lie = hsm_other_lie(h);

    if (lie->tick && lie->tick != hsm_tick_mixed) {
        lie->tick(h);
    }
}

const HsmLie hsm_lies[] = {
    { "ones", .read = hsm_read_ones },
    { "ones-later", .read = hsm_read_ones_later },
    { "ones-register", .read = hsm_read_ones_one },
    { "random-registers", .read = hsm_read_random },
    { "identity", .read = hsm_read_id },
    { "cap", .read = hsm_read_cap },
    { "epoch", .read = hsm_read_epoch },
    { "fatal", .read = hsm_read_fatal,
      .tick = hsm_tick_event, .tick_us = 5000 },
    { "relapse", .read = hsm_read_relapse,
      .tick = hsm_tick_event, .tick_us = 5000 },
    { "status-bits", .read = hsm_read_status,
      .tick = hsm_tick_event, .tick_us = 5000 },
    { "tamper", .read = hsm_read_tamper,
      .tick = hsm_tick_event, .tick_us = 1000 },
    { "never-ready", .read = hsm_read_never_ready },
    { "always-ready", .read = hsm_read_always_ready },
    { "late-ready", .read = hsm_read_late_ready },
    { "stuck", .fetch = hsm_fetch_stuck },
    { "half-stuck", .fetch = hsm_fetch_some },
    { "length", .post = hsm_post_length },
    { "long", .post = hsm_post_long },
    { "short", .post = hsm_post_short },
    { "no-room", .post = hsm_post_no_room },
    { "status", .post = hsm_post_status },
    { "busy", .post = hsm_post_busy },
    { "unknown", .post = hsm_post_unknown },
    { "twice", .post = hsm_post_twice },
    { "stale", .post = hsm_post_stale },
    { "generation", .post = hsm_post_generation },
    { "never-asked", .post = hsm_post_never },
    { "early", .fetch = hsm_fetch_some,
      .tick = hsm_tick_early, .tick_us = 3000 },
    { "drop", .post = hsm_post_drop },
    { "sq-head", .post = hsm_post_sq_head },
    { "phase", .post = hsm_post_phase },
    { "flood", .tick = hsm_tick_flood, .tick_us = 1000 },
    { "rewrite", .tick = hsm_tick_rewrite, .tick_us = 100 },
    { "refill", .tick = hsm_tick_vectors, .tick_us = 50000,
      .trap = HSM_TRAP_REFILL },
    { "read-twice", .trap = HSM_TRAP_TWICE },
    { "vectors", .tick = hsm_tick_vectors, .tick_us = 500 },
    { "events", .tick = hsm_tick_event, .tick_us = 200 },
    { "buffers", .tick = hsm_tick_buffers, .tick_us = 1000 },
    { "rings", .tick = hsm_tick_rings, .tick_us = 3000 },
    { "astray", .astray = true },
    { "anywhere", .tick = hsm_tick_anywhere, .tick_us = 3000 },
    { "mixed", .read = hsm_read_mixed, .post = hsm_post_mixed,
      .tick = hsm_tick_mixed, .tick_us = 3000 },
};

const unsigned hsm_n_lies = ARRAY_SIZE(hsm_lies);
