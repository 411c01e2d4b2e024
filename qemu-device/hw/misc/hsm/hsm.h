/*
 * HSM card: state shared by the files of the device model
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Threads: vCPUs and the main loop hold the BQL and only change registers,
 * doorbells and lists. Workers fetch, execute and complete; they run without
 * the BQL and take it for msix_notify() alone.
 *
 * Locks: HsmState.lock guards lists, contexts and queue indices and is held for
 * a few list operations at a time. HsmWorker.dma_lock is held around each copy
 * to or from guest RAM, after the generation was compared: a reset that has
 * taken all of them once knows that no DMA of the old generation follows. No
 * lock is held while another or the BQL is waited for, but that the BQL may be
 * held when either is taken.
 */

#ifndef HW_MISC_HSM_H
#define HW_MISC_HSM_H

#include "qemu/bitmap.h"
#include "qemu/notify.h"
#include "qemu/queue.h"
#include "qemu/thread.h"
#include "hw/pci/pci_device.h"
#include "hsm/hsm_hw.h"
#include "fw.h"

#define TYPE_HSM_PCI "hsm-pci"
OBJECT_DECLARE_SIMPLE_TYPE(HsmState, HSM_PCI)

#define HSM_MAX_WORKERS     16
#define HSM_MAX_VECTORS     (HSM_MAX_QUEUES + 1)
#define HSM_MAX_CONTEXTS    16384
#define HSM_SERIAL_MAX      31
#define HSM_REASON_MAX      100

typedef struct HsmQueue HsmQueue;
typedef struct HsmReq HsmReq;
typedef struct HsmWorker HsmWorker;
typedef struct HsmHostile HsmHostile;

/* How long a command may take; see hsm-work.c. */
typedef enum HsmClass { HSM_SHORT, HSM_LONG, HSM_CLASSES, HSM_QUICK } HsmClass;

typedef struct HsmReqList {
    QTAILQ_HEAD(, HsmReq) head;
    unsigned n;
} HsmReqList;

/* One direction of a command's data. */
typedef struct HsmBuf {
    uint64_t addr;
    uint32_t len;
    uint16_t n_segs;
    struct hsm_seg *segs;       /* NULL: addr is the buffer */
    uint8_t *data;
} HsmBuf;

struct HsmReq {
    struct fw_req fw;
    HsmState *s;
    HsmQueue *q;
    struct hsm_sqe sqe;         /* as read from the ring */
    uint32_t gen;
    uint16_t cid;
    uint16_t status;
    uint32_t out_len;
    HsmClass class;             /* HSM_QUICK until it is known better */
    uint64_t seq;               /* order of arrival */
    bool stuck;
    uint32_t charged;           /* bytes of HsmState.fw_bytes */
    uint64_t due_ms;            /* not before; 0 = at once */
    uint64_t deadline_ms;       /* 0 = none */
    enum fw_result result;
    HsmBuf in;
    HsmBuf out;
    HsmReqList *list;           /* it waits on, NULL while it runs */
    QTAILQ_ENTRY(HsmReq) next;
    QTAILQ_ENTRY(HsmReq) live;
};

struct HsmQueue {
    HsmState *s;
    unsigned index;

    /* registers; constant while CTRL.EN is 1 */
    uint64_t sq_base;
    uint64_t cq_base;
    uint32_t log2_size;
    uint32_t vector;

    /*
     * Entries of a ring as the last enable found them: a worker that a reset
     * has overtaken reads it while the guest changes log2_size.
     */
    uint32_t size;

    /* written by doorbells, read by workers */
    uint32_t sq_tail;
    uint32_t cq_head;

    /* written under HsmState.lock, also read without */
    uint32_t sq_head;
    uint32_t cq_tail;
    uint32_t n_live;            /* read and not completed */
    HsmReqList held;            /* completed, and the completion ring is full */

    QTAILQ_HEAD(, HsmReq) live; /* not held */
    uint16_t last_cid;
};

struct HsmWorker {
    HsmState *s;
    QemuThread thread;
    QemuMutex dma_lock;
    bool has_slot;              /* counted in HsmState.n_busy */
    HsmClass slot;
    unsigned batched;           /* completions since the last notification */
    int64_t batch_ns;
};

typedef enum HsmFault {
    HSM_FAULT_NONE,
    HSM_FAULT_DROP_CQE,
    HSM_FAULT_DROP_IRQ,
    HSM_FAULT_STUCK,
    HSM_FAULT_SLOW,
    HSM_FAULT_BAD_CID,
    HSM_FAULT_STALE_CID,
    HSM_FAULT_LONG_OUT,
} HsmFault;

typedef enum HsmStat {
    HSM_STAT_COMMANDS,
    HSM_STAT_COMPLETIONS,
    HSM_STAT_INTERRUPTS,
    HSM_STAT_WAKEUPS,
    HSM_STAT_DOORBELL_ERRORS,
    HSM_STAT_GUEST_ERRORS,
    HSM_STAT_ABORTS,
    HSM_STAT_TIMEOUTS,
    HSM_STAT_FAULTS,
    HSM_STAT_RESETS,
    HSM_STAT_STALE,
    HSM_STAT_COUNT
} HsmStat;

struct HsmState {
    PCIDevice parent_obj;

    /* properties */
    char *keystore;
    char *secret;
    char *cluster;
    char *address;
    char *policy;
    char *serial;
    char *store_type;
    char *zeroize;
    uint64_t max_transfer;
    uint32_t node_id;
    uint32_t n_workers;
    uint32_t n_queues;
    bool fips;
    bool core_dump;

    MemoryRegion regs;
    QEMUBH *event_bh;

    /* registers; written under the BQL */
    uint32_t ctrl;
    uint32_t scratch;
    uint32_t epoch;
    char *tamper;               /* NULL, or why; outlives resets */
    bool gone;                  /* unplugged, or QEMU ends: no more accesses */
    bool iommu;                 /* the bus has one; as of the last enable */

    QemuMutex lock;
    uint32_t gen;               /* +1 at each reset */
    bool ready;
    bool shutdown;
    uint32_t error;             /* not 0: fatal state */
    HsmQueue queue[HSM_MAX_QUEUES];
    HsmReqList ready_list;      /* to run, in order of arrival */
    HsmReqList wait_list[HSM_CLASSES]; /* not quick, and no slot is free */
    HsmReqList later_list;      /* fault injection: not due yet */
    HsmReqList done_list;       /* ended on a thread that is no worker */
    uint64_t next_event_ms;     /* earliest due_ms or deadline_ms that waits */
    GHashTable *contexts;       /* id of the guest -> id of the firmware */
    uint32_t last_context;
    uint64_t last_seq;
    unsigned n_posting;         /* completions being written */
    HsmFault fault;
    uint32_t fault_arg;

    DECLARE_BITMAP(irq_pending, HSM_MAX_VECTORS);
    uint64_t stat[HSM_STAT_COUNT];

    /* scheduling of workers; see hsm-work.c */
    HsmWorker worker[HSM_MAX_WORKERS + 2];
    unsigned n_threads;
    unsigned host_cpus;
    QemuCond idle_cond;
    unsigned lookers;           /* awake, and will look for work again soon */
    unsigned idle;
    unsigned handed;            /* woken, on their way, count as lookers */
    unsigned n_busy[HSM_CLASSES]; /* workers in commands that are not quick */
    bool spinning;
    uint32_t spin_ns;           /* for how long to poll before sleeping */
    int64_t spin_failed_ns;     /* when polling for longer last did not help */
    int64_t spin_hold_ns;       /* until when it stays short */
    int64_t unwatched_ns;       /* when the last one went to sleep */
    bool fetching;
    bool stopping;

    struct fw_platform platform;
    struct store *store;
    struct cluster *engine;     /* NULL: a card on its own */
    Notifier off;               /* QEMU is about to end */
    struct fw *fw;
    uint64_t fw_bytes;          /* buffers of commands in the firmware */
    unsigned in_fw;             /* commands in the firmware */
    QemuCond quiet_cond;        /* in_fw went to 0 */
    QLIST_ENTRY(HsmState) next;
#ifdef HSM_HOSTILE
    HsmHostile *hostile; /* NULL until it has lied; lives as long as we */
#endif
};

/* hsm-regs.c */
extern const MemoryRegionOps hsm_regs_ops;
void hsm_regs_reset(HsmState *s);

/* hsm-ctrl.c: under the BQL unless said otherwise */
void hsm_ctrl_write(HsmState *s, uint32_t val);
uint32_t hsm_status(HsmState *s);
void hsm_reset(HsmState *s, const char *why);
void hsm_fatal(HsmState *s, uint32_t gen, uint32_t error); /* any thread */

/* hsm-dma.c: on workers only */
typedef enum HsmDma { HSM_DMA_READ, HSM_DMA_WRITE, HSM_DMA_PROBE } HsmDma;
typedef enum HsmDmaResult {
    HSM_DMA_OK,
    HSM_DMA_FAULT,
    HSM_DMA_STALE               /* a reset came first; nothing was done */
} HsmDmaResult;

HsmDmaResult hsm_dma(HsmState *s, uint32_t gen, uint64_t addr, void *data,
                     uint32_t len, HsmDma op);
uint16_t hsm_buf_open(HsmReq *req, HsmBuf *buf, uint64_t addr, uint32_t len,
                      uint16_t n_segs);
uint16_t hsm_buf_copy(HsmReq *req, HsmBuf *buf, uint32_t len, HsmDma op);
bool hsm_buf_alloc(HsmBuf *buf);
void hsm_buf_free(HsmBuf *buf, uint32_t used);

/* hsm-queue.c */
bool hsm_fetch(HsmState *s);
bool hsm_fetch_pending(HsmQueue *q);
void hsm_complete(HsmReq *req, uint16_t status, uint32_t out_len);
bool hsm_post_held(HsmState *s);
bool hsm_held_pending(HsmQueue *q);
void hsm_irq_flush(HsmState *s);
bool hsm_irq_any(HsmState *s);

/* hsm-req.c: lists need HsmState.lock */
HsmReq *hsm_req_new(HsmQueue *q, const struct hsm_sqe *sqe);
void hsm_req_free_data(HsmReq *req);
void hsm_req_free(HsmReq *req);
void hsm_list_init(HsmReqList *list);
void hsm_list_add(HsmReqList *list, HsmReq *req);
void hsm_list_remove(HsmReq *req);
HsmReq *hsm_list_pop(HsmReqList *list);
void hsm_list_move(HsmReqList *to, HsmReqList *from);
void hsm_list_free(HsmReqList *list);
void hsm_list_complete(HsmReqList *list, uint16_t status);
void hsm_req_wait(HsmReq *req, HsmReqList *list);
void hsm_req_cancel(HsmReq *req, HsmReqList *out);
void hsm_expire(HsmState *s);

/* hsm-exec.c */
void hsm_run(HsmWorker *w, HsmReq *req);
void hsm_exec_finish(HsmReq *req);
bool hsm_ctx_open_own(HsmState *s);

/* hsm-work.c */
HsmWorker *hsm_self(HsmState *s);
void hsm_kick(HsmState *s);
void hsm_wake_locked(HsmState *s);
bool hsm_slot_take(HsmWorker *w, HsmReq *req);
void hsm_work_start(HsmState *s);
void hsm_work_stop(HsmState *s);

/* hsm-fault.c */
void hsm_fault_class_init(ObjectClass *oc);
bool hsm_fault_take(HsmState *s, HsmFault fault);   /* under HsmState.lock */

/* hsm-tamper.c */
void hsm_tamper_class_init(ObjectClass *oc);

/* hsm-platform.c */
bool hsm_firmware_open(HsmState *s, Error **errp);
void hsm_firmware_close(HsmState *s);
void hsm_forbid_core_dump(void);

static inline void hsm_stat(HsmState *s, HsmStat stat)
{
    qatomic_inc(&s->stat[stat]);
}

static inline uint64_t hsm_now_ms(HsmState *s)
{
    return s->platform.now_ms(s->platform.opaque);
}

/* A memset() that stays when the memory is freed next. */
static inline void hsm_wipe(void *p, size_t len)
{
    memset(p, 0, len);
    __asm__ volatile("" : : "r"(p) : "memory");
}

#endif /* HW_MISC_HSM_H */
