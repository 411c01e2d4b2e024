/*
 * Fuzzing of the HSM card: a second processor of the guest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * It writes to rings, segment lists and messages while the card reads them,
 * straight into RAM and without the BQL, as the thread of a second vCPU does:
 * a word that the card reads twice is another one the second time.
 */

#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/processor.h"
#include "qemu/thread.h"
#include "hsm_guest.h"

#define RACER_WORDS     16
#define RACER_PAUSE     64      /* spins between two rounds, at most */

typedef struct RacerWord {
    uint32_t *at;
    uint32_t val[2];
} RacerWord;

static RacerWord racer_word[RACER_WORDS];
static unsigned racer_words;    /* published after the word is filled in */
static bool racer_busy;
static QemuSemaphore racer_go;
static QemuEvent racer_stopped;

static void racer_rounds(void)
{
    unsigned n;

    for (unsigned round = 0; (n = qatomic_load_acquire(&racer_words));
         round++) {
        for (unsigned i = 0; i < n; i++) {
            const RacerWord *w = &racer_word[i];

            qatomic_set(w->at, w->val[round & 1]);
        }
        for (unsigned i = round * 7 % RACER_PAUSE; i; i--) {
            cpu_relax();
        }
    }
}

static void *racer_thread(void *opaque)
{
    for (;;) {
        qemu_sem_wait(&racer_go);
        racer_rounds();
        qemu_event_set(&racer_stopped);
    }
    return NULL;
}

void racer_init(void)
{
    QemuThread thread;

    qemu_sem_init(&racer_go, 0);
    qemu_event_init(&racer_stopped, false);
    qemu_thread_create(&thread, "racer", racer_thread, NULL,
                       QEMU_THREAD_DETACHED);
}

/* From now on the word is @val half of the time. */
void racer_add(Guest *g, unsigned area, uint32_t offset, uint32_t val)
{
    unsigned n = racer_words;
    RacerWord *w = &racer_word[n];

    if (!g->race || n == RACER_WORDS) {
        return;
    }
    w->at = (uint32_t *)(g->ram + guest_area(area, offset));
    w->val[0] = *w->at;
    w->val[1] = val;
    qatomic_store_release(&racer_words, n + 1);
    if (!racer_busy) {
        racer_busy = true;
        qemu_sem_post(&racer_go);
    }
}

void racer_stop(void)
{
    if (!racer_busy) {
        return;
    }
    qemu_event_reset(&racer_stopped);
    qatomic_store_release(&racer_words, 0);
    qemu_event_wait(&racer_stopped);
    racer_busy = false;
}
