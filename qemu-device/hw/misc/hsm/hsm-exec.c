/*
 * HSM card: what each opcode of an entry does
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/log.h"
#include "hsm.h"
#include "trace.h"

/* How a handler ended. */
#define HSM_ASYNC           0xffff      /* completes, or runs again, later */

typedef struct HsmOp {
    uint16_t (*run)(HsmWorker *w, HsmReq *req);
    bool in;
    bool out;
    bool arg;
} HsmOp;

static bool hsm_in_unused(const struct hsm_sqe *e)
{
    return !e->in_addr && !e->in_len && !e->in_segs;
}

static bool hsm_out_unused(const struct hsm_sqe *e)
{
    return !e->out_addr && !e->out_len && !e->out_segs;
}

static bool hsm_fields_good(const HsmOp *op, const struct hsm_sqe *e)
{
    return !e->flags && !e->reserved[0] && !e->reserved[1] &&
           (op->in || hsm_in_unused(e)) && (op->out || hsm_out_unused(e)) &&
           (op->arg ? le32_to_cpu(e->arg) <= UINT16_MAX : !e->arg);
}

static bool hsm_length_good(uint32_t len, uint64_t max)
{
    return len && len <= max;
}

/*
 * Finds the firmware's id of a context; false also when a reset came first.
 * Under HsmState.lock.
 */
static bool hsm_ctx_find(HsmReq *req, uint32_t *host)
{
    HsmState *s = req->s;
    uint32_t ctx = le32_to_cpu(req->sqe.ctx);
    gpointer value;

    if (s->gen != req->gen ||
        !g_hash_table_lookup_extended(s->contexts, GUINT_TO_POINTER(ctx), NULL,
                                      &value)) {
        return false;
    }
    *host = GPOINTER_TO_UINT(value);
    return true;
}

static uint32_t hsm_ctx_new_id(HsmState *s)
{
    QEMU_LOCK_GUARD(&s->lock);
    return ++s->last_context;
}

/* Makes a context of the firmware known under the guest's id. HSM_SC_*. */
static uint16_t hsm_ctx_insert(HsmState *s, uint32_t gen, uint32_t ctx,
                               uint32_t host)
{
    QEMU_LOCK_GUARD(&s->lock);
    if (s->gen != gen ||
        g_hash_table_contains(s->contexts, GUINT_TO_POINTER(ctx))) {
        return HSM_SC_BAD_CTX;
    }
    if (g_hash_table_size(s->contexts) > HSM_MAX_CONTEXTS) {
        return HSM_SC_BUSY;
    }
    g_hash_table_insert(s->contexts, GUINT_TO_POINTER(ctx),
                        GUINT_TO_POINTER(host));
    return HSM_SC_OK;
}

static uint16_t hsm_ctx_open(HsmState *s, uint32_t gen, uint32_t ctx)
{
    /*
     * Ids of the firmware are never used twice: a command that a reset or a
     * CTX_CLOSE has overtaken cannot reach a younger context.
     */
    uint32_t host = hsm_ctx_new_id(s);
    uint16_t status;

    if (!fw_ctx_open(s->fw, host)) {
        return HSM_SC_BUSY;
    }
    status = hsm_ctx_insert(s, gen, ctx, host);
    if (status) {
        fw_ctx_close(s->fw, host);
        return status;
    }
    trace_hsm_ctx_open(ctx, host);
    return HSM_SC_OK;
}

/* Context 0, at enable. */
bool hsm_ctx_open_own(HsmState *s)
{
    return hsm_ctx_open(s, s->gen, 0) == HSM_SC_OK;
}

static uint16_t hsm_op_nop(HsmWorker *w, HsmReq *req)
{
    return HSM_SC_OK;
}

static uint16_t hsm_op_ctx_open(HsmWorker *w, HsmReq *req)
{
    return hsm_ctx_open(req->s, req->gen, le32_to_cpu(req->sqe.ctx));
}

/* Takes the context off the table and asks its commands to end. */
static bool hsm_ctx_remove(HsmReq *req, uint32_t *host, HsmReqList *ended)
{
    HsmState *s = req->s;
    HsmReq *other, *tmp;

    QEMU_LOCK_GUARD(&s->lock);
    if (!req->sqe.ctx || !hsm_ctx_find(req, host)) {
        return false;
    }
    g_hash_table_remove(s->contexts,
                        GUINT_TO_POINTER(le32_to_cpu(req->sqe.ctx)));
    for (unsigned i = 0; i < s->n_queues; i++) {
        QTAILQ_FOREACH_SAFE(other, &s->queue[i].live, live, tmp) {
            if (other->sqe.opcode == HSM_OP_EXEC &&
                other->sqe.ctx == req->sqe.ctx) {
                hsm_req_cancel(other, ended);
            }
        }
    }
    return true;
}

static uint16_t hsm_op_ctx_close(HsmWorker *w, HsmReq *req)
{
    HsmReqList ended;
    uint32_t host;

    hsm_list_init(&ended);
    if (!hsm_ctx_remove(req, &host, &ended)) {
        return HSM_SC_BAD_CTX;
    }
    trace_hsm_ctx_close(le32_to_cpu(req->sqe.ctx), host);
    fw_ctx_close(req->s->fw, host);
    hsm_list_complete(&ended, HSM_SC_ABORTED);
    return HSM_SC_OK;
}

static uint16_t hsm_op_abort(HsmWorker *w, HsmReq *req)
{
    HsmState *s = req->s;
    uint32_t cid = le32_to_cpu(req->sqe.arg);
    HsmReq *other = NULL;
    HsmReqList ended;

    hsm_list_init(&ended);
    WITH_QEMU_LOCK_GUARD(&s->lock) {
        if (s->gen == req->gen) {
            QTAILQ_FOREACH(other, &req->q->live, live) {
                if (other->cid == cid && other != req) {
                    hsm_req_cancel(other, &ended);
                    break;
                }
            }
        }
    }
    hsm_list_complete(&ended, HSM_SC_ABORTED);
    return other ? HSM_SC_OK : HSM_SC_NOT_FOUND;
}

/* Opens and probes the room for a reply. */
static uint16_t hsm_open_out(HsmReq *req)
{
    const struct hsm_sqe *e = &req->sqe;

    return hsm_buf_open(req, &req->out, le64_to_cpu(e->out_addr),
                        le32_to_cpu(e->out_len), le16_to_cpu(e->out_segs)) ?:
           hsm_buf_copy(req, &req->out, req->out.len, HSM_DMA_PROBE);
}

static uint16_t hsm_op_random(HsmWorker *w, HsmReq *req)
{
    HsmState *s = req->s;
    uint16_t status;

    if (!hsm_length_good(le32_to_cpu(req->sqe.out_len), HSM_MAX_RANDOM)) {
        return HSM_SC_BAD_LENGTH;
    }
    status = hsm_open_out(req);
    if (status) {
        return status;
    }
    if (!hsm_buf_alloc(&req->out)) {
        return HSM_SC_BUSY;
    }
    req->fw.out_len = req->out.len;
    if (!fw_random(s->fw, req->out.data, req->out.len)) {
        return HSM_SC_INTERNAL;
    }
    return hsm_buf_copy(req, &req->out, req->out.len, HSM_DMA_WRITE);
}

static const uint16_t hsm_result_status[] = {
    [FW_OK] = HSM_SC_OK,
    [FW_NO_ROOM] = HSM_SC_NO_ROOM,
    [FW_NO_CTX] = HSM_SC_BAD_CTX,
    [FW_CANCELED] = HSM_SC_ABORTED,
    [FW_TIMEOUT] = HSM_SC_TIMEOUT,
    [FW_FAILED] = HSM_SC_INTERNAL,
};

/* The firmware is done with the command, @req->result says how. */
void hsm_exec_finish(HsmReq *req)
{
    uint16_t status = hsm_result_status[req->result];
    uint32_t out_len = 0;

    trace_hsm_exec_done(req->q->index, req->cid, req->result, req->fw.out_len);
    if (req->result == FW_OK) {
        out_len = MIN(req->fw.out_len, req->out.len);
        status = hsm_buf_copy(req, &req->out, out_len, HSM_DMA_WRITE);
    } else if (req->result == FW_NO_ROOM) {
        out_len = req->fw.out_len;
    }
    hsm_complete(req, status, status && status != HSM_SC_NO_ROOM ? 0 : out_len);
}

static void hsm_fw_done(struct fw_req *fw, enum fw_result result)
{
    HsmReq *req = container_of(fw, HsmReq, fw);
    HsmState *s = req->s;

    req->result = result;
    if (hsm_self(s)) {
        hsm_exec_finish(req);
    }
    QEMU_LOCK_GUARD(&s->lock);
    if (!hsm_self(s)) {
        hsm_list_add(&s->done_list, req);
        hsm_wake_locked(s);
    }
    if (!--s->in_fw) {
        qemu_cond_broadcast(&s->quiet_cond);
    }
}

static uint16_t hsm_exec_gather(HsmReq *req)
{
    const struct hsm_sqe *e = &req->sqe;
    uint16_t status;

    status = hsm_buf_open(req, &req->in, le64_to_cpu(e->in_addr),
                          le32_to_cpu(e->in_len), le16_to_cpu(e->in_segs)) ?:
             hsm_open_out(req);
    if (status) {
        return status;
    }
    if (!hsm_buf_alloc(&req->in) || !hsm_buf_alloc(&req->out)) {
        return HSM_SC_BUSY;
    }
    return hsm_buf_copy(req, &req->in, req->in.len, HSM_DMA_READ);
}

static void hsm_exec_submit(HsmReq *req, uint32_t host)
{
    HsmState *s = req->s;

    req->fw.ctx = host;
    req->fw.rights = le32_to_cpu(req->sqe.rights);
    req->fw.in = req->in.data;
    req->fw.in_len = req->in.len;
    req->fw.out = req->out.data;
    req->fw.out_room = req->out.len;
    req->fw.deadline_ms = req->deadline_ms;
    req->fw.done = hsm_fw_done;
    req->charged = req->in.len + req->out.len;
    qatomic_add(&s->fw_bytes, req->charged);
    WITH_QEMU_LOCK_GUARD(&s->lock) {
        s->in_fw++;
    }
    trace_hsm_exec(req->q->index, req->cid, host, req->in.len, req->class);
    fw_exec(s->fw, &req->fw);
}

static HsmClass hsm_classify(HsmReq *req)
{
    if (fw_quick(req->in.data, req->in.len)) {
        return HSM_QUICK;
    }
    return fw_long(req->in.data, req->in.len) ? HSM_LONG : HSM_SHORT;
}

static uint16_t hsm_op_exec(HsmWorker *w, HsmReq *req)
{
    HsmState *s = req->s;
    uint32_t host;
    uint16_t status;
    bool known;

    if (!hsm_length_good(le32_to_cpu(req->sqe.in_len), s->max_transfer) ||
        !hsm_length_good(le32_to_cpu(req->sqe.out_len), s->max_transfer)) {
        return HSM_SC_BAD_LENGTH;
    }
    WITH_QEMU_LOCK_GUARD(&s->lock) {
        known = hsm_ctx_find(req, &host);
    }
    if (!known) {
        return HSM_SC_BAD_CTX;
    }
    status = hsm_exec_gather(req);
    if (status) {
        return status;
    }
    if (!w->has_slot) {
        req->class = hsm_classify(req);
        if (req->class != HSM_QUICK && !hsm_slot_take(w, req)) {
            return HSM_ASYNC;
        }
    }
    hsm_exec_submit(req, host);
    return HSM_ASYNC;
}

static const HsmOp hsm_ops[] = {
    [HSM_OP_NOP] = { .run = hsm_op_nop },
    [HSM_OP_EXEC] = { .run = hsm_op_exec, .in = true, .out = true },
    [HSM_OP_CTX_OPEN] = { .run = hsm_op_ctx_open },
    [HSM_OP_CTX_CLOSE] = { .run = hsm_op_ctx_close },
    [HSM_OP_ABORT] = { .run = hsm_op_abort, .arg = true },
    [HSM_OP_RANDOM] = { .run = hsm_op_random, .out = true },
};

static uint16_t hsm_check(HsmReq *req)
{
    if (req->sqe.opcode >= ARRAY_SIZE(hsm_ops)) {
        return HSM_SC_BAD_OPCODE;
    }
    return hsm_fields_good(&hsm_ops[req->sqe.opcode], &req->sqe) ?
           HSM_SC_OK : HSM_SC_BAD_FIELD;
}

static bool hsm_guest_error(uint16_t status)
{
    return status == HSM_SC_BAD_OPCODE || status == HSM_SC_BAD_FIELD ||
           status == HSM_SC_BAD_LENGTH || status == HSM_SC_BAD_SEGMENTS ||
           status == HSM_SC_DATA_FAULT;
}

/* Runs a command that was taken off the lists. */
void hsm_run(HsmWorker *w, HsmReq *req)
{
    uint8_t opcode = req->sqe.opcode;
    unsigned queue = req->q->index;
    uint16_t cid = req->cid;
    uint32_t out_len = 0;
    uint16_t status;

    trace_hsm_run(queue, cid, opcode);
    if (req->deadline_ms && req->deadline_ms <= hsm_now_ms(req->s)) {
        hsm_complete(req, HSM_SC_TIMEOUT, 0);
        return;
    }
    status = hsm_check(req) ?: hsm_ops[opcode].run(w, req);
    if (status == HSM_ASYNC) {
        return;
    }
    if (hsm_guest_error(status)) {
        qemu_log_mask(LOG_GUEST_ERROR, "hsm: queue %u command 0x%04x: opcode "
                      "%u refused, status %u\n", queue, cid, opcode, status);
    }
    if (status == HSM_SC_OK && opcode == HSM_OP_RANDOM) {
        out_len = req->out.len;
    }
    hsm_complete(req, status, out_len);
}
