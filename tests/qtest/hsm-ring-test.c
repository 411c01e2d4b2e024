/*
 * QTest of the HSM card: rings, doorbells, interrupts
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/pci/pci_regs.h"
#include "hsm-lib.h"

/* Several laps of the smallest and of a larger ring, one command at a time. */
static void test_nop_laps(void)
{
    static const uint32_t sizes[] = { 1, 4 };

    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        HsmCard *c = hsm_card_new("");

        hsm_setup(c, 0, sizes[i]);
        hsm_enable(c);
        for (unsigned n = 0; n < 5u << sizes[i]; n++) {
            hsm_check_works(c);
        }
        g_assert_cmpuint(hsm_counter(c, "completions"), ==, 5u << sizes[i]);
        hsm_card_free(c);
    }
}

/* Full rings, whose commands complete in any order but each once. */
static void test_nop_bursts(void)
{
    HsmCard *c = hsm_card_new("");

    hsm_setup(c, 3, 6);
    hsm_enable(c);
    for (unsigned lap = 0; lap < 20; lap++) {
        struct hsm_sqe nop = { .opcode = HSM_OP_NOP };
        uint16_t first = c->ring[3].cid;
        uint64_t seen = 0;

        for (unsigned i = 0; i < 64; i++) {
            hsm_put(c, 3, &nop);
        }
        hsm_ring(c, 3);
        for (unsigned i = 0; i < 64; i++) {
            struct hsm_cqe cqe = hsm_take(c, 3);

            g_assert_cmpuint(le16_to_cpu(cqe.status), ==, HSM_SC_OK);
            seen |= 1ull << (le16_to_cpu(cqe.cid) - first);
        }
        g_assert_cmphex(seen, ==, UINT64_MAX);
        hsm_ack(c, 3);
    }
    g_assert_cmpuint(hsm_counter(c, "interrupts"), <, 20 * 64);
    hsm_card_free(c);
}

/* Bursts that pass the end of both rings at every place. */
static void test_ring_end(void)
{
    HsmCard *c = hsm_card_new("");
    struct hsm_sqe nop = { .opcode = HSM_OP_NOP };

    hsm_setup(c, 0, 4);
    hsm_enable(c);
    for (unsigned lap = 0; lap < 32; lap++) {
        uint16_t first = c->ring[0].cid;
        uint32_t seen = 0;

        for (unsigned i = 0; i < 13; i++) {
            hsm_put(c, 0, &nop);
        }
        hsm_ring(c, 0);
        for (unsigned i = 0; i < 13; i++) {
            seen |= 1u << (le16_to_cpu(hsm_take(c, 0).cid) - first);
        }
        hsm_ack(c, 0);
        g_assert_cmphex(seen, ==, 0x1fff);
    }
    hsm_card_free(c);
}

static void test_all_queues(void)
{
    HsmCard *c = hsm_card_new("queues=32");

    for (unsigned q = 0; q < 32; q++) {
        hsm_setup(c, q, 2);
    }
    hsm_enable(c);
    for (unsigned q = 0; q < 32; q++) {
        struct hsm_sqe nop = { .opcode = HSM_OP_NOP };

        c->ring[q].cid = 0x1000 + q;
        hsm_put(c, q, &nop);
        hsm_ring(c, q);
    }
    for (unsigned q = 0; q < 32; q++) {
        struct hsm_cqe cqe = hsm_take(c, q);

        g_assert_cmphex(le16_to_cpu(cqe.cid), ==, 0x1000 + q);
    }
    hsm_card_free(c);
}

static void msix_set(HsmCard *c, unsigned vector, bool masked)
{
    uint64_t off = c->dev->msix_table_off + vector * PCI_MSIX_ENTRY_SIZE;
    QPCIBar bar = c->dev->msix_table_bar;

    qpci_io_writel(c->dev, bar, off + PCI_MSIX_ENTRY_LOWER_ADDR,
                   HSM_MSIX_AT + vector * 4);
    qpci_io_writel(c->dev, bar, off + PCI_MSIX_ENTRY_UPPER_ADDR, 0);
    qpci_io_writel(c->dev, bar, off + PCI_MSIX_ENTRY_DATA, 0xc0de0 + vector);
    qpci_io_writel(c->dev, bar, off + PCI_MSIX_ENTRY_VECTOR_CTRL,
                   masked ? PCI_MSIX_ENTRY_CTRL_MASKBIT : 0);
}

static bool msix_seen(HsmCard *c, unsigned vector)
{
    uint64_t at = HSM_MSIX_AT + vector * 4;
    uint32_t val;

    for (unsigned i = 0; i < 10000; i++) {
        val = qtest_readl(c->qts, at);
        if (val) {
            g_assert_cmphex(val, ==, 0xc0de0 + vector);
            qtest_writel(c->qts, at, 0);
            return true;
        }
        g_usleep(100);
    }
    return false;
}

static bool msix_quiet(HsmCard *c)
{
    g_usleep(20000);
    for (unsigned i = 0; i < 9; i++) {
        if (qtest_readl(c->qts, HSM_MSIX_AT + i * 4)) {
            return false;
        }
    }
    return true;
}

static void queue_nop(HsmCard *c, unsigned q)
{
    struct hsm_sqe nop = { .opcode = HSM_OP_NOP };

    hsm_put(c, q, &nop);
    hsm_ring(c, q);
    hsm_take(c, q);
    hsm_ack(c, q);
}

static void test_msix(void)
{
    HsmCard *c = hsm_card_new("");

    qpci_msix_enable(c->dev);
    qtest_memset(c->qts, HSM_MSIX_AT, 0, 64);
    for (unsigned i = 0; i < 9; i++) {
        msix_set(c, i, false);
    }
    for (unsigned q = 0; q < 8; q++) {
        hsm_setup(c, q, 2);
    }
    hsm_enable(c);
    for (unsigned q = 0; q < 8; q++) {
        queue_nop(c, q);
        g_assert_true(msix_seen(c, q + 1));
        g_assert_true(msix_quiet(c));
    }
    hsm_card_free(c);
}

/* A masked vector becomes pending; disabling the card takes that back. */
static void test_msix_masked(void)
{
    HsmCard *c = hsm_card_new("");

    qpci_msix_enable(c->dev);
    qtest_memset(c->qts, HSM_MSIX_AT, 0, 64);
    msix_set(c, 1, true);
    hsm_setup(c, 0, 4);
    hsm_enable(c);
    queue_nop(c, 0);
    for (unsigned i = 0; i < 10000 && !qpci_msix_pending(c->dev, 1); i++) {
        g_usleep(100);
    }
    g_assert_true(qpci_msix_pending(c->dev, 1));
    msix_set(c, 1, false);
    g_assert_true(msix_seen(c, 1));
    msix_set(c, 1, true);
    queue_nop(c, 0);
    g_usleep(20000);
    hsm_disable(c);
    g_assert_false(qpci_msix_pending(c->dev, 1));
    msix_set(c, 1, false);
    g_assert_true(msix_quiet(c));
    hsm_card_free(c);
}

/* A fatal error raises vector 0. */
static void test_msix_fatal(void)
{
    HsmCard *c = hsm_card_new("");

    qpci_msix_enable(c->dev);
    qtest_memset(c->qts, HSM_MSIX_AT, 0, 64);
    msix_set(c, 0, false);
    hsm_wr(c, hsm_qreg(0, HSM_QREG_LOG2_SIZE), 99);
    hsm_wr(c, HSM_REG_CTRL, HSM_CTRL_EN);
    g_assert_true(msix_seen(c, 0));
    hsm_card_free(c);
}

/* So does tampering, once, whether the card is enabled or not. */
static void test_msix_tamper(void)
{
    HsmCard *c = hsm_card_new("");

    qpci_msix_enable(c->dev);
    qtest_memset(c->qts, HSM_MSIX_AT, 0, 64);
    msix_set(c, 0, false);
    hsm_setup(c, 0, 4);
    hsm_enable(c);
    g_assert_null(hsm_tamper(c, "the lid was opened"));
    g_assert_true(msix_seen(c, 0));
    g_assert_true(msix_quiet(c));
    hsm_card_free(c);
}

static void bad_doorbell(HsmCard *c, uint32_t reg, uint32_t val)
{
    uint64_t before = hsm_counter(c, "doorbell-errors");

    hsm_wr(c, reg, val);
    g_assert_cmpuint(hsm_counter(c, "doorbell-errors"), ==, before + 1);
}

static void test_bad_doorbells(void)
{
    HsmCard *c = hsm_card_new("");

    bad_doorbell(c, 0x1000, 1);
    hsm_setup(c, 0, 4);
    hsm_enable(c);
    bad_doorbell(c, 0x1000, 17);
    bad_doorbell(c, 0x1000, UINT32_MAX);
    bad_doorbell(c, 0x1000, 0x80000000);
    bad_doorbell(c, 0x1004, 1);
    bad_doorbell(c, 0x1004, UINT32_MAX);
    bad_doorbell(c, 0x1008, 1);
    hsm_wr(c, 0x1000, 0);
    hsm_wr(c, 0x1004, 0);
    g_assert_cmpuint(hsm_counter(c, "doorbell-errors"), ==, 7);
    g_assert_cmpuint(hsm_counter(c, "commands"), ==, 0);
    hsm_check_works(c);
    bad_doorbell(c, 0x1000, 0);
    bad_doorbell(c, 0x1004, 0);
    bad_doorbell(c, 0x1004, 2);
    hsm_check_works(c);
    hsm_card_free(c);
}

/* A ring that is not drained holds completions back, and none is lost. */
static void test_cq_full(void)
{
    struct hsm_sqe nop = { .opcode = HSM_OP_NOP };
    HsmCard *c = hsm_card_new("");
    uint32_t seen = 0;

    hsm_setup(c, 0, 2);
    hsm_enable(c);
    for (unsigned n = 0; n < 2; n++) {
        for (unsigned i = 0; i < 4; i++) {
            hsm_put(c, 0, &nop);
        }
        hsm_ring(c, 0);
        g_usleep(20000);
    }
    g_assert_cmpuint(hsm_counter(c, "completions"), ==, 4);
    /* As many held as the ring has entries, so no more is read. */
    for (unsigned i = 0; i < 4; i++) {
        hsm_put(c, 0, &nop);
    }
    hsm_ring(c, 0);
    g_usleep(20000);
    g_assert_cmpuint(hsm_counter(c, "commands"), ==, 8);
    for (unsigned i = 0; i < 12; i++) {
        seen |= 1u << (le16_to_cpu(hsm_take(c, 0).cid) - 0x100);
        hsm_ack(c, 0);
    }
    g_assert_cmphex(seen, ==, 0xfff);
    hsm_check_works(c);
    hsm_card_free(c);
}

static bool is_fatal(HsmCard *c)
{
    return hsm_rd(c, HSM_REG_STATUS) & HSM_STATUS_FATAL;
}

static void check_ring_fault(uint32_t reg, uint64_t addr, uint32_t error)
{
    HsmCard *c = hsm_card_new("");
    struct hsm_sqe nop = { .opcode = HSM_OP_NOP };

    hsm_setup(c, 0, 4);
    hsm_wr64(c, hsm_qreg(0, reg), addr);
    hsm_enable(c);
    hsm_put(c, 0, &nop);
    hsm_ring(c, 0);
    g_assert_true(hsm_wait_for(is_fatal, c));
    g_assert_cmpuint(hsm_rd(c, HSM_REG_ERROR), ==, error);
    g_assert_cmphex(hsm_rd(c, HSM_REG_STATUS), ==,
                    HSM_STATUS_RDY | HSM_STATUS_FATAL);
    g_usleep(5000);
    hsm_disable(c);
    g_assert_cmpuint(hsm_rd(c, HSM_REG_ERROR), ==, 0);
    hsm_setup(c, 0, 4);
    hsm_enable(c);
    hsm_check_works(c);
    hsm_card_free(c);
}

/* Rings in nothing, in the card's own registers, in ROM. */
static void test_ring_faults(void)
{
    HsmCard *c = hsm_card_new("");
    uint64_t bar = c->bar.addr;

    hsm_card_free(c);
    check_ring_fault(HSM_QREG_SQ_BASE, HSM_NO_RAM, HSM_ERR_SQ_FETCH);
    check_ring_fault(HSM_QREG_SQ_BASE, bar, HSM_ERR_SQ_FETCH);
    check_ring_fault(HSM_QREG_SQ_BASE, UINT64_MAX - 4095, HSM_ERR_SQ_FETCH);
    check_ring_fault(HSM_QREG_CQ_BASE, HSM_NO_RAM, HSM_ERR_CQ_POST);
    check_ring_fault(HSM_QREG_CQ_BASE, bar, HSM_ERR_CQ_POST);
    check_ring_fault(HSM_QREG_CQ_BASE, bar + HSM_REG_DOORBELL, HSM_ERR_CQ_POST);
    check_ring_fault(HSM_QREG_CQ_BASE, 0xfffff000, HSM_ERR_CQ_POST);
}

/* Without Bus Master the card reaches no memory. */
static void test_bus_master(void)
{
    HsmCard *c = hsm_card_new("");
    struct hsm_sqe nop = { .opcode = HSM_OP_NOP };
    uint16_t cmd = qpci_config_readw(c->dev, PCI_COMMAND);

    qpci_config_writew(c->dev, PCI_COMMAND, cmd & ~PCI_COMMAND_MASTER);
    hsm_setup(c, 0, 4);
    hsm_enable(c);
    hsm_put(c, 0, &nop);
    hsm_ring(c, 0);
    g_assert_true(hsm_wait_for(is_fatal, c));
    g_assert_cmpuint(hsm_rd(c, HSM_REG_ERROR), ==, HSM_ERR_SQ_FETCH);
    hsm_card_free(c);
}

void hsm_add_ring_tests(void)
{
    qtest_add_func("hsm/ring/nop-laps", test_nop_laps);
    qtest_add_func("hsm/ring/nop-bursts", test_nop_bursts);
    qtest_add_func("hsm/ring/ring-end", test_ring_end);
    qtest_add_func("hsm/ring/all-queues", test_all_queues);
    qtest_add_func("hsm/ring/msix", test_msix);
    qtest_add_func("hsm/ring/msix-masked", test_msix_masked);
    qtest_add_func("hsm/ring/msix-fatal", test_msix_fatal);
    qtest_add_func("hsm/ring/msix-tamper", test_msix_tamper);
    qtest_add_func("hsm/ring/bad-doorbells", test_bad_doorbells);
    qtest_add_func("hsm/ring/cq-full", test_cq_full);
    qtest_add_func("hsm/ring/ring-faults", test_ring_faults);
    qtest_add_func("hsm/ring/bus-master", test_bus_master);
}
