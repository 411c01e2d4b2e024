/*
 * HSM card: a card that lies - completion rings whose every read it sees
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The page of the ring is covered by a region of I/O memory, so that what a
 * driver finds there can depend on what it has read before, as it can if a
 * faster processor writes to the ring at the right moment.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/rcu.h"
#include "exec/address-spaces.h"
#include "exec/memory.h"
#include "hsm-hostile.h"

#define HSM_PHASE   offsetof(struct hsm_cqe, phase)

static uint32_t hsm_trap_entries(const HsmTrap *t)
{
    return HSM_TRAP_BYTES / sizeof(struct hsm_cqe);
}

/* There is always one more completion, of a command that nobody knows. */
static uint8_t hsm_trap_refill(HsmHostile *h, HsmTrap *t, hwaddr at)
{
    uint32_t entry = at / sizeof(struct hsm_cqe);
    uint32_t entries = hsm_trap_entries(t);
    bool phase = at % sizeof(struct hsm_cqe) >= HSM_PHASE;

    if (t->head_read && entry == (t->head + 1) % entries) {
        t->head++;
        t->head_read = false;
    }
    if (!phase) {
        t->head_read |= entry == t->head % entries;
        return hsm_draw(h);
    }
    return at % sizeof(struct hsm_cqe) == HSM_PHASE && !(t->head & entries);
}

/* The truth once, for each byte but those of the phase. */
static uint8_t hsm_trap_twice(HsmHostile *h, HsmTrap *t, hwaddr at)
{
    if (at % sizeof(struct hsm_cqe) >= HSM_PHASE || !t->seen[at]) {
        t->seen[at] = 1;
        return t->ring[at];
    }
    return hsm_draw(h);
}

static uint64_t hsm_trap_read(void *opaque, hwaddr addr, unsigned size)
{
    HsmTrap *t = opaque;
    HsmHostile *h = t->q->s->hostile;
    bool refill = h->lie && h->lie->trap == HSM_TRAP_REFILL &&
                  qatomic_read(&h->s->ready);
    bool twice = h->lie && h->lie->trap == HSM_TRAP_TWICE;
    uint64_t val = 0;

    for (unsigned i = 0; i < size; i++) {
        uint8_t byte = refill ? hsm_trap_refill(h, t, addr + i) :
                       twice ? hsm_trap_twice(h, t, addr + i) :
                       t->ring[addr + i];

        val |= (uint64_t)byte << 8 * i;
    }
    return val;
}

static void hsm_trap_write(void *opaque, hwaddr addr, uint64_t val,
                           unsigned size)
{
    HsmTrap *t = opaque;

    for (unsigned i = 0; i < size; i++) {
        t->ring[addr + i] = val >> 8 * i;
        t->seen[addr + i] = 0;
    }
}

static const MemoryRegionOps hsm_trap_ops = {
    .read = hsm_trap_read,
    .write = hsm_trap_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
    .impl = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
};

/* Guest RAM starts at address 0 of the board. */
static bool hsm_trap_where(HsmQueue *q, hwaddr *where, uint8_t *ring)
{
    AddressSpace *as = pci_get_address_space(PCI_DEVICE(q->s));
    const MemTxAttrs attrs = { .memory = 1 };
    hwaddr len = HSM_TRAP_BYTES;
    MemoryRegion *mr;

    RCU_READ_LOCK_GUARD();
    mr = address_space_translate(as, q->cq_base, where, &len, true, attrs);
    if (len != HSM_TRAP_BYTES || !memory_access_is_direct(mr, true, attrs)) {
        return false;
    }
    memcpy(ring, (uint8_t *)memory_region_get_ram_ptr(mr) + *where, len);
    return true;
}

static void hsm_trap_map(HsmHostile *h, HsmQueue *q)
{
    HsmTrap *t = &h->trap[q->index];
    hwaddr where;

    if (sizeof(struct hsm_cqe) << q->log2_size != HSM_TRAP_BYTES ||
        !hsm_trap_where(q, &where, t->ring)) {
        return;
    }
    t->q = q;
    t->head = q->cq_tail;
    t->head_read = false;
    memset(t->seen, 0, sizeof(t->seen));
    memory_region_init_io(&t->mr, OBJECT(h->s), &hsm_trap_ops, t, "hsm-trap",
                          HSM_TRAP_BYTES);
    memory_region_add_subregion_overlap(get_system_memory(), where, &t->mr, 10);
    qatomic_set(&t->mapped, true);
}

static void hsm_trap_unmap(HsmTrap *t)
{
    qatomic_set(&t->mapped, false);
    memory_region_del_subregion(get_system_memory(), &t->mr);
    object_unparent(OBJECT(&t->mr));
    hsm_poke(t->q->s, t->q->cq_base, t->ring, sizeof(t->ring));
}

/* Rings are trapped from an enable to the next disable. */
void hsm_trap_update(HsmHostile *h)
{
    HsmState *s = h->s;
    bool want = h->lie && h->lie->trap && !s->gone && s->ready;

    for (unsigned i = 0; i < s->n_queues; i++) {
        HsmTrap *t = &h->trap[i];

        if (t->mapped && !want) {
            hsm_trap_unmap(t);
        } else if (want && !t->mapped && s->queue[i].log2_size) {
            hsm_trap_map(h, &s->queue[i]);
        }
    }
}

/* A completion that finds its ring trapped goes into it; true if so. */
bool hsm_trap_post(HsmHostile *h, HsmQueue *q, uint32_t index,
                   const struct hsm_cqe *cqe)
{
    HsmTrap *t = &h->trap[q->index];
    uint32_t at = index % hsm_trap_entries(t) * sizeof(*cqe);

    if (!qatomic_read(&t->mapped)) {
        return false;
    }
    memcpy(&t->ring[at], cqe, HSM_PHASE);
    memset(&t->seen[at], 0, sizeof(*cqe));
    smp_wmb(); /* the entry before its phase */
    memcpy(&t->ring[at + HSM_PHASE], &cqe->phase, sizeof(cqe->phase));
    return true;
}

/* CTRL was written, or the card was reset. */
void hsm_hostile_ctrl(HsmState *s)
{
    if (s->hostile) {
        hsm_trap_update(s->hostile);
    }
}
