/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hsm.h - C API of libhsm: talk to an HSM card through /dev/hsmN.
 *
 * Numbers are in the host's byte order, sizes in bytes, text is not terminated
 * unless it says so. Statuses (HSM_RV_*), attributes (HSM_ATTR_*), key and user
 * types come from hsm/hsm_cmd.h; the words that go with them are in
 * hsm-firmware.rst.
 *
 * Errors. Every function that asks the card returns
 *	0	the card did it
 *	< 0	-errno: the message was not delivered, or the reply was not
 *		understood; hsm_strerror() has the text. See the errno table of
 *		<linux/hsm.h>; besides those
 *		-EINVAL     an argument is out of bounds, nothing was sent
 *		-EMSGSIZE   the arguments do not fit in one message, nothing was sent
 *		-ENOMEM     no memory; nothing was sent, or the reply was dropped
 *		-EPROTO     the reply breaks the message format
 *		-EBADMSG    what the card enciphered for us does not open
 *		-EIO        libcrypto failed; nothing was sent
 *		-EOWNERDEAD the connection was opened by another process (fork)
 *	> 0	HSM_RV_*: the card's answer, which has changed nothing;
 *		hsm_status_text() has the text
 * and fills @res, if it is not NULL, in every case.
 *
 * Ownership. What a function hands out through a pointer to pointer is the
 * caller's, to be given to hsm_free(); it is set to NULL on any error. Arguments
 * are read during the call only.
 *
 * Threads. All functions may be called from any thread at any time; calls on one
 * connection run side by side. hsm_close() must be the last on its connection.
 *
 * fork. A connection belongs to the process that opened it. In a child every
 * call fails with -EOWNERDEAD; the child closes it (which leaves the parent's
 * sessions alone) and opens its own.
 */
#ifndef HSM_H
#define HSM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <hsm/hsm_cmd.h>

#define HSM_DEVICE_DEFAULT	"/dev/hsm0"
#define HSM_DEVICE_ENV		"HSM_DEVICE"	/* environment: another path */

#define HSM_NODES_MAX		HSM_MEMBERS_MAX	/* nodes that a result can carry */
#define HSM_NO_TAG		0xffffffffu

struct hsm;			/* a connection to a card */
struct hsm_conn_ops;		/* conn.h: how messages travel */

/* What one node of the cluster said to a command. */
struct hsm_node {
	uint32_t id;
	uint32_t status;	/* HSM_RV_* */
};

/* The outcome of one command. */
struct hsm_result {
	int rc;			/* what the function returned */
	uint32_t bad_tag;	/* HSM_TAG_* or HSM_ATTR_* that @rc is about, or HSM_NO_TAG */
	uint32_t n_nodes;	/* 0: no node is known to have answered */
	struct hsm_node nodes[HSM_NODES_MAX];
};

/* An attribute: HSM_ATTR_* and its value in the form hsm_cmd.h gives. */
struct hsm_attr {
	uint32_t id;
	uint32_t len;
	const void *value;
};

/*
 * Bytes that the library handed out; p NULL and len 0 if there are none. To be given
 * to hsm_bytes_clear(), as some are secret.
 */
struct hsm_bytes {
	uint8_t *p;
	size_t len;
};

struct hsm_attest;		/* hsm_attest.h */

/* A new key. Zero-initialise; zero and NULL mean "not said". */
struct hsm_key_spec {
	const struct hsm_attr *attrs;
	size_t n_attrs;
	const uint32_t *users;		/* ids to share with */
	size_t n_users;
	uint32_t m_value;		/* approvals needed, 0..HSM_M_VALUE_MAX */
	uint32_t min_srv;		/* nodes that must have the key, else none gets it */
	uint32_t timeout_s;		/* seconds, only with min_srv; 0: until hsm_cancel() */
	struct hsm_attest *attest;	/* begun; takes the card's statement about the new key */
};

/* How a key is wrapped or unwrapped. Zero-initialise; zero and NULL mean "not said". */
struct hsm_wrap {
	uint32_t mechanism;		/* HSM_WRAP_* */
	uint32_t hash;			/* HSM_HASH_*: RSA_AES, RSA_OAEP */
	const uint8_t *iv;		/* 8 bytes: AES_PKCS5, AES_NO_PAD; 4: TDEA; 12: AES_GCM,
					   to unwrap only */
	size_t iv_len;
	const uint8_t *aad;		/* both GCM */
	size_t aad_len;			/* bytes, at most HSM_AAD_MAX */
	uint32_t tag_len;		/* both GCM: bytes, HSM_GCM_TAG_MIN..16 */
	bool no_header;			/* the wrapped key alone, without attributes */
	uint32_t templ;			/* to unwrap: of hsm_template() */
};

/* The password and what goes with it of hsm_key_gen_pbe(). */
struct hsm_pbe {
	const void *password;
	size_t password_len;		/* bytes, 1..128 */
	const void *salt;
	size_t salt_len;		/* bytes, 8..64 */
	uint32_t iterations;		/* 1000..10000000 */
};

/* What hsm_crypt() does. Zero-initialise; zero and NULL mean "not said". */
struct hsm_crypt {
	uint32_t use;			/* HSM_USE_* */
	uint32_t mechanism;		/* HSM_CKM_* */
	uint64_t handle;		/* of the key; 0 for DIGEST */
	uint32_t hash;			/* HSM_HASH_*: OAEP */
	uint32_t tag_len;		/* GCM: bytes, HSM_GCM_TAG_MIN..16 */
	const uint8_t *iv;		/* CBC, CTR 16 or 8 bytes; GCM, to decrypt only, 12 */
	size_t iv_len;
	const uint8_t *aad;		/* GCM */
	size_t aad_len;			/* bytes, at most HSM_AAD_MAX */
	const uint8_t *signature;	/* VERIFY; hsm_crypt_init() leaves it out */
	size_t signature_len;
};

struct hsm_user {
	uint32_t id;
	uint32_t type;			/* HSM_USER_* */
	uint32_t failures;		/* wrong passwords since the last good one */
	uint32_t flags;			/* HSM_USER_F_* */
	char name[HSM_NAME_MAX + 1];	/* terminated */
};

/*
 * What a second factor takes: a key (to give it to a user; NULL to log in) and a
 * signature over hsm_challenge().
 */
struct hsm_factor {
	const void *public_key;		/* RSA 2048, SubjectPublicKeyInfo in DER */
	size_t public_key_len;
	const void *signature;
	size_t signature_len;
};

/* What registers the key that a user approves quorum tokens with. */
struct hsm_registration {
	const void *token;		/* bytes of the user's choice */
	size_t token_len;		/* 1..HSM_REGISTRATION_MAX */
	const void *signature;		/* over @token: RSASSA-PKCS1-v1_5, SHA-256 */
	size_t signature_len;
	const void *public_key;		/* RSA 2048, SubjectPublicKeyInfo in DER */
	size_t public_key_len;
};

/* Who may use a key. */
struct hsm_key_info {
	uint32_t owner;			/* user id */
	uint32_t m_value;		/* approvals needed, 0 = none */
	uint32_t n_users;
	uint32_t users[];		/* ids it is shared with */
};

/* The attributes of a key, in the order of the card's reply. */
struct hsm_attrs {
	size_t n;
	struct hsm_attr v[];		/* values live in the same block */
};

struct hsm_card {
	char label[32];			/* this and the next five: terminated */
	char model[32];
	char serial[32];
	char manufacturer[32];
	char firmware_id[32];
	char build[32];
	uint32_t node_id;
	uint32_t flags;
	uint32_t fips_state;		/* 0 none, 2 FIPS with single-factor authentication */
	uint32_t policy;		/* 0 faithful, 1 strict */
	uint32_t hw_major;
	uint32_t hw_minor;
	uint32_t fw_major;
	uint32_t fw_minor;
	uint64_t public_total;		/* bytes */
	uint64_t public_free;
	uint64_t private_total;
	uint64_t private_free;
	uint32_t keys;
	uint32_t users;
	uint32_t sessions;
	uint32_t damaged;		/* stored records that the card refused */
};

/* $HSM_DEVICE, or HSM_DEVICE_DEFAULT if that is unset or empty. Not the caller's. */
const char *hsm_default_path(void);

/*
 * Opens the card at @path; NULL = hsm_default_path(). The
 * descriptor is close-on-exec. Returns 0 or -errno of open(2) and HSM_IOC_INFO.
 */
int hsm_open(const char *path, struct hsm **out);

/*
 * A connection over the caller's transport (conn.h); @conn is handed to every
 * callback. Returns 0, or -ENOMEM, in which case @conn was not closed.
 */
int hsm_open_conn(const struct hsm_conn_ops *ops, void *conn, struct hsm **out);

/* Ends the connection and with it its sessions, logins and session keys. NULL is fine. */
void hsm_close(struct hsm *h);

/* How long a command may take, in milliseconds; 0 = the transport's default. */
void hsm_set_timeout(struct hsm *h, uint32_t ms);

/*
 * Asks all commands in flight on @h to end; each still returns, with -ECANCELED
 * or with its reply if that came first. Returns 0, also if there was none, or
 * -errno. For another thread or a signal handler.
 */
int hsm_cancel(struct hsm *h);

void hsm_free(void *p);

/* Wipes and frees the bytes of @b and empties it. */
void hsm_bytes_clear(struct hsm_bytes *b);

/* Text of a status, never NULL; "Unknown status" for a number without one. */
const char *hsm_status_text(uint32_t status);

/* True if @status has a text of its own. */
bool hsm_status_known(uint32_t status);

/*
 * Text of what a function returned: of a status, or of a negative errno. Never
 * NULL; valid until the same thread calls it again.
 */
const char *hsm_strerror(int rc);

/* Round trip without effect. */
int hsm_nop(struct hsm *h, struct hsm_result *res);
int hsm_card_info(struct hsm *h, struct hsm_card *card, struct hsm_result *res);

/* The certificate HSM_CERT_@which of the card, X.509 in DER. Needs no session. */
int hsm_cert(struct hsm *h, uint32_t which, struct hsm_bytes *der, struct hsm_result *res);

/* @len random bytes, 1..HSM_RANDOM_MAX. */
#define HSM_RANDOM_MAX		(HSM_MSG_MAX - 1024)
int hsm_random(struct hsm *h, void *buf, size_t len, struct hsm_result *res);

int hsm_session_open(struct hsm *h, uint32_t *session, struct hsm_result *res);
int hsm_session_close(struct hsm *h, uint32_t session, struct hsm_result *res);

/*
 * Logs the session in. @name is terminated; @password has @password_len bytes
 * and is wiped from every buffer of the library before this returns.
 */
int hsm_login(struct hsm *h, uint32_t session, uint32_t type, const char *name,
	      const void *password, size_t password_len, struct hsm_result *res);
int hsm_logout(struct hsm *h, uint32_t session, struct hsm_result *res);

/*
 * Bytes for the user's device to sign as if they were a SHA-256 digest (RSASSA-
 * PKCS1-v1_5). One is valid per connection, for one command of the same session.
 */
int hsm_challenge(struct hsm *h, uint32_t session, uint8_t challenge[HSM_NONCE_LEN],
		  struct hsm_result *res);

/* hsm_login() with a second factor, or NULL. */
int hsm_login_2fa(struct hsm *h, uint32_t session, uint32_t type, const char *name,
		  const void *password, size_t password_len, const struct hsm_factor *factor,
		  struct hsm_result *res);

/* Who is logged in; id 0 = nobody. failures and flags are 0. */
int hsm_login_status(struct hsm *h, uint32_t session, struct hsm_user *user,
		     struct hsm_result *res);

int hsm_user_create(struct hsm *h, uint32_t session, uint32_t type, const char *name,
		    const void *password, size_t password_len, uint32_t *id,
		    struct hsm_result *res);
int hsm_user_password(struct hsm *h, uint32_t session, uint32_t type, const char *name,
		      const void *password, size_t password_len, struct hsm_result *res);

/* The same for an officer with a second factor, or NULL. */
int hsm_user_create_2fa(struct hsm *h, uint32_t session, uint32_t type, const char *name,
			const void *password, size_t password_len,
			const struct hsm_factor *factor, uint32_t *id, struct hsm_result *res);
int hsm_user_password_2fa(struct hsm *h, uint32_t session, uint32_t type, const char *name,
			  const void *password, size_t password_len,
			  const struct hsm_factor *factor, struct hsm_result *res);

int hsm_user_delete(struct hsm *h, uint32_t session, uint32_t type, const char *name,
		    struct hsm_result *res);

/* The user's own key to approve quorum tokens with; replaces an earlier one. */
int hsm_user_register(struct hsm *h, uint32_t session, uint32_t type, const char *name,
		      const struct hsm_registration *reg, struct hsm_result *res);

/*
 * A user with password, keys and counters as a masked object, which only cards of
 * the same cluster open.
 */
int hsm_user_mask(struct hsm *h, uint32_t session, uint32_t id, struct hsm_bytes *masked,
		  struct hsm_result *res);
int hsm_user_unmask(struct hsm *h, uint32_t session, const void *masked, size_t len,
		    struct hsm_result *res);

/* All users, in the order of the card. */
int hsm_user_list(struct hsm *h, uint32_t session, struct hsm_user **users, size_t *n,
		  struct hsm_result *res);

/* A symmetric key; the attributes must name KEY_TYPE, VALUE_LEN and LABEL. */
int hsm_key_gen_sym(struct hsm *h, uint32_t session, const struct hsm_key_spec *spec,
		    uint64_t *handle, struct hsm_result *res);

/*
 * A key pair; the attributes must name KEY_TYPE, LABEL and
 *	RSA	MODULUS_BITS, PUBLIC_EXPONENT
 *	EC	HSM_TAG_CURVE
 *	DSA	MODULUS_BITS, HSM_DSA_BITS
 */
int hsm_key_gen_pair(struct hsm *h, uint32_t session, const struct hsm_key_spec *spec,
		     uint64_t *pub, uint64_t *priv, struct hsm_result *res);

/*
 * Handles of the keys that the session may use, that have all the attributes of
 * @match and that every user of @users may use. *handles is NULL if there are none.
 */
int hsm_key_find(struct hsm *h, uint32_t session, const struct hsm_attr *match, size_t n_match,
		 const uint32_t *users, size_t n_users, uint64_t **handles, size_t *n,
		 struct hsm_result *res);

/* The attributes @ids (HSM_ATTR_ALL = all) of one key. */
int hsm_key_attrs(struct hsm *h, uint32_t session, uint64_t handle, const uint32_t *ids,
		  size_t n_ids, struct hsm_attrs **attrs, struct hsm_result *res);

/* The attribute @id in @attrs, or NULL. */
const struct hsm_attr *hsm_attrs_get(const struct hsm_attrs *attrs, uint32_t id);

int hsm_key_info(struct hsm *h, uint32_t session, uint64_t handle, struct hsm_key_info **info,
		 struct hsm_result *res);
int hsm_key_delete(struct hsm *h, uint32_t session, uint64_t handle, struct hsm_result *res);

/* Changes attributes of a key, all or none. Boolean values are one byte. */
int hsm_key_set_attrs(struct hsm *h, uint32_t session, uint64_t handle,
		      const struct hsm_attr *attrs, size_t n_attrs, struct hsm_result *res);

/* A 3DES key out of a password; the attributes must name LABEL. */
int hsm_key_gen_pbe(struct hsm *h, uint32_t session, const struct hsm_key_spec *spec,
		    const struct hsm_pbe *pbe, uint64_t *handle, struct hsm_result *res);

/* Public keys in and out: X.509 SubjectPublicKeyInfo in DER. */
int hsm_key_put_public(struct hsm *h, uint32_t session, const struct hsm_key_spec *spec,
		       const void *der, size_t len, uint64_t *handle, struct hsm_result *res);
int hsm_key_get_public(struct hsm *h, uint32_t session, uint64_t handle, struct hsm_bytes *der,
		       struct hsm_result *res);

/*
 * A key with all its attributes, shares and owner as a masked object, which only
 * cards of the same cluster open. @spec of unmask: min_srv and timeout_s, or NULL.
 */
int hsm_key_mask(struct hsm *h, uint32_t session, uint64_t handle, struct hsm_bytes *masked,
		 struct hsm_result *res);
int hsm_key_unmask(struct hsm *h, uint32_t session, const void *masked, size_t len,
		   const struct hsm_key_spec *spec, uint64_t *handle, struct hsm_result *res);

/*
 * Wraps the key @handle with the key @wrap_handle. @iv, which may be NULL, takes
 * the IV that the card made (AES_GCM without header), 12 bytes.
 */
int hsm_key_wrap(struct hsm *h, uint32_t session, uint64_t handle, uint64_t wrap_handle,
		 const struct hsm_wrap *w, struct hsm_bytes *wrapped, struct hsm_bytes *iv,
		 struct hsm_result *res);

/* Makes a key of a wrapped one. Without header @spec must name CLASS, KEY_TYPE, LABEL. */
int hsm_key_unwrap(struct hsm *h, uint32_t session, uint64_t wrap_handle,
		   const struct hsm_wrap *w, const void *wrapped, size_t len,
		   const struct hsm_key_spec *spec, uint64_t *handle, struct hsm_result *res);

/*
 * Leaves attributes with the card for one later hsm_key_unwrap() of the same
 * session (hsm_wrap.templ). At most HSM_TEMPLATES_MAX wait at a time.
 */
int hsm_template(struct hsm *h, uint32_t session, const struct hsm_attr *attrs, size_t n_attrs,
		 uint32_t *templ, struct hsm_result *res);

/*
 * Wraps and unwraps the caller's bytes, 1..HSM_HOST_WRAP_MAX, with an AES key of the
 * card: mechanisms AES_PKCS5, AES_NO_PAD, AES_PAD; of @w mechanism and iv count. On
 * its way the plaintext is enciphered under a key that this call and the card agree
 * upon; an envelope of the card that does not open is -EBADMSG.
 */
int hsm_host_wrap(struct hsm *h, uint32_t session, uint64_t wrap_handle,
		  const struct hsm_wrap *w, const void *plain, size_t len,
		  struct hsm_bytes *wrapped, struct hsm_result *res);
int hsm_host_unwrap(struct hsm *h, uint32_t session, uint64_t wrap_handle,
		    const struct hsm_wrap *w, const void *wrapped, size_t len,
		    struct hsm_bytes *plain, struct hsm_result *res);

/*
 * One operation in one message: @len bytes, at most HSM_CRYPT_MAX, in, the result
 * (ciphertext, plaintext, signature, MAC, digest; nothing for VERIFY) in @out. @iv,
 * which may be NULL, takes the IV that the card made (GCM, encrypt).
 */
#define HSM_CRYPT_MAX		(HSM_MSG_MAX - 8192)
int hsm_crypt(struct hsm *h, uint32_t session, const struct hsm_crypt *c, const void *data,
	      size_t len, struct hsm_bytes *out, struct hsm_bytes *iv, struct hsm_result *res);

/*
 * The same in parts: at most HSM_OPERATIONS_MAX at a time on a connection. An
 * operation ends with final, with any error of the card, and with its session.
 * @signature is for VERIFY alone, else NULL and 0.
 */
int hsm_crypt_init(struct hsm *h, uint32_t session, const struct hsm_crypt *c,
		   uint32_t *operation, struct hsm_bytes *iv, struct hsm_result *res);
int hsm_crypt_update(struct hsm *h, uint32_t session, uint32_t operation, const void *data,
		     size_t len, struct hsm_bytes *out, struct hsm_result *res);
int hsm_crypt_final(struct hsm *h, uint32_t session, uint32_t operation, const void *signature,
		    size_t signature_len, struct hsm_bytes *out, struct hsm_result *res);

/*
 * Puts at most @room bytes into @buf. Returns their number, 0 at the end of the
 * data, or -errno, which becomes the result of the call that asked.
 */
typedef ssize_t (*hsm_read_fn)(void *opaque, void *buf, size_t room);

/*
 * SIGN, VERIFY or DIGEST of data of any size, in one message or in parts as they
 * come out of @read. @out takes the signature, MAC or digest. Another use: -EINVAL.
 */
int hsm_crypt_stream(struct hsm *h, uint32_t session, const struct hsm_crypt *c,
		     hsm_read_fn read, void *opaque, struct hsm_bytes *out,
		     struct hsm_result *res);

/* Destroys all users, keys and tokens of the card, and the session with them. */
int hsm_zeroize(struct hsm *h, uint32_t session, struct hsm_result *res);

/*
 * Audit log (docs/audit.md). Officers and the appliance user; the connection needs the right
 * to AUDIT. hsm_audit_read(): whole struct hsm_audit_rec from sequence number @first on, as
 * many as one reply holds, none at the end. hsm_audit_head(): where the log ends, signed
 * over @nonce. hsm_audit_export(): the whole log as a file for hsm_audit.
 */
int hsm_audit_read(struct hsm *h, uint32_t session, uint64_t first, struct hsm_bytes *records,
		   struct hsm_result *res);
int hsm_audit_head(struct hsm *h, uint32_t session, const uint8_t nonce[HSM_NONCE_LEN],
		   struct hsm_audit_head *head, struct hsm_bytes *signature,
		   struct hsm_result *res);
int hsm_audit_export(struct hsm *h, uint32_t session, const uint8_t nonce[HSM_NONCE_LEN],
		     struct hsm_bytes *file, struct hsm_result *res);

#include "hsm_attest.h"
#include "hsm_members.h"
#include "hsm_quorum.h"

#endif /* HSM_H */
