/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hsm_signed.h - what people sign for the card, and what the card signs for people: quorum
 * tokens, attestations, the audit log. Part of the message ABI (hsm_cmd.h); these also stand
 * in files. Everything is little-endian.
 */
#ifndef HSM_SIGNED_H
#define HSM_SIGNED_H

#include <linux/types.h>

#define HSM_NONCE_LEN		32
#define HSM_DIGEST_LEN		32	/* SHA-256 */
#define HSM_QUORUM_RSA_BITS	2048	/* of the key that a user signs with */
#define HSM_M_VALUE_MAX		8

/*
 * A quorum token. What approvers sign is the file that holds it: one or more of these,
 * one for each card, with nothing between them (RSASSA-PKCS1-v1_5, SHA-256).
 */
struct hsm_token {
	__u8	magic[4];	/* "HSMT" */
	__le16	version;	/* 1 */
	__le16	service;	/* HSM_SERVICE_* */
	__le32	id;		/* of this power-on of the card */
	__le32	node;
	__le64	handle;		/* of the key; 0 for the officers' services */
	__le32	user;		/* id of the one who may use it */
	__le32	m_value;	/* approvals needed */
	__u8	user_name[32];	/* this and the next: zero-terminated */
	__u8	serial[32];	/* of the card */
	__u8	nonce[HSM_NONCE_LEN];
};

struct hsm_token_info {
	struct hsm_token token;
	__le32	valid_s;	/* seconds left */
	__le32	approvals;
	__u8	approver[HSM_M_VALUE_MAX][32];	/* names, zero-terminated */
};

struct hsm_approval {
	__le32	type;		/* HSM_USER_* of the approver */
	__le32	len;		/* bytes of signature */
	__u8	name[32];	/* of the approver, zero-terminated */
	__u8	signature[HSM_QUORUM_RSA_BITS / 8];
};

/*
 * What ATTEST, and commands with ATTEST_NONCE, answer, signed (ECDSA, SHA-256, DER) with the
 * key of the hardware certificate.
 */
struct hsm_attestation {
	__u8	magic[4];	/* "HSMQ" */
	__le16	version;	/* 1 */
	__le16	n_keys;		/* struct hsm_attested_key that follow */
	__u8	nonce[HSM_NONCE_LEN];	/* of the one who asked */
	__u8	measurement[HSM_DIGEST_LEN];	/* of the running firmware */
	__u8	serial[32];	/* zero-terminated */
	__le32	node_id;
	__le32	policy;		/* these five as in struct hsm_card_info */
	__le32	fips_state;
	__le32	fw_major;
	__le32	fw_minor;
	__le32	nodes;		/* members of the cluster that answer */
	__le32	users;
	__le32	reboot;		/* reboot counter of the audit log */
	__le64	time_us;	/* microseconds since 1970-01-01 UTC */
	__le64	audit_next;	/* sequence number of the next audit record */
	__u8	audit_hash[HSM_DIGEST_LEN];	/* hash of the record before that */
};

struct hsm_attested_key {
	__le64	handle;
	__le32	origin;		/* HSM_CMD_* that made it; 0: it was there */
	__le32	owner;		/* user id */
	__le32	m_value;
	__le32	shares;		/* users it is shared with */
	__u8	attrs[HSM_DIGEST_LEN];	/* SHA-256 of the TLVs that KEY_ATTRS gives for ALL */
};

/*
 * A record of the audit log. hash = SHA-256(hash of the record before || all of this but
 * hash); before the first one stands SHA-256("hsm audit 1" || serial number). What the
 * numbers mean is in hsm/hsm_audit.h.
 */
struct hsm_audit_rec {
	__u8	magic[4];	/* "HSMA" */
	__le16	version;	/* 1 */
	__le16	log_type;	/* HSM_AUDIT_* */
	__le64	sequence;	/* 0, 1, 2, ... without gaps */
	__le64	time_us;	/* microseconds since 1970-01-01 UTC */
	__le32	reboot;		/* times that the card was started, by then */
	__le32	command_type;	/* 0: CN_MGMT_CMD */
	__le32	opcode;		/* CN_* */
	__le32	session;	/* handle, 0 = none */
	__le32	status;		/* HSM_RV_* */
	__le32	caller;		/* id of the user logged in, 0 = nobody */
	__le64	handle;		/* private or secret key */
	__le64	handle_public;
	__le32	user_type;	/* HSM_USER_* of the user that it is about */
	__le32	user_id;	/* 0 = not known */
	__u8	user_name[32];	/* zero-terminated */
	__u8	hash[HSM_DIGEST_LEN];
};

/* The end of the log as the card vouches for it, signed like an attestation. */
struct hsm_audit_head {
	__u8	magic[4];	/* "HSMC" */
	__le16	version;	/* 1 */
	__le16	reserved;	/* 0 */
	__u8	serial[32];	/* zero-terminated */
	__le64	next;		/* sequence number of the next record */
	__le64	time_us;
	__le32	reboot;
	__le32	node_id;
	__u8	hash[HSM_DIGEST_LEN];	/* of record next - 1 */
	__u8	nonce[HSM_NONCE_LEN];	/* of the one who asked */
};

_Static_assert(sizeof(struct hsm_token) == 128, "token");
_Static_assert(__builtin_offsetof(struct hsm_token, user_name) == 32, "token, names");
_Static_assert(sizeof(struct hsm_token_info) == 392, "token info");
_Static_assert(sizeof(struct hsm_approval) == 296, "approval");
_Static_assert(sizeof(struct hsm_attestation) == 184, "attestation");
_Static_assert(__builtin_offsetof(struct hsm_attestation, time_us) == 136, "attestation, time");
_Static_assert(sizeof(struct hsm_attested_key) == 56, "attested key");
_Static_assert(sizeof(struct hsm_audit_rec) == 136, "audit record");
_Static_assert(__builtin_offsetof(struct hsm_audit_rec, hash) == 136 - HSM_DIGEST_LEN, "audit hash");
_Static_assert(sizeof(struct hsm_audit_head) == 128, "audit head");

#endif /* HSM_SIGNED_H */
