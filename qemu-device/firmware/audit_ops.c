// SPDX-License-Identifier: GPL-2.0-or-later
/* audit_ops.c - what the audit log says of each command. */
#include <string.h>

#include "audit.h"
#include "change.h"
#include "hsm/hsm_audit.h"

/* What a record is about. */
enum about {
	NOTHING,
	KEY,		/* HANDLE of the request */
	WRAPPER,	/* WRAP_HANDLE of the request */
	NEW_KEY,	/* what was made */
	NEW_PUBLIC,	/* the same: a public key */
	NAMED,		/* the user that the request names */
	NUMBERED,	/* the user with USER_ID */
	MADE,		/* the user that was made */
	CALLER,		/* who asked */
};

static const struct audit_op {
	uint16_t command;
	enum about about;
	uint32_t opcode;
} ops[] = {
	{ HSM_CMD_LOGIN, NAMED, HSM_CN_LOGIN },
	{ HSM_CMD_LOGOUT, CALLER, HSM_CN_LOGOUT },
	{ HSM_CMD_SESSION_CLOSE, CALLER, HSM_CN_CLOSE_SESSION },
	{ HSM_CMD_USER_CREATE, NAMED, HSM_CN_CREATE_USER },
	{ HSM_CMD_USER_PASSWORD, NAMED, HSM_CN_CHANGE_PSWD },
	{ HSM_CMD_USER_DELETE, NAMED, HSM_CN_DELETE_USER },
	{ HSM_CMD_USER_REGISTER, NAMED, HSM_CN_REGISTER_USER_KEY },
	{ HSM_CMD_USER_MASK, NUMBERED, HSM_CN_EXTRACT_MASKED_USER },
	{ HSM_CMD_USER_UNMASK, MADE, HSM_CN_INSERT_MASKED_USER },
	{ HSM_CMD_KEY_GEN_SYM, NEW_KEY, HSM_CN_GENERATE_KEY },
	{ HSM_CMD_KEY_GEN_PBE, NEW_KEY, HSM_CN_GENERATE_KEY },
	{ HSM_CMD_KEY_GEN_PAIR, NEW_KEY, HSM_CN_GENERATE_KEY_PAIR },
	{ HSM_CMD_KEY_PUT_PUBLIC, NEW_PUBLIC, HSM_CN_CREATE_OBJECT },
	{ HSM_CMD_KEY_SET_ATTRS, KEY, HSM_CN_MODIFY_OBJECT },
	{ HSM_CMD_KEY_SHARE, KEY, HSM_CN_SHARE_OBJECT },
	{ HSM_CMD_KEY_DELETE, KEY, HSM_CN_DESTROY_OBJECT },
	{ HSM_CMD_KEY_MASK, KEY, HSM_CN_EXTRACT_MASKED_OBJECT_USER },
	{ HSM_CMD_KEY_UNMASK, NEW_KEY, HSM_CN_INSERT_MASKED_OBJECT_USER },
	{ HSM_CMD_HOST_WRAP, WRAPPER, HSM_CN_NIST_AES_WRAP },
	{ HSM_CMD_HOST_UNWRAP, WRAPPER, HSM_CN_NIST_AES_WRAP },
	{ HSM_CMD_KEY_WRAP, KEY, HSM_CN_WRAP_KEY },
	{ HSM_CMD_KEY_UNWRAP, NEW_KEY, HSM_CN_UNWRAP_KEY },
	{ HSM_CMD_M_VALUE_SET, CALLER, HSM_CN_SET_M_VALUE },
	{ HSM_CMD_TOKEN_NEW, CALLER, HSM_CN_GET_TOKEN },
	{ HSM_CMD_TOKEN_APPROVE, CALLER, HSM_CN_APPROVE_TOKEN },
	{ HSM_CMD_TOKEN_DELETE, CALLER, HSM_CN_DELETE_TOKEN },
	{ HSM_CMD_ZEROIZE, CALLER, HSM_CN_ZEROIZE },
};

static const struct audit_op *find_op(uint16_t command)
{
	size_t i;

	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (ops[i].command == command)
			return &ops[i];
	}
	return NULL;
}

static void set_user(struct audit_entry *e, uint32_t type, const void *name, size_t len)
{
	e->log_type = HSM_AUDIT_USER;
	e->user_type = type == HSM_USER_PCO ? HSM_USER_CO : type;
	if (len > HSM_NAME_MAX)
		len = HSM_NAME_MAX;
	if (len)
		memcpy(e->user_name, name, len);
}

static void set_caller(struct audit_entry *e, const struct audit_caller *who)
{
	set_user(e, who->type, who->name, strlen(who->name));
	e->user_id = who->id;
}

static void about_key(struct audit_entry *e, const struct call *c, uint32_t tag)
{
	e->log_type = HSM_AUDIT_KEY;
	if (call_bytes(c, tag).len == 8)
		e->handle = call_u64(c, tag);
}

/* Keys that are there: of a change as it holds them, else as the reply names them. */
static void about_new_key(struct audit_entry *e, const struct call *c, const struct change *ch,
			  bool public)
{
	uint64_t first = 0, second = 0;
	struct tlv_reader r;
	struct tlv t;

	e->log_type = HSM_AUDIT_KEY;
	if (e->status)
		return;
	if (ch && ch->handles[0]) {
		first = ch->handles[0];
		second = ch->handles[1];
	}
	tlv_read_init(&r, c->out.p, first ? 0 : c->out.len);
	while (tlv_next(&r, &t)) {
		if (t.tag == HSM_TAG_HANDLE || t.tag == HSM_TAG_HANDLE_PUBLIC)
			first = get_le64(t.p);
		else if (t.tag == HSM_TAG_HANDLE_PRIVATE)
			second = get_le64(t.p);
	}
	e->handle = second ? second : public ? 0 : first;
	e->handle_public = second || public ? first : 0;
}

static void about_user(struct audit_entry *e, const struct user *u)
{
	if (!u)
		return;
	e->user_id = u->rec.id;
	if (!e->user_name[0])
		set_user(e, u->rec.type, u->rec.name, strlen(u->rec.name));
}

/* As the request has it, whether there is such a user or not. */
static void about_named(struct audit_entry *e, const struct call *c, const struct change *ch)
{
	struct bytes name = call_bytes(c, HSM_TAG_USER_NAME);
	struct bytes type = call_bytes(c, HSM_TAG_USER_TYPE);

	set_user(e, type.len == 4 ? get_le32(type.p) : 0, name.p, name.len);
	about_user(e, ch && ch->user ? ch->user : name.len && type.len == 4 ? call_named_user(c) : NULL);
	/* Two that end here are made by one command. */
	if (e->opcode != HSM_CN_CREATE_USER)
		return;
	if (e->user_type == HSM_USER_CO)
		e->opcode = HSM_CN_CREATE_CO;
	else if (e->user_type == HSM_USER_AU)
		e->opcode = HSM_CN_CREATE_APPLIANCE_USER;
}

static void about_numbered(struct audit_entry *e, const struct call *c)
{
	struct bytes id = call_bytes(c, HSM_TAG_USER_ID);

	e->log_type = HSM_AUDIT_USER;
	if (id.len == 4)
		about_user(e, user_by_id(&c->fw->users, get_le32(id.p)));
}

static void about_made(struct audit_entry *e, const struct change *ch)
{
	e->log_type = HSM_AUDIT_USER;
	about_user(e, ch ? ch->user : NULL);
}

static void fill(struct audit_entry *e, struct call *c, const struct change *ch, enum about about)
{
	switch (about) {
	case NOTHING:
		break;
	case KEY:
		about_key(e, c, HSM_TAG_HANDLE);
		break;
	case WRAPPER:
		about_key(e, c, HSM_TAG_WRAP_HANDLE);
		break;
	case NEW_KEY:
	case NEW_PUBLIC:
		about_new_key(e, c, ch, about == NEW_PUBLIC);
		break;
	case NAMED:
		about_named(e, c, ch);
		break;
	case NUMBERED:
		about_numbered(e, c);
		break;
	case MADE:
		about_made(e, ch);
		break;
	case CALLER:
		set_caller(e, &c->caller);
		break;
	}
}

void audit_call(struct audit_journal *j, struct call *c, const struct change *ch, int status)
{
	const struct audit_op *op = find_op(c->cmd->opcode);
	struct audit_entry *e = &j->e[0];

	j->n = 0;
	if (!op || !(c->cmd->flags & (CMD_AUDIT | CMD_POST)) || status < 0)
		return;
	*e = (struct audit_entry){
		.opcode = op->opcode, .session = c->session, .caller = c->caller.id,
		.status = (uint32_t)(status && c->log_status ? c->log_status : status),
	};
	fw_lock_read(c->fw);
	fill(e, c, ch, op->about);
	fw_unlock(c->fw);
	j->n = 1;
}

void audit_who(struct audit_caller *who, const struct user *u)
{
	if (!u)
		return;
	who->id = u->rec.id;
	who->type = u->rec.type;
	memcpy(who->name, u->rec.name, sizeof(who->name));
}

/*
 * A login of anybody is recorded if it came to looking at the password: what is refused
 * before that would fill the log, which is never cut, without any work of its sender.
 */
static bool tried_to_log_in(const struct call *c, int rc)
{
	return c->cmd->opcode == HSM_CMD_LOGIN &&
	       (rc == HSM_RV_LOGIN_FAILURE || rc == HSM_RV_USER_LOCKED);
}

/* A refusal may come before it was looked who asks. */
bool audit_wanted(struct call *c, int rc)
{
	if (rc < 0 || !c->entered || !(c->cmd->flags & CMD_AUDIT))
		return false;
	if (c->caller.id)
		return true;
	fw_lock_read(c->fw);
	audit_who(&c->caller, c->ctx->user);
	fw_unlock(c->fw);
	return c->caller.id || tried_to_log_in(c, rc);
}

static void add(struct audit_journal *j, uint32_t opcode)
{
	j->e[j->n++] = (struct audit_entry){ .opcode = opcode };
}

void audit_fresh(struct audit_journal *j)
{
	add(j, HSM_CN_INIT_TOKEN);
	add(j, HSM_CN_GEN_PSWD_ENC_KEY);
	add(j, HSM_CN_CREATE_APPLIANCE_USER);
	set_user(&j->e[j->n - 1], HSM_USER_AU, "app_user", 8);
	j->e[j->n - 1].user_id = 2;
	add(j, HSM_CN_INIT_DONE);
}

void audit_zeroize(struct audit_journal *j, const struct call *c)
{
	struct audit_entry *e = &j->e[j->n];

	add(j, c ? HSM_CN_ZEROIZE : HSM_CN_TAMPER);
	if (c) {
		e->session = c->session;
		e->caller = c->caller.id;
		set_caller(e, &c->caller);
	}
}
