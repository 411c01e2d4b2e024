/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * call.h - a request on its way through the firmware, and the table of commands
 * that says everything about a command but what it does.
 */
#ifndef HSM_CALL_H
#define HSM_CALL_H

#include "audit.h"
#include "fw_int.h"

/* What a handler returns: an HSM_RV_* status, or one of these. */
#define CALL_ASYNC	(-1)			/* a change took the call over */
#define CALL_FW(result)	(-2 - (int)(result))	/* no reply but this FW_* result */

enum tag_kind { TAG_BYTES, TAG_U32, TAG_U64, TAG_BOOL };

#define TAG_REQUIRED	0x1
#define TAG_MANY	0x2

/* One row per tag of a command; drives all checking of TLVs. */
struct cmd_tag {
	uint32_t tag;
	enum tag_kind kind;
	unsigned int flags;	/* TAG_REQUIRED, TAG_MANY */
	uint32_t min, max;	/* TAG_BYTES: of the length; TAG_U32: of the value */
	int status;		/* what out of bounds answers; 0 = INVALID_INPUT */
};

#define CMD_TAGS_MAX	32
#define REPLY_NODE_LEN	(TLV_HEAD + sizeof(struct hsm_node_status))
#define REPLY_BAD_TAG_LEN (TLV_HEAD + 4)

#define CMD_SESSION	0x1	/* needs a session */
#define CMD_NODE	0x2	/* the reply tells what the nodes answered */
#define CMD_CHANGES	0x4	/* changes what is stored */
#define CMD_QUICK	0x8	/* table look-ups only */
#define CMD_AUDIT	0x10	/* belongs into the audit log */
#define CMD_POST	0x40	/* the same, once done; the answer does not wait for it */
#define CMD_LONG	0x20	/* may compute for more than a millisecond */
#define CMD_ALL		0x80	/* NODE of all members: what it tells or leaves is the same on each */

struct call;

struct cmd {
	uint16_t opcode;
	const char *name;
	int (*run)(struct call *c);
	uint32_t class;		/* HSM_CLASS_* */
	uint32_t roles;		/* ROLE_* (policy.h) */
	unsigned int flags;	/* CMD_* */
	uint32_t reply;		/* bytes of the largest reply; the smallest if it varies */
	const struct cmd_tag *tags;
	size_t n_tags;
};

/* The commands, by family. */
struct cmd_group {
	const struct cmd *cmd;
	const size_t *n;
};

extern const struct cmd_group cmd_groups[];
extern const size_t cmd_group_count;

struct arg {
	struct bytes value;	/* into the request; the first one if there are many */
	uint32_t count;
};

struct call_nodes {
	size_t n;
	uint32_t node[HSM_MEMBERS_MAX];
};

struct call {
	struct fw *fw;
	struct fw_req *req;
	struct ctx *ctx;	/* a reference */
	struct user *user;	/* who was logged in when the call began, or NULL */
	const struct cmd *cmd;
	uint32_t session;
	struct arg args[CMD_TAGS_MAX];	/* as cmd->tags */
	struct tlv_writer out;
	uint32_t bad_tag;
	bool has_bad_tag;
	bool entered;		/* counted by fw_enter() */
	struct audit_caller caller;	/* of user, as it was when the call began */
	uint64_t position;	/* of the cluster's change that it was; 0: none */
	bool local;		/* it was about this card alone */
	bool late;		/* nodes that have not come so far are told of, too */
	struct call_nodes *had;	/* that had it when that counted; call_end() frees it. NULL: as now */
	int log_status;		/* what the audit log says in place of an error status; 0 = that */
	struct quorum_token *claims[QUORUM_CLAIMS];	/* quorum.h */
};

/* The arguments, checked against the table; a tag that the command has not is absent. */
bool call_has(const struct call *c, uint32_t tag);
struct bytes call_bytes(const struct call *c, uint32_t tag);
uint32_t call_u32(const struct call *c, uint32_t tag, uint32_t absent);
uint64_t call_u64(const struct call *c, uint32_t tag);
bool call_bool(const struct call *c, uint32_t tag, bool absent);
uint32_t call_count(const struct call *c, uint32_t tag);
/* For those that may be repeated: all of them, one by one. */
void call_each(const struct call *c, struct tlv_reader *r);

/* The user that USER_NAME and USER_TYPE name, or NULL; fw.lock held. */
struct user *call_named_user(const struct call *c);

/* Notes the tag that the status is about and returns @status. */
int call_bad(struct call *c, uint32_t tag, int status);

/* 0, or the CALL_FW() of a call that was asked to end or is late. */
int call_stopped(const struct call *c);

/*
 * Session, login and role, as they are now; fw.lock held. call_recheck() is for a
 * handler that is about to change something: it asks all that again, whether the
 * call should end, and whether it is still the same user.
 */
int call_allowed(const struct call *c);
int call_recheck(const struct call *c);

/* Bytes that the NODE TLVs of the reply take, as it is now. */
size_t call_nodes_len(const struct call *c);

/* Checks that @len bytes of TLVs fit, with NODE; else the CALL_FW() to return. */
int call_room(struct call *c, size_t len);

/*
 * Ends the call: writes header, BAD_TAG and NODE, lets go of the context. Then
 * nothing may touch the firmware any more but req->done(req, result).
 */
enum fw_result call_end(struct call *c, int rc);

/* Handlers, by file. */
int cmd_nop(struct call *c);
int cmd_card_info(struct call *c);
int cmd_random(struct call *c);
int cmd_cluster_info(struct call *c);
int cmd_session_open(struct call *c);
int cmd_session_close(struct call *c);
int cmd_login(struct call *c);
int cmd_logout(struct call *c);
int cmd_login_status(struct call *c);
int cmd_user_create(struct call *c);
int cmd_user_password(struct call *c);
int cmd_user_list(struct call *c);
int cmd_challenge(struct call *c);
int cmd_user_delete(struct call *c);
int cmd_user_register(struct call *c);
int cmd_user_mask(struct call *c);
int cmd_user_unmask(struct call *c);
int cmd_key_share(struct call *c);
int cmd_key_list(struct call *c);
int cmd_key_gen_sym(struct call *c);
int cmd_key_gen_pair(struct call *c);
int cmd_key_find(struct call *c);
int cmd_key_attrs(struct call *c);
int cmd_key_info(struct call *c);
int cmd_key_delete(struct call *c);
int cmd_key_set_attrs(struct call *c);
int cmd_key_gen_pbe(struct call *c);
int cmd_key_put_public(struct call *c);
int cmd_key_get_public(struct call *c);
int cmd_key_mask(struct call *c);
int cmd_key_unmask(struct call *c);
int cmd_cert(struct call *c);
int cmd_zeroize(struct call *c);
int cmd_audit_read(struct call *c);
int cmd_audit_head(struct call *c);
int cmd_attest(struct call *c);
int cmd_transport_key(struct call *c);
int cmd_host_wrap(struct call *c);
int cmd_host_unwrap(struct call *c);
int cmd_template(struct call *c);
int cmd_key_wrap(struct call *c);
int cmd_key_unwrap(struct call *c);
int cmd_crypt(struct call *c);
int cmd_crypt_init(struct call *c);
int cmd_crypt_update(struct call *c);
int cmd_crypt_final(struct call *c);
int cmd_m_value_set(struct call *c);
int cmd_m_value_get(struct call *c);
int cmd_token_new(struct call *c);
int cmd_token_approve(struct call *c);
int cmd_token_list(struct call *c);
int cmd_token_delete(struct call *c);

#endif /* HSM_CALL_H */
