/*
 * Fuzzing of the HSM card: the guest that misuses it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/main-loop.h"
#include "hw/boards.h"
#include "hw/pci/pci_regs.h"
#include "hsm_guest.h"

#define GUEST_RING_BYTES    0x10000     /* from one ring to the next */
#define GUEST_CQ_AT(q)      (HSM_CQ_AT(q) + 0x2000)
#define GUEST_CQ_END(q)     (GUEST_CQ_AT(q) + 0x4000)
#define GUEST_OUT_WATCH     (HSM_OUT_AT + 0x20000)
#define GUEST_OUT_WATCHED   0x10000
#define GUEST_WATCH         0xa7
#define GUEST_MMCONFIG      0xb0000000u
#define GUEST_PCIEXBAR      0x60        /* of the host bridge */
#define GUEST_PM            0x60        /* capabilities of the card */
#define GUEST_WRONG_CTX     0xdeadbeefu /* opened by entries behind a ring */
#define GUEST_IDLE_US       (20 * G_USEC_PER_SEC)

static uint64_t guest_regs, guest_table;    /* BARs */

void guest_fail(const char *what)
{
    fprintf(stderr, "hsm_fuzz: %s\n", what);
    abort();
}

uint64_t guest_addr(unsigned place, uint32_t offset)
{
    const uint64_t base[PLACES] = {
        [PLACE_IN] = HSM_IN_AT,
        [PLACE_OUT] = HSM_OUT_AT,
        [PLACE_LIST] = HSM_LIST_AT,
        [PLACE_RING] = HSM_SQ_AT(offset % GUEST_QUEUES),
        [PLACE_RAM_END] = GUEST_RAM - 0x10000,
        [PLACE_HOLE] = HSM_NO_RAM,
        [PLACE_ROM] = 0xfffc0000,
        [PLACE_HIGH] = 0x100000000ull,
        [PLACE_WRAP] = UINT64_MAX - 0xffff,
        [PLACE_REGS] = guest_regs,
        [PLACE_TABLE] = guest_table,
        [PLACE_CONFIG] = GUEST_MMCONFIG + (HSM_TEST_DEVFN << 12),
        [PLACE_MSI] = 0xfee00000,
    };

    place %= PLACES;
    /* A reply must not get as far as the watched end of a completion ring. */
    offset &= place == PLACE_RING ? 0xfff : 0xffff;
    return base[place] + offset;
}

uint32_t guest_tame(bool sqe, unsigned word, uint32_t val)
{
    if (sqe && word == 0) {
        return val | GUEST_CID << 16;
    }
    if (sqe && word == 1) {
        return val & 0xffff; /* the context */
    }
    if (val && (word % 4 == 0 || (sqe && word == 2))) {
        return guest_addr(val >> 24, val);
    }
    return val;
}

uint32_t guest_area(unsigned area, uint32_t offset)
{
    offset &= 0xfffc;
    if (area == AREA_LIST) {
        return HSM_LIST_AT + offset;
    }
    return area == AREA_IN ? HSM_IN_AT + offset : HSM_SQ_AT(area) + offset;
}

void guest_poke(Guest *g, unsigned area, uint32_t offset, uint32_t val)
{
    uint32_t *at = (uint32_t *)(g->ram + guest_area(area, offset));

    qatomic_set(at, cpu_to_le32(val));
}

void guest_let(uint32_t us)
{
    bql_unlock();
    g_usleep(us);
    bql_lock();
    main_loop_wait(true);
}

static bool guest_is_idle(Guest *g)
{
    HsmState *s = g->dev;

    QEMU_LOCK_GUARD(&s->lock);
    for (unsigned i = 0; i < s->n_queues; i++) {
        const HsmQueue *q = &s->queue[i];
        bool waits = q->sq_head != qatomic_read(&q->sq_tail);

        if (q->n_live || (s->ready && !s->error && waits)) {
            return false;
        }
    }
    return !s->in_fw && !qatomic_read(&s->fw_bytes) && !s->done_list.n &&
           !s->n_busy[HSM_SHORT] && !s->n_busy[HSM_LONG] &&
           !qatomic_read(&s->n_posting);
}

bool guest_wait_idle(Guest *g, uint32_t us)
{
    int64_t end = g_get_monotonic_time() + us;
    bool idle;

    while (!(idle = guest_is_idle(g)) && g_get_monotonic_time() < end) {
        guest_let(30);
    }
    return idle;
}

static void guest_watch(uint8_t *from, uint32_t len)
{
    memset(from, GUEST_WATCH, len);
}

static void guest_check_watch(Guest *g, uint32_t from, uint32_t end,
                              const char *what)
{
    while (from < end && g->ram[from] == GUEST_WATCH) {
        from++;
    }
    if (from < end) {
        fprintf(stderr, "hsm_fuzz: byte 0x%x of RAM is 0x%02x\n", from,
                g->ram[from]);
        guest_fail(what);
    }
}

static void guest_check_memory(Guest *g)
{
    guest_check_watch(g, GUEST_OUT_WATCH, GUEST_OUT_WATCH + GUEST_OUT_WATCHED,
                      "the card wrote past a reply's buffer");
    for (unsigned q = 0; q < GUEST_QUEUES; q++) {
        guest_check_watch(g, g->watch[q].at, g->watch[q].end,
                          "the card wrote past a completion ring");
    }
}

void guest_check_entries(Guest *g)
{
    HsmState *s = g->dev;

    QEMU_LOCK_GUARD(&s->lock);
    if (g_hash_table_contains(s->contexts, GUINT_TO_POINTER(GUEST_WRONG_CTX))) {
        guest_fail("the card took an entry from behind a ring");
    }
}

/* Entries that tell if they are taken, from the ring's end on. */
static void guest_bait(Guest *g, unsigned q, uint32_t log2_size)
{
    const struct hsm_sqe bait = {
        .opcode = HSM_OP_CTX_OPEN,
        .ctx = cpu_to_le32(GUEST_WRONG_CTX),
    };
    uint32_t at = sizeof(bait) << MIN(log2_size, HSM_MAX_LOG2_SIZE);

    memset(g->ram + HSM_SQ_AT(q), 0, at);
    for (; at < GUEST_RING_BYTES; at += sizeof(bait)) {
        memcpy(g->ram + HSM_SQ_AT(q) + at, &bait, sizeof(bait));
    }
}

void guest_forget(Guest *g)
{
    for (unsigned q = 0; q < GUEST_QUEUES; q++) {
        g->card.ring[q].tail = 0;
    }
}

static uint64_t guest_ring_place(unsigned q, unsigned place, uint64_t own)
{
    static const uint8_t places[] = {
        PLACE_RING, PLACE_RAM_END, PLACE_HOLE, PLACE_ROM, PLACE_HIGH,
        PLACE_WRAP, PLACE_REGS, PLACE_TABLE, PLACE_CONFIG,
    };

    if (!place) {
        return own;
    }
    place = places[place % ARRAY_SIZE(places)];
    return guest_addr(place, place == PLACE_RING ? q : 0xf000) &
           ~(uint64_t)(HSM_RING_ALIGN - 1);
}

void guest_queue(Guest *g, unsigned q, uint32_t log2_size, uint32_t vector,
                 unsigned sq_place, unsigned cq_place)
{
    HsmCard *c = &g->card;

    if (!(hsm_rd(c, HSM_REG_CTRL) & HSM_CTRL_EN) && q < GUEST_QUEUES) {
        uint32_t bytes = sizeof(struct hsm_cqe) <<
                         MIN(log2_size, HSM_MAX_LOG2_SIZE);

        guest_bait(g, q, log2_size);
        g->watch[q].at = GUEST_CQ_AT(q) + bytes;
        guest_watch(g->ram + g->watch[q].at, GUEST_CQ_END(q) - g->watch[q].at);
        c->ring[q] = (HsmRing) { .log2_size = log2_size % 11 };
    }
    hsm_wr64(c, hsm_qreg(q, HSM_QREG_SQ_BASE),
             guest_ring_place(q, sq_place, HSM_SQ_AT(q)));
    hsm_wr64(c, hsm_qreg(q, HSM_QREG_CQ_BASE),
             guest_ring_place(q, cq_place, GUEST_CQ_AT(q)));
    hsm_wr(c, hsm_qreg(q, HSM_QREG_LOG2_SIZE), log2_size);
    hsm_wr(c, hsm_qreg(q, HSM_QREG_VECTOR), vector);
}

static void guest_msix_on(Guest *g)
{
    QPCIDevice *dev = g->card.dev;
    uint8_t cap = qpci_find_capability(dev, PCI_CAP_ID_MSIX, 0);

    qpci_config_writew(dev, cap + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE);
    for (unsigned i = 0; i <= g->dev->n_queues; i++) {
        uint64_t off = dev->msix_table_off + i * PCI_MSIX_ENTRY_SIZE;

        qpci_io_writeq(dev, dev->msix_table_bar, off, HSM_MSIX_AT + i * 4);
        qpci_io_writeq(dev, dev->msix_table_bar, off + PCI_MSIX_ENTRY_DATA, 1);
    }
}

void guest_restore_config(Guest *g)
{
    QPCIDevice *dev = g->card.dev;

    qpci_config_writew(dev, GUEST_PM + PCI_PM_CTRL, 0);
    qpci_config_writew(dev, PCI_COMMAND, 0);
    for (unsigned i = 0; i < 6; i++) {
        qpci_config_writel(dev, PCI_BASE_ADDRESS_0 + i * 4,
                           i == HSM_PCI_BAR ? guest_regs :
                           i == HSM_PCI_MSIX_BAR ? guest_table : 0);
    }
    qpci_config_writew(dev, PCI_COMMAND, PCI_COMMAND_MEMORY |
                                         PCI_COMMAND_MASTER);
    guest_msix_on(g);
}

void guest_init(Guest *g, QTestState *qts, bool race)
{
    QPCIDevice *bridge;

    g->race = race;
    g->ram = memory_region_get_ram_ptr(current_machine->ram);
    g->dev = HSM_PCI(object_resolve_path_type("", TYPE_HSM_PCI, NULL));
    g->card.qts = qts;
    g->card.bus = qpci_new_pc(qts, NULL);
    g->card.dev = qpci_device_find(g->card.bus, HSM_TEST_DEVFN);
    qpci_device_enable(g->card.dev);
    g->card.bar = qpci_iomap(g->card.dev, HSM_PCI_BAR, NULL);
    qpci_msix_enable(g->card.dev);
    guest_regs = g->card.bar.addr;
    guest_table = g->card.dev->msix_table_bar.addr;
    bridge = qpci_device_find(g->card.bus, QPCI_DEVFN(0, 0));
    qpci_config_writel(bridge, GUEST_PCIEXBAR + 4, 0);
    qpci_config_writel(bridge, GUEST_PCIEXBAR, GUEST_MMCONFIG | 1);
    g_free(bridge);
    if (race) {
        racer_init();
    }
}

void guest_start(Guest *g)
{
    guest_restore_config(g);
    hsm_wr(&g->card, HSM_REG_CTRL, 0);
    memset(g->sqe, 0, sizeof(g->sqe));
    g->cid = 0;
    memset(g->ram + HSM_LIST_AT, 0, 0x4000);
    memset(g->ram + HSM_IN_AT, 0, 0x4000);
    guest_watch(g->ram + GUEST_OUT_WATCH, GUEST_OUT_WATCHED);
    for (unsigned q = 0; q < GUEST_QUEUES; q++) {
        memset(g->ram + HSM_SQ_AT(q), 0, GUEST_RING_BYTES);
        memset(g->ram + GUEST_CQ_AT(q), 0, GUEST_CQ_END(q) - GUEST_CQ_AT(q));
        g->watch[q].end = GUEST_CQ_END(q);
        guest_queue(g, q, q < 2 ? 4 - q : 0, q + 1, 0, 0);
    }
}

/* What the card thinks, for who looks for the reason. */
static void guest_tell_card(Guest *g)
{
    const HsmState *s = g->dev;
    const HsmQueue *q = &s->queue[0];

    fprintf(stderr, "hsm_fuzz: status 0x%x error %u ctrl 0x%x, lookers %u "
            "idle %u handed %u busy %u %u, ring of %u: sq %u/%u cq %u/%u "
            "live %u held %u\n", hsm_rd(&g->card, HSM_REG_STATUS), s->error,
            s->ctrl, s->lookers, s->idle, s->handed, s->n_busy[HSM_SHORT],
            s->n_busy[HSM_LONG], q->size, q->sq_head, q->sq_tail, q->cq_head,
            q->cq_tail, q->n_live, q->held.n);
}

static bool guest_nop_done(Guest *g)
{
    int64_t end = g_get_monotonic_time() + GUEST_IDLE_US;

    while (!hsm_has(&g->card, 0)) {
        if (g_get_monotonic_time() > end) {
            return false;
        }
        guest_let(20);
    }
    return true;
}

/* One NOP through a ring of two entries that starts as new. */
static void guest_check_answers(Guest *g)
{
    HsmCard *c = &g->card;
    struct hsm_sqe nop = { .opcode = HSM_OP_NOP };

    for (unsigned q = 0; q < GUEST_QUEUES + 1; q++) {
        hsm_wr(c, hsm_qreg(q, HSM_QREG_LOG2_SIZE), 0);
    }
    hsm_setup(c, 0, 1);
    hsm_wr(c, HSM_REG_CTRL, HSM_CTRL_EN);
    if ((hsm_rd(c, HSM_REG_STATUS) & ~HSM_STATUS_TAMPER) != HSM_STATUS_RDY) {
        guest_tell_card(g);
        guest_fail("the card cannot be enabled after a reset");
    }
    hsm_put(c, 0, &nop);
    hsm_ring(c, 0);
    if (!guest_nop_done(g)) {
        guest_tell_card(g);
        guest_fail("the card does not answer after a reset");
    }
    if (hsm_take(c, 0).status) {
        guest_fail("NOP failed after a reset");
    }
    hsm_wr(c, HSM_REG_CTRL, 0);
}

static void guest_check_counters(Guest *g)
{
    static uint64_t last[HSM_STAT_COUNT];
    const uint64_t *stat = g->dev->stat;

    for (unsigned i = 0; i < HSM_STAT_COUNT; i++) {
        if (stat[i] < last[i]) {
            guest_fail("a counter ran backwards");
        }
        last[i] = stat[i];
    }
    if (stat[HSM_STAT_COMPLETIONS] > stat[HSM_STAT_COMMANDS]) {
        guest_fail("more completions than commands");
    }
}

void guest_check_card(Guest *g)
{
    racer_stop();
    guest_check_entries(g);
    guest_restore_config(g);
    hsm_wr(&g->card, HSM_REG_CTRL, 0);
    guest_check_memory(g);
    guest_check_answers(g);
    if (!guest_wait_idle(g, GUEST_IDLE_US)) {
        guest_fail("commands are left after a reset, or what they held");
    }
    guest_check_counters(g);
}
