/*
 * QTest of the HSM card: resets, shutdown, unplug, fault injection
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/pci/pci_regs.h"
#include "qobject/qdict.h"
#include "hsm/hsm_cmd.h"
#include "hsm-lib.h"

/* The IOMMU of q35, by Intel's specification of VT-d. */
#define VTD_AT          0xfed90000ull
#define VTD_GCMD        0x18
#define VTD_GSTS        0x1c
#define VTD_RTADDR      0x20
#define VTD_FSTS        0x34
#define VTD_FECTL       0x38
#define VTD_FEDATA      0x3c
#define VTD_FEADDR      0x40
#define VTD_GCMD_TE     (1u << 31)
#define VTD_GCMD_SRTP   (1u << 30)
#define VTD_FSTS_PPF    2u
#define ROOT_TABLE_AT   0xc00000

static bool some_read(HsmCard *c)
{
    return hsm_counter(c, "commands") > 0;
}

/* Fills a ring with commands that do not end by themselves. */
static void fill_stuck(HsmCard *c)
{
    struct hsm_sqe nop = { .opcode = HSM_OP_NOP };

    hsm_fault(c, "stuck:1000");
    for (unsigned i = 0; i < 16; i++) {
        hsm_put(c, 0, &nop);
    }
    hsm_ring(c, 0);
    g_assert_true(hsm_wait_for(some_read, c));
    hsm_fault(c, "none");
}

static void check_clean(HsmCard *c)
{
    g_usleep(5000);
    g_assert_false(hsm_has(c, 0));
    hsm_setup(c, 0, 4);
    hsm_enable(c);
    for (unsigned i = 0; i < 40; i++) {
        hsm_check_works(c);
    }
}

static void test_disable_busy(void)
{
    HsmCard *c = hsm_card_new("");
    uint32_t epoch;

    hsm_setup(c, 0, 4);
    hsm_enable(c);
    epoch = hsm_rd(c, HSM_REG_EPOCH);
    fill_stuck(c);
    hsm_disable(c);
    g_assert_cmphex(hsm_rd(c, HSM_REG_EPOCH), ==, epoch + 1);
    check_clean(c);
    hsm_card_free(c);
}

/* Resets amid streams: nothing of the old life comes after RDY = 0. */
static void test_disable_stream(void)
{
    struct hsm_sqe random = { .opcode = HSM_OP_RANDOM,
                              .out_addr = cpu_to_le64(HSM_OUT_AT),
                              .out_len = cpu_to_le32(4096) };
    HsmCard *c = hsm_card_new("workers=4");
    g_autofree uint8_t *after = g_malloc(4096);

    for (unsigned n = 0; n < 100; n++) {
        hsm_setup(c, 0, 6);
        hsm_enable(c);
        for (unsigned i = 0; i < 64; i++) {
            hsm_put(c, 0, &random);
        }
        hsm_ring(c, 0);
        g_usleep(n * 7);
        hsm_disable(c);
        qtest_memset(c->qts, HSM_OUT_AT, 0, 4096);
        qtest_memset(c->qts, HSM_CQ_AT(0), 0, 4096);
        g_usleep(300);
        qtest_memread(c->qts, HSM_OUT_AT, after, 4096);
        g_assert_true(hsm_all_zero(after, 4096));
        qtest_memread(c->qts, HSM_CQ_AT(0), after, 4096);
        g_assert_true(hsm_all_zero(after, 4096));
    }
    check_clean(c);
    hsm_card_free(c);
}

/*
 * A reset in the middle of a reply: what is not written when RDY reads 0 stays
 * so. The reply is in as many pieces as can be, to make that take long.
 */
static void test_disable_reply(void)
{
    struct hsm_sqe random = { .opcode = HSM_OP_RANDOM,
                              .out_addr = cpu_to_le64(HSM_LIST_AT),
                              .out_len = cpu_to_le32(4096),
                              .out_segs = cpu_to_le16(HSM_MAX_SEGS) };
    HsmCard *c = hsm_card_new("");
    struct hsm_seg segs[HSM_MAX_SEGS];
    uint64_t last = HSM_OUT_AT + (HSM_MAX_SEGS - 1) * 4096;
    unsigned early = 0;

    for (unsigned i = 0; i < HSM_MAX_SEGS; i++) {
        segs[i] = (struct hsm_seg) {
            .addr = cpu_to_le64(HSM_OUT_AT + i * 4096),
            .len = cpu_to_le32(4096 / HSM_MAX_SEGS),
        };
    }
    hsm_put_segs(c, HSM_LIST_AT, segs, HSM_MAX_SEGS);
    for (unsigned n = 0; n < 300; n++) {
        int64_t end = g_get_monotonic_time() + n % 30;

        hsm_setup(c, 0, 4);
        hsm_enable(c);
        qtest_writeq(c->qts, last, 0);
        hsm_put(c, 0, &random);
        hsm_ring(c, 0);
        while (g_get_monotonic_time() < end) {
            continue;
        }
        hsm_disable(c);
        if (qtest_readq(c->qts, last) == 0) {
            early++;
            g_usleep(500);
            g_assert_cmphex(qtest_readq(c->qts, last), ==, 0);
        }
    }
    g_test_message("%u of 300 resets came before the end", early);
    hsm_card_free(c);
}

/*
 * A guest that writes nonsense to LOG2_SIZE right behind a reset: a worker that
 * still looks at the ring must not compute with it.
 */
static void test_disable_resize(void)
{
    HsmCard *c = hsm_card_new("");
    struct hsm_sqe nop = { .opcode = HSM_OP_NOP };

    for (unsigned n = 0; n < 300; n++) {
        hsm_setup(c, 0, 4);
        hsm_enable(c);
        for (unsigned i = 0; i < 16; i++) {
            hsm_put(c, 0, &nop);
        }
        hsm_ring(c, 0);
        hsm_disable(c);
        hsm_wr(c, hsm_qreg(0, HSM_QREG_LOG2_SIZE), UINT32_MAX);
    }
    hsm_setup(c, 0, 4);
    hsm_enable(c);
    hsm_check_works(c);
    hsm_card_free(c);
}

static void check_registers_reset(HsmCard *c)
{
    g_assert_cmphex(hsm_rd(c, HSM_REG_CTRL), ==, 0);
    g_assert_cmphex(hsm_rd(c, HSM_REG_STATUS), ==, 0);
    g_assert_cmphex(hsm_rd(c, HSM_REG_SCRATCH), ==, 0xffffffff);
    g_assert_cmphex(hsm_rd64(c, hsm_qreg(0, HSM_QREG_SQ_BASE)), ==, 0);
    g_assert_cmphex(hsm_rd(c, hsm_qreg(0, HSM_QREG_LOG2_SIZE)), ==, 0);
}

static void test_flr(void)
{
    HsmCard *c = hsm_card_new("");
    uint8_t exp = qpci_find_capability(c->dev, PCI_CAP_ID_EXP, 0);
    uint32_t epoch, bar, cmd;

    g_assert_cmphex(qpci_config_readl(c->dev, exp + PCI_EXP_DEVCAP) &
                    PCI_EXP_DEVCAP_FLR, !=, 0);
    hsm_wr(c, HSM_REG_SCRATCH, 1);
    hsm_setup(c, 0, 4);
    hsm_enable(c);
    fill_stuck(c);
    epoch = hsm_rd(c, HSM_REG_EPOCH);
    bar = qpci_config_readl(c->dev, PCI_BASE_ADDRESS_0);
    cmd = qpci_config_readw(c->dev, PCI_COMMAND);
    qpci_config_writew(c->dev, exp + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR);
    qpci_config_writel(c->dev, PCI_BASE_ADDRESS_0, bar);
    qpci_config_writew(c->dev, PCI_COMMAND, cmd);
    g_assert_cmphex(hsm_rd(c, HSM_REG_EPOCH), ==, epoch + 1);
    check_registers_reset(c);
    check_clean(c);
    hsm_card_free(c);
}

static void test_system_reset(void)
{
    HsmCard *c = hsm_card_new("");
    uint32_t epoch;

    hsm_wr(c, HSM_REG_SCRATCH, 1);
    hsm_setup(c, 0, 4);
    hsm_enable(c);
    fill_stuck(c);
    epoch = hsm_rd(c, HSM_REG_EPOCH);
    qtest_system_reset(c->qts);
    qpci_device_enable(c->dev);
    c->bar = qpci_iomap(c->dev, HSM_PCI_BAR, NULL);
    g_assert_cmphex(hsm_rd(c, HSM_REG_EPOCH), ==, epoch + 1);
    check_registers_reset(c);
    check_clean(c);
    hsm_card_free(c);
}

static bool shutdown_done(HsmCard *c)
{
    return hsm_rd(c, HSM_REG_STATUS) & HSM_STATUS_SHUTDOWN_DONE;
}

static void test_shutdown(void)
{
    HsmCard *c = hsm_card_new("");
    struct hsm_sqe nop = { .opcode = HSM_OP_NOP };

    hsm_wr(c, HSM_REG_CTRL, HSM_CTRL_SHUTDOWN);
    g_assert_cmphex(hsm_rd(c, HSM_REG_CTRL), ==, 0);
    hsm_setup(c, 0, 4);
    hsm_enable(c);
    hsm_fault(c, "slow:100");
    hsm_put(c, 0, &nop);
    hsm_ring(c, 0);
    g_assert_true(hsm_wait_for(some_read, c));
    hsm_wr(c, HSM_REG_CTRL, HSM_CTRL_EN | HSM_CTRL_SHUTDOWN);
    g_assert_false(shutdown_done(c));
    hsm_put(c, 0, &nop);
    hsm_ring(c, 0);
    hsm_take(c, 0);
    g_assert_true(hsm_wait_for(shutdown_done, c));
    g_assert_cmphex(hsm_rd(c, HSM_REG_CTRL), ==,
                    HSM_CTRL_EN | HSM_CTRL_SHUTDOWN);
    g_usleep(20000);
    g_assert_cmpuint(hsm_counter(c, "commands"), ==, 1);
    hsm_fault(c, "none");
    hsm_disable(c);
    check_clean(c);
    hsm_card_free(c);
}

static void test_faults(void)
{
    HsmCard *c = hsm_card_ready("");
    struct hsm_sqe nop = { .opcode = HSM_OP_NOP };
    struct hsm_cqe cqe;
    uint16_t cid;

    hsm_fault(c, "drop-cqe:1");
    hsm_put(c, 0, &nop);
    cid = hsm_put(c, 0, &nop);
    hsm_ring(c, 0);
    cqe = hsm_take(c, 0);
    hsm_ack(c, 0);
    g_assert_cmphex(le16_to_cpu(cqe.cid), >=, cid - 1);

    hsm_fault(c, "bad-cid:1");
    cid = hsm_put(c, 0, &nop);
    hsm_ring(c, 0);
    g_assert_cmphex(le16_to_cpu(hsm_take(c, 0).cid), ==, (uint16_t)~cid);

    hsm_fault(c, "stale-cid:1");
    hsm_put(c, 0, &nop);
    hsm_ring(c, 0);
    g_assert_cmphex(le16_to_cpu(hsm_take(c, 0).cid), ==, cid);

    hsm_fault(c, "long-out:1");
    hsm_put(c, 0, &nop);
    hsm_ring(c, 0);
    g_assert_cmphex(le32_to_cpu(hsm_take(c, 0).out_len), ==, 0xffffff00);
    hsm_ack(c, 0);
    hsm_check_works(c);
    hsm_card_free(c);
}

/* Plugged below a root port and unplugged, with commands in flight or not. */
static void test_hotplug(void)
{
    QTestState *qts = qtest_init("-machine q35 -m 64 "
                                 "-device pcie-root-port,id=rp0,chassis=1");

    for (unsigned i = 0; i < 3; i++) {
        qtest_qmp_device_add(qts, "hsm-pci", "hsm0",
                             "{'bus': 'rp0', 'x-store': 'memory'}");
        qtest_qmp_device_del_send(qts, "hsm0");
        qtest_system_reset_nowait(qts);
        qtest_qmp_eventwait(qts, "DEVICE_DELETED");
    }
    qtest_quit(qts);
}

static bool is_fatal(HsmCard *c)
{
    return hsm_rd(c, HSM_REG_STATUS) & HSM_STATUS_FATAL;
}

/*
 * An IOMMU that knows no device, and tells of what it refuses by an interrupt:
 * an NMI, which no mask of the processor keeps back.
 */
static void iommu_refuse(HsmCard *c)
{
    qtest_memset(c->qts, ROOT_TABLE_AT, 0, 4096);
    qtest_writel(c->qts, VTD_AT + VTD_FEDATA, 4 << 8);
    qtest_writel(c->qts, VTD_AT + VTD_FEADDR, 0xfee00000);
    qtest_writel(c->qts, VTD_AT + VTD_FECTL, 0);
    qtest_writeq(c->qts, VTD_AT + VTD_RTADDR, ROOT_TABLE_AT);
    qtest_writel(c->qts, VTD_AT + VTD_GCMD, VTD_GCMD_SRTP);
    qtest_writel(c->qts, VTD_AT + VTD_GCMD, VTD_GCMD_TE);
    g_assert_cmphex(qtest_readl(c->qts, VTD_AT + VTD_GSTS) & VTD_GCMD_TE,
                    !=, 0);
}

/* The card takes the refusal for what it is, and nothing else happens. */
static void test_iommu_refuse(void)
{
    HsmCard *c = hsm_card_new_iommu();
    struct hsm_sqe nop = { .opcode = HSM_OP_NOP };

    iommu_refuse(c);
    hsm_setup(c, 0, 4);
    hsm_enable(c);
    hsm_put(c, 0, &nop);
    hsm_ring(c, 0);
    g_assert_true(hsm_wait_for(is_fatal, c));
    g_assert_cmphex(hsm_rd(c, HSM_REG_ERROR), ==, HSM_ERR_SQ_FETCH);
    g_assert_cmphex(qtest_readl(c->qts, VTD_AT + VTD_FSTS) & VTD_FSTS_PPF,
                    !=, 0);
    qtest_writel(c->qts, VTD_AT + VTD_GCMD, 0);
    hsm_disable(c);
    check_clean(c);
    hsm_card_free(c);
}

/* QEMU ends while commands are in flight. */
static void test_quit_busy(void)
{
    HsmCard *c = hsm_card_new("");

    hsm_setup(c, 0, 4);
    hsm_enable(c);
    fill_stuck(c);
    hsm_card_free(c);
}

static void refused(HsmCard *c, const char *reason, const char *word)
{
    g_autofree char *error = hsm_tamper(c, reason);

    g_assert_nonnull(error);
    g_test_message("%s", error);
    g_assert_nonnull(strstr(error, word));
}

static uint32_t nop_status(HsmCard *c)
{
    struct hsm_sqe exec = hsm_exec(16, 4096);
    struct hsm_msg_rep rep;

    hsm_nop_message(c, HSM_IN_AT);
    g_assert_cmpuint(hsm_do(c, &exec, NULL), ==, HSM_SC_OK);
    qtest_memread(c->qts, HSM_OUT_AT, &rep, sizeof(rep));
    return le32_to_cpu(rep.status);
}

/* The card goes on carrying messages; no reset brings it back. */
static void check_tampered(HsmCard *c)
{
    struct hsm_sqe random = { .opcode = HSM_OP_RANDOM,
                              .out_addr = cpu_to_le64(HSM_OUT_AT),
                              .out_len = cpu_to_le32(64) };

    g_assert_cmphex(hsm_rd(c, HSM_REG_STATUS), ==,
                    HSM_STATUS_RDY | HSM_STATUS_TAMPER);
    g_assert_cmphex(nop_status(c), ==, HSM_RV_CARD_TAMPERED);
    g_assert_cmpuint(hsm_do(c, &random, NULL), ==, HSM_SC_INTERNAL);
    hsm_check_works(c);
}

static void test_tamper(void)
{
    struct hsm_sqe open = { .opcode = HSM_OP_CTX_OPEN,
                            .ctx = cpu_to_le32(HSM_CTX) };
    HsmCard *c = hsm_card_ready("");

    refused(c, "", "0 characters");
    refused(c, "two\nlines", "character 4");
    g_assert_cmphex(hsm_rd(c, HSM_REG_STATUS), ==, HSM_STATUS_RDY);
    g_assert_cmphex(nop_status(c), ==, 0);
    g_assert_null(hsm_tamper(c, "the lid was opened"));
    check_tampered(c);
    refused(c, "again", "already: the lid was opened");
    hsm_wr(c, HSM_REG_CTRL, 0);
    g_assert_cmphex(hsm_rd(c, HSM_REG_STATUS), ==, HSM_STATUS_TAMPER);
    qtest_system_reset(c->qts);
    qpci_device_enable(c->dev);
    c->bar = qpci_iomap(c->dev, HSM_PCI_BAR, NULL);
    g_assert_cmphex(hsm_rd(c, HSM_REG_STATUS), ==, HSM_STATUS_TAMPER);
    hsm_setup(c, 0, 4);
    hsm_wr(c, HSM_REG_CTRL, HSM_CTRL_EN);
    g_assert_cmpuint(hsm_do(c, &open, NULL), ==, HSM_SC_OK);
    check_tampered(c);
    hsm_card_free(c);
}

static void test_no_migration(void)
{
    HsmCard *c = hsm_card_new("");
    g_autofree char *reply = qtest_hmp(c->qts, "migrate exec:cat>/dev/null");

    g_autofree char *saved = qtest_hmp(c->qts, "savevm before");

    g_assert_nonnull(strstr(reply, "hsm-pci"));
    g_test_message("%s", saved);
    g_assert_nonnull(strstr(saved, "hsm-pci"));
    hsm_card_free(c);
}

void hsm_add_life_tests(void)
{
    qtest_add_func("hsm/life/disable-busy", test_disable_busy);
    qtest_add_func("hsm/life/disable-stream", test_disable_stream);
    qtest_add_func("hsm/life/disable-reply", test_disable_reply);
    qtest_add_func("hsm/life/disable-resize", test_disable_resize);
    qtest_add_func("hsm/life/flr", test_flr);
    qtest_add_func("hsm/life/system-reset", test_system_reset);
    qtest_add_func("hsm/life/shutdown", test_shutdown);
    qtest_add_func("hsm/life/faults", test_faults);
    qtest_add_func("hsm/life/hotplug", test_hotplug);
    qtest_add_func("hsm/life/iommu-refuses", test_iommu_refuse);
    qtest_add_func("hsm/life/quit-busy", test_quit_busy);
    qtest_add_func("hsm/life/tamper", test_tamper);
    qtest_add_func("hsm/life/no-migration", test_no_migration);
}
