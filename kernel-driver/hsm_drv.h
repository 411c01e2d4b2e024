/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of hsm.ko share.
 *
 * Life of a request: a slot of a queue is taken (HELD), filled, handed to the
 * card (SENT) and comes back by a completion or by a controller reset (DONE).
 * While it is SENT its buffers belong to the card, whatever becomes of the
 * caller: one that leaves makes the slot an orphan, and the reaper wipes it.
 *
 * Lifetime: struct hsm lives until the last open file is closed. Its hardware
 * half (BAR, queues, interrupts) may be touched by probe and remove, by work
 * that remove flushes, and between hsm_enter() and hsm_exit().
 *
 * Lock order: hsm_ctx.lock, hsm_queue.lock. hsm.state_lock is taken last. No user
 * memory is touched between hsm_enter() and hsm_exit() in a way that can fault:
 * a page that never arrives must not hold up the removal of the card.
 */
#ifndef HSM_DRV_H
#define HSM_DRV_H

#include <linux/build_bug.h>
#include <linux/cdev.h>
#include <linux/completion.h>
#include <linux/device.h>
#include <linux/hw_random.h>
#include <linux/interrupt.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/kref.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <hsm/hsm_hw.h>
#include <linux/hsm.h>

#define HSM_SLOT_BYTES	4096	/* of a slot's room for a request, and of that for a reply */
#define HSM_CID_BITS	12	/* of a command id that name the slot; the rest is its generation */
#define HSM_CID_MASK	((1u << HSM_CID_BITS) - 1)
#define HSM_GEN_MASK	(0xffffu >> HSM_CID_BITS)

#define HSM_FLAG_FATAL		0	/* STATUS.FATAL was seen and the reset is not done */
#define HSM_FLAG_TAMPER		1	/* STATUS.TAMPER was reported */
#define HSM_FLAG_SPINNING	2	/* a waiter polls */
#define HSM_FLAG_PCI		3	/* the PCI core has stopped the card and starts it again */
/* Why a reset is scheduled. */
#define HSM_FLAG_BLAME		4	/* the card is the cause */
#define HSM_FLAG_LATE		5	/* a command outlived its abort: no blame */
#define HSM_FLAG_ASKED		6	/* somebody wants it */

struct hsm;
struct hsm_queue;

/* One open file; id is its context on the card. */
struct hsm_ctx {
	struct hsm *hsm;
	struct kref kref;	/* the file; a CTX_OPEN whose caller has left */
	u32 id;
	unsigned int resets;	/* hsm->resets at open: another value makes the file stale */
	atomic_t rights;
	struct mutex lock;	/* serialises HSM_OP_CTX_OPEN */
	bool opened;		/* the card has confirmed the context */
	bool open_sent;		/* the card may have the context */
	struct work_struct close_work;
};

/* A buffer above HSM_SLOT_BYTES: single pages, mapped while the card owns them. */
struct hsm_pages {
	struct hsm *hsm;
	enum dma_data_direction dir;
	u32 len;
	unsigned int nr;
	unsigned int mapped;
	struct {
		void *virt;
		dma_addr_t dma;
	} page[];
};

#define HSM_POOL_PAGES 128	/* kept of those that were used: room for four large calls */

/* Wiped pages for the next buffers. */
struct hsm_pool {
	spinlock_t lock;		/* of both below */
	unsigned int nr;
	void *page[HSM_POOL_PAGES];
};

enum hsm_req_state { HSM_REQ_FREE, HSM_REQ_HELD, HSM_REQ_SENT, HSM_REQ_DONE };
enum hsm_req_abort { HSM_ABORT_NONE, HSM_ABORT_WANTED, HSM_ABORT_SENT };

/* A slot of a queue and the request in it. */
struct hsm_req {
	struct hsm_queue *q;
	u16 slot;
	u8 gen;
	u8 state;		/* enum hsm_req_state */
	u8 abort;		/* enum hsm_req_abort */
	bool orphan;		/* nobody waits: the reaper gets it */
	bool timed_out;
	unsigned int resets;	/* refused if the card was reset since */
	struct hsm_ctx *ctx;	/* NULL: the driver's own, or its file has left it */
	u64 cookie;
	unsigned long deadline;	/* jiffies; after it comes the next rung of the ladder */
	int error;		/* why it came back without a completion */
	u16 status;		/* HSM_SC_* of the completion */
	u32 reply_len;		/* out_len of the completion, as the card said it */
	struct completion done;
	struct llist_node reap;
	void *in;		/* HSM_SLOT_BYTES, and as many for the reply behind them */
	void *out;
	dma_addr_t in_dma;
	dma_addr_t out_dma;
	struct hsm_pages *big_in;
	struct hsm_pages *big_out;
	struct hsm_sqe sqe;
};

struct hsm_queue {
	struct hsm *hsm;
	spinlock_t lock;	/* all below, and the state of the slots; taken in interrupts */
	bool live;		/* submissions are taken */
	u32 size;		/* entries in each ring */
	u32 sq_tail;		/* free-running, as the three below */
	u32 cq_head;
	u32 cq_rung;		/* cq_head as last told to the card */
	u32 cq_seen;		/* cq_head at the last watchdog tick */
	bool cq_late;		/* a completion was waiting at the last watchdog tick */
	bool broken;		/* nothing more is read from the ring before a reset */
	u32 strays;		/* completions of unknown commands since the last reset */
	struct hsm_sqe *sq;
	struct hsm_cqe *cq;
	void __iomem *doorbell;
	struct hsm_req *reqs;
	u16 *free;		/* stack of free slots */
	u16 nr_free;
	u16 nr_slots;
	u16 reserve;		/* slots kept for the driver's own commands */
	wait_queue_head_t slot_wait;
	struct llist_head reap;
	struct work_struct reap_work;
	dma_addr_t sq_dma;
	dma_addr_t cq_dma;
	unsigned int vector;
	int irq;		/* 0 = not requested */
	char name[24];
};

struct hsm {
	struct device dev;
	struct cdev cdev;
	struct pci_dev *pdev;
	int index;
	void __iomem *bar;
	u32 hw_version;
	u64 cap;
	u32 max_transfer;

	struct srcu_struct srcu;	/* held while the hardware half is in use */
	spinlock_t state_lock;
	u32 state;			/* HSM_STATE_*; changed by hsm_state_move() alone */
	wait_queue_head_t state_wait;
	unsigned long flags;		/* bits HSM_FLAG_* */
	u32 epoch;
	unsigned int resets;
	/* Of whoever has moved the state to RESETTING. */
	unsigned int blamed;		/* resets that the card caused since blamed_since */
	u64 blamed_since;		/* jiffies */

	struct hsm_queue *queues;
	unsigned int nr_queues;
	unsigned int nr_vectors;
	int event_irq;
	char event_name[24];

	struct work_struct reset_work;
	struct delayed_work watchdog;
	struct workqueue_struct *wq;	/* closes contexts; these wait for the card */

	struct xarray ctxs;
	u32 next_ctx;
	atomic_t nr_ctxs;
	atomic_t timeouts;
	atomic_t lost_interrupts;
	atomic_t stale_completions;

	struct hsm_pool pool;

	struct hwrng rng;
	bool rng_registered;
};

/* One HSM_IOC_EXEC. out_len: in: room; out: as struct hsm_exec has it. */
struct hsm_xfer {
	struct hsm_ctx *ctx;
	const void __user *in;
	void __user *out;
	u32 in_len;
	u32 out_len;
	u32 timeout_ms;
	u64 cookie;
	bool nonblock;
	u32 copy_len;			/* bytes of the reply still to be copied out */
	void *late;			/* these, if the slot had to be left first */
	struct hsm_pages *big_in;
	struct hsm_pages *big_out;
};

extern unsigned int hsm_default_timeout_ms;
extern unsigned int hsm_abort_timeout_ms;

static inline u32 hsm_read32(const struct hsm *hsm, u32 reg)
{
	return readl(hsm->bar + reg);
}

static inline unsigned int hsm_cap(const struct hsm *hsm, unsigned int shift)
{
	return (hsm->cap >> shift) & HSM_CAP_FIELD_MASK;
}

static inline bool hsm_ctx_stale(const struct hsm_ctx *ctx)
{
	/* Pairs with hsm_resets_inc(). */
	return smp_load_acquire(&ctx->hsm->resets) != ctx->resets;
}

/* hsm_ctrl.c */
bool hsm_state_move(struct hsm *hsm, u32 state);
int hsm_state_error(const struct hsm *hsm);
bool hsm_enter(struct hsm *hsm, int *idx);
void hsm_exit(struct hsm *hsm, int idx);
int hsm_ctrl_disable(struct hsm *hsm);
int hsm_ctrl_enable(struct hsm *hsm);
int hsm_ctrl_go(struct hsm *hsm);
void hsm_ctrl_shutdown(struct hsm *hsm);
int hsm_reset_begin(struct hsm *hsm);
int hsm_reset_end(struct hsm *hsm);
void hsm_reset_forgive(struct hsm *hsm);
void hsm_reset_blame(struct hsm *hsm);
int hsm_reset_now(struct hsm *hsm);
void hsm_ctrl_fail(struct hsm *hsm, u32 state);
void hsm_ctrl_init(struct hsm *hsm);
irqreturn_t hsm_event_irq(int irq, void *data);

/* hsm_queue.c */
int hsm_queues_alloc(struct hsm *hsm);
void hsm_queues_free(struct hsm *hsm);
void hsm_queues_program(struct hsm *hsm);
void hsm_queues_go(struct hsm *hsm);
void hsm_queues_halt(struct hsm *hsm);
void hsm_queues_fail(struct hsm *hsm, int error);
void hsm_queues_flush(struct hsm *hsm);
irqreturn_t hsm_queue_irq(int irq, void *data);

/* hsm_ring.c */
struct hsm_req *hsm_slot_take(struct hsm_queue *q, unsigned int reserve);
void hsm_slot_give(struct hsm_req *req);
int hsm_ring_submit(struct hsm_req *req);
void hsm_ring_abort(struct hsm_req *req);
bool hsm_ring_orphan(struct hsm_req *req);
bool hsm_ring_poll(struct hsm_queue *q);
bool hsm_ring_watch(struct hsm_queue *q);
void hsm_ring_fail(struct hsm_queue *q, int error);

/* hsm_req.c */
struct hsm_req *hsm_req_get(struct hsm *hsm, bool nonblock);
struct hsm_req *hsm_req_get_own(struct hsm *hsm);
void hsm_req_put(struct hsm_req *req);
int hsm_req_run(struct hsm_req *req, u8 opcode, u32 ctx, unsigned int timeout_ms);
int hsm_req_result(const struct hsm_req *req);
void hsm_req_reap(struct work_struct *work);

/* hsm_pages.c */
void hsm_pool_init(struct hsm *hsm);
void hsm_pool_drain(struct hsm *hsm);
struct hsm_pages *hsm_pages_alloc(struct hsm *hsm, u32 len, enum dma_data_direction dir);
void hsm_pages_free(struct hsm_pages *p);
/* Maps the pages and lists them in segs, which has room for HSM_MAX_SEGS. */
int hsm_pages_map(struct device *dev, struct hsm_pages *p, struct hsm_seg *segs);
void hsm_pages_unmap(struct device *dev, struct hsm_pages *p);
int hsm_pages_copy_in(struct hsm_pages *p, const void __user *from);
int hsm_pages_copy_out(const struct hsm_pages *p, void __user *to, u32 len);

/* hsm_xfer.c */
int hsm_xfer(struct hsm_xfer *x);

/* hsm_ctx.c */
struct hsm_ctx *hsm_ctx_new(struct hsm *hsm, u32 rights);
void hsm_ctx_put(struct hsm_ctx *ctx);
int hsm_ctx_ready(struct hsm_ctx *ctx);
u32 hsm_ctx_cancel(struct hsm_ctx *ctx, u64 cookie);

/* hsm_cdev.c */
int hsm_cdev_init(void);
void hsm_cdev_exit(void);
struct hsm *hsm_alloc(struct pci_dev *pdev);
void hsm_index_free(struct hsm *hsm);
int hsm_cdev_add(struct hsm *hsm);
void hsm_cdev_del(struct hsm *hsm);

/* hsm_sysfs.c */
extern const struct attribute_group *hsm_groups[];

/* hsm_hwrng.c */
void hsm_hwrng_add(struct hsm *hsm);
void hsm_hwrng_del(struct hsm *hsm);

#endif /* HSM_DRV_H */
