/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hsm_cmd.h - message ABI of the card's firmware: headers, opcodes, tags, statuses.
 *
 * Shared, unchanged, by the firmware, libhsm and the tests; the driver and the
 * device model carry messages unread. The words that go with it are in
 * qemu-device/docs/hsm-firmware.rst; where the two differ it is a bug.
 *
 * A message is a 16-byte header and a list of TLVs without padding. Everything is
 * little-endian. A tag below 0x80000000 is an object attribute under its PKCS#11
 * or CloudHSM number; one from there on belongs to the protocol.
 */
#ifndef HSM_CMD_H
#define HSM_CMD_H

#include <linux/types.h>

#include "hsm_cluster.h"
#include "hsm_signed.h"

struct hsm_msg_req {
	__le16	opcode;		/* HSM_CMD_* */
	__le16	flags;		/* 0 */
	__le32	length;		/* bytes of the whole message */
	__le32	session;	/* handle, 0 where the command needs none */
	__le32	reserved;	/* 0 */
};

struct hsm_msg_rep {
	__le16	opcode;		/* that of the request */
	__le16	flags;		/* 0 */
	__le32	length;		/* bytes of the whole message */
	__le32	status;		/* HSM_RV_* */
	__le32	reserved;	/* 0 */
};

struct hsm_tlv {
	__le32	tag;
	__le32	len;		/* bytes of value that follow */
};

#define HSM_MSG_MAX		65536	/* bytes of a message, either way */

/* Opcodes. What each takes and returns is in hsm-firmware.rst. */
#define HSM_CMD_NOP		0x0000
#define HSM_CMD_CARD_INFO	0x0001
#define HSM_CMD_RANDOM		0x0002
#define HSM_CMD_CERT		0x0003
#define HSM_CMD_ATTEST		0x0004
#define HSM_CMD_ZEROIZE		0x0005
#define HSM_CMD_CLUSTER_INFO	0x0006

#define HSM_CMD_SESSION_OPEN	0x0010
#define HSM_CMD_SESSION_CLOSE	0x0011
#define HSM_CMD_LOGIN		0x0012
#define HSM_CMD_LOGOUT		0x0013
#define HSM_CMD_LOGIN_STATUS	0x0014
#define HSM_CMD_CHALLENGE	0x0015

#define HSM_CMD_USER_CREATE	0x0020
#define HSM_CMD_USER_PASSWORD	0x0021
#define HSM_CMD_USER_LIST	0x0022
#define HSM_CMD_USER_DELETE	0x0023
#define HSM_CMD_USER_REGISTER	0x0024
#define HSM_CMD_USER_MASK	0x0025
#define HSM_CMD_USER_UNMASK	0x0026

#define HSM_CMD_KEY_GEN_SYM	0x0030
#define HSM_CMD_KEY_GEN_PAIR	0x0031
#define HSM_CMD_KEY_FIND	0x0032
#define HSM_CMD_KEY_ATTRS	0x0033
#define HSM_CMD_KEY_INFO	0x0034
#define HSM_CMD_KEY_DELETE	0x0035
#define HSM_CMD_KEY_SET_ATTRS	0x0036
#define HSM_CMD_KEY_GEN_PBE	0x0037
#define HSM_CMD_KEY_PUT_PUBLIC	0x0038
#define HSM_CMD_KEY_GET_PUBLIC	0x0039
#define HSM_CMD_KEY_MASK	0x003a
#define HSM_CMD_KEY_UNMASK	0x003b
#define HSM_CMD_KEY_SHARE	0x003c
#define HSM_CMD_KEY_LIST	0x003d

#define HSM_CMD_TRANSPORT_KEY	0x0040
#define HSM_CMD_HOST_WRAP	0x0041
#define HSM_CMD_HOST_UNWRAP	0x0042
#define HSM_CMD_TEMPLATE	0x0043
#define HSM_CMD_KEY_WRAP	0x0044
#define HSM_CMD_KEY_UNWRAP	0x0045

#define HSM_CMD_CRYPT		0x0050
#define HSM_CMD_CRYPT_INIT	0x0051
#define HSM_CMD_CRYPT_UPDATE	0x0052
#define HSM_CMD_CRYPT_FINAL	0x0053

#define HSM_CMD_M_VALUE_SET	0x0060
#define HSM_CMD_M_VALUE_GET	0x0061
#define HSM_CMD_TOKEN_NEW	0x0062
#define HSM_CMD_TOKEN_APPROVE	0x0063
#define HSM_CMD_TOKEN_LIST	0x0064
#define HSM_CMD_TOKEN_DELETE	0x0065

#define HSM_CMD_AUDIT_READ	0x0070
#define HSM_CMD_AUDIT_HEAD	0x0071

/* Command classes: bits of the rights that a host grants with each request. */
#define HSM_CLASS_CRYPTO	0x01	/* use keys, random, information, sessions */
#define HSM_CLASS_KEYS		0x02	/* make, change and delete keys */
#define HSM_CLASS_USERS		0x04	/* manage users */
#define HSM_CLASS_AUDIT		0x08	/* read the audit log */
#define HSM_CLASS_FACTORY	0x10	/* zeroize, provision */

/* User types. CU, CO, AU, PRECO are the numbers of the documented audit log. */
#define HSM_USER_CU		1
#define HSM_USER_CO		2
#define HSM_USER_PCO		3
#define HSM_USER_AU		5
#define HSM_USER_PRECO		6

#define HSM_NAME_MAX		31	/* characters of a user name */
#define HSM_PASSWORD_MIN	7
#define HSM_PASSWORD_MAX	32
#define HSM_LABEL_MAX		128	/* bytes of a label */
#define HSM_ID_MAX		128	/* bytes of an id */
#define HSM_LOGIN_TRIES		5	/* wrong passwords until an account locks */
#define HSM_USERS_MAX		1024
#define HSM_SESSIONS_MAX	256	/* of one context */
#define HSM_M_VALUE_MIN		2	/* of an officers' service that has a quorum */
#define HSM_TOKENS_MAX		1024	/* quorum tokens of the card */
#define HSM_TOKEN_VALID_S	600
#define HSM_REGISTRATION_MAX	245	/* bytes of a registration token */
#define HSM_PUBLIC_KEY_MAX	320	/* bytes of it, SubjectPublicKeyInfo */
#define HSM_GENERIC_MAX		3583	/* bytes of a generic secret */
#define HSM_RSA_BITS_MIN	2048
#define HSM_RSA_BITS_MAX	4096
#define HSM_DSA_BITS		2048	/* of the prime; its subprime has 256 */
#define HSM_OPERATIONS_MAX	16	/* open operations of one context */
#define HSM_TEMPLATES_MAX	16	/* unwrap templates of one context */
#define HSM_HOST_WRAP_MAX	4095	/* bytes that HOST_WRAP takes */
#define HSM_AAD_MAX		4096
#define HSM_GCM_TAG_MIN		8
#define HSM_FIRST_HANDLE	6	/* of the first key of a fresh card */
#define HSM_MEMBERS_MAX		64	/* cards of a cluster */

/*
 * Object attributes. Booleans are 1 byte, 0 or 1; CLASS, KEY_TYPE, VALUE_LEN and
 * MODULUS_BITS 4 bytes; KCV 3 bytes; MODULUS and PUBLIC_EXPONENT big-endian
 * without leading zero bytes; LABEL and ID bytes without a final zero.
 */
#define HSM_ATTR_CLASS		0x00000000u
#define HSM_ATTR_TOKEN		0x00000001u
#define HSM_ATTR_PRIVATE	0x00000002u
#define HSM_ATTR_LABEL		0x00000003u
#define HSM_ATTR_TRUSTED	0x00000086u
#define HSM_ATTR_KEY_TYPE	0x00000100u
#define HSM_ATTR_ID		0x00000102u
#define HSM_ATTR_SENSITIVE	0x00000103u
#define HSM_ATTR_ENCRYPT	0x00000104u
#define HSM_ATTR_DECRYPT	0x00000105u
#define HSM_ATTR_WRAP		0x00000106u
#define HSM_ATTR_UNWRAP		0x00000107u
#define HSM_ATTR_SIGN		0x00000108u
#define HSM_ATTR_VERIFY		0x0000010au
#define HSM_ATTR_DERIVE		0x0000010cu
#define HSM_ATTR_MODULUS	0x00000120u
#define HSM_ATTR_MODULUS_BITS	0x00000121u
#define HSM_ATTR_PUBLIC_EXPONENT 0x00000122u
#define HSM_ATTR_VALUE_LEN	0x00000161u
#define HSM_ATTR_EXTRACTABLE	0x00000162u
#define HSM_ATTR_LOCAL		0x00000163u
#define HSM_ATTR_NEVER_EXTRACTABLE 0x00000164u
#define HSM_ATTR_ALWAYS_SENSITIVE 0x00000165u
#define HSM_ATTR_DESTROYABLE	0x00000172u
#define HSM_ATTR_KCV		0x00000173u
#define HSM_ATTR_ALL		0x00000200u	/* in a request: every attribute of the key */
#define HSM_ATTR_WRAP_WITH_TRUSTED 0x00000210u
#define HSM_ATTR_WRAP_TEMPLATE	0x40000211u
#define HSM_ATTR_UNWRAP_TEMPLATE 0x40000212u

#define HSM_KEY_CLASS_PUBLIC	2
#define HSM_KEY_CLASS_PRIVATE	3
#define HSM_KEY_CLASS_SECRET	4

#define HSM_KEY_RSA		0
#define HSM_KEY_DSA		1
#define HSM_KEY_EC		3
#define HSM_KEY_GENERIC		16
#define HSM_KEY_RC4		18
#define HSM_KEY_DES3		21
#define HSM_KEY_AES		31

/* Curves: the vendor's ids, with OpenSSL's names. */
#define HSM_CURVE_PRIME192V1	1
#define HSM_CURVE_PRIME256V1	2
#define HSM_CURVE_SECT163K1	3
#define HSM_CURVE_SECT163R2	4
#define HSM_CURVE_SECT233K1	5
#define HSM_CURVE_SECT233R1	6
#define HSM_CURVE_SECT283K1	7
#define HSM_CURVE_SECT283R1	8
#define HSM_CURVE_SECT409K1	9
#define HSM_CURVE_SECT409R1	10
#define HSM_CURVE_SECT571K1	11
#define HSM_CURVE_SECT571R1	12
#define HSM_CURVE_SECP224R1	13
#define HSM_CURVE_SECP384R1	14
#define HSM_CURVE_SECP521R1	15
#define HSM_CURVE_SECP256K1	16

/* Ways to wrap a key: the vendor's -m. */
#define HSM_WRAP_AES_PKCS5	4	/* RFC 3394 over PKCS#5 padded data */
#define HSM_WRAP_AES_NO_PAD	5	/* RFC 3394 */
#define HSM_WRAP_AES_PAD	6	/* RFC 5649 */
#define HSM_WRAP_RSA_AES	7	/* CKM_RSA_AES_KEY_WRAP */
#define HSM_WRAP_RSA_OAEP	8
#define HSM_WRAP_TDEA		9	/* TKW of SP 800-38F */
#define HSM_WRAP_AES_GCM	10	/* IV apart */
#define HSM_WRAP_CLOUDHSM_GCM	11	/* IV before the ciphertext */
#define HSM_WRAP_RSA_PKCS	12	/* PKCS#1 v1.5 */

/* Hashes: the vendor's -t. */
#define HSM_HASH_SHA1		2
#define HSM_HASH_SHA256		3
#define HSM_HASH_SHA384		4
#define HSM_HASH_SHA512		5
#define HSM_HASH_SHA224		6

/* What an operation does: HSM_TAG_USE. */
#define HSM_USE_ENCRYPT		1
#define HSM_USE_DECRYPT		2
#define HSM_USE_SIGN		3	/* MACs, too */
#define HSM_USE_VERIFY		4
#define HSM_USE_DIGEST		5

/* Mechanisms of operations: PKCS#11 v3.0 numbers. */
#define HSM_CKM_RSA_PKCS		0x0001	/* encrypt, decrypt */
#define HSM_CKM_RSA_PKCS_OAEP		0x0009	/* HASH, default SHA-1, for both hashes */
#define HSM_CKM_SHA1_RSA_PKCS		0x0006
#define HSM_CKM_SHA224_RSA_PKCS		0x0046
#define HSM_CKM_SHA256_RSA_PKCS		0x0040
#define HSM_CKM_SHA384_RSA_PKCS		0x0041
#define HSM_CKM_SHA512_RSA_PKCS		0x0042
#define HSM_CKM_SHA1_RSA_PKCS_PSS	0x000e	/* PSS: salt as long as the hash */
#define HSM_CKM_SHA224_RSA_PKCS_PSS	0x0047
#define HSM_CKM_SHA256_RSA_PKCS_PSS	0x0043
#define HSM_CKM_SHA384_RSA_PKCS_PSS	0x0044
#define HSM_CKM_SHA512_RSA_PKCS_PSS	0x0045
#define HSM_CKM_DSA_SHA1		0x0012	/* DSA, ECDSA: DER SEQUENCE of r and s */
#define HSM_CKM_DSA_SHA224		0x0013
#define HSM_CKM_DSA_SHA256		0x0014
#define HSM_CKM_DSA_SHA384		0x0015
#define HSM_CKM_DSA_SHA512		0x0016
#define HSM_CKM_ECDSA_SHA1		0x1042
#define HSM_CKM_ECDSA_SHA224		0x1043
#define HSM_CKM_ECDSA_SHA256		0x1044
#define HSM_CKM_ECDSA_SHA384		0x1045
#define HSM_CKM_ECDSA_SHA512		0x1046
#define HSM_CKM_DES3_ECB		0x0132
#define HSM_CKM_DES3_CBC		0x0133
#define HSM_CKM_DES3_CBC_PAD		0x0136
#define HSM_CKM_DES3_CMAC		0x0138
#define HSM_CKM_AES_ECB			0x1081
#define HSM_CKM_AES_CBC			0x1082
#define HSM_CKM_AES_CBC_PAD		0x1085
#define HSM_CKM_AES_CTR			0x1086
#define HSM_CKM_AES_GCM			0x1087	/* tag behind the ciphertext */
#define HSM_CKM_AES_CMAC		0x108a
#define HSM_CKM_SHA_1_HMAC		0x0221
#define HSM_CKM_SHA224_HMAC		0x0256
#define HSM_CKM_SHA256_HMAC		0x0251
#define HSM_CKM_SHA384_HMAC		0x0261
#define HSM_CKM_SHA512_HMAC		0x0271
#define HSM_CKM_SHA_1			0x0220
#define HSM_CKM_SHA224			0x0255
#define HSM_CKM_SHA256			0x0250
#define HSM_CKM_SHA384			0x0260
#define HSM_CKM_SHA512			0x0270

/*
 * Services that a quorum can be set for. 3 and 4 are the vendor's; those of keys with an
 * M_VALUE are our choice.
 */
#define HSM_SERVICE_KEY_USE	1	/* sign, decrypt, ... with the key */
#define HSM_SERVICE_KEY_MGMT	2	/* wrap it, share, change, delete it */
#define HSM_SERVICE_USER_MGMT	3	/* make, delete users, set another's password */
#define HSM_SERVICE_MISC_CO	4	/* set an m value */

/* Certificates: the vendor's getCert -s. X.509, DER. */
#define HSM_CERT_MANUFACTURER_ROOT	1
#define HSM_CERT_HARDWARE		2	/* of the card, by the manufacturer root */
#define HSM_CERT_CUSTOMER_ROOT		4
#define HSM_CERT_CLUSTER_CUSTOMER	8	/* of the cluster, by the customer root */
#define HSM_CERT_CLUSTER_MANUFACTURER	16	/* of the cluster, by the card */

/* Protocol tags. "le32" and "le64" are the sizes of the value; + = may be repeated. */
#define HSM_TAG_USER_NAME	0x80000001u	/* 1..HSM_NAME_MAX bytes */
#define HSM_TAG_USER_TYPE	0x80000002u	/* le32 HSM_USER_* */
#define HSM_TAG_USER_ID		0x80000003u	/* le32 */
#define HSM_TAG_PASSWORD	0x80000004u	/* HSM_PASSWORD_MIN..MAX bytes */
#define HSM_TAG_USER		0x80000005u	/* struct hsm_user_rec + */
#define HSM_TAG_SESSION		0x80000010u	/* le32 */
#define HSM_TAG_HANDLE		0x80000020u	/* le64 */
#define HSM_TAG_HANDLE_PUBLIC	0x80000021u	/* le64 */
#define HSM_TAG_HANDLE_PRIVATE	0x80000022u	/* le64 */
#define HSM_TAG_HANDLES		0x80000023u	/* array of le64, ascending */
#define HSM_TAG_SHARE_USER	0x80000024u	/* le32 user id + */
#define HSM_TAG_M_VALUE		0x80000025u	/* le32, 0..HSM_M_VALUE_MAX */
#define HSM_TAG_MIN_SRV		0x80000026u	/* le32, >= 1 */
#define HSM_TAG_TIMEOUT_S	0x80000027u	/* le32 seconds, only with MIN_SRV */
#define HSM_TAG_ATTEST_NONCE	0x80000028u	/* 32 bytes */
#define HSM_TAG_ATTR		0x80000029u	/* le32 attribute number asked for + */
#define HSM_TAG_START		0x8000002au	/* le32 index of the first match wanted */
#define HSM_TAG_TOTAL		0x8000002bu	/* le32 */
#define HSM_TAG_OWNER		0x8000002cu	/* le32 user id */
#define HSM_TAG_WRAP_HANDLE	0x8000002du	/* le64 handle of a wrapping key */
#define HSM_TAG_LEN		0x80000030u	/* le32 bytes wanted */
#define HSM_TAG_DATA		0x80000031u	/* bytes */
#define HSM_TAG_MECHANISM	0x80000032u	/* le32 HSM_CKM_* */
#define HSM_TAG_USE		0x80000033u	/* le32 HSM_USE_* */
#define HSM_TAG_SIGNATURE	0x80000034u	/* bytes */
#define HSM_TAG_IV		0x80000035u	/* bytes */
#define HSM_TAG_AAD		0x80000036u	/* 0..HSM_AAD_MAX bytes */
#define HSM_TAG_GCM_TAG_LEN	0x80000037u	/* le32, HSM_GCM_TAG_MIN..16; default 16 */
#define HSM_TAG_HASH		0x80000038u	/* le32 HSM_HASH_* */
#define HSM_TAG_OPERATION	0x80000039u	/* le32 */
#define HSM_TAG_WRAP_MECHANISM	0x8000003au	/* le32 HSM_WRAP_* */
#define HSM_TAG_NO_HEADER	0x8000003bu	/* bool, default 0 */
#define HSM_TAG_TEMPLATE	0x8000003cu	/* le32 */
#define HSM_TAG_CURVE		0x8000003du	/* le32 HSM_CURVE_* */
#define HSM_TAG_CERT		0x8000003eu	/* le32 HSM_CERT_* */
#define HSM_TAG_POINT		0x8000003fu	/* 65 bytes: uncompressed point of P-256 */
#define HSM_TAG_NODE		0x80000040u	/* struct hsm_node_status + */
#define HSM_TAG_CARD		0x80000041u	/* struct hsm_card_info */
#define HSM_TAG_BAD_TAG		0x80000042u	/* le32: the tag that an error status is about */
#define HSM_TAG_SALT		0x80000043u	/* bytes */
#define HSM_TAG_ITERATIONS	0x80000044u	/* le32 */
#define HSM_TAG_PUBLIC_KEY	0x80000045u	/* 1..HSM_PUBLIC_KEY_MAX bytes, SubjectPublicKeyInfo */
#define HSM_TAG_SERVICE		0x80000046u	/* le32 HSM_SERVICE_* */
#define HSM_TAG_TOKEN		0x80000047u	/* struct hsm_token + */
#define HSM_TAG_TOKEN_ID	0x80000048u	/* le32 */
#define HSM_TAG_TOKEN_INFO	0x80000049u	/* struct hsm_token_info + */
#define HSM_TAG_APPROVAL	0x8000004au	/* struct hsm_approval + */
#define HSM_TAG_SHARE		0x8000004bu	/* bool: 1 share, 0 unshare */
#define HSM_TAG_KEY_REF		0x8000004cu	/* struct hsm_key_ref + */
#define HSM_TAG_KEY_HASH	0x8000004du	/* bool asks for it; HSM_DIGEST_LEN bytes */
#define HSM_TAG_NONCE		0x8000004eu	/* HSM_NONCE_LEN bytes */
#define HSM_TAG_ATTESTATION	0x8000004fu	/* struct hsm_attestation, then its keys */
#define HSM_TAG_SEQUENCE	0x80000050u	/* le64 sequence number of the audit log */
#define HSM_TAG_AUDIT_REC	0x80000051u	/* struct hsm_audit_rec + */
#define HSM_TAG_AUDIT_HEAD	0x80000052u	/* struct hsm_audit_head */
#define HSM_TAG_CLUSTER		0x80000053u	/* struct hsm_cluster_info */
#define HSM_TAG_MEMBER		0x80000054u	/* struct hsm_member + */

struct hsm_user_rec {
	__le32	id;
	__le32	type;		/* HSM_USER_* */
	__le32	failures;	/* wrong passwords since the last good one */
	__le32	flags;		/* HSM_USER_F_* */
	__u8	name[32];	/* zero-terminated */
};

#define HSM_USER_F_MOFN		0x1	/* has a quorum public key */
#define HSM_USER_F_2FA		0x2

struct hsm_node_status {
	__le32	node;
	__le32	status;		/* HSM_RV_* */
};

struct hsm_key_ref {
	__le64	handle;
	__le32	flags;		/* HSM_KEY_REF_* */
	__le32	owner;
};

#define HSM_KEY_REF_OWNED	0x1	/* by the user asked for */
#define HSM_KEY_REF_SHARED	0x2	/* with anybody */

struct hsm_card_info {
	__u8	label[32];	/* this and the next five: zero-terminated */
	__u8	model[32];
	__u8	serial[32];
	__u8	manufacturer[32];
	__u8	firmware_id[32];
	__u8	build[32];
	__le32	node_id;
	__le32	flags;		/* 0 */
	__le32	fips_state;	/* 0 non-FIPS, 2 FIPS with single-factor authentication */
	__le32	policy;		/* 0 faithful, 1 strict */
	__le32	hw_major;
	__le32	hw_minor;
	__le32	fw_major;
	__le32	fw_minor;
	__le64	public_total;	/* bytes of object memory */
	__le64	public_free;
	__le64	private_total;	/* bytes of memory for secrets */
	__le64	private_free;
	__le32	keys;		/* token and session keys held */
	__le32	users;
	__le32	sessions;	/* open, in all contexts */
	__le32	damaged;	/* stored records that were refused */
};

/*
 * Statuses. X(name, number, text). The texts are those the tools print. Those
 * marked "own" are not documented by the vendor: number or both are our choice.
 */
#define HSM_STATUS_TABLE(X) \
	X(SUCCESS,		0x00, "HSM Return: SUCCESS") \
	X(BAD_PKCS_DATA,	0x1b, "CSP Error: ERR_BAD_PKCS_DATA") \
	X(CRYPTO_FAILED,	0x20, "CSP Error: ERR_CRYPTO_FAILED")			/* own */ \
	X(UNKNOWN_COMMAND,	0x81, "HSM Error: Unknown command")			/* own */ \
	X(BAD_MESSAGE,		0x82, "HSM Error: Malformed message")			/* own */ \
	X(INVALID_INPUT,	0x83, "HSM Error: Invalid input data/params")		/* own number */ \
	X(NOT_AVAILABLE,	0x84, "HSM Error: Not available on this card yet")	/* own */ \
	X(NO_MEMORY,		0x85, "HSM Error: No memory left on the card")		/* own */ \
	X(BAD_SESSION,		0x86, "HSM Error: Invalid session handle")		/* own */ \
	X(STORE_FAILED,		0x87, "HSM Error: Key store could not be written")	/* own */ \
	X(RECORD_DAMAGED,	0x88, "HSM Error: Stored record is damaged")		/* own */ \
	X(SELFTEST_FAILED,	0x89, "HSM Error: Self-test failed")			/* own */ \
	X(NO_RIGHT,		0x8a, "HSM Error: This connection has no right to this command") /* own */ \
	X(LIMIT_REACHED,	0x8b, "HSM Error: Limit of the card is reached")	/* own */ \
	X(CARD_TAMPERED,	0x8c, "HSM Error: Card was tampered with and has destroyed its keys") /* own */ \
	X(CARD_ZEROIZING,	0x8d, "HSM Error: Card is being zeroized")		/* own */ \
	X(NO_QUORUM,		0x98, "HSM Error: No quorum is set for this service or key") /* own */ \
	X(QUORUM_OFFICERS,	0x99, "HSM Error: Too few officers for this quorum")	/* own */ \
	X(USER_LOGGED_IN,	0x9a, "HSM Error: This user is logged in")		/* own */ \
	X(USER_OWNS_KEYS,	0x9b, "HSM Error: This user owns keys")			/* own */ \
	X(NOT_LOGGED_IN,	0x9c, "HSM Error: No user is logged in to do this operation") /* own number */ \
	X(NO_SUCH_USER,		0x9d, "HSM Error: user isn't initialized or user with this name doesn't exist") \
	X(USER_EXISTS,		0x9e, "HSM Error: This user is already created")	/* own number */ \
	X(NOT_AUTHORIZED,	0xa1, "HSM Error: The current logged in user is not authorized to do this operation") /* own number */ \
	X(USER_LOCKED,		0xa2, "HSM Error: User is locked out after too many failed logins") /* own */ \
	X(LOGIN_FAILURE,	0xa3, "HSM Error: RET_USER_LOGIN_FAILURE") \
	X(ALREADY_LOGGED_IN,	0xa4, "HSM Error: A user is already logged in")		/* own */ \
	X(BAD_PASSWORD,		0xa5, "HSM Error: Password must have 7 to 32 characters") /* own */ \
	X(BAD_HANDLE,		0xa8, "HSM Error: Invalid object handle is passed to this operation") \
	X(NO_ATTRIBUTE,		0xa9, "HSM Error: This key has no such attribute")	/* own */ \
	X(BAD_ATTRIBUTE,	0xaa, "HSM Error: Invalid attribute value")		/* own */ \
	X(BAD_KEY_SIZE,		0xab, "HSM Error: Invalid key size for this key type")	/* own */ \
	X(ID_EXISTS,		0xac, "HSM Error: A key with this ID already exists")	/* own */ \
	X(SHARE_OWNER,		0xad, "HSM Error: A key cannot be shared with its owner") /* own */ \
	X(BAD_M_VALUE,		0xae, "HSM Error: m_value is larger than the number of users of the key") /* own */ \
	X(KEY_NOT_EXTRACTABLE,	0xb0, "HSM Error: Key is not extractable")		/* own */ \
	X(KEY_FUNCTION,		0xb1, "HSM Error: The attributes of the key do not permit this operation") /* own */ \
	X(BAD_KEY_TYPE,		0xb2, "HSM Error: Invalid key type for this operation")	/* own */ \
	X(FIPS_VIOLATION,	0xb3, "HSM Error: This operation violates the current configured/FIPS policies") \
	X(MXN_AUTH_FAILED,	0xb4, "RET_MXN_AUTH_FAILED")				/* own number */ \
	X(BAD_MECHANISM,	0xb5, "HSM Error: Invalid mechanism for this operation") /* own */ \
	X(TEMPLATE_CONFLICT,	0xb6, "HSM Error: Attributes conflict with the template") /* own */ \
	X(NO_OPERATION,		0xb7, "HSM Error: Invalid operation or template handle") /* own */ \
	X(ATTRIBUTE_FIXED,	0xb8, "HSM Error: This attribute cannot be changed this way") /* own */ \
	X(STRICT_POLICY,	0xb9, "HSM Error: The strict policy of this card forbids it") /* own */ \
	X(DATA_LENGTH,		0xba, "HSM Error: Invalid length of data for this mechanism") /* own */ \
	X(NOT_TRUSTED,		0xbb, "HSM Error: This key can be wrapped by a trusted key only") /* own */ \
	X(SELF_WRAP,		0xbc, "HSM Error: A key cannot wrap itself")		/* own */ \
	X(BAD_MASKED_OBJECT,	0xbd, "HSM Error: Masked object is damaged or of another cluster") /* own */ \
	X(BAD_WRAP_HEADER,	0xbe, "HSM Error: Wrapped key has no valid header")	/* own */ \
	X(NOT_DESTROYABLE,	0xbf, "HSM Error: Key is not destroyable")		/* own */ \
	X(NO_TOKEN,		0xc0, "HSM Error: Key/Token not found; Invalid key-handle/token") /* own number */ \
	X(BAD_APPROVAL,		0xc1, "HSM Error: Approval of the token is not valid")	/* own */ \
	X(KEY_REGISTERED,	0xc2, "HSM Error: This public key is registered already") /* own */ \
	X(TWO_FACTOR_KEY,	0xc3, "HSM Error: The key of a user with 2FA changes with the password only") /* own */ \
	X(ACCESS_DENIED,	0xc6, "HSM Error: Key Access is denied") \
	X(USER_UNKNOWN,		0xce, "HSM Error: This user doesn't exist") \
	X(BAD_USER_TYPE,	0xdb, "HSM Error: Invalid User Type.") \
	X(CLUSTER_INCOMPLETE,	0x30000080, "HSM CLUSTER ERROR: Operation is not complete on all servers") /* own text */ \
	X(CLUSTER_UNAVAILABLE,	0x30000085, "HSM CLUSTER ERROR: Server in cluster is unavailable") \
	X(DAEMON_SOCKET,	0x40000040, "LIQUIDSECURITY: Daemon socket connection error") \
	X(CLIENT_LOGIN,		0x40000049, "LIQUIDSECURITY: Login failed")		/* own text */

#define HSM_STATUS_ENUM(name, number, text) HSM_RV_##name = number,
enum { HSM_STATUS_TABLE(HSM_STATUS_ENUM) };
#undef HSM_STATUS_ENUM

_Static_assert(sizeof(struct hsm_msg_req) == 16, "request header");
_Static_assert(sizeof(struct hsm_msg_rep) == 16, "reply header");
_Static_assert(__builtin_offsetof(struct hsm_msg_req, length) == 4, "length");
_Static_assert(__builtin_offsetof(struct hsm_msg_req, session) == 8, "session");
_Static_assert(__builtin_offsetof(struct hsm_msg_rep, status) == 8, "status");
_Static_assert(sizeof(struct hsm_tlv) == 8, "TLV header");
_Static_assert(sizeof(struct hsm_user_rec) == 48, "user record");
_Static_assert(sizeof(struct hsm_node_status) == 8, "node status");
_Static_assert(sizeof(struct hsm_key_ref) == 16, "key reference");
_Static_assert(sizeof(struct hsm_card_info) == 272, "card info");
_Static_assert(__builtin_offsetof(struct hsm_card_info, node_id) == 192, "card info, numbers");
_Static_assert(__builtin_offsetof(struct hsm_card_info, public_total) == 224, "card info, memory");

#endif /* HSM_CMD_H */
