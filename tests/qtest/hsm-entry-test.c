/*
 * QTest of the HSM card: entries with one thing wrong in an otherwise good one
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hsm-lib.h"

typedef struct BadField {
    const char *what;
    size_t offset;
    size_t size;
    uint64_t value;
    uint16_t status;
} BadField;

#define BAD(f, value, status) \
    { #f, offsetof(struct hsm_sqe, f), \
      sizeof(((struct hsm_sqe *)NULL)->f), value, status }

static const BadField bad_nop[] = {
    BAD(opcode, 6, HSM_SC_BAD_OPCODE),
    BAD(opcode, 0xff, HSM_SC_BAD_OPCODE),
    BAD(flags, 1, HSM_SC_BAD_FIELD),
    BAD(in_addr, 1, HSM_SC_BAD_FIELD),
    BAD(out_addr, 1, HSM_SC_BAD_FIELD),
    BAD(in_len, 1, HSM_SC_BAD_FIELD),
    BAD(out_len, 1, HSM_SC_BAD_FIELD),
    BAD(arg, 1, HSM_SC_BAD_FIELD),
    BAD(in_segs, 1, HSM_SC_BAD_FIELD),
    BAD(out_segs, 1, HSM_SC_BAD_FIELD),
    BAD(reserved[0], 1ull << 63, HSM_SC_BAD_FIELD),
    BAD(reserved[1], 1, HSM_SC_BAD_FIELD),
    BAD(ctx, 99, HSM_SC_OK),
    BAD(rights, 99, HSM_SC_OK),
    BAD(timeout_ms, UINT32_MAX, HSM_SC_OK),
};

static const BadField bad_exec[] = {
    BAD(flags, 0x80, HSM_SC_BAD_FIELD),
    BAD(ctx, HSM_CTX + 1, HSM_SC_BAD_CTX),
    BAD(ctx, UINT32_MAX, HSM_SC_BAD_CTX),
    BAD(arg, 1, HSM_SC_BAD_FIELD),
    BAD(reserved[0], 1, HSM_SC_BAD_FIELD),
    BAD(reserved[1], 1, HSM_SC_BAD_FIELD),
    BAD(in_len, 0, HSM_SC_BAD_LENGTH),
    BAD(in_len, 0x10001, HSM_SC_BAD_LENGTH),
    BAD(in_len, UINT32_MAX, HSM_SC_BAD_LENGTH),
    BAD(out_len, 0, HSM_SC_BAD_LENGTH),
    BAD(out_len, 0x10001, HSM_SC_BAD_LENGTH),
    BAD(out_len, UINT32_MAX, HSM_SC_BAD_LENGTH),
    BAD(in_addr, HSM_NO_RAM, HSM_SC_DATA_FAULT),
    BAD(in_addr, UINT64_MAX, HSM_SC_DATA_FAULT),
    BAD(in_addr, 64 * 1024 * 1024 - 1, HSM_SC_DATA_FAULT),
    BAD(out_addr, HSM_NO_RAM, HSM_SC_DATA_FAULT),
    BAD(out_addr, UINT64_MAX, HSM_SC_DATA_FAULT),
    BAD(out_addr, UINT64_MAX - 4095, HSM_SC_DATA_FAULT),
    BAD(out_addr, 64 * 1024 * 1024 - 1, HSM_SC_DATA_FAULT),
    BAD(out_addr, 0xffffe000, HSM_SC_DATA_FAULT),
    BAD(in_segs, 257, HSM_SC_BAD_SEGMENTS),
    BAD(in_segs, UINT16_MAX, HSM_SC_BAD_SEGMENTS),
    BAD(out_segs, 257, HSM_SC_BAD_SEGMENTS),
};

static const BadField bad_random[] = {
    BAD(out_len, 0, HSM_SC_BAD_LENGTH),
    BAD(out_len, 4097, HSM_SC_BAD_LENGTH),
    BAD(out_len, 1, HSM_SC_OK),
    BAD(in_len, 1, HSM_SC_BAD_FIELD),
    BAD(in_addr, 1, HSM_SC_BAD_FIELD),
    BAD(out_addr, HSM_NO_RAM, HSM_SC_DATA_FAULT),
    BAD(out_segs, 300, HSM_SC_BAD_SEGMENTS),
};

static const BadField bad_ctx[] = {
    BAD(ctx, 0, HSM_SC_BAD_CTX),
    BAD(ctx, HSM_CTX, HSM_SC_BAD_CTX),
    BAD(in_len, 1, HSM_SC_BAD_FIELD),
    BAD(out_segs, 1, HSM_SC_BAD_FIELD),
    BAD(arg, 1, HSM_SC_BAD_FIELD),
};

static const BadField bad_abort[] = {
    BAD(arg, 0x10000, HSM_SC_BAD_FIELD),
    BAD(arg, 0xffff, HSM_SC_NOT_FOUND),
    BAD(out_len, 1, HSM_SC_BAD_FIELD),
};

static void check_fields(HsmCard *c, const struct hsm_sqe *good,
                         const BadField *bad, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        uint64_t value = cpu_to_le64(bad[i].value);
        struct hsm_sqe sqe = *good;
        struct hsm_cqe cqe;
        uint16_t status;

        memcpy((char *)&sqe + bad[i].offset, &value, bad[i].size);
        status = hsm_do(c, &sqe, &cqe);
        if (status != bad[i].status) {
            g_test_message("%s = 0x%" PRIx64, bad[i].what, bad[i].value);
        }
        g_assert_cmpuint(status, ==, bad[i].status);
        if (status) {
            g_assert_cmpuint(le32_to_cpu(cqe.out_len), ==, 0);
        }
    }
    hsm_check_works(c);
}

static void test_fields(void)
{
    HsmCard *c = hsm_card_ready("");
    struct hsm_sqe nop = { .opcode = HSM_OP_NOP };
    struct hsm_sqe open = { .opcode = HSM_OP_CTX_OPEN, .ctx = 1000 };
    struct hsm_sqe abort = { .opcode = HSM_OP_ABORT };
    struct hsm_sqe exec = hsm_exec(16, 4096);
    struct hsm_sqe random = { .opcode = HSM_OP_RANDOM,
                              .out_addr = cpu_to_le64(HSM_OUT_AT),
                              .out_len = cpu_to_le32(64) };

    hsm_nop_message(c, HSM_IN_AT);
    check_fields(c, &nop, bad_nop, G_N_ELEMENTS(bad_nop));
    check_fields(c, &open, bad_ctx, G_N_ELEMENTS(bad_ctx));
    check_fields(c, &abort, bad_abort, G_N_ELEMENTS(bad_abort));
    check_fields(c, &random, bad_random, G_N_ELEMENTS(bad_random));
    check_fields(c, &exec, bad_exec, G_N_ELEMENTS(bad_exec));
    g_assert_cmpuint(hsm_do(c, &exec, NULL), ==, HSM_SC_OK);
    hsm_card_free(c);
}

/* Buffers in the card's own registers: no recursion, no effect. */
static void test_own_registers(void)
{
    HsmCard *c = hsm_card_ready("");
    struct hsm_sqe sqe;

    hsm_nop_message(c, HSM_IN_AT);
    for (uint64_t off = 0; off < 0x2000; off += 0x1000) {
        sqe = hsm_exec(16, 64);
        sqe.out_addr = cpu_to_le64(c->bar.addr + off);
        g_assert_cmpuint(hsm_do(c, &sqe, NULL), ==, HSM_SC_DATA_FAULT);
        sqe = hsm_exec(16, 64);
        sqe.in_addr = cpu_to_le64(c->bar.addr + off);
        g_assert_cmpuint(hsm_do(c, &sqe, NULL), ==, HSM_SC_DATA_FAULT);
        sqe = hsm_exec(16, 64);
        sqe.in_addr = cpu_to_le64(c->bar.addr + off);
        sqe.in_segs = cpu_to_le16(1);
        g_assert_cmpuint(hsm_do(c, &sqe, NULL), ==, HSM_SC_DATA_FAULT);
    }
    g_assert_cmpuint(hsm_counter(c, "doorbell-errors"), ==, 0);
    g_assert_cmpuint(hsm_counter(c, "faults"), ==, 6);
    hsm_check_works(c);
    hsm_card_free(c);
}

static struct hsm_seg seg(uint64_t addr, uint32_t len)
{
    return (struct hsm_seg) { .addr = cpu_to_le64(addr),
                              .len = cpu_to_le32(len) };
}

static uint16_t exec_segs(HsmCard *c, uint64_t in_list, unsigned n_in,
                          uint64_t out_list, unsigned n_out)
{
    struct hsm_sqe sqe = hsm_exec(16, 64);

    if (n_in) {
        sqe.in_addr = cpu_to_le64(in_list);
        sqe.in_segs = cpu_to_le16(n_in);
    }
    if (n_out) {
        sqe.out_addr = cpu_to_le64(out_list);
        sqe.out_segs = cpu_to_le16(n_out);
    }
    return hsm_do(c, &sqe, NULL);
}

static void test_good_segments(void)
{
    HsmCard *c = hsm_card_ready("");
    struct hsm_seg in[3] = { seg(0x710001, 5), seg(0x720fff, 3),
                             seg(0x730000, 8) };
    struct hsm_seg out[3] = { seg(0x910003, 1), seg(0x920000, 13),
                              seg(0x930000, 50) };
    struct hsm_seg ones[256];
    uint8_t reply[16];

    hsm_nop_message(c, 0x710001);
    qtest_memset(c->qts, 0x720fff, 0, 3);
    qtest_memset(c->qts, 0x730000, 0, 8);
    qtest_memset(c->qts, 0x900000, 0xa5, 0x40000);
    hsm_put_segs(c, HSM_LIST_AT, in, 3);
    hsm_put_segs(c, HSM_LIST_AT + 0x1000, out, 3);
    g_assert_cmpuint(exec_segs(c, HSM_LIST_AT, 3, HSM_LIST_AT + 0x1000, 3), ==,
                     HSM_SC_OK);
    qtest_memread(c->qts, 0x910003, reply, 1);
    qtest_memread(c->qts, 0x920000, reply + 1, 13);
    qtest_memread(c->qts, 0x930000, reply + 14, 2);
    g_assert_cmpuint(reply[0], ==, 0);
    g_assert_cmpuint(reply[4], >=, 16);
    g_assert_cmphex(qtest_readb(c->qts, 0x910004), ==, 0xa5);
    g_assert_cmphex(qtest_readb(c->qts, 0x92000d), ==, 0xa5);
    g_assert_cmphex(qtest_readb(c->qts, 0x930031), ==, 0xa5);

    /* As many as a list can have, of one random byte each. */
    for (unsigned i = 0; i < 256; i++) {
        ones[i] = seg(0x910000 + 2 * i, 1);
    }
    hsm_put_segs(c, HSM_LIST_AT, ones, 256);
    struct hsm_sqe random = { .opcode = HSM_OP_RANDOM,
                              .out_addr = cpu_to_le64(HSM_LIST_AT),
                              .out_len = cpu_to_le32(256),
                              .out_segs = cpu_to_le16(256) };
    qtest_memset(c->qts, 0x910000, 0xa5, 0x1000);
    g_assert_cmpuint(hsm_do(c, &random, NULL), ==, HSM_SC_OK);
    for (unsigned i = 0; i < 256; i++) {
        g_assert_cmphex(qtest_readb(c->qts, 0x910001 + 2 * i), ==, 0xa5);
    }
    hsm_card_free(c);
}

static void test_bad_segments(void)
{
    HsmCard *c = hsm_card_ready("");
    struct hsm_seg good[2] = { seg(HSM_IN_AT, 8), seg(HSM_IN_AT + 8, 8) };
    struct hsm_seg bad[2];
    uint64_t at = HSM_LIST_AT;

    hsm_nop_message(c, HSM_IN_AT);
    hsm_put_segs(c, at, good, 2);
    g_assert_cmpuint(exec_segs(c, at, 2, 0, 0), ==, HSM_SC_OK);
    g_assert_cmpuint(exec_segs(c, at + 8, 2, 0, 0), ==, HSM_SC_BAD_SEGMENTS);
    g_assert_cmpuint(exec_segs(c, at, 1, 0, 0), ==, HSM_SC_BAD_SEGMENTS);
    g_assert_cmpuint(exec_segs(c, at, 3, 0, 0), ==, HSM_SC_BAD_SEGMENTS);
    g_assert_cmpuint(exec_segs(c, at, 2, at, 2), ==, HSM_SC_BAD_SEGMENTS);
    g_assert_cmpuint(exec_segs(c, HSM_NO_RAM, 2, 0, 0), ==, HSM_SC_DATA_FAULT);
    g_assert_cmpuint(exec_segs(c, UINT64_MAX - 15, 2, 0, 0), ==,
                     HSM_SC_DATA_FAULT);
    const struct hsm_seg wrong[] = {
        seg(HSM_IN_AT + 8, 0), seg(HSM_IN_AT + 8, 9), seg(HSM_IN_AT + 8, 7),
        seg(HSM_IN_AT + 8, UINT32_MAX), seg(UINT64_MAX - 3, 8),
        { .addr = cpu_to_le64(HSM_IN_AT + 8), .len = cpu_to_le32(8),
          .reserved = cpu_to_le32(1) },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++) {
        bad[0] = good[0];
        bad[1] = wrong[i];
        hsm_put_segs(c, at, bad, 2);
        g_assert_cmpuint(exec_segs(c, at, 2, 0, 0), ==, HSM_SC_BAD_SEGMENTS);
    }
    bad[1] = seg(HSM_NO_RAM, 8);
    hsm_put_segs(c, at, bad, 2);
    g_assert_cmpuint(exec_segs(c, at, 2, 0, 0), ==, HSM_SC_DATA_FAULT);
    hsm_check_works(c);
    hsm_card_free(c);
}

/* Entries of noise: each completes, none harms. */
static void test_noise(void)
{
    HsmCard *c = hsm_card_ready("");
    GRand *rand = g_rand_new_with_seed(20260101);
    struct hsm_sqe sqe;

    for (unsigned n = 0; n < 500; n++) {
        for (unsigned i = 0; i < sizeof(sqe) / 4; i++) {
            ((uint32_t *)&sqe)[i] = g_rand_int(rand);
        }
        if (n & 1) {
            sqe.opcode %= 6;
            sqe.flags = 0;
            sqe.reserved[0] = sqe.reserved[1] = 0;
            sqe.ctx = cpu_to_le32(HSM_CTX);
            sqe.arg = 0;
            sqe.in_len &= cpu_to_le32(0x3ff);
            sqe.out_len &= cpu_to_le32(0x3ff);
            sqe.in_segs &= cpu_to_le16(0x1ff);
            sqe.out_segs &= cpu_to_le16(0x1ff);
            sqe.in_addr &= cpu_to_le64(0x7fffff0);
            sqe.out_addr &= cpu_to_le64(0x7fffff0);
            sqe.out_addr |= cpu_to_le64(0x1000000);
        }
        hsm_do(c, &sqe, NULL);
    }
    g_rand_free(rand);
    hsm_check_works(c);
    g_assert_cmphex(hsm_rd(c, HSM_REG_STATUS), ==, HSM_STATUS_RDY);
    hsm_card_free(c);
}

void hsm_add_entry_tests(void)
{
    qtest_add_func("hsm/entry/fields", test_fields);
    qtest_add_func("hsm/entry/own-registers", test_own_registers);
    qtest_add_func("hsm/entry/good-segments", test_good_segments);
    qtest_add_func("hsm/entry/bad-segments", test_bad_segments);
    qtest_add_func("hsm/entry/noise", test_noise);
}
