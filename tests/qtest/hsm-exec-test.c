/*
 * QTest of the HSM card: contexts, messages, abort, timeouts
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "hsm/hsm_cmd.h"
#include "hsm-lib.h"

static uint16_t ctx_op(HsmCard *c, uint8_t opcode, uint32_t ctx)
{
    struct hsm_sqe sqe = { .opcode = opcode, .ctx = cpu_to_le32(ctx) };

    return hsm_do(c, &sqe, NULL);
}

static void test_contexts(void)
{
    HsmCard *c = hsm_card_ready("");
    struct hsm_sqe exec = hsm_exec(16, 256);

    hsm_nop_message(c, HSM_IN_AT);
    g_assert_cmpuint(ctx_op(c, HSM_OP_CTX_CLOSE, 8), ==, HSM_SC_BAD_CTX);
    g_assert_cmpuint(ctx_op(c, HSM_OP_CTX_OPEN, 8), ==, HSM_SC_OK);
    g_assert_cmpuint(ctx_op(c, HSM_OP_CTX_OPEN, 8), ==, HSM_SC_BAD_CTX);
    g_assert_cmpuint(ctx_op(c, HSM_OP_CTX_OPEN, 0), ==, HSM_SC_BAD_CTX);
    g_assert_cmpuint(ctx_op(c, HSM_OP_CTX_CLOSE, 0), ==, HSM_SC_BAD_CTX);
    g_assert_cmpuint(ctx_op(c, HSM_OP_CTX_OPEN, UINT32_MAX), ==, HSM_SC_OK);
    g_assert_cmpuint(ctx_op(c, HSM_OP_CTX_CLOSE, HSM_CTX), ==, HSM_SC_OK);
    g_assert_cmpuint(hsm_do(c, &exec, NULL), ==, HSM_SC_BAD_CTX);
    g_assert_cmpuint(ctx_op(c, HSM_OP_CTX_OPEN, HSM_CTX), ==, HSM_SC_OK);
    g_assert_cmpuint(hsm_do(c, &exec, NULL), ==, HSM_SC_OK);
    exec.ctx = 0;
    g_assert_cmpuint(hsm_do(c, &exec, NULL), ==, HSM_SC_OK);
    hsm_disable(c);
    hsm_setup(c, 0, 4);
    hsm_enable(c);
    exec.ctx = cpu_to_le32(HSM_CTX);
    g_assert_cmpuint(hsm_do(c, &exec, NULL), ==, HSM_SC_BAD_CTX);
    hsm_card_free(c);
}

/* The worked example of the specification, with the reply's bytes around it. */
static void test_exec_nop(void)
{
    HsmCard *c = hsm_card_ready("");
    struct hsm_sqe exec = hsm_exec(16, 4096);
    struct hsm_msg_rep rep;
    struct hsm_cqe cqe;
    uint32_t len;

    hsm_nop_message(c, HSM_IN_AT);
    qtest_memset(c->qts, HSM_OUT_AT, 0xa5, 4096);
    g_assert_cmpuint(hsm_do(c, &exec, &cqe), ==, HSM_SC_OK);
    qtest_memread(c->qts, HSM_OUT_AT, &rep, sizeof(rep));
    len = le32_to_cpu(cqe.out_len);
    g_assert_cmpuint(len, >=, sizeof(rep));
    g_assert_cmpuint(le32_to_cpu(rep.length), ==, len);
    g_assert_cmphex(le16_to_cpu(rep.opcode), ==, HSM_CMD_NOP);
    g_assert_cmphex(le32_to_cpu(rep.status), ==, HSM_RV_SUCCESS);
    g_assert_cmphex(qtest_readb(c->qts, HSM_OUT_AT + len), ==, 0xa5);

    exec.out_len = cpu_to_le32(len);
    g_assert_cmpuint(hsm_do(c, &exec, NULL), ==, HSM_SC_OK);
    qtest_memset(c->qts, HSM_OUT_AT, 0xa5, 4096);
    exec.out_len = cpu_to_le32(len - 1);
    g_assert_cmpuint(hsm_do(c, &exec, &cqe), ==, HSM_SC_NO_ROOM);
    g_assert_cmpuint(le32_to_cpu(cqe.out_len), ==, len);
    g_assert_cmphex(qtest_readb(c->qts, HSM_OUT_AT), ==, 0xa5);
    hsm_card_free(c);
}

static bool ring_1_full(HsmCard *c)
{
    return hsm_counter(c, "completions") >= 64;
}

/* A held completion holds no data: it would use up what all queues may have. */
static void test_held_data(void)
{
    HsmCard *c = hsm_card_new("max-transfer=1M");
    struct hsm_sqe exec = hsm_exec(MiB, MiB);
    struct hsm_sqe nop = { .opcode = HSM_OP_NOP };

    hsm_setup(c, 0, 4);
    hsm_setup(c, 1, 6);
    hsm_enable(c);
    g_assert_cmpuint(ctx_op(c, HSM_OP_CTX_OPEN, HSM_CTX), ==, HSM_SC_OK);
    /* No message that is looked at at once. */
    qtest_memset(c->qts, HSM_IN_AT, 0xff, MiB);
    for (unsigned i = 0; i < 64; i++) {
        hsm_put(c, 1, &nop);
    }
    hsm_ring(c, 1);
    g_assert_true(hsm_wait_for(ring_1_full, c));
    for (unsigned i = 0; i < 64; i++) {
        hsm_put(c, 1, &exec);
    }
    hsm_ring(c, 1);
    for (unsigned i = 0; i < 4; i++) {
        g_assert_cmpuint(hsm_do(c, &exec, NULL), ==, HSM_SC_OK);
    }
    for (unsigned i = 0; i < 128; i++) {
        hsm_take(c, 1);
        hsm_ack(c, 1);
    }
    hsm_card_free(c);
}

/* In the middle of nowhere: a message is the firmware's to refuse. */
static void test_exec_garbage(void)
{
    HsmCard *c = hsm_card_ready("");
    struct hsm_sqe exec = hsm_exec(65536, 65536);
    struct hsm_msg_rep rep;

    qtest_memset(c->qts, HSM_IN_AT, 0xff, 65536);
    g_assert_cmpuint(hsm_do(c, &exec, NULL), ==, HSM_SC_OK);
    qtest_memread(c->qts, HSM_OUT_AT, &rep, sizeof(rep));
    g_assert_cmphex(le32_to_cpu(rep.status), !=, HSM_RV_SUCCESS);
    hsm_card_free(c);
}

static void test_random(void)
{
    HsmCard *c = hsm_card_ready("");
    struct hsm_sqe sqe = { .opcode = HSM_OP_RANDOM,
                           .out_addr = cpu_to_le64(HSM_OUT_AT),
                           .out_len = cpu_to_le32(4096) };
    g_autofree uint8_t *a = g_malloc0(4096), *b = g_malloc0(4096);
    struct hsm_cqe cqe;

    g_assert_cmpuint(hsm_do(c, &sqe, &cqe), ==, HSM_SC_OK);
    g_assert_cmpuint(le32_to_cpu(cqe.out_len), ==, 4096);
    qtest_memread(c->qts, HSM_OUT_AT, a, 4096);
    g_assert_cmpuint(hsm_do(c, &sqe, &cqe), ==, HSM_SC_OK);
    qtest_memread(c->qts, HSM_OUT_AT, b, 4096);
    g_assert_false(hsm_all_zero(a, 4096));
    g_assert_cmpint(memcmp(a, b, 4096), !=, 0);
    hsm_card_free(c);
}

/* Submits a NOP that does not end by itself. */
static uint16_t put_stuck(HsmCard *c, uint32_t timeout_ms)
{
    struct hsm_sqe nop = { .opcode = HSM_OP_NOP,
                           .timeout_ms = cpu_to_le32(timeout_ms) };
    uint64_t commands = hsm_counter(c, "commands");
    uint16_t cid;

    hsm_fault(c, "stuck:1");
    cid = hsm_put(c, 0, &nop);
    hsm_ring(c, 0);
    while (hsm_counter(c, "commands") == commands) {
        g_usleep(100);
    }
    return cid;
}

static void test_abort(void)
{
    HsmCard *c = hsm_card_ready("");
    uint16_t cid = put_stuck(c, 0);
    struct hsm_sqe abort = { .opcode = HSM_OP_ABORT, .arg = cpu_to_le32(cid) };
    uint16_t abort_cid = hsm_put(c, 0, &abort);
    struct hsm_cqe cqe;
    unsigned seen = 0;

    hsm_ring(c, 0);
    for (unsigned i = 0; i < 2; i++) {
        cqe = hsm_take(c, 0);
        if (le16_to_cpu(cqe.cid) == cid) {
            g_assert_cmpuint(le16_to_cpu(cqe.status), ==, HSM_SC_ABORTED);
            seen |= 1;
        } else {
            g_assert_cmphex(le16_to_cpu(cqe.cid), ==, abort_cid);
            g_assert_cmpuint(le16_to_cpu(cqe.status), ==, HSM_SC_OK);
            seen |= 2;
        }
    }
    g_assert_cmpuint(seen, ==, 3);
    hsm_ack(c, 0);
    g_assert_cmpuint(hsm_do(c, &abort, NULL), ==, HSM_SC_NOT_FOUND);
    abort.arg = cpu_to_le32(c->ring[0].cid);
    g_assert_cmpuint(hsm_do(c, &abort, NULL), ==, HSM_SC_NOT_FOUND);
    g_assert_cmpuint(hsm_counter(c, "aborts"), ==, 1);
    hsm_card_free(c);
}

/* Closing a context ends its commands, and those of no other. */
static void test_close_ends(void)
{
    HsmCard *c = hsm_card_ready("");
    struct hsm_sqe exec = hsm_exec(16, 256);
    struct hsm_sqe close = { .opcode = HSM_OP_CTX_CLOSE,
                             .ctx = cpu_to_le32(HSM_CTX) };
    unsigned aborted = 0;
    uint16_t other;

    hsm_nop_message(c, HSM_IN_AT);
    ctx_op(c, HSM_OP_CTX_OPEN, 8);
    hsm_fault(c, "stuck:3");
    hsm_put(c, 0, &exec);
    hsm_put(c, 0, &exec);
    exec.ctx = cpu_to_le32(8);
    other = hsm_put(c, 0, &exec);
    hsm_put(c, 0, &close);
    hsm_ring(c, 0);
    for (unsigned i = 0; i < 3; i++) {
        struct hsm_cqe cqe = hsm_take(c, 0);

        g_assert_cmphex(le16_to_cpu(cqe.cid), !=, other);
        aborted += le16_to_cpu(cqe.status) == HSM_SC_ABORTED;
    }
    g_assert_cmpuint(aborted, ==, 2);
    hsm_ack(c, 0);
    g_usleep(20000);
    g_assert_false(hsm_has(c, 0));
    hsm_card_free(c);
}

static void test_timeout(void)
{
    HsmCard *c = hsm_card_ready("");
    struct hsm_sqe nop = { .opcode = HSM_OP_NOP,
                           .timeout_ms = cpu_to_le32(20) };

    hsm_fault(c, "slow:10000");
    g_assert_cmpuint(hsm_do(c, &nop, NULL), ==, HSM_SC_TIMEOUT);
    hsm_fault(c, "slow:5");
    nop.timeout_ms = cpu_to_le32(10000);
    g_assert_cmpuint(hsm_do(c, &nop, NULL), ==, HSM_SC_OK);
    hsm_fault(c, "none");
    g_assert_cmpuint(hsm_counter(c, "timeouts"), ==, 1);
    hsm_card_free(c);
}

static size_t add_tlv(uint8_t *msg, size_t len, uint32_t tag, const void *val,
                      uint32_t n)
{
    stl_le_p(msg + len, tag);
    stl_le_p(msg + len + 4, n);
    memcpy(msg + len + 8, val, n);
    stl_le_p(msg + 4, len + 8 + n);
    return len + 8 + n;
}

/* One message; its reply stands at HSM_OUT_AT. */
static uint32_t message(HsmCard *c, uint8_t *msg, uint16_t opcode, size_t len,
                        uint32_t session)
{
    struct hsm_sqe exec = hsm_exec(len, 4096);

    stw_le_p(msg, opcode);
    stl_le_p(msg + 4, len);
    stl_le_p(msg + 8, session);
    qtest_memwrite(c->qts, HSM_IN_AT, msg, len);
    exec.rights = cpu_to_le32(0xff);
    g_assert_cmpuint(hsm_do(c, &exec, NULL), ==, HSM_SC_OK);
    return qtest_readl(c->qts, HSM_OUT_AT + 8);
}

static size_t user(uint8_t *msg, uint32_t type, const char *name,
                   const char *password)
{
    uint32_t le_type = cpu_to_le32(type);
    size_t len = 16;

    memset(msg, 0, 256);
    len = add_tlv(msg, len, HSM_TAG_USER_TYPE, &le_type, 4);
    len = add_tlv(msg, len, HSM_TAG_USER_NAME, name, strlen(name));
    return add_tlv(msg, len, HSM_TAG_PASSWORD, password, strlen(password));
}

/* Address of the value of a TLV in the reply at HSM_OUT_AT. */
static uint64_t find_tlv(HsmCard *c, uint32_t tag)
{
    uint32_t at = HSM_OUT_AT + sizeof(struct hsm_msg_rep);

    while (qtest_readl(c->qts, at) != tag) {
        at += 8 + qtest_readl(c->qts, at + 4);
        g_assert_cmphex(at, <, HSM_OUT_AT + 4096);
    }
    return at + 8;
}

static uint32_t open_session(HsmCard *c)
{
    uint8_t msg[256] = { };

    g_assert_cmphex(message(c, msg, HSM_CMD_SESSION_OPEN, 16, 0), ==, 0);
    return qtest_readl(c->qts, find_tlv(c, HSM_TAG_SESSION));
}

static uint32_t open_sessions(HsmCard *c)
{
    uint8_t msg[256] = { };

    g_assert_cmphex(message(c, msg, HSM_CMD_CARD_INFO, 16, 0), ==, 0);
    return qtest_readl(c->qts, find_tlv(c, HSM_TAG_CARD) +
                       offsetof(struct hsm_card_info, sessions));
}

static void enable_again(HsmCard *c)
{
    struct hsm_sqe open = { .opcode = HSM_OP_CTX_OPEN, .ctx = HSM_CTX };

    hsm_setup(c, 0, 4);
    hsm_enable(c);
    g_assert_cmpuint(hsm_do(c, &open, NULL), ==, HSM_SC_OK);
}

/* Sessions end with their context and with the life of the card. */
static void test_sessions_end(void)
{
    HsmCard *c = hsm_card_ready("");

    open_session(c);
    open_session(c);
    g_assert_cmpuint(open_sessions(c), ==, 2);
    ctx_op(c, HSM_OP_CTX_CLOSE, HSM_CTX);
    ctx_op(c, HSM_OP_CTX_OPEN, HSM_CTX);
    g_assert_cmpuint(open_sessions(c), ==, 0);
    open_session(c);
    hsm_disable(c);
    enable_again(c);
    g_assert_cmpuint(open_sessions(c), ==, 0);
    hsm_card_free(c);
}

/* A reply that comes after a reset is not written, in any life. */
static void test_late_reply(void)
{
    HsmCard *c = hsm_card_ready("");
    struct hsm_sqe exec = hsm_exec(0, 4096);
    g_autofree uint8_t *after = g_malloc(4096);
    uint8_t msg[256];
    size_t len = user(msg, HSM_USER_PRECO, "admin", "wrong-word");
    uint64_t commands;

    for (unsigned i = 0; i < 5; i++) {
        stw_le_p(msg, HSM_CMD_LOGIN);
        stl_le_p(msg + 8, open_session(c));
        qtest_memwrite(c->qts, HSM_IN_AT, msg, len);
        qtest_memset(c->qts, HSM_OUT_AT, 0, 4096);
        exec.in_len = cpu_to_le32(len);
        exec.rights = cpu_to_le32(0xff);
        commands = hsm_counter(c, "commands");
        hsm_put(c, 0, &exec);
        hsm_ring(c, 0);
        while (hsm_counter(c, "commands") == commands) {
            g_usleep(50);
        }
        g_usleep(500);
        hsm_disable(c);
        qtest_memset(c->qts, HSM_OUT_AT, 0, 4096);
        hsm_setup(c, 0, 4);
        hsm_enable(c);
        while (hsm_counter(c, "stale") != i + 1) {
            g_usleep(1000);
        }
        qtest_memread(c->qts, HSM_OUT_AT, after, 4096);
        g_assert_true(hsm_all_zero(after, 4096));
        g_assert_false(hsm_has(c, 0));
        ctx_op(c, HSM_OP_CTX_OPEN, HSM_CTX);
    }
    hsm_card_free(c);
}

/* A command that is long, and one that the store's thread completes. */
static void test_durable(void)
{
    g_autofree char *dir = g_dir_make_tmp("hsm-test-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "card.db", NULL);
    g_autofree char *props = g_strdup_printf("keystore=%s,secret=s0 "
                                             "-object secret,id=s0,data=abcdef",
                                             file);
    uint8_t msg[256];
    const char *word[] = { "password", "Another-1" };

    for (unsigned i = 0; i < 2; i++) {
        uint32_t type = i ? HSM_USER_PCO : HSM_USER_PRECO;
        HsmCard *c = hsm_card_new_store(props);
        uint32_t session;

        enable_again(c);
        session = open_session(c);
        g_assert_cmphex(message(c, msg, HSM_CMD_LOGIN,
                                user(msg, type, "admin", "wrong-word"),
                                session), !=, 0);
        g_assert_cmphex(message(c, msg, HSM_CMD_LOGIN,
                                user(msg, type, "admin", word[i]),
                                session), ==, 0);
        if (!i) {
            g_assert_cmphex(message(c, msg, HSM_CMD_USER_PASSWORD,
                                    user(msg, type, "admin", word[1]),
                                    session), ==, 0);
        }
        hsm_card_free(c);
    }
    unlink(file);
    rmdir(dir);
}

void hsm_add_exec_tests(void)
{
    qtest_add_func("hsm/exec/held-data", test_held_data);
    qtest_add_func("hsm/exec/contexts", test_contexts);
    qtest_add_func("hsm/exec/nop", test_exec_nop);
    qtest_add_func("hsm/exec/garbage", test_exec_garbage);
    qtest_add_func("hsm/exec/random", test_random);
    qtest_add_func("hsm/exec/abort", test_abort);
    qtest_add_func("hsm/exec/close-ends", test_close_ends);
    qtest_add_func("hsm/exec/timeout", test_timeout);
    qtest_add_func("hsm/exec/sessions-end", test_sessions_end);
    qtest_add_func("hsm/exec/late-reply", test_late_reply);
    qtest_add_func("hsm/exec/durable", test_durable);
}
