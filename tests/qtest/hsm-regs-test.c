/*
 * QTest of the HSM card: PCI identity, registers, enable
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/pci/pci_regs.h"
#include "hsm-lib.h"

static void test_ids(void)
{
    HsmCard *c = hsm_card_new("");
    uint64_t size;

    g_assert_cmphex(qpci_config_readw(c->dev, PCI_VENDOR_ID), ==, 0x1af4);
    g_assert_cmphex(qpci_config_readw(c->dev, PCI_DEVICE_ID), ==, 0x10f0);
    g_assert_cmphex(qpci_config_readw(c->dev, PCI_CLASS_DEVICE), ==, 0x1080);
    g_assert_cmphex(qpci_config_readb(c->dev, PCI_REVISION_ID), ==, 0);
    g_assert_cmphex(qpci_config_readw(c->dev, PCI_SUBSYSTEM_VENDOR_ID), ==,
                    0x1af4);
    g_assert_cmphex(qpci_config_readw(c->dev, PCI_SUBSYSTEM_ID), ==, 1);
    g_assert_cmphex(qpci_config_readb(c->dev, PCI_INTERRUPT_PIN), ==, 0);
    g_assert_cmpuint(qpci_msix_table_size(c->dev), ==, 9);
    g_assert_cmphex(qpci_find_capability(c->dev, PCI_CAP_ID_EXP, 0), !=, 0);
    g_assert_cmphex(qpci_find_capability(c->dev, PCI_CAP_ID_PM, 0), !=, 0);
    qpci_iomap(c->dev, HSM_PCI_BAR, &size);
    g_assert_cmphex(size, ==, 0x4000);
    hsm_card_free(c);
}

static void test_reset_values(void)
{
    HsmCard *c = hsm_card_new("");

    g_assert_cmphex(hsm_rd(c, 0x000), ==, 0x314d5348);
    g_assert_cmphex(hsm_rd(c, 0x004), ==, 0x00010000);
    g_assert_cmphex(hsm_rd64(c, 0x008), ==, 0x0000000914100a08);
    g_assert_cmphex(hsm_rd(c, 0x008), ==, 0x14100a08);
    g_assert_cmphex(hsm_rd(c, 0x00c), ==, 0x00000009);
    g_assert_cmphex(hsm_rd(c, 0x010), ==, 0);
    g_assert_cmphex(hsm_rd(c, 0x014), ==, 0);
    g_assert_cmphex(hsm_rd(c, 0x018), !=, 0xffffffff);
    g_assert_cmphex(hsm_rd(c, 0x01c), ==, 0);
    g_assert_cmphex(hsm_rd(c, 0x020), ==, 0xffffffff);
    for (uint32_t off = 0x100; off < 0x118; off += 4) {
        g_assert_cmphex(hsm_rd(c, off), ==, 0);
    }
    g_assert_cmphex(hsm_rd(c, 0x1000), ==, 0);
    g_assert_cmphex(hsm_rd(c, 0x1004), ==, 0);
    g_assert_cmpuint(hsm_counter(c, "guest-errors"), ==, 0);
    hsm_card_free(c);
}

static void test_cap(void)
{
    HsmCard *c = hsm_card_new("queues=3,max-transfer=1M");

    g_assert_cmphex(hsm_rd64(c, HSM_REG_CAP), ==, 0x0000000414140a03);
    g_assert_cmpuint(qpci_msix_table_size(c->dev), ==, 4);
    hsm_card_free(c);
}

static void test_scratch(void)
{
    HsmCard *c = hsm_card_new("");

    hsm_wr(c, HSM_REG_SCRATCH, 0x12345678);
    g_assert_cmphex(hsm_rd(c, HSM_REG_SCRATCH), ==, 0xedcba987);
    hsm_card_free(c);
}

/* A 64-bit register by halves, in both orders. */
static void test_halves(void)
{
    HsmCard *c = hsm_card_new("");

    hsm_wr(c, 0x104, 0x11223344);
    hsm_wr(c, 0x100, 0x55667000);
    g_assert_cmphex(hsm_rd64(c, 0x100), ==, 0x1122334455667000);
    hsm_wr(c, 0x108, 0x01020000);
    hsm_wr(c, 0x10c, 0x03040506);
    g_assert_cmphex(hsm_rd64(c, 0x108), ==, 0x0304050601020000);
    g_assert_cmphex(hsm_rd(c, 0x10c), ==, 0x03040506);
    hsm_card_free(c);
}

static void check_bad(HsmCard *c, unsigned n)
{
    static uint64_t before;

    g_assert_cmpuint(hsm_counter(c, "guest-errors") - before, ==, n);
    before = hsm_counter(c, "guest-errors");
}

static void test_bad_reads(void)
{
    static const uint32_t nothing[] = {
        0x024, 0x0fc, 0x118, 0x13c, 0x300, 0xffc, 0x1040, 0x2000, 0x3ffc
    };
    HsmCard *c = hsm_card_new("");
    uint64_t at = c->bar.addr;

    check_bad(c, 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(nothing); i++) {
        g_assert_cmphex(hsm_rd(c, nothing[i]), ==, 0);
        check_bad(c, 1);
    }
    g_assert_cmphex(qtest_readb(c->qts, at), ==, 0);
    check_bad(c, 1);
    g_assert_cmphex(qtest_readw(c->qts, at), ==, 0);
    check_bad(c, 1);
    g_assert_cmphex(qtest_readq(c->qts, at), ==, 0);
    check_bad(c, 1);
    g_assert_cmphex(hsm_rd64(c, 0x00c), ==, 0);
    g_assert_cmphex(hsm_rd64(c, 0x110), ==, 0);
    g_assert_cmphex(hsm_rd64(c, 0x1000), ==, 0);
    g_assert_cmpuint(hsm_counter(c, "guest-errors"), >, 0);
    hsm_card_free(c);
}

static void test_bad_writes(void)
{
    static const uint32_t read_only[] = { 0x000, 0x004, 0x008, 0x014, 0x018,
                                          0x01c, 0x024, 0x118, 0x300, 0x3ffc };
    HsmCard *c = hsm_card_new("");
    uint64_t at = c->bar.addr;
    uint64_t errors;

    for (unsigned i = 0; i < G_N_ELEMENTS(read_only); i++) {
        uint32_t before = hsm_rd(c, read_only[i]);

        errors = hsm_counter(c, "guest-errors");
        hsm_wr(c, read_only[i], ~before);
        g_assert_cmpuint(hsm_counter(c, "guest-errors"), ==, errors + 1);
        g_assert_cmphex(hsm_rd(c, read_only[i]), ==, before);
    }
    errors = hsm_counter(c, "guest-errors");
    qtest_writeb(c->qts, at + HSM_REG_SCRATCH, 1);
    qtest_writew(c->qts, at + HSM_REG_SCRATCH, 1);
    qtest_writeq(c->qts, at + HSM_REG_SCRATCH, 1);
    qtest_writel(c->qts, at + 0x101, 1);
    g_assert_cmpuint(hsm_counter(c, "guest-errors"), >=, errors + 4);
    g_assert_cmphex(hsm_rd(c, HSM_REG_SCRATCH), ==, 0xffffffff);
    g_assert_cmphex(hsm_rd64(c, 0x100), ==, 0);
    hsm_card_free(c);
}

static void test_queue_locked(void)
{
    HsmCard *c = hsm_card_new("");

    hsm_setup(c, 0, 4);
    hsm_enable(c);
    hsm_wr64(c, hsm_qreg(0, HSM_QREG_SQ_BASE), 0x5000);
    hsm_wr(c, hsm_qreg(0, HSM_QREG_LOG2_SIZE), 6);
    hsm_wr(c, hsm_qreg(1, HSM_QREG_VECTOR), 6);
    g_assert_cmpuint(hsm_counter(c, "guest-errors"), ==, 3);
    g_assert_cmphex(hsm_rd64(c, hsm_qreg(0, 0)), ==, HSM_SQ_AT(0));
    g_assert_cmphex(hsm_rd(c, hsm_qreg(0, HSM_QREG_LOG2_SIZE)), ==, 4);
    g_assert_cmphex(hsm_rd(c, hsm_qreg(1, HSM_QREG_VECTOR)), ==, 0);
    hsm_disable(c);
    hsm_wr(c, hsm_qreg(0, HSM_QREG_LOG2_SIZE), 6);
    g_assert_cmphex(hsm_rd(c, hsm_qreg(0, HSM_QREG_LOG2_SIZE)), ==, 6);
    hsm_card_free(c);
}

static void check_config(HsmCard *c, uint32_t reg, uint64_t val, bool good)
{
    uint32_t status = good ? HSM_STATUS_RDY : HSM_STATUS_FATAL;

    hsm_setup(c, 2, 4);
    if (reg < HSM_QREG_LOG2_SIZE) {
        hsm_wr64(c, hsm_qreg(2, reg), val);
    } else {
        hsm_wr(c, hsm_qreg(2, reg), val);
    }
    hsm_wr(c, HSM_REG_CTRL, HSM_CTRL_EN);
    g_assert_cmphex(hsm_rd(c, HSM_REG_STATUS), ==, status);
    g_assert_cmpuint(hsm_rd(c, HSM_REG_ERROR), ==,
                     good ? HSM_ERR_NONE : HSM_ERR_QUEUE_CONFIG);
    g_assert_cmphex(hsm_rd(c, HSM_REG_CTRL), ==, HSM_CTRL_EN);
    hsm_disable(c);
    g_assert_cmpuint(hsm_rd(c, HSM_REG_ERROR), ==, HSM_ERR_NONE);
}

static void test_queue_config(void)
{
    HsmCard *c = hsm_card_new("");

    check_config(c, HSM_QREG_SQ_BASE, HSM_SQ_AT(2), true);
    check_config(c, HSM_QREG_SQ_BASE, HSM_SQ_AT(2) + 64, false);
    check_config(c, HSM_QREG_CQ_BASE, HSM_CQ_AT(2) + 2048, false);
    check_config(c, HSM_QREG_SQ_BASE, UINT64_MAX - 4095, true);
    check_config(c, HSM_QREG_LOG2_SIZE, 10, true);
    check_config(c, HSM_QREG_LOG2_SIZE, 11, false);
    check_config(c, HSM_QREG_LOG2_SIZE, 0xffffffff, false);
    check_config(c, HSM_QREG_VECTOR, 8, true);
    check_config(c, HSM_QREG_VECTOR, 9, false);
    check_config(c, HSM_QREG_VECTOR, 0x80000000, false);
    hsm_wr64(c, hsm_qreg(1, HSM_QREG_SQ_BASE), UINT64_MAX - 4095);
    hsm_wr64(c, hsm_qreg(1, HSM_QREG_CQ_BASE), HSM_CQ_AT(1));
    hsm_wr(c, hsm_qreg(1, HSM_QREG_LOG2_SIZE), 7);
    check_config(c, HSM_QREG_LOG2_SIZE, 4, false);
    hsm_card_free(c);
}

static void test_epoch(void)
{
    HsmCard *c = hsm_card_new("");
    uint32_t epoch = hsm_rd(c, HSM_REG_EPOCH);

    hsm_wr(c, HSM_REG_CTRL, 0);
    g_assert_cmphex(hsm_rd(c, HSM_REG_EPOCH), ==, epoch);
    for (unsigned i = 1; i < 5; i++) {
        hsm_enable(c);
        hsm_wr(c, HSM_REG_CTRL, HSM_CTRL_EN);
        g_assert_cmphex(hsm_rd(c, HSM_REG_EPOCH), ==, epoch + i - 1);
        hsm_disable(c);
        g_assert_cmphex(hsm_rd(c, HSM_REG_EPOCH), ==, epoch + i);
    }
    hsm_card_free(c);
}

void hsm_add_regs_tests(void)
{
    qtest_add_func("hsm/regs/ids", test_ids);
    qtest_add_func("hsm/regs/reset-values", test_reset_values);
    qtest_add_func("hsm/regs/cap", test_cap);
    qtest_add_func("hsm/regs/scratch", test_scratch);
    qtest_add_func("hsm/regs/halves", test_halves);
    qtest_add_func("hsm/regs/bad-reads", test_bad_reads);
    qtest_add_func("hsm/regs/bad-writes", test_bad_writes);
    qtest_add_func("hsm/regs/queue-locked", test_queue_locked);
    qtest_add_func("hsm/regs/queue-config", test_queue_config);
    qtest_add_func("hsm/regs/epoch", test_epoch);
}
