/*
 * HSM card: commands that were read from a ring, and the lists they wait on
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hsm.h"
#include "trace.h"

HsmReq *hsm_req_new(HsmQueue *q, const struct hsm_sqe *sqe)
{
    HsmReq *req = g_new0(HsmReq, 1);
    uint32_t timeout = le32_to_cpu(sqe->timeout_ms);

    req->s = q->s;
    req->q = q;
    req->sqe = *sqe;
    req->gen = q->s->gen;
    req->cid = le16_to_cpu(sqe->cid);
    req->class = HSM_QUICK;
    req->seq = ++q->s->last_seq;
    if (timeout) {
        req->deadline_ms = hsm_now_ms(q->s) + timeout;
    }
    return req;
}

/* Wipes and frees what the firmware was given and gave. */
void hsm_req_free_data(HsmReq *req)
{
    uint32_t out = req->result == FW_OK ? req->fw.out_len : req->out.len;

    hsm_buf_free(&req->out, MIN(out, req->out.len));
    hsm_buf_free(&req->in, req->in.len);
    qatomic_sub(&req->s->fw_bytes, req->charged);
    req->charged = 0;
}

/* Not on a list any more. */
void hsm_req_free(HsmReq *req)
{
    hsm_req_free_data(req);
    g_free(req);
}

void hsm_list_init(HsmReqList *list)
{
    QTAILQ_INIT(&list->head);
    list->n = 0;
}

void hsm_list_add(HsmReqList *list, HsmReq *req)
{
    QTAILQ_INSERT_TAIL(&list->head, req, next);
    req->list = list;
    qatomic_set(&list->n, list->n + 1);
}

void hsm_list_remove(HsmReq *req)
{
    HsmReqList *list = req->list;

    QTAILQ_REMOVE(&list->head, req, next);
    req->list = NULL;
    qatomic_set(&list->n, list->n - 1);
}

HsmReq *hsm_list_pop(HsmReqList *list)
{
    HsmReq *req = QTAILQ_FIRST(&list->head);

    if (req) {
        hsm_list_remove(req);
    }
    return req;
}

void hsm_list_move(HsmReqList *to, HsmReqList *from)
{
    HsmReq *req;

    while ((req = hsm_list_pop(from))) {
        hsm_list_add(to, req);
    }
}

void hsm_list_free(HsmReqList *list)
{
    HsmReq *req;

    while ((req = hsm_list_pop(list))) {
        hsm_req_free(req);
    }
}

/* The list is the caller's own: no lock is held. */
void hsm_list_complete(HsmReqList *list, uint16_t status)
{
    HsmReq *req;

    while ((req = hsm_list_pop(list))) {
        hsm_complete(req, status, 0);
    }
}

static uint64_t hsm_req_event(const HsmReq *req)
{
    uint64_t due = req->due_ms ?: UINT64_MAX;
    uint64_t deadline = req->stuck || !req->deadline_ms ? UINT64_MAX
                                                        : req->deadline_ms;

    return MIN(due, deadline);
}

/* Puts a command on a list that is not looked at until something happens. */
void hsm_req_wait(HsmReq *req, HsmReqList *list)
{
    HsmState *s = req->s;
    uint64_t event = hsm_req_event(req);

    hsm_list_add(list, req);
    if (event < s->next_event_ms) {
        qatomic_set(&s->next_event_ms, event);
    }
}

/*
 * Asks for the end of a command: one that waits goes to @out, for the caller to
 * complete; one that runs is told.
 */
void hsm_req_cancel(HsmReq *req, HsmReqList *out)
{
    HsmState *s = req->s;
    bool waits = req->list == &s->ready_list || req->list == &s->later_list ||
                 req->list == &s->wait_list[HSM_SHORT] ||
                 req->list == &s->wait_list[HSM_LONG];

    trace_hsm_cancel(req->q->index, req->cid, !waits);
    if (waits) {
        hsm_list_remove(req);
        hsm_list_add(out, req);
    } else {
        atomic_store(&req->fw.cancel, true);
    }
}

static void hsm_expire_list(HsmState *s, HsmReqList *list, uint64_t now,
                            HsmReqList *late)
{
    HsmReq *req, *tmp;

    QTAILQ_FOREACH_SAFE(req, &list->head, next, tmp) {
        if (hsm_req_event(req) > now) {
            qatomic_set(&s->next_event_ms,
                        MIN(s->next_event_ms, hsm_req_event(req)));
            continue;
        }
        hsm_list_remove(req);
        if (req->deadline_ms && req->deadline_ms <= now) {
            hsm_list_add(late, req);
        } else {
            req->due_ms = 0;
            hsm_list_add(&s->ready_list, req);
        }
    }
}

/* Commands that have waited long enough become ready, or end with TIMEOUT. */
void hsm_expire(HsmState *s)
{
    HsmReqList late;
    uint64_t now;

    if (qatomic_read(&s->next_event_ms) == UINT64_MAX) {
        return;
    }
    now = hsm_now_ms(s);
    if (qatomic_read(&s->next_event_ms) > now) {
        return;
    }
    hsm_list_init(&late);
    WITH_QEMU_LOCK_GUARD(&s->lock) {
        qatomic_set(&s->next_event_ms, UINT64_MAX);
        hsm_expire_list(s, &s->later_list, now, &late);
        for (unsigned i = 0; i < HSM_CLASSES; i++) {
            hsm_expire_list(s, &s->wait_list[i], now, &late);
        }
    }
    hsm_list_complete(&late, HSM_SC_TIMEOUT);
}
