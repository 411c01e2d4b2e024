// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "posix.h"

#define CTX 1

static void take_log(void *opaque, enum fw_log_level level, const char *line)
{
	struct client *c = opaque;
	size_t at = strlen(c->log);

	(void)level;
	snprintf(c->log + at, sizeof(c->log) - at, "%s\n", line);
}

static bool start(struct client *c, const char *path, const void *secret, size_t len)
{
	struct fw_config cfg = {
		.platform = &c->platform, .secret = secret,
		.secret_len = len, .serial = CLIENT_SERIAL, .node_id = 1,
	};

	c->platform = fw_platform_posix;
	c->platform.opaque = c;
	c->platform.log = take_log;
	c->store = store_sqlite_open(path, c->err, sizeof(c->err));
	cfg.store = c->store;
	c->fw = c->store ? fw_new(&cfg, c->err, sizeof(c->err)) : NULL;
	return c->fw;
}

bool client_open(struct client *c, const char *path)
{
	return client_open_with(c, path, CLIENT_SECRET, strlen(CLIENT_SECRET));
}

bool client_open_with(struct client *c, const char *path, const void *secret, size_t len)
{
	memset(c, 0, sizeof(*c));
	if (start(c, path, secret, len)) {
		fw_ctx_open(c->fw, CTX);
		if (client_session(c))
			return true;
	}
	client_close(c);
	return false;
}

bool client_session(struct client *c)
{
	struct request r;

	c->session = 0;
	client_begin(c, &r, HSM_CMD_SESSION_OPEN);
	if (client_send(c, &r)) {
		snprintf(c->err, sizeof(c->err), "no session: status 0x%x", r.status);
		return false;
	}
	c->session = client_u32(&r, HSM_TAG_SESSION);
	return true;
}

void client_close(struct client *c)
{
	fw_free(c->fw);
	if (c->store)
		c->store->ops->close(c->store);
	c->fw = NULL;
	c->store = NULL;
}

void client_begin(struct client *c, struct request *r, uint16_t opcode)
{
	memset(r->in, 0, 16);
	put_le16(r->in, opcode);
	put_le32(r->in + 8, c->session);
	tlv_write_init(&r->w, r->in + 16, sizeof(r->in) - 16);
}

void client_put_text(struct request *r, uint32_t tag, const char *text)
{
	tlv_put(&r->w, tag, text, strlen(text));
}

static void done(struct fw_req *req, enum fw_result result)
{
	struct request *r = (struct request *)req;

	r->result = result;
	sem_post(&r->done);
}

uint32_t client_send(struct client *c, struct request *r)
{
	put_le32(r->in + 4, (uint32_t)(16 + r->w.len));
	memset(&r->req, 0, sizeof(r->req));
	r->req.ctx = CTX;
	r->req.rights = HSM_CLASS_CRYPTO | HSM_CLASS_KEYS | HSM_CLASS_USERS |
			HSM_CLASS_AUDIT | HSM_CLASS_FACTORY;
	r->req.in = r->in;
	r->req.in_len = 16 + r->w.len;
	r->req.out = r->out;
	r->req.out_room = sizeof(r->out);
	r->req.done = done;
	sem_init(&r->done, 0, 0);
	fw_exec(c->fw, &r->req);
	sem_wait(&r->done);
	sem_destroy(&r->done);
	r->status = r->result == FW_OK ? get_le32(r->out + 8) : CLIENT_NO_REPLY;
	return r->status;
}

bool client_find(const struct request *r, uint32_t tag, struct tlv *t)
{
	struct tlv_reader rd;

	tlv_read_init(&rd, r->out + 16, r->req.out_len - 16);
	return tlv_next_tag(&rd, tag, t);
}

uint64_t client_u64(const struct request *r, uint32_t tag)
{
	struct tlv t;

	return client_find(r, tag, &t) && t.len == 8 ? get_le64(t.p) : 0;
}

uint32_t client_u32(const struct request *r, uint32_t tag)
{
	struct tlv t;

	return client_find(r, tag, &t) && t.len == 4 ? get_le32(t.p) : 0;
}

void client_begin_user(struct client *c, struct request *r, uint16_t opcode, uint32_t type,
		       const char *name, const char *password)
{
	client_begin(c, r, opcode);
	tlv_put_u32(&r->w, HSM_TAG_USER_TYPE, type);
	client_put_text(r, HSM_TAG_USER_NAME, name);
	if (password)
		client_put_text(r, HSM_TAG_PASSWORD, password);
}

static uint32_t ask_user(struct client *c, uint16_t opcode, uint32_t type, const char *name,
			 const char *password)
{
	struct request r;

	client_begin_user(c, &r, opcode, type, name, password);
	return client_send(c, &r);
}

static uint32_t ask(struct client *c, uint16_t opcode)
{
	struct request r;

	client_begin(c, &r, opcode);
	return client_send(c, &r);
}

static uint32_t login(struct client *c, uint32_t type, const char *name, const char *password)
{
	return ask_user(c, HSM_CMD_LOGIN, type, name, password);
}

/* The type of the user @id, 0 if there is none. */
static uint32_t user_type(struct client *c, uint32_t id)
{
	struct tlv_reader rd;
	struct request r;
	struct tlv t;

	client_begin(c, &r, HSM_CMD_USER_LIST);
	if (client_send(c, &r))
		return 0;
	tlv_read_init(&rd, r.out + 16, r.req.out_len - 16);
	while (tlv_next_tag(&rd, HSM_TAG_USER, &t))
		if (get_le32(t.p) == id)
			return get_le32(t.p + 4);
	return 0;
}

static uint32_t make_user(struct client *c)
{
	bool fresh = user_type(c, 1) == HSM_USER_PRECO;
	uint32_t rv = login(c, fresh ? HSM_USER_PRECO : HSM_USER_PCO, "admin",
			    fresh ? "password" : CLIENT_PASSWORD);

	if (!rv && fresh)
		rv = ask_user(c, HSM_CMD_USER_PASSWORD, HSM_USER_PRECO, "admin",
			      CLIENT_PASSWORD);
	if (!rv)
		rv = ask_user(c, HSM_CMD_USER_CREATE, HSM_USER_CU, CLIENT_USER,
			      CLIENT_PASSWORD);
	return rv ? rv : ask(c, HSM_CMD_LOGOUT);
}

uint32_t client_login(struct client *c)
{
	uint32_t rv = user_type(c, 3) ? 0 : make_user(c);

	return rv ? rv : login(c, HSM_USER_CU, CLIENT_USER, CLIENT_PASSWORD);
}

uint32_t client_officer(struct client *c)
{
	uint32_t rv = ask(c, HSM_CMD_LOGOUT);

	return rv ? rv : login(c, HSM_USER_PCO, "admin", CLIENT_PASSWORD);
}

uint32_t client_user(struct client *c)
{
	uint32_t rv = ask(c, HSM_CMD_LOGOUT);

	return rv ? rv : client_login(c);
}

void client_begin_sym(struct client *c, struct request *r, uint32_t type, uint32_t len,
		      const char *label)
{
	client_begin(c, r, HSM_CMD_KEY_GEN_SYM);
	tlv_put_u32(&r->w, HSM_ATTR_KEY_TYPE, type);
	tlv_put_u32(&r->w, HSM_ATTR_VALUE_LEN, len);
	client_put_text(r, HSM_ATTR_LABEL, label);
	client_put_text(r, HSM_ATTR_ID, label);
}

void client_begin_rsa(struct client *c, struct request *r, const char *label)
{
	client_begin(c, r, HSM_CMD_KEY_GEN_PAIR);
	tlv_put_u32(&r->w, HSM_ATTR_KEY_TYPE, HSM_KEY_RSA);
	tlv_put_u32(&r->w, HSM_ATTR_MODULUS_BITS, 2048);
	tlv_put(&r->w, HSM_ATTR_PUBLIC_EXPONENT, "\1\0\1", 3);
	client_put_text(r, HSM_ATTR_LABEL, label);
	client_put_text(r, HSM_ATTR_ID, label);
}

uint32_t client_attrs(struct client *c, struct request *r, uint64_t handle)
{
	client_begin(c, r, HSM_CMD_KEY_ATTRS);
	tlv_put_u64(&r->w, HSM_TAG_HANDLE, handle);
	tlv_put_u32(&r->w, HSM_TAG_ATTR, HSM_ATTR_ALL);
	return client_send(c, r);
}

uint32_t client_delete(struct client *c, struct request *r, uint64_t handle)
{
	client_begin(c, r, HSM_CMD_KEY_DELETE);
	tlv_put_u64(&r->w, HSM_TAG_HANDLE, handle);
	return client_send(c, r);
}
