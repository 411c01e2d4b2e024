/*
 * Fuzzing of the HSM card: the guest that misuses it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Guest memory is laid out so that whatever an input does, a card without bugs
 * writes to no watched byte: addresses come out of a table of places, lengths
 * are short of the next watched page, and what may be read as the low half of
 * an address is only ever the low half of one from the table.
 */

#ifndef HSM_GUEST_H
#define HSM_GUEST_H

#include "qemu/osdep.h"
#include "tests/qtest/hsm/hsm-lib.h"
#include "hw/misc/hsm/hsm.h"

#define GUEST_RAM           (32u << 20)
#define GUEST_QUEUES        3           /* the card has one more */
#define GUEST_SQE_WORDS     (sizeof(struct hsm_sqe) / 4)
#define GUEST_CID           0x8000u     /* set in each command id */

/* Where an address may point to. */
typedef enum GuestPlace {
    PLACE_IN,
    PLACE_OUT,
    PLACE_LIST,
    PLACE_RING,
    PLACE_LOW,
    PLACE_RAM_END,
    PLACE_HOLE,
    PLACE_ROM,
    PLACE_HIGH,
    PLACE_WRAP,
    PLACE_REGS,
    PLACE_TABLE,
    PLACE_CONFIG,
    PLACE_MSI,
    PLACES
} GuestPlace;

/* Memory that an input may write to, as the processor does. */
typedef enum GuestArea {
    AREA_RING,                          /* one for each of GUEST_QUEUES */
    AREA_LIST = AREA_RING + GUEST_QUEUES,
    AREA_IN,
    AREAS
} GuestArea;

typedef struct Guest {
    HsmCard card;
    HsmState *dev;
    uint8_t *ram;
    bool race;
    uint32_t sqe[GUEST_SQE_WORDS];      /* the entry that is being made */
    uint16_t cid;
    struct {
        uint32_t at;                    /* watched from here */
        uint32_t end;
    } watch[GUEST_QUEUES];
} Guest;

/* Says what the card did wrong and aborts. */
void G_NORETURN guest_fail(const char *what);

/* The table: @place is taken modulo PLACES, @offset modulo 64 KiB. */
uint64_t guest_addr(unsigned place, uint32_t offset);
/* What may be put into word @word of an entry (@sqe) or of anything else. */
uint32_t guest_tame(bool sqe, unsigned word, uint32_t val);
/* Offset in RAM of byte @offset of an area. */
uint32_t guest_area(unsigned area, uint32_t offset);
/* A tame word into an area, as the processor writes it. */
void guest_poke(Guest *g, unsigned area, uint32_t offset, uint32_t val);

/* Called once, with the machine made. */
void guest_init(Guest *g, QTestState *qts, bool race);
/* Memory, configuration space and the card as a driver finds them. */
void guest_start(Guest *g);
/* A ring of @log2_size at its usual place, or where the places say. */
void guest_queue(Guest *g, unsigned q, uint32_t log2_size, uint32_t vector,
                 unsigned sq_place, unsigned cq_place);
/* The card was reset: its indices are 0. */
void guest_forget(Guest *g);
/* What an operating system does after a function level reset. */
void guest_restore_config(Guest *g);
/* Lets the card's threads and the main loop run for about @us. */
void guest_let(uint32_t us);
/* Until the card has nothing to do; false: it still has, after @us. */
bool guest_wait_idle(Guest *g, uint32_t us);
/* Before a reset: the card has not taken what it was not given. */
void guest_check_entries(Guest *g);
/* The end of an input: resets the card and fails if it does not work. */
void guest_check_card(Guest *g);

/* hsm_racer.c: a second processor, that changes words back and forth. */
void racer_init(void);
void racer_add(Guest *g, unsigned area, uint32_t offset, uint32_t val);
void racer_stop(void);

#endif /* HSM_GUEST_H */
