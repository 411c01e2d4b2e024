/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * hsm.h - ioctl ABI of /dev/hsmN.
 *
 * The driver is a courier: it carries messages (qemu-device/docs/hsm-firmware.rst)
 * to the card and back and does not read them. Every structure starts with its
 * own size; the driver takes any size from the first published one on, reads
 * what is missing as zero and answers E2BIG to non-zero bytes that it does not
 * know. Growth is by size, flags and feature bits, never by version numbers.
 *
 * errno says what became of the delivery; the card's own answer is a status in
 * the reply. Each has one meaning for all calls:
 *
 *	ENOTTY		unknown ioctl number
 *	EINVAL		a field has a wrong value, or size is below the minimum
 *	E2BIG		non-zero bytes beyond what this driver knows, or size above 4096
 *	EOPNOTSUPP	unknown flag
 *	EFAULT		a user address cannot be read or written
 *	EMSGSIZE	in_len or out_len above max_transfer
 *	ENOSPC		out_len too small; out_len tells the room needed
 *	ENOENT		HSM_IOC_CANCEL: no command with that cookie in flight
 *	EAGAIN		ring full and the file is O_NONBLOCK, or the card is busy
 *	EINTR		a signal came before the command was handed to the card
 *	ETIMEDOUT	timeout_ms passed; the command was aborted
 *	ECANCELED	aborted by HSM_IOC_CANCEL
 *	ESTALE		the card was reset since open; open the file again
 *	ENODEV		the card is gone
 *	EIO		the card is in its fatal state, or broke the protocol
 *	ENOMEM		no memory
 *
 * A fatal signal ends a wait at once; the command is aborted behind it.
 * Sessions and the login belong to the open file description: a descriptor that
 * is passed or inherited carries them along.
 */
#ifndef _UAPI_LINUX_HSM_H
#define _UAPI_LINUX_HSM_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define HSM_IOC_MAGIC		0xE8

/*
 * Rights of an open file. A file opened without write access, by a caller
 * without CAP_SYS_ADMIN, has HSM_RIGHT_CRYPTO alone.
 */
#define HSM_RIGHT_CRYPTO	0x01	/* use keys, random, information */
#define HSM_RIGHT_KEYS		0x02	/* make, change and delete keys */
#define HSM_RIGHT_USERS		0x04	/* manage users */
#define HSM_RIGHT_AUDIT		0x08	/* read the audit log */
#define HSM_RIGHT_FACTORY	0x10	/* zeroize, provision */
#define HSM_RIGHT_ALL		0x1f

/* Controller states, as in hsm_info.state and the sysfs attribute. */
#define HSM_STATE_NEW		0
#define HSM_STATE_LIVE		1
#define HSM_STATE_RESETTING	2
#define HSM_STATE_REMOVING	3
#define HSM_STATE_DEAD		4

/**
 * struct hsm_info - HSM_IOC_INFO: the card, the driver and this file
 * @size: in: room; out: bytes that this driver fills
 * @flags: in: 0
 * @hw_version: version register, major << 16 | minor
 * @index: N of /dev/hsmN
 * @features: feature bits; none defined yet, 0
 * @state: HSM_STATE_*
 * @epoch: reset counter of the card
 * @queues: queue pairs in use
 * @max_transfer: largest in_len and out_len, in bytes
 * @rights: HSM_RIGHT_* left to this file
 * @reserved: 0
 */
struct hsm_info {
	__u32		size;
	__u32		flags;
	__u32		hw_version;
	__u32		index;
	__aligned_u64	features;
	__u32		state;
	__u32		epoch;
	__u32		queues;
	__u32		max_transfer;
	__u32		rights;
	__u32		reserved;
};

/**
 * struct hsm_exec - HSM_IOC_EXEC: carry one message and wait for its reply
 * @size: sizeof(struct hsm_exec) as the caller knows it
 * @flags: 0
 * @in_len: bytes of the request, 1..max_transfer
 * @out_len: in: bytes of room, 1..max_transfer; out: bytes of the reply, or with
 *	ENOSPC the room needed
 * @in: address of the request
 * @out: address of the room for the reply
 * @timeout_ms: give up after so long; 0 = the driver's default
 * @reserved: 0
 * @cookie: names the command for HSM_IOC_CANCEL; 0 = cannot be named
 * @reserved2: 0
 *
 * Before the command is on the ring a signal ends the call (restarted if the
 * handler asks for it); after that only a fatal signal does.
 */
struct hsm_exec {
	__u32		size;
	__u32		flags;
	__u32		in_len;
	__u32		out_len;
	__aligned_u64	in;
	__aligned_u64	out;
	__u32		timeout_ms;
	__u32		reserved;
	__aligned_u64	cookie;
	__aligned_u64	reserved2[2];
};

/**
 * struct hsm_restrict - HSM_IOC_RESTRICT: give up rights of this file for good
 * @size: sizeof(struct hsm_restrict)
 * @flags: 0
 * @rights: in: HSM_RIGHT_* to keep; out: rights that are left
 * @reserved: 0
 */
struct hsm_restrict {
	__u32		size;
	__u32		flags;
	__u32		rights;
	__u32		reserved;
};

/**
 * struct hsm_cancel - HSM_IOC_CANCEL: abort commands of this file by cookie
 * @size: sizeof(struct hsm_cancel)
 * @flags: 0
 * @cookie: as given in hsm_exec, not 0
 * @count: out: commands that were asked to end; each of them still returns, with
 *	ECANCELED or with its reply if that came first
 * @reserved: 0
 */
struct hsm_cancel {
	__u32		size;
	__u32		flags;
	__aligned_u64	cookie;
	__u32		count;
	__u32		reserved;
};

#define HSM_IOC_INFO		_IO(HSM_IOC_MAGIC, 0x00)
#define HSM_IOC_EXEC		_IO(HSM_IOC_MAGIC, 0x01)
#define HSM_IOC_RESTRICT	_IO(HSM_IOC_MAGIC, 0x02)
#define HSM_IOC_CANCEL		_IO(HSM_IOC_MAGIC, 0x03)

#endif /* _UAPI_LINUX_HSM_H */
