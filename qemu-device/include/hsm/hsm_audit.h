/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hsm_audit.h - what the numbers of an audit record mean (struct hsm_audit_rec of
 * hsm_cmd.h), and the file that a log is exported to (docs/audit.md).
 */
#ifndef HSM_AUDIT_H
#define HSM_AUDIT_H

#define HSM_AUDIT_VERSION	1	/* of records, head and file */

#define HSM_AUDIT_GENESIS	"hsm audit 1"	/* hashed before the first record, with the serial */

/* log_type: what of a record is filled in. X(number, name) */
#define HSM_AUDIT_LOG_TABLE(X) \
	X(0, MINIMAL_LOG_ENTRY) \
	X(1, MGMT_KEY_DETAILS_LOG)	/* handle, handle_public */ \
	X(2, MGMT_USER_DETAILS_LOG)	/* user_type, user_id, user_name */

#define HSM_AUDIT_MINIMAL	0
#define HSM_AUDIT_KEY		1
#define HSM_AUDIT_USER		2

/* command_type: there is one. */
#define HSM_AUDIT_MGMT_CMD	0	/* CN_MGMT_CMD */

/* user_type, as HSM_USER_*; a PCO is written as CO. X(number, name) */
#define HSM_AUDIT_USER_TABLE(X) \
	X(1, CN_CRYPTO_USER) \
	X(2, CN_CRYPTO_OFFICER) \
	X(5, CN_APPLIANCE_USER) \
	X(6, CN_CRYPTO_PRE_OFFICER)

/*
 * opcode. Numbers below 0x100 are documented by the vendor; of those from 0x100 on the
 * name is, and the number our choice; from 0x200 on both are ours. X(name, number)
 */
#define HSM_AUDIT_OP_TABLE(X) \
	X(INIT_TOKEN,			0x001) \
	X(CREATE_USER,			0x003) \
	X(CREATE_CO,			0x004) \
	X(CHANGE_PSWD,			0x009) \
	X(LOGIN,			0x00d) \
	X(LOGOUT,			0x00e) \
	X(DESTROY_OBJECT,		0x011) \
	X(GENERATE_KEY,			0x017) \
	X(GENERATE_KEY_PAIR,		0x019) \
	X(WRAP_KEY,			0x01a) \
	X(UNWRAP_KEY,			0x01b) \
	X(GEN_PSWD_ENC_KEY,		0x01d) \
	X(NIST_AES_WRAP,		0x01e) \
	X(INIT_DONE,			0x095) \
	X(DELETE_USER,			0x0a1) \
	X(EXTRACT_MASKED_OBJECT_USER,	0x0f0) \
	X(INSERT_MASKED_OBJECT_USER,	0x0f1) \
	X(CREATE_APPLIANCE_USER,	0x0fc) \
	X(APP_FINALIZE,			0x101) \
	X(CLOSE_SESSION,		0x102) \
	X(SET_M_VALUE,			0x103) \
	X(APPROVE_TOKEN,		0x104) \
	X(CREATE_OBJECT,		0x105) \
	X(MODIFY_OBJECT,		0x106) \
	X(SHARE_OBJECT,			0x107) \
	X(TOMBSTONE_OBJECT,		0x108) \
	X(GEN_KEY_ENC_KEY,		0x109) \
	X(CLOSE_PARTITION_SESSIONS,	0x10a) \
	X(STORE_KBK_SHARE,		0x10b) \
	X(SET_NODEID,			0x10c) \
	X(ZEROIZE,			0x10d) \
	X(CLONE_SOURCE_INIT,		0x110) \
	X(CLONE_SOURCE_STAGE1,		0x111) \
	X(CLONE_TARGET_INIT,		0x112) \
	X(CLONE_TARGET_STAGE1,		0x113) \
	X(CERT_AUTH_STORE_CERT,		0x114) \
	X(CERT_AUTH_VALIDATE_PEER_CERTS, 0x115) \
	X(CERT_AUTH_SOURCE_KEY_EXCHANGE, 0x116) \
	X(CERT_AUTH_TARGET_KEY_EXCHANGE, 0x117) \
	X(TAMPER,			0x200) \
	X(GET_TOKEN,			0x201) \
	X(DELETE_TOKEN,			0x202) \
	X(REGISTER_USER_KEY,		0x203) \
	X(EXTRACT_MASKED_USER,		0x204) \
	X(INSERT_MASKED_USER,		0x205)

#define HSM_AUDIT_OP_ENUM(name, number) HSM_CN_##name = number,
enum { HSM_AUDIT_OP_TABLE(HSM_AUDIT_OP_ENUM) };
#undef HSM_AUDIT_OP_ENUM

/*
 * An exported log: magic, le32 HSM_AUDIT_VERSION, le32 number of records, the records
 * from sequence number 0 on, struct hsm_audit_head, and three times le32 length and
 * bytes: signature of the head, hardware certificate, manufacturer root (both DER).
 */
#define HSM_AUDIT_FILE_MAGIC	"HSMAUDIT"
#define HSM_AUDIT_FILE_HEAD	16	/* bytes before the records */

#endif /* HSM_AUDIT_H */
