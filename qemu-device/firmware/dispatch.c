// SPDX-License-Identifier: GPL-2.0-or-later
/* dispatch.c - takes a message apart, checks it against the table, runs the command. */
#include "change.h"
#include "hsm/hsm_audit.h"
#include "members.h"
#include "policy.h"
#include "replica.h"
#include "secmem.h"

#include <stdlib.h>
#include <string.h>

#define HEAD sizeof(struct hsm_msg_req)

_Static_assert(sizeof(struct hsm_msg_req) == sizeof(struct hsm_msg_rep), "one header size");

static const struct cmd *find_cmd(uint16_t opcode)
{
	const struct cmd_group *g;
	size_t i;

	for (g = cmd_groups; g < cmd_groups + cmd_group_count; g++) {
		for (i = 0; i < *g->n; i++) {
			if (g->cmd[i].opcode == opcode)
				return &g->cmd[i];
		}
	}
	return NULL;
}

static bool has_flag(const uint8_t *in, size_t in_len, unsigned int flag)
{
	const struct cmd *cmd = in_len < HEAD ? NULL : find_cmd(get_le16(in));

	return cmd && cmd->flags & flag;
}

bool fw_quick(const uint8_t *in, size_t in_len)
{
	return has_flag(in, in_len, CMD_QUICK);
}

bool fw_long(const uint8_t *in, size_t in_len)
{
	return has_flag(in, in_len, CMD_LONG);
}

/* The row of @tag; n_tags if there is none. */
static size_t tag_index(const struct cmd *cmd, uint32_t tag)
{
	size_t i;

	for (i = 0; i < cmd->n_tags && cmd->tags[i].tag != tag; i++)
		;
	return i;
}

static const struct arg *find_arg(const struct call *c, uint32_t tag)
{
	static const struct arg none;
	size_t i = tag_index(c->cmd, tag);

	return i < c->cmd->n_tags ? &c->args[i] : &none;
}

bool call_has(const struct call *c, uint32_t tag)
{
	return find_arg(c, tag)->count;
}

uint32_t call_count(const struct call *c, uint32_t tag)
{
	return find_arg(c, tag)->count;
}

struct bytes call_bytes(const struct call *c, uint32_t tag)
{
	return find_arg(c, tag)->value;
}

uint32_t call_u32(const struct call *c, uint32_t tag, uint32_t absent)
{
	const struct arg *a = find_arg(c, tag);

	return a->count ? get_le32(a->value.p) : absent;
}

uint64_t call_u64(const struct call *c, uint32_t tag)
{
	return get_le64(find_arg(c, tag)->value.p);
}

bool call_bool(const struct call *c, uint32_t tag, bool absent)
{
	const struct arg *a = find_arg(c, tag);

	return a->count ? a->value.p[0] : absent;
}

void call_each(const struct call *c, struct tlv_reader *r)
{
	tlv_read_init(r, c->req->in + HEAD, c->req->in_len - HEAD);
}

int call_bad(struct call *c, uint32_t tag, int status)
{
	c->bad_tag = tag;
	c->has_bad_tag = true;
	return status;
}

int call_stopped(const struct call *c)
{
	const struct fw_platform *p = &c->fw->platform;
	int rc = fw_gate_status(c->fw);

	if (rc)
		return rc;
	if (atomic_load(&c->req->cancel) || atomic_load(&c->ctx->closed))
		return CALL_FW(FW_CANCELED);
	if (c->req->deadline_ms && p->now_ms(p->opaque) >= c->req->deadline_ms)
		return CALL_FW(FW_TIMEOUT);
	return 0;
}

int call_allowed(const struct call *c)
{
	if (c->session && !ctx_has_session(c->ctx, c->session))
		return HSM_RV_BAD_SESSION;
	return policy_command(c->fw, c->cmd, c->ctx);
}

int call_recheck(const struct call *c)
{
	int rc = call_stopped(c);

	if (!rc)
		rc = call_allowed(c);
	return rc || c->user == c->ctx->user ? rc : HSM_RV_NOT_LOGGED_IN;
}

size_t call_nodes_len(const struct call *c)
{
	bool all = c->cmd->flags & (CMD_ALL | CMD_CHANGES);

	if (!(c->cmd->flags & CMD_NODE))
		return 0;
	return (all ? members_known(c->fw) : 1) * REPLY_NODE_LEN;
}

int call_room(struct call *c, size_t len)
{
	size_t need = HEAD + len + call_nodes_len(c);

	if (need - HEAD <= c->out.room)
		return 0;
	c->req->out_len = need;
	return CALL_FW(FW_NO_ROOM);
}

/* Bounds of a length: known as soon as the TLV is. */
static int check_length(const struct cmd_tag *t, uint32_t len)
{
	static const uint32_t fixed[] = { [TAG_U32] = 4, [TAG_U64] = 8, [TAG_BOOL] = 1 };

	if (t->kind == TAG_BYTES)
		return len >= t->min && len <= t->max ? 0 : t->status ? t->status
								      : HSM_RV_INVALID_INPUT;
	return len == fixed[t->kind] ? 0 : HSM_RV_INVALID_INPUT;
}

static int take_tlv(struct call *c, const struct tlv *t)
{
	size_t i = tag_index(c->cmd, t->tag);
	const struct cmd_tag *row;
	int rc;

	if (i == c->cmd->n_tags)
		return call_bad(c, t->tag, HSM_RV_BAD_MESSAGE);
	row = &c->cmd->tags[i];
	if (c->args[i].count && !(row->flags & TAG_MANY))
		return call_bad(c, t->tag, HSM_RV_BAD_MESSAGE);
	rc = check_length(row, t->len);
	if (rc)
		return call_bad(c, t->tag, rc);
	if (!c->args[i].count++)
		c->args[i].value = (struct bytes){ t->p, t->len };
	return 0;
}

static int parse_tlvs(struct call *c)
{
	struct tlv_reader r;
	struct tlv t;
	size_t i;
	int rc;

	call_each(c, &r);
	while (tlv_next(&r, &t)) {
		rc = take_tlv(c, &t);
		if (rc)
			return rc;
	}
	if (r.bad)
		return r.has_bad_tag ? call_bad(c, r.bad_tag, HSM_RV_BAD_MESSAGE)
				     : HSM_RV_BAD_MESSAGE;
	for (i = 0; i < c->cmd->n_tags; i++) {
		if (c->cmd->tags[i].flags & TAG_REQUIRED && !c->args[i].count)
			return call_bad(c, c->cmd->tags[i].tag, HSM_RV_BAD_MESSAGE);
	}
	return 0;
}

/* Bounds of a value: only after it is known that the caller may ask at all. */
static int check_value(struct call *c, const struct cmd_tag *row, const struct tlv *t)
{
	uint32_t v = row->kind == TAG_U32 ? get_le32(t->p) : row->kind == TAG_BOOL ? t->p[0] : 0;

	if (row->kind == TAG_BYTES || row->kind == TAG_U64 || (v >= row->min && v <= row->max))
		return 0;
	return call_bad(c, row->tag, row->status ? row->status : HSM_RV_INVALID_INPUT);
}

static int check_values(struct call *c)
{
	struct tlv_reader r;
	struct tlv t;
	int rc = 0;

	call_each(c, &r);
	while (!rc && tlv_next(&r, &t))
		rc = check_value(c, &c->cmd->tags[tag_index(c->cmd, t.tag)], &t);
	return rc;
}

static int check_caller(struct call *c)
{
	int rc;

	c->session = get_le32(c->req->in + 8);
	if (c->cmd->flags & CMD_SESSION && !c->session)
		return HSM_RV_BAD_SESSION;
	if (!c->session && c->cmd->roles == ROLE_ANY)
		return 0;
	fw_lock_read(c->fw);
	rc = call_allowed(c);
	c->user = user_get(c->ctx->user);
	audit_who(&c->caller, c->user);
	fw_unlock(c->fw);
	return rc;
}

static int check_header(const struct fw_req *req)
{
	if (req->in_len < HEAD || req->in_len > HSM_MSG_MAX || get_le16(req->in + 2) ||
	    get_le32(req->in + 4) != req->in_len || get_le32(req->in + 12))
		return HSM_RV_BAD_MESSAGE;
	return 0;
}

/* The table counts one node. */
static int check_room(struct call *c)
{
	size_t nodes = call_nodes_len(c);
	size_t need = c->cmd->reply + (nodes ? nodes - REPLY_NODE_LEN : 0);

	if (c->req->out_room >= need)
		return 0;
	c->req->out_len = need;
	return CALL_FW(FW_NO_ROOM);
}

static int run(struct call *c)
{
	struct fw_req *req = c->req;
	int rc = check_header(req);

	if (rc)
		return rc;
	c->cmd = find_cmd(get_le16(req->in));
	if (!c->cmd)
		return HSM_RV_UNKNOWN_COMMAND;
	rc = fw_enter(c->fw);
	if (rc)
		return rc;
	c->entered = true;
	rc = check_room(c);
	if (rc)
		return rc;
	rc = req->rights & c->cmd->class ? 0 : HSM_RV_NO_RIGHT;
	if (!rc)
		rc = parse_tlvs(c);
	if (!rc)
		rc = check_caller(c);
	if (!rc)
		rc = check_values(c);
	if (!rc)
		rc = call_stopped(c);
	return rc ? rc : c->cmd->run(c);
}

/* What this card cannot do says nothing of the others. */
static bool own_trouble(int status)
{
	return status == HSM_RV_CLUSTER_UNAVAILABLE || status == HSM_RV_STORE_FAILED ||
	       status == HSM_RV_NO_MEMORY || status == HSM_RV_RECORD_DAMAGED;
}

/* Whether the reply tells of the other nodes as well. */
static bool tells_all(const struct call *c, int status)
{
	if (c->local || own_trouble(status))
		return false;
	return c->position || c->cmd->flags & CMD_ALL;
}

/*
 * A refusal by the rules of FIPS shows as a node that is away, as the vendor's do. One that
 * other nodes were too late for is none of this card.
 */
static uint32_t node_status(int status)
{
	if (status == HSM_RV_FIPS_VIOLATION)
		return HSM_RV_CLUSTER_UNAVAILABLE;
	return status == HSM_RV_CLUSTER_INCOMPLETE ? 0 : (uint32_t)status;
}

/* A node that cannot be reached any more had it all the same. */
static void remember(const struct call_nodes *had, struct hsm_node_status *v)
{
	size_t i;

	for (i = 0; had && i < had->n; i++) {
		if (had->node[i] == get_le32((const uint8_t *)&v->node))
			put_le32((uint8_t *)&v->status, HSM_RV_SUCCESS);
	}
}

/* What changed nothing there is nothing of for a node to have. */
static void put_nodes(struct call *c, int status)
{
	struct hsm_node_status v[HSM_MEMBERS_MAX];
	struct members_ask ask = {
		.position = c->position,
		.status = node_status(status), .same = true, .late = c->late,
	};
	size_t n = members_answer(c->fw, &ask, v), i;

	if (!tells_all(c, status))
		n = 1;
	for (i = 0; i < n && c->out.room - c->out.len >= REPLY_NODE_LEN; i++) {
		remember(c->had, &v[i]);
		tlv_put(&c->out, HSM_TAG_NODE, &v[i], sizeof(v[i]));
	}
}

static void put_error(struct call *c)
{
	secmem_wipe(c->out.p, c->out.len);
	tlv_write_init(&c->out, c->out.p, c->out.room);
	if (c->has_bad_tag)
		tlv_put_u32(&c->out, HSM_TAG_BAD_TAG, c->bad_tag);
	c->out.full = false;
}

static void put_header(struct call *c, int status)
{
	uint8_t *out = c->req->out;

	memset(out, 0, HEAD);
	put_le16(out, c->req->in_len < 2 ? 0xffff : get_le16(c->req->in));
	put_le32(out + 4, (uint32_t)c->req->out_len);
	put_le32(out + 8, (uint32_t)status);
}

static enum fw_result reply(struct call *c, int status)
{
	struct fw_req *req = c->req;

	if (req->out_room < HEAD) {
		req->out_len = HEAD;
		return FW_NO_ROOM;
	}
	if (status)
		put_error(c);
	if (c->cmd && c->cmd->flags & CMD_NODE)
		put_nodes(c, status);
	req->out_len = HEAD + c->out.len;
	put_header(c, status);
	return FW_OK;
}

enum fw_result call_end(struct call *c, int rc)
{
	enum fw_result result;

	if (quorum_end(c, rc))
		quorum_sweep(c->fw);
	result = rc < 0 ? (enum fw_result)(-2 - rc) : reply(c, rc);

	if (result != FW_OK && result != FW_NO_ROOM)
		c->req->out_len = 0;
	free(c->had);
	user_put(c->user);
	ctx_put(c->ctx);
	if (c->entered)
		fw_leave(c->fw);
	return result;
}

/* The answer waits for the record only where too many are on their way. */
static int post(struct call *c)
{
	if (!audit_may_post(c->fw))
		return change_record(c, 0);
	audit_post(c->fw, audit_note(c->fw, HSM_CN_CLOSE_SESSION, c->session, &c->caller, NULL));
	return 0;
}

void fw_exec(struct fw *fw, struct fw_req *req)
{
	struct call c = { .fw = fw, .req = req };
	size_t room = req->out_room < HSM_MSG_MAX ? req->out_room : HSM_MSG_MAX;
	int rc;

	req->out_len = 0;
	c.ctx = ctx_get(fw, req->ctx);
	if (!c.ctx) {
		req->done(req, FW_NO_CTX);
		return;
	}
	tlv_write_init(&c.out, req->out + HEAD, room < HEAD ? 0 : room - HEAD);
	rc = run(&c);
	if (!rc && c.cmd->flags & CMD_POST && c.caller.id)
		rc = post(&c);
	if (rc != CALL_ASYNC && audit_wanted(&c, rc))
		rc = change_record(&c, rc);
	if (rc != CALL_ASYNC)
		req->done(req, call_end(&c, rc));
}
