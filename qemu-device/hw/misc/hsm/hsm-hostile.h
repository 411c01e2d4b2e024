/*
 * HSM card: a card that lies, for tests of drivers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Only in a QEMU for tests (build-qemu.sh -t), which sets HSM_HOSTILE: in every
 * other build the calls below are nothing.
 */

#ifndef HW_MISC_HSM_HOSTILE_H
#define HW_MISC_HSM_HOSTILE_H

#include "hsm.h"

#ifdef HSM_HOSTILE

#define HSM_HOSTILE_SPOTS   256
#define HSM_HOSTILE_CIDS    4096    /* slots that a cid can name */
#define HSM_TRAP_BYTES      4096    /* of a completion ring to trap */

typedef struct HsmLie HsmLie;

/* Memory of the guest that a command named. */
typedef struct HsmSpot {
    uint64_t addr;
    uint32_t len;
} HsmSpot;

/* What was asked last under a slot. */
typedef struct HsmAsked {
    uint16_t cid;
    uint8_t opcode;
    uint32_t room;
} HsmAsked;

/* A completion ring whose reads come here instead of to RAM; under the BQL. */
typedef struct HsmTrap {
    HsmQueue *q;
    MemoryRegion mr;
    bool mapped;
    uint32_t head;              /* of the driver, free-running */
    bool head_read;             /* the entry there was looked at */
    uint8_t ring[HSM_TRAP_BYTES];
    uint8_t seen[HSM_TRAP_BYTES]; /* byte was read since it was posted */
} HsmTrap;

struct HsmHostile {
    HsmState *s;
    const HsmLie *lie;          /* NULL: honest */
    uint64_t seed;
    uint64_t drawn;             /* random numbers since the mode was set */
    uint64_t reads;             /* of registers */
    uint32_t rdy;               /* STATUS.RDY as last shown */
    int64_t rdy_since_ms;       /* of the lies that tell time; 0: not yet */

    QemuMutex lock;             /* the two below; taken last */
    HsmSpot spot[HSM_HOSTILE_SPOTS];
    unsigned n_spots;
    HsmAsked asked[HSM_MAX_QUEUES][HSM_HOSTILE_CIDS];

    HsmTrap trap[HSM_MAX_QUEUES];
    QemuThread thread;
    bool started;
    bool stopping;
};

/*
 * One way to lie. Any of the calls may be missing. @read gets and gives the
 * value of a register. @fetch, under HsmState.lock: true keeps a command for
 * ever. @post changes a completion; true: it is not posted. @tick runs on a
 * thread of its own every @tick_us microseconds.
 */
struct HsmLie {
    const char *name;
    uint64_t (*read)(HsmHostile *h, hwaddr reg, uint64_t val);
    bool (*fetch)(HsmHostile *h, HsmQueue *q, const struct hsm_sqe *sqe);
    bool (*post)(HsmHostile *h, HsmQueue *q, struct hsm_cqe *cqe);
    void (*tick)(HsmHostile *h);
    unsigned tick_us;
    bool astray;                /* the card itself reads and writes elsewhere */
    enum { HSM_TRAP_NONE, HSM_TRAP_REFILL, HSM_TRAP_TWICE } trap;
};

/* hsm-lies.c */
extern const HsmLie hsm_lies[];
extern const unsigned hsm_n_lies;

/* hsm-hostile.c */
uint64_t hsm_draw(HsmHostile *h);
void hsm_poke(HsmState *s, uint64_t addr, const void *data, uint32_t len);
void hsm_push(HsmQueue *q, uint16_t cid, uint16_t status, uint32_t out_len);
void hsm_raise(HsmState *s, unsigned vector);
HsmAsked hsm_asked(HsmHostile *h, HsmQueue *q, uint16_t cid);
HsmSpot hsm_any_spot(HsmHostile *h);

void hsm_hostile_class_init(ObjectClass *oc);
void hsm_hostile_stop(HsmState *s);
void hsm_hostile_free(HsmState *s);
uint64_t hsm_hostile_read(HsmState *s, hwaddr reg, uint64_t val);
bool hsm_hostile_fetch(HsmQueue *q, const struct hsm_sqe *sqe);
uint64_t hsm_hostile_buf(HsmState *s, uint64_t addr, uint32_t len);
bool hsm_hostile_post(HsmQueue *q, uint32_t index, struct hsm_cqe *cqe);

/* hsm-trap.c: under the BQL, but for hsm_trap_post() */
void hsm_trap_update(HsmHostile *h);
bool hsm_trap_post(HsmHostile *h, HsmQueue *q, uint32_t index,
                   const struct hsm_cqe *cqe);
void hsm_hostile_ctrl(HsmState *s);

#else

static inline void hsm_hostile_class_init(ObjectClass *oc)
{
}

static inline void hsm_hostile_stop(HsmState *s)
{
}

static inline void hsm_hostile_free(HsmState *s)
{
}

static inline uint64_t hsm_hostile_read(HsmState *s, hwaddr reg, uint64_t val)
{
    return val;
}

static inline bool hsm_hostile_fetch(HsmQueue *q, const struct hsm_sqe *sqe)
{
    return false;
}

static inline uint64_t hsm_hostile_buf(HsmState *s, uint64_t addr, uint32_t len)
{
    return addr;
}

static inline bool hsm_hostile_post(HsmQueue *q, uint32_t index,
                                    struct hsm_cqe *cqe)
{
    return false;
}

static inline void hsm_hostile_ctrl(HsmState *s)
{
}

#endif

#endif /* HW_MISC_HSM_HOSTILE_H */
