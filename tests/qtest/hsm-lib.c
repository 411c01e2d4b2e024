/*
 * QTest of the HSM card: a small driver
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qobject/qdict.h"
#include "hsm-lib.h"

#define HSM_WAIT_US     (10 * G_USEC_PER_SEC)

static HsmCard *hsm_card_new_with(const char *before, const char *props)
{
    HsmCard *c = g_new0(HsmCard, 1);

    c->qts = qtest_initf("-machine q35 -m 64 %s -device hsm-pci,id=hsm0,"
                         HSM_TEST_SLOT ",%s", before, props);
    c->bus = qpci_new_pc(c->qts, NULL);
    c->dev = qpci_device_find(c->bus, HSM_TEST_DEVFN);
    g_assert_nonnull(c->dev);
    qpci_device_enable(c->dev);
    c->bar = qpci_iomap(c->dev, HSM_PCI_BAR, NULL);
    return c;
}

HsmCard *hsm_card_new_store(const char *props)
{
    return hsm_card_new_with("", props);
}

HsmCard *hsm_card_new_iommu(void)
{
    return hsm_card_new_with("-accel tcg -S -device intel-iommu,intremap=off",
                             "x-store=memory");
}

HsmCard *hsm_card_new(const char *props)
{
    g_autofree char *all = g_strdup_printf("x-store=memory%s%s",
                                           *props ? "," : "", props);

    return hsm_card_new_store(all);
}

void hsm_card_free(HsmCard *c)
{
    g_free(c->dev);
    qpci_free_pc(c->bus);
    qtest_quit(c->qts);
    g_free(c);
}

uint32_t hsm_rd(HsmCard *c, uint32_t reg)
{
    return qpci_io_readl(c->dev, c->bar, reg);
}

uint64_t hsm_rd64(HsmCard *c, uint32_t reg)
{
    return qpci_io_readq(c->dev, c->bar, reg);
}

void hsm_wr(HsmCard *c, uint32_t reg, uint32_t val)
{
    qpci_io_writel(c->dev, c->bar, reg, val);
}

void hsm_wr64(HsmCard *c, uint32_t reg, uint64_t val)
{
    qpci_io_writeq(c->dev, c->bar, reg, val);
}

uint32_t hsm_qreg(unsigned q, uint32_t reg)
{
    return HSM_REG_QUEUE + q * HSM_REG_QUEUE_STRIDE + reg;
}

static uint32_t hsm_doorbell(unsigned q, uint32_t reg)
{
    return HSM_REG_DOORBELL + q * HSM_REG_DOORBELL_STRIDE + reg;
}

uint64_t hsm_counter(HsmCard *c, const char *name)
{
    QDict *r = qtest_qmp(c->qts, "{'execute': 'qom-get', 'arguments': "
                         "{'path': '/machine/peripheral/hsm0', "
                         "'property': %s}}", name);
    uint64_t val = qdict_get_int(r, "return");

    qobject_unref(r);
    return val;
}

void hsm_fault(HsmCard *c, const char *fault)
{
    qtest_qmp_assert_success(c->qts, "{'execute': 'qom-set', 'arguments': "
                             "{'path': '/machine/peripheral/hsm0', "
                             "'property': 'x-fault', 'value': %s}}", fault);
}

char *hsm_tamper(HsmCard *c, const char *reason)
{
    QDict *r = qtest_qmp(c->qts, "{'execute': 'qom-set', 'arguments': "
                         "{'path': '/machine/peripheral/hsm0', "
                         "'property': 'tamper', 'value': %s}}", reason);
    QDict *error = qdict_get_qdict(r, "error");
    char *text = error ? g_strdup(qdict_get_str(error, "desc")) : NULL;

    qobject_unref(r);
    return text;
}

void hsm_setup(HsmCard *c, unsigned q, uint32_t log2_size)
{
    c->ring[q] = (HsmRing) { .log2_size = log2_size, .cid = 0x100 };
    qtest_memset(c->qts, HSM_CQ_AT(q), 0, sizeof(struct hsm_cqe) << log2_size);
    hsm_wr64(c, hsm_qreg(q, HSM_QREG_SQ_BASE), HSM_SQ_AT(q));
    hsm_wr64(c, hsm_qreg(q, HSM_QREG_CQ_BASE), HSM_CQ_AT(q));
    hsm_wr(c, hsm_qreg(q, HSM_QREG_LOG2_SIZE), log2_size);
    hsm_wr(c, hsm_qreg(q, HSM_QREG_VECTOR), q + 1);
}

void hsm_enable(HsmCard *c)
{
    hsm_wr(c, HSM_REG_CTRL, HSM_CTRL_EN);
    g_assert_cmphex(hsm_rd(c, HSM_REG_STATUS), ==, HSM_STATUS_RDY);
}

void hsm_disable(HsmCard *c)
{
    hsm_wr(c, HSM_REG_CTRL, 0);
    g_assert_cmphex(hsm_rd(c, HSM_REG_STATUS), ==, 0);
}

HsmCard *hsm_card_ready(const char *props)
{
    HsmCard *c = hsm_card_new(props);
    struct hsm_sqe open = { .opcode = HSM_OP_CTX_OPEN, .ctx = HSM_CTX };

    hsm_setup(c, 0, 4);
    hsm_enable(c);
    g_assert_cmpuint(hsm_do(c, &open, NULL), ==, HSM_SC_OK);
    return c;
}

uint16_t hsm_put(HsmCard *c, unsigned q, struct hsm_sqe *sqe)
{
    HsmRing *r = &c->ring[q];
    uint32_t slot = r->tail++ & ((1u << r->log2_size) - 1);

    sqe->cid = cpu_to_le16(r->cid);
    qtest_memwrite(c->qts, HSM_SQ_AT(q) + slot * sizeof(*sqe), sqe,
                   sizeof(*sqe));
    return r->cid++;
}

void hsm_ring(HsmCard *c, unsigned q)
{
    hsm_wr(c, hsm_doorbell(q, HSM_DB_SQ_TAIL), c->ring[q].tail);
}

static struct hsm_cqe hsm_peek(HsmCard *c, unsigned q)
{
    HsmRing *r = &c->ring[q];
    uint32_t slot = r->head & ((1u << r->log2_size) - 1);
    struct hsm_cqe cqe;

    qtest_memread(c->qts, HSM_CQ_AT(q) + slot * sizeof(cqe), &cqe, sizeof(cqe));
    return cqe;
}

static bool hsm_is_new(const HsmRing *r, const struct hsm_cqe *cqe)
{
    uint32_t phase = (r->head >> r->log2_size & 1) ^ 1;

    return le32_to_cpu(cqe->phase) == phase;
}

bool hsm_has(HsmCard *c, unsigned q)
{
    struct hsm_cqe cqe = hsm_peek(c, q);

    return hsm_is_new(&c->ring[q], &cqe);
}

struct hsm_cqe hsm_take(HsmCard *c, unsigned q)
{
    int64_t end = g_get_monotonic_time() + HSM_WAIT_US;
    HsmRing *r = &c->ring[q];
    struct hsm_cqe cqe = hsm_peek(c, q);

    while (!hsm_is_new(r, &cqe)) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        g_usleep(20);
        cqe = hsm_peek(c, q);
    }
    /* The phase was read in the same access as the rest, maybe before it. */
    cqe = hsm_peek(c, q);
    r->head++;
    return cqe;
}

void hsm_ack(HsmCard *c, unsigned q)
{
    hsm_wr(c, hsm_doorbell(q, HSM_DB_CQ_HEAD), c->ring[q].head);
}

uint16_t hsm_do(HsmCard *c, struct hsm_sqe *sqe, struct hsm_cqe *out)
{
    uint16_t cid = hsm_put(c, 0, sqe);
    struct hsm_cqe cqe;

    hsm_ring(c, 0);
    cqe = hsm_take(c, 0);
    hsm_ack(c, 0);
    g_assert_cmphex(le16_to_cpu(cqe.cid), ==, cid);
    g_assert_cmpuint(le32_to_cpu(cqe.sq_head), ==, c->ring[0].tail);
    if (out) {
        *out = cqe;
    }
    return le16_to_cpu(cqe.status);
}

uint16_t hsm_do_op(HsmCard *c, uint8_t opcode)
{
    struct hsm_sqe sqe = { .opcode = opcode };

    return hsm_do(c, &sqe, NULL);
}

void hsm_check_works(HsmCard *c)
{
    g_assert_cmpuint(hsm_do_op(c, HSM_OP_NOP), ==, HSM_SC_OK);
}

struct hsm_sqe hsm_exec(uint32_t in_len, uint32_t room)
{
    return (struct hsm_sqe) {
        .opcode = HSM_OP_EXEC,
        .ctx = cpu_to_le32(HSM_CTX),
        .in_addr = cpu_to_le64(HSM_IN_AT),
        .out_addr = cpu_to_le64(HSM_OUT_AT),
        .in_len = cpu_to_le32(in_len),
        .out_len = cpu_to_le32(room),
        .rights = cpu_to_le32(1),
    };
}

void hsm_nop_message(HsmCard *c, uint64_t addr)
{
    static const uint8_t nop[16] = { [4] = 16 };

    qtest_memwrite(c->qts, addr, nop, sizeof(nop));
}

void hsm_put_segs(HsmCard *c, uint64_t at, const struct hsm_seg *segs,
                  unsigned n)
{
    qtest_memwrite(c->qts, at, segs, n * sizeof(*segs));
}

bool hsm_all_zero(const uint8_t *p, size_t len)
{
    while (len && !*p) {
        p++;
        len--;
    }
    return !len;
}

bool hsm_wait_for(bool (*cond)(HsmCard *c), HsmCard *c)
{
    int64_t end = g_get_monotonic_time() + HSM_WAIT_US;

    while (!cond(c)) {
        if (g_get_monotonic_time() > end) {
            return false;
        }
        g_usleep(100);
    }
    return true;
}
