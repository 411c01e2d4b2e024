/*
 * QTest of the HSM card: a small driver
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HSM_LIB_H
#define HSM_LIB_H

#include "libqtest.h"
#include "libqos/pci.h"
#include "libqos/pci-pc.h"
#include "hsm/hsm_hw.h"

#define HSM_TEST_DEVFN      QPCI_DEVFN(4, 0)
#define HSM_TEST_SLOT       "addr=04.0"

/* Guest memory, 64 MiB. */
#define HSM_SQ_AT(q)        (0x100000 + (q) * 0x20000)
#define HSM_CQ_AT(q)        (0x110000 + (q) * 0x20000)
#define HSM_LIST_AT         0x600000
#define HSM_IN_AT           0x700000
#define HSM_OUT_AT          0x900000
#define HSM_MSIX_AT         0xb00000
#define HSM_NO_RAM          0x80000000ull

#define HSM_CTX             7

typedef struct HsmRing {
    uint32_t log2_size;
    uint32_t tail;
    uint32_t head;
    uint16_t cid;
} HsmRing;

typedef struct HsmCard {
    QTestState *qts;
    QPCIBus *bus;
    QPCIDevice *dev;
    QPCIBar bar;
    HsmRing ring[HSM_MAX_QUEUES];
} HsmCard;

/* A card with a store in memory; @props: more properties, "" for none. */
HsmCard *hsm_card_new(const char *props);
HsmCard *hsm_card_new_store(const char *props);
/*
 * Behind an IOMMU, one that lets everything pass as yet. With a processor that
 * stands still, but takes interrupts as strictly as one that runs.
 */
HsmCard *hsm_card_new_iommu(void);
void hsm_card_free(HsmCard *c);

uint32_t hsm_rd(HsmCard *c, uint32_t reg);
uint64_t hsm_rd64(HsmCard *c, uint32_t reg);
void hsm_wr(HsmCard *c, uint32_t reg, uint32_t val);
void hsm_wr64(HsmCard *c, uint32_t reg, uint64_t val);
uint32_t hsm_qreg(unsigned q, uint32_t reg);
uint64_t hsm_counter(HsmCard *c, const char *name);
void hsm_fault(HsmCard *c, const char *fault);
/* Writes the property; what QEMU says if it refuses, to be freed, else NULL. */
char *hsm_tamper(HsmCard *c, const char *reason);

/* Programs queue pair @q; its vector is @q + 1. */
void hsm_setup(HsmCard *c, unsigned q, uint32_t log2_size);
void hsm_enable(HsmCard *c);
void hsm_disable(HsmCard *c);
/* A card with one enabled pair of 16 entries and context HSM_CTX open. */
HsmCard *hsm_card_ready(const char *props);

/* Sets cid, puts the entry into the ring, returns the cid. */
uint16_t hsm_put(HsmCard *c, unsigned q, struct hsm_sqe *sqe);
void hsm_ring(HsmCard *c, unsigned q);
/* Waits for the next entry of the completion ring and takes it. */
struct hsm_cqe hsm_take(HsmCard *c, unsigned q);
void hsm_ack(HsmCard *c, unsigned q);
bool hsm_has(HsmCard *c, unsigned q);
/* One command from submission to completion; returns the status. */
uint16_t hsm_do(HsmCard *c, struct hsm_sqe *sqe, struct hsm_cqe *cqe);
uint16_t hsm_do_op(HsmCard *c, uint8_t opcode);
void hsm_check_works(HsmCard *c);

/* An EXEC of HSM_CTX with @in_len bytes at HSM_IN_AT, @room at HSM_OUT_AT. */
struct hsm_sqe hsm_exec(uint32_t in_len, uint32_t room);
/* The NOP message of the firmware at @addr. */
void hsm_nop_message(HsmCard *c, uint64_t addr);
void hsm_put_segs(HsmCard *c, uint64_t at, const struct hsm_seg *segs,
                  unsigned n);
bool hsm_all_zero(const uint8_t *p, size_t len);
bool hsm_wait_for(bool (*cond)(HsmCard *c), HsmCard *c);

void hsm_add_regs_tests(void);
void hsm_add_ring_tests(void);
void hsm_add_entry_tests(void);
void hsm_add_exec_tests(void);
void hsm_add_life_tests(void);
void hsm_add_props_tests(void);

#endif /* HSM_LIB_H */
