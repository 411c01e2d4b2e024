/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hsm_hw.h - hardware ABI of the hsm-pci card: PCI identity, BAR0 registers,
 * submission and completion entries, segments.
 *
 * Shared, unchanged, by the device model, the driver and the qtests. The words
 * that go with it are in qemu-device/docs/hsm-device.rst; where the two differ
 * it is a bug. Everything on the bus is little-endian. Sizes and offsets are
 * asserted at the end of this file.
 */
#ifndef HSM_HW_H
#define HSM_HW_H

#include <linux/types.h>

/* PCI identity: an id out of QEMU's range for experiments, class "other crypto". */
#define HSM_PCI_VENDOR_ID	0x1af4
#define HSM_PCI_DEVICE_ID	0x10f0
#define HSM_PCI_CLASS		0x1080
#define HSM_PCI_BAR		0	/* registers */
#define HSM_PCI_MSIX_BAR	4	/* MSI-X table and pending bits */

/* ABI version: the major is also the PCI subsystem id, the minor the revision. */
#define HSM_HW_MAJOR		1
#define HSM_HW_MINOR		0

#define HSM_BAR_SIZE		0x4000	/* bytes */
#define HSM_MAX_QUEUES		32	/* queue pairs */
#define HSM_MIN_LOG2_SIZE	1	/* log2 of entries in a ring */
#define HSM_MAX_LOG2_SIZE	10
#define HSM_RING_ALIGN		4096	/* bytes, SQ_BASE and CQ_BASE */
#define HSM_MAX_SEGS		256	/* segments of one list */
#define HSM_SEG_ALIGN		16	/* bytes, address of a segment list */
#define HSM_MIN_LOG2_TRANSFER	16	/* log2 of bytes, each direction */
#define HSM_MAX_LOG2_TRANSFER	20
#define HSM_MAX_RANDOM		4096	/* bytes of one HSM_OP_RANDOM */

/* Registers, offsets in bytes. 4-byte access; the 64-bit ones also take 8-byte access. */
#define HSM_REG_ID		0x000	/* RO 32 */
#define HSM_REG_VERSION		0x004	/* RO 32, major << 16 | minor */
#define HSM_REG_CAP		0x008	/* RO 64 */
#define HSM_REG_CTRL		0x010	/* RW 32 */
#define HSM_REG_STATUS		0x014	/* RO 32 */
#define HSM_REG_EPOCH		0x018	/* RO 32 */
#define HSM_REG_ERROR		0x01c	/* RO 32 */
#define HSM_REG_SCRATCH		0x020	/* RW 32, reads back inverted */
#define HSM_REG_QUEUE		0x100	/* first queue block */
#define HSM_REG_QUEUE_STRIDE	0x40
#define HSM_REG_DOORBELL	0x1000	/* first doorbell pair */
#define HSM_REG_DOORBELL_STRIDE	8

/* Within a queue block. All RW while CTRL.EN is 0, read-only while it is 1. */
#define HSM_QREG_SQ_BASE	0x00	/* 64, bus address */
#define HSM_QREG_CQ_BASE	0x08	/* 64, bus address */
#define HSM_QREG_LOG2_SIZE	0x10	/* 32, 0 = pair not in use */
#define HSM_QREG_VECTOR		0x14	/* 32, MSI-X vector of the CQ */

/* Within a doorbell pair. WO, read as 0. Values are free-running u32 indices. */
#define HSM_DB_SQ_TAIL		0x0
#define HSM_DB_CQ_HEAD		0x4

#define HSM_ID_MAGIC		0x314d5348u	/* "HSM1" read as bytes */

/* CAP fields. */
#define HSM_CAP_QUEUES_SHIFT	0	/* 8 bits: queue pairs */
#define HSM_CAP_LOG2_SIZE_SHIFT	8	/* 8 bits: largest LOG2_SIZE */
#define HSM_CAP_XFER_SHIFT	16	/* 8 bits: log2 of the largest transfer in bytes */
#define HSM_CAP_TIMEOUT_SHIFT	24	/* 8 bits: bound of enable and disable, in 100 ms */
#define HSM_CAP_VECTORS_SHIFT	32	/* 8 bits: MSI-X vectors */
#define HSM_CAP_FIELD_MASK	0xff	/* bits 40..63: features, none defined, 0 */

#define HSM_CTRL_EN		0x1u
#define HSM_CTRL_SHUTDOWN	0x2u

#define HSM_STATUS_RDY		0x1u
#define HSM_STATUS_FATAL	0x2u
#define HSM_STATUS_SHUTDOWN_DONE 0x4u
#define HSM_STATUS_TAMPER	0x8u

/* EPOCH never takes this value: a removed card reads as all ones. */
#define HSM_EPOCH_GONE		0xffffffffu

/* ERROR: the first cause of STATUS.FATAL since the last reset. */
#define HSM_ERR_NONE		0
#define HSM_ERR_QUEUE_CONFIG	1	/* enable with a bad queue block */
#define HSM_ERR_SQ_FETCH	2	/* bus error reading a submission ring */
#define HSM_ERR_CQ_POST		3	/* bus error writing a completion ring */
#define HSM_ERR_FIRMWARE	4	/* firmware stopped: self-test or key store */

/* Transport opcodes. */
#define HSM_OP_NOP		0x00
#define HSM_OP_EXEC		0x01
#define HSM_OP_CTX_OPEN		0x02
#define HSM_OP_CTX_CLOSE	0x03
#define HSM_OP_ABORT		0x04
#define HSM_OP_RANDOM		0x05

/* Transport statuses: whether the message was carried, not what it answered. */
#define HSM_SC_OK		0
#define HSM_SC_BAD_OPCODE	1	/* unknown opcode */
#define HSM_SC_BAD_FIELD	2	/* a field that must be 0 is not, or out of range */
#define HSM_SC_BAD_CTX		3	/* context not open, or already open */
#define HSM_SC_BAD_LENGTH	4	/* length 0 or over the largest transfer */
#define HSM_SC_BAD_SEGMENTS	5	/* segment list malformed or its sum differs */
#define HSM_SC_DATA_FAULT	6	/* bus error reading or writing data */
#define HSM_SC_NO_ROOM		7	/* reply longer than out_len; out_len of the CQE tells */
#define HSM_SC_ABORTED		8	/* ended by HSM_OP_ABORT or HSM_OP_CTX_CLOSE */
#define HSM_SC_TIMEOUT		9	/* timeout_ms passed */
#define HSM_SC_NOT_FOUND	10	/* HSM_OP_ABORT: no such command in flight */
#define HSM_SC_BUSY		11	/* out of a device resource; nothing was done */
#define HSM_SC_INTERNAL		12	/* the firmware failed; nothing was done */

/* Submission queue entry. */
struct hsm_sqe {
	__u8	opcode;		/* HSM_OP_* */
	__u8	flags;		/* 0 */
	__le16	cid;		/* command id, unique among those in flight on the queue */
	__le32	ctx;		/* context, 0 = the driver's own */
	__le64	in_addr;	/* request, or list of in_segs segments */
	__le64	out_addr;	/* reply, or list of out_segs segments */
	__le32	in_len;		/* bytes of the request */
	__le32	out_len;	/* bytes of room for the reply */
	__le32	timeout_ms;	/* 0 = none */
	__le32	rights;		/* HSM_OP_EXEC: what this context may ask for */
	__le32	arg;		/* HSM_OP_ABORT: cid to abort; else 0 */
	__le16	in_segs;	/* 0 = in_addr is the buffer */
	__le16	out_segs;	/* 0 = out_addr is the buffer */
	__le64	reserved[2];	/* 0 */
};

/* Completion queue entry. The first 12 bytes are written before the last word. */
struct hsm_cqe {
	__le16	cid;
	__le16	status;		/* HSM_SC_* */
	__le32	out_len;	/* bytes written; with HSM_SC_NO_ROOM: bytes needed */
	__le32	sq_head;	/* free-running: entries the card has consumed */
	__le32	phase;		/* bit 0; 1 on the first lap of the ring, then alternating */
};

#define HSM_CQE_PHASE		0x1u

struct hsm_seg {
	__le64	addr;
	__le32	len;		/* bytes, > 0 */
	__le32	reserved;	/* 0 */
};

#ifdef __KERNEL__
#define HSM_HW_ASSERT(c)	static_assert(c)
#else
#define HSM_HW_ASSERT(c)	_Static_assert(c, #c)
#endif

HSM_HW_ASSERT(sizeof(struct hsm_sqe) == 64);
HSM_HW_ASSERT(__builtin_offsetof(struct hsm_sqe, cid) == 2);
HSM_HW_ASSERT(__builtin_offsetof(struct hsm_sqe, ctx) == 4);
HSM_HW_ASSERT(__builtin_offsetof(struct hsm_sqe, in_addr) == 8);
HSM_HW_ASSERT(__builtin_offsetof(struct hsm_sqe, out_addr) == 16);
HSM_HW_ASSERT(__builtin_offsetof(struct hsm_sqe, in_len) == 24);
HSM_HW_ASSERT(__builtin_offsetof(struct hsm_sqe, out_len) == 28);
HSM_HW_ASSERT(__builtin_offsetof(struct hsm_sqe, timeout_ms) == 32);
HSM_HW_ASSERT(__builtin_offsetof(struct hsm_sqe, rights) == 36);
HSM_HW_ASSERT(__builtin_offsetof(struct hsm_sqe, arg) == 40);
HSM_HW_ASSERT(__builtin_offsetof(struct hsm_sqe, in_segs) == 44);
HSM_HW_ASSERT(__builtin_offsetof(struct hsm_sqe, out_segs) == 46);
HSM_HW_ASSERT(__builtin_offsetof(struct hsm_sqe, reserved) == 48);
HSM_HW_ASSERT(sizeof(struct hsm_cqe) == 16);
HSM_HW_ASSERT(__builtin_offsetof(struct hsm_cqe, status) == 2);
HSM_HW_ASSERT(__builtin_offsetof(struct hsm_cqe, out_len) == 4);
HSM_HW_ASSERT(__builtin_offsetof(struct hsm_cqe, sq_head) == 8);
HSM_HW_ASSERT(__builtin_offsetof(struct hsm_cqe, phase) == 12);
HSM_HW_ASSERT(sizeof(struct hsm_seg) == 16);
HSM_HW_ASSERT(HSM_REG_QUEUE + HSM_MAX_QUEUES * HSM_REG_QUEUE_STRIDE <= HSM_REG_DOORBELL);
HSM_HW_ASSERT(HSM_REG_DOORBELL + HSM_MAX_QUEUES * HSM_REG_DOORBELL_STRIDE <= HSM_BAR_SIZE);

#endif /* HSM_HW_H */
