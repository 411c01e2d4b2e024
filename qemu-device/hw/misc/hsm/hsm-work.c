/*
 * HSM card: worker threads - who looks for work, who sleeps, who is woken
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Waking a thread costs ten times as much as a short command, so it is avoided:
 * a worker that is awake and about to look at the rings again is a "looker",
 * and while there is one nobody is woken. After its last command one looker, of
 * the whole card, polls for a while before it sleeps.
 *
 * Commands are of three classes. Quick ones are table look-ups and run on
 * whoever finds them. To run another a worker takes a slot, and is no looker
 * meanwhile. There are as many slots as the property workers says, and one more
 * that is given to a short command only, one at a time. There are two threads
 * more than that property: however many long commands wait or run, short ones
 * wait for short ones alone, and rings and quick commands are always served.
 */

#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "qemu/processor.h"
#include "qemu/rcu.h"
#include "qemu/timer.h"
#include "hsm.h"
#include "trace.h"

#define HSM_SPIN_MIN_NS     50000
#define HSM_SPIN_MAX_NS     200000
#define HSM_SPIN_FAILS_NS   1000000 /* this close together are too many */
#define HSM_SPIN_HOLD_NS    10000000
#define HSM_BATCH_MAX       16
#define HSM_BATCH_NS        20000
#define HSM_FW_BYTES_MAX    (64u << 20)

static __thread HsmWorker *hsm_this_worker;

static QLIST_HEAD(, HsmState) hsm_cards = QLIST_HEAD_INITIALIZER(hsm_cards);

/* The calling thread if it is a worker of this card, else NULL. */
HsmWorker *hsm_self(HsmState *s)
{
    return hsm_this_worker && hsm_this_worker->s == s ? hsm_this_worker : NULL;
}

/*
 * A doorbell soon after the last one went to sleep says that polling for longer
 * would have saved a wake-up: an emulated guest takes about 50 us from a
 * completion to its next doorbell. If longer does not help, time and again, the
 * guest waits for the CPU that polls, and polling is kept short for a while.
 */
static void hsm_spin_adapt(HsmState *s)
{
    int64_t now = get_clock();
    bool was_short = now - s->unwatched_ns < HSM_SPIN_MAX_NS;
    bool longer = was_short && now >= s->spin_hold_ns;

    if (longer && s->spin_ns == HSM_SPIN_MAX_NS) {
        if (now - s->spin_failed_ns < HSM_SPIN_FAILS_NS) {
            s->spin_hold_ns = now + HSM_SPIN_HOLD_NS;
            longer = false;
        }
        s->spin_failed_ns = now;
    }
    qatomic_set(&s->spin_ns, longer ? HSM_SPIN_MAX_NS : HSM_SPIN_MIN_NS);
}

/* Makes one sleeper a looker, unless there is a looker. Under HsmState.lock. */
void hsm_wake_locked(HsmState *s)
{
    if (s->lookers || s->idle == s->handed) {
        return;
    }
    hsm_spin_adapt(s);
    s->handed++;
    qatomic_set(&s->lookers, s->lookers + 1);
    hsm_stat(s, HSM_STAT_WAKEUPS);
    qemu_cond_signal(&s->idle_cond);
}

/* There may be work: called after it was made visible. */
void hsm_kick(HsmState *s)
{
    smp_mb(); /* pairs with the one in hsm_sleep() */
    if (qatomic_read(&s->lookers)) {
        return;
    }
    QEMU_LOCK_GUARD(&s->lock);
    hsm_wake_locked(s);
}

/* May a command of this class start? */
static bool hsm_slot_free(HsmState *s, HsmClass class)
{
    unsigned n_short = qatomic_read(&s->n_busy[HSM_SHORT]);
    unsigned n_long = qatomic_read(&s->n_busy[HSM_LONG]);

    return (n_short + n_long < s->n_workers ||
            (class == HSM_SHORT && !n_short)) &&
           qatomic_read(&s->fw_bytes) < HSM_FW_BYTES_MAX;
}

static bool hsm_class_pending(HsmState *s, HsmClass class)
{
    return qatomic_read(&s->wait_list[class].n) && hsm_slot_free(s, class);
}

static bool hsm_work_pending(HsmState *s)
{
    if (qatomic_read(&s->done_list.n)) {
        return true;
    }
    if (qatomic_read(&s->error)) {
        return false;
    }
    if (qatomic_read(&s->ready_list.n) || hsm_class_pending(s, HSM_SHORT) ||
        hsm_class_pending(s, HSM_LONG)) {
        return true;
    }
    for (unsigned i = 0; i < s->n_queues; i++) {
        if (hsm_fetch_pending(&s->queue[i]) ||
            hsm_held_pending(&s->queue[i])) {
            return true;
        }
    }
    return false;
}

static void hsm_slot_enter(HsmWorker *w, HsmClass class)
{
    HsmState *s = w->s;

    w->has_slot = true;
    w->slot = class;
    qatomic_set(&s->n_busy[class], s->n_busy[class] + 1);
    qatomic_set(&s->lookers, s->lookers - 1);
    smp_mb(); /* pairs with hsm_kick() */
    if (hsm_work_pending(s) || s->next_event_ms != UINT64_MAX) {
        hsm_wake_locked(s);
    }
}

/*
 * Called for a command that turns out not to be quick. False: it waits for a
 * slot and will be started over.
 */
bool hsm_slot_take(HsmWorker *w, HsmReq *req)
{
    HsmState *s = w->s;

    hsm_irq_flush(s);
    WITH_QEMU_LOCK_GUARD(&s->lock) {
        if (!s->wait_list[req->class].n && hsm_slot_free(s, req->class)) {
            hsm_slot_enter(w, req->class);
            return true;
        }
    }
    /* Not on a list yet, so still ours. */
    hsm_buf_free(&req->in, req->in.len);
    hsm_buf_free(&req->out, 0);
    WITH_QEMU_LOCK_GUARD(&s->lock) {
        if (s->gen == req->gen && !atomic_load(&req->fw.cancel)) {
            hsm_req_wait(req, &s->wait_list[req->class]);
            return false;
        }
    }
    hsm_complete(req, HSM_SC_ABORTED, 0);
    return false;
}

static void hsm_slot_leave(HsmWorker *w)
{
    HsmState *s = w->s;

    QEMU_LOCK_GUARD(&s->lock);
    w->has_slot = false;
    qatomic_set(&s->n_busy[w->slot], s->n_busy[w->slot] - 1);
    qatomic_set(&s->lookers, s->lookers + 1);
}

/* The oldest command that waits for a slot and can have one. */
static HsmReq *hsm_next_waiting(HsmState *s)
{
    HsmReq *oldest = NULL;

    for (HsmClass class = 0; class < HSM_CLASSES; class++) {
        HsmReq *req = QTAILQ_FIRST(&s->wait_list[class].head);

        if (req && hsm_slot_free(s, class) &&
            (!oldest || req->seq < oldest->seq)) {
            oldest = req;
        }
    }
    return oldest;
}

/* The next command to run; one that waited for a slot comes with it. */
static HsmReq *hsm_next(HsmWorker *w)
{
    HsmState *s = w->s;
    HsmReq *req;

    if (!qatomic_read(&s->ready_list.n) && !hsm_class_pending(s, HSM_SHORT) &&
        !hsm_class_pending(s, HSM_LONG)) {
        return NULL;
    }
    QEMU_LOCK_GUARD(&s->lock);
    if (s->error) {
        return NULL;
    }
    req = hsm_next_waiting(s);
    if (!req) {
        return hsm_list_pop(&s->ready_list);
    }
    hsm_list_remove(req);
    hsm_slot_enter(w, req->class);
    return req;
}

/* Takes back what the store's thread has finished. */
static bool hsm_finish_done(HsmState *s)
{
    HsmReq *req;
    bool any = false;

    while (qatomic_read(&s->done_list.n)) {
        WITH_QEMU_LOCK_GUARD(&s->lock) {
            req = hsm_list_pop(&s->done_list);
        }
        if (req) {
            hsm_exec_finish(req);
            any = true;
        }
    }
    return any;
}

static void hsm_irq_batch(HsmWorker *w)
{
    if (w->batched >= HSM_BATCH_MAX ||
        (w->batched && get_clock() - w->batch_ns > HSM_BATCH_NS)) {
        hsm_irq_flush(w->s);
    }
}

/* One round of looking; false: there was nothing to do. */
static bool hsm_step(HsmWorker *w)
{
    HsmState *s = w->s;
    bool any;
    HsmReq *req;

    hsm_expire(s);
    any = hsm_finish_done(s);
    any |= hsm_post_held(s);
    req = hsm_next(w);
    if (req) {
        if (w->has_slot) {
            hsm_irq_flush(s);
        }
        hsm_run(w, req);
        if (w->has_slot) {
            hsm_slot_leave(w);
        }
        any = true;
    } else {
        any |= hsm_fetch(s);
    }
    hsm_irq_batch(w);
    return any;
}

/*
 * Polls for a while; true: there is work. Not when every host CPU has a thread
 * that computes: vCPUs count as one.
 */
static bool hsm_spin(HsmState *s)
{
    int64_t end;
    bool found;

    if (qatomic_read(&s->n_busy[HSM_SHORT]) +
        qatomic_read(&s->n_busy[HSM_LONG]) + 2 > s->host_cpus ||
        qatomic_xchg(&s->spinning, true)) {
        return false;
    }
    end = get_clock() + qatomic_read(&s->spin_ns);
    do {
        cpu_relax();
        found = hsm_work_pending(s) || qatomic_read(&s->stopping);
    } while (!found && get_clock() < end);
    qatomic_set(&s->spinning, false);
    return found;
}

static void hsm_idle_wait(HsmState *s)
{
    uint64_t event = qatomic_read(&s->next_event_ms);
    uint64_t now = hsm_now_ms(s);

    s->idle++;
    if (event == UINT64_MAX) {
        qemu_cond_wait(&s->idle_cond, &s->lock);
    } else if (event > now) {
        qemu_cond_timedwait(&s->idle_cond, &s->lock,
                            MIN(event - now, INT_MAX));
    }
    s->idle--;
}

/* Sleeps until woken, or until a command that waits is due. */
static void hsm_sleep(HsmState *s)
{
    QEMU_LOCK_GUARD(&s->lock);
    qatomic_set(&s->lookers, s->lookers - 1);
    smp_mb(); /* pairs with the one in hsm_kick() */
    if (!s->stopping && !hsm_work_pending(s)) {
        trace_hsm_sleep(s->idle + 1);
        s->unwatched_ns = get_clock();
        hsm_idle_wait(s);
    }
    if (s->handed) {
        s->handed--;
    } else {
        qatomic_set(&s->lookers, s->lookers + 1);
    }
}

static void *hsm_worker(void *opaque)
{
    HsmWorker *w = opaque;
    HsmState *s = w->s;

    rcu_register_thread();
    hsm_this_worker = w;
    while (!qatomic_read(&s->stopping)) {
        if (hsm_step(w)) {
            continue;
        }
        hsm_irq_flush(s);
        if (!hsm_spin(s)) {
            hsm_sleep(s);
        }
    }
    rcu_unregister_thread();
    return NULL;
}

/* exit() must not take libcrypto down under a worker. */
static void hsm_atexit(void)
{
    HsmState *s;

    while ((s = QLIST_FIRST(&hsm_cards))) {
        if (!s->gone) {
            s->gone = true;
            hsm_reset(s, "exit");
        }
        hsm_work_stop(s);
        hsm_firmware_close(s);
    }
}

void hsm_work_start(HsmState *s)
{
    static bool registered;

    if (!registered) {
        /* After libcrypto's own, which fw_new() has made: runs before it. */
        atexit(hsm_atexit);
        registered = true;
    }
    s->host_cpus = g_get_num_processors();
    s->n_threads = s->n_workers + 2;
    s->lookers = s->n_threads;
    s->stopping = false;
    s->spin_ns = HSM_SPIN_MIN_NS;
    for (unsigned i = 0; i < s->n_threads; i++) {
        HsmWorker *w = &s->worker[i];

        w->s = s;
        qemu_thread_create(&w->thread, "hsm-worker", hsm_worker, w,
                           QEMU_THREAD_JOINABLE);
    }
    QLIST_INSERT_HEAD(&hsm_cards, s, next);
}

/*
 * Ends the workers and waits for the last command, after a reset that has told
 * them all to end. Gives up the BQL meanwhile: a worker may wait for it.
 */
void hsm_work_stop(HsmState *s)
{
    bool locked = bql_locked();

    QLIST_REMOVE(s, next);
    WITH_QEMU_LOCK_GUARD(&s->lock) {
        qatomic_set(&s->stopping, true);
        qemu_cond_broadcast(&s->idle_cond);
    }
    if (locked) {
        bql_unlock();
    }
    for (unsigned i = 0; i < s->n_threads; i++) {
        qemu_thread_join(&s->worker[i].thread);
    }
    WITH_QEMU_LOCK_GUARD(&s->lock) {
        while (s->in_fw) {
            qemu_cond_wait(&s->quiet_cond, &s->lock);
        }
    }
    if (locked) {
        bql_lock();
    }
    hsm_list_free(&s->done_list);
}
