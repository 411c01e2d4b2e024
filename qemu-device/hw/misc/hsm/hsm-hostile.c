/*
 * HSM card: a card that lies - the mode, its thread, what lies are made of
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/cutils.h"
#include "qemu/main-loop.h"
#include "qemu/rcu.h"
#include "qapi/error.h"
#include "exec/memory.h"
#include "hw/pci/msix.h"
#include "hsm-hostile.h"

/* The next number of the sequence that the seed names. */
uint64_t hsm_draw(HsmHostile *h)
{
    uint64_t x = h->seed * 0xd1342543de82ef95ull +
                 qatomic_fetch_inc(&h->drawn) * 0x9e3779b97f4a7c15ull;

    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ x >> 27) * 0x94d049bb133111ebull;
    return x ^ x >> 31;
}

/*
 * Writes guest RAM whatever state the card is in, as far as bus mastering and
 * an IOMMU let it. Any thread, without locks but the BQL.
 */
void hsm_poke(HsmState *s, uint64_t addr, const void *data, uint32_t len)
{
    bool lock = !bql_locked(); /* an IOMMU may have something to report */
    AddressSpace *as = pci_get_address_space(PCI_DEVICE(s));
    const MemTxAttrs attrs = { .memory = 1 };
    const uint8_t *from = data;
    MemoryRegion *mr;
    hwaddr n, xlat;
    uint8_t *ram;

    if (lock) {
        bql_lock();
    }
    while (len && !s->gone) {
        RCU_READ_LOCK_GUARD();
        n = len;
        mr = address_space_translate(as, addr, &xlat, &n, true, attrs);
        if (!n || !memory_access_is_direct(mr, true, attrs)) {
            break;
        }
        ram = (uint8_t *)memory_region_get_ram_ptr(mr) + xlat;
        memcpy(ram, from, n);
        memory_region_ref(mr);
        address_space_unmap(as, ram, n, true, n);
        addr += n;
        from += n;
        len -= n;
    }
    if (lock) {
        bql_unlock();
    }
}

/* A completion that nobody made. Not under HsmState.lock. */
void hsm_push(HsmQueue *q, uint16_t cid, uint16_t status, uint32_t out_len)
{
    HsmState *s = q->s;
    struct hsm_cqe cqe = {
        .cid = cpu_to_le16(cid),
        .status = cpu_to_le16(status),
        .out_len = cpu_to_le32(out_len),
        .sq_head = cpu_to_le32(q->sq_head),
    };
    const uint32_t body = offsetof(struct hsm_cqe, phase);
    uint64_t addr;
    uint32_t index;

    WITH_QEMU_LOCK_GUARD(&s->lock) {
        if (!s->ready || !q->log2_size) {
            return;
        }
        index = q->cq_tail;
        qatomic_set(&q->cq_tail, index + 1);
        addr = q->cq_base + (index & ((1u << q->log2_size) - 1)) * sizeof(cqe);
        cqe.phase = cpu_to_le32((index >> q->log2_size & 1) ^ HSM_CQE_PHASE);
    }
    hsm_poke(s, addr, &cqe, body);
    smp_wmb(); /* the entry before its phase */
    hsm_poke(s, addr + body, &cqe.phase, sizeof(cqe.phase));
}

/* On the thread of lies alone: no lock is held. */
void hsm_raise(HsmState *s, unsigned vector)
{
    bql_lock();
    if (!s->gone) {
        msix_notify(PCI_DEVICE(s), vector);
    }
    bql_unlock();
}

HsmAsked hsm_asked(HsmHostile *h, HsmQueue *q, uint16_t cid)
{
    QEMU_LOCK_GUARD(&h->lock);
    return h->asked[q->index][cid % HSM_HOSTILE_CIDS];
}

/* Memory that is, or was, a command's; address 0 if there is none yet. */
HsmSpot hsm_any_spot(HsmHostile *h)
{
    QEMU_LOCK_GUARD(&h->lock);
    return h->spot[hsm_draw(h) % MAX(1, MIN(h->n_spots, HSM_HOSTILE_SPOTS))];
}

static const HsmLie *hsm_lie(HsmState *s)
{
    HsmHostile *h = qatomic_load_acquire(&s->hostile);

    return h ? qatomic_load_acquire(&h->lie) : NULL;
}

uint64_t hsm_hostile_read(HsmState *s, hwaddr reg, uint64_t val)
{
    const HsmLie *lie = hsm_lie(s);

    if (!lie || !lie->read) {
        return val;
    }
    s->hostile->reads++;
    return lie->read(s->hostile, reg, val);
}

bool hsm_hostile_fetch(HsmQueue *q, const struct hsm_sqe *sqe)
{
    const HsmLie *lie = hsm_lie(q->s);
    HsmHostile *h = q->s->hostile;
    uint16_t cid = le16_to_cpu(sqe->cid);

    if (!lie) {
        return false;
    }
    WITH_QEMU_LOCK_GUARD(&h->lock) {
        h->asked[q->index][cid % HSM_HOSTILE_CIDS] = (HsmAsked) {
            .cid = cid,
            .opcode = sqe->opcode,
            .room = le32_to_cpu(sqe->out_len),
        };
    }
    return lie->fetch && lie->fetch(h, q, sqe);
}

/* Notes where a command's data are; gives the address that the card uses. */
uint64_t hsm_hostile_buf(HsmState *s, uint64_t addr, uint32_t len)
{
    const HsmLie *lie = hsm_lie(s);
    HsmHostile *h = s->hostile;

    if (!lie) {
        return addr;
    }
    WITH_QEMU_LOCK_GUARD(&h->lock) {
        h->spot[h->n_spots++ % HSM_HOSTILE_SPOTS] = (HsmSpot) { addr, len };
    }
    return lie->astray && hsm_draw(h) % 2 ? hsm_draw(h) & ~0xfffull : addr;
}

bool hsm_hostile_post(HsmQueue *q, uint32_t index, struct hsm_cqe *cqe)
{
    const HsmLie *lie = hsm_lie(q->s);

    if (!lie) {
        return false;
    }
    return (lie->post && lie->post(q->s->hostile, q, cqe)) ||
           hsm_trap_post(q->s->hostile, q, index, cqe);
}

static void *hsm_hostile_thread(void *opaque)
{
    HsmHostile *h = opaque;
    const HsmLie *lie;

    rcu_register_thread();
    while (!qatomic_read(&h->stopping)) {
        lie = qatomic_load_acquire(&h->lie);
        if (lie && lie->tick && !qatomic_read(&h->s->gone)) {
            lie->tick(h);
        }
        g_usleep(lie && lie->tick_us ? lie->tick_us : 20000);
    }
    rcu_unregister_thread();
    return NULL;
}

/* The thread needs the BQL now and then. */
void hsm_hostile_stop(HsmState *s)
{
    HsmHostile *h = s->hostile;

    if (!h || !h->started) {
        return;
    }
    qatomic_set(&h->stopping, true);
    bql_unlock();
    qemu_thread_join(&h->thread);
    bql_lock();
    h->started = false;
}

static HsmHostile *hsm_hostile_new(HsmState *s)
{
    HsmHostile *h = g_new0(HsmHostile, 1);

    h->s = s;
    qemu_mutex_init(&h->lock);
    qatomic_store_release(&s->hostile, h);
    return h;
}

/* The card goes, and with it the regions of h->trap went. */
void hsm_hostile_free(HsmState *s)
{
    HsmHostile *h = s->hostile;

    if (h) {
        qemu_mutex_destroy(&h->lock);
        g_free(h);
    }
}

static const HsmLie *hsm_lie_find(const char *name, size_t len)
{
    for (unsigned i = 0; i < hsm_n_lies; i++) {
        if (len == strlen(hsm_lies[i].name) &&
            !strncmp(name, hsm_lies[i].name, len)) {
            return &hsm_lies[i];
        }
    }
    return NULL;
}

static void hsm_hostile_set(Object *obj, const char *text, Error **errp)
{
    HsmState *s = HSM_PCI(obj);
    const char *colon = strchr(text, ':');
    const HsmLie *lie = colon ? hsm_lie_find(text, colon - text) : NULL;
    uint64_t seed = 0;
    HsmHostile *h;

    if (strcmp(text, "none") &&
        (!lie || qemu_strtou64(colon + 1, NULL, 10, &seed))) {
        error_setg(errp, "x-hostile: '%s' is neither 'none' nor a lie and a "
                   "seed, as in 'status:1'", text);
        return;
    }
    /* The thread of lies wants a bus to write to. */
    if (!qdev_is_realized(DEVICE(s))) {
        error_setg(errp, "x-hostile: the card is not plugged");
        return;
    }
    h = s->hostile ?: hsm_hostile_new(s);
    qatomic_store_release(&h->lie, NULL);
    h->seed = seed;
    h->drawn = 0;
    h->reads = 0;
    h->rdy = hsm_status(s) & HSM_STATUS_RDY;
    h->rdy_since_ms = 0;
    if (lie && !h->started) {
        h->started = true;
        qemu_thread_create(&h->thread, "hsm-hostile", hsm_hostile_thread, h,
                           QEMU_THREAD_JOINABLE);
    }
    qatomic_store_release(&h->lie, lie);
    hsm_trap_update(h);
}

static char *hsm_hostile_get(Object *obj, Error **errp)
{
    HsmHostile *h = HSM_PCI(obj)->hostile;

    if (!h || !h->lie) {
        return g_strdup("none");
    }
    return g_strdup_printf("%s:%" PRIu64, h->lie->name, h->seed);
}

void hsm_hostile_class_init(ObjectClass *oc)
{
    object_class_property_add_str(oc, "x-hostile", hsm_hostile_get,
                                  hsm_hostile_set);
    object_class_property_set_description(oc, "x-hostile",
                                          "a card that lies, none or LIE:SEED");
}
