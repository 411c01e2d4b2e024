// SPDX-License-Identifier: GPL-2.0-or-later
/* fixture.c - a card for tests. */
#include "fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "posix.h"

#define UNTOUCHED 0xa5	/* what a reply buffer holds before */

static struct msg the_msg;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;

static uint64_t now_ms(void *opaque)
{
	struct card *c = opaque;

	atomic_fetch_add(&c->clock_reads, 1);
	return c->clock_ms;
}

static void log_line(void *opaque, enum fw_log_level level, const char *line)
{
	struct card *c = opaque;
	size_t at;

	pthread_mutex_lock(&mutex);
	at = strlen(c->log);
	snprintf(c->log + at, sizeof(c->log) - at, "%c %s\n", "EWI"[level], line);
	pthread_mutex_unlock(&mutex);
}

void card_init(struct card *c, const char *path)
{
	memset(c, 0, sizeof(*c));
	c->path = path;
	c->clock_ms = 1000;
	c->platform = fw_platform_posix;
	c->platform.opaque = c;
	c->platform.now_ms = now_ms;
	c->platform.log = log_line;
	c->cfg = (struct fw_config){
		.platform = &c->platform, .secret = "the secret of the tests", .secret_len = 23,
		.serial = "TEST-0001", .node_id = 7,
	};
}

bool card_start(struct card *c)
{
	c->log[0] = c->err[0] = '\0';
	c->gate = gate_open(c->path ? store_sqlite_open(c->path, c->err, sizeof(c->err)) :
				      store_mem_open());
	c->store = c->gate ? &c->gate->st : NULL;
	if (!c->store)
		return false;
	c->cfg.store = c->store;
	c->fw = fw_new(&c->cfg, c->err, sizeof(c->err));
	if (!c->fw) {
		c->store->ops->close(c->store);
		c->store = NULL;
	}
	return c->fw;
}

void card_stop(struct card *c)
{
	fw_free(c->fw);
	c->fw = NULL;
	if (c->store)
		c->store->ops->close(c->store);
	c->store = NULL;
}

void card_free(struct card *c)
{
	card_stop(c);
	if (c->path)
		unlink(c->path);
}

void card_restart(struct card *c)
{
	card_stop(c);
	if (!card_start(c))
		fail_msg("%s", c->err);
}

void card_open_contexts(struct card *c)
{
	uint32_t ctx;

	for (ctx = ADMIN; ctx <= NOBODY; ctx++) {
		assert_true(fw_ctx_open(c->fw, ctx));
		assert_int_equal(open_session(c, ctx), FIRST_SESSION);
	}
}

void card_login_all(struct card *c)
{
	card_open_contexts(c);
	assert_int_equal(login(c, ADMIN, HSM_USER_CO, "admin", PASSWORD), 0);
	assert_int_equal(login(c, ALICE, HSM_USER_CU, "alice", PASSWORD), 0);
	assert_int_equal(login(c, BOB, HSM_USER_CU, "bob", PASSWORD), 0);
	assert_int_equal(login(c, OFFICER, HSM_USER_CO, "officer", PASSWORD), 0);
	assert_int_equal(login(c, AUDITOR, HSM_USER_AU, "app_user", PASSWORD), 0);
}

void card_make_users(struct card *c)
{
	assert_true(fw_ctx_open(c->fw, 99));
	open_session(c, 99);
	assert_int_equal(login(c, 99, HSM_USER_PRECO, "admin", "password"), 0);
	assert_int_equal(user_password(c, 99, HSM_USER_PRECO, "admin", PASSWORD), 0);
	assert_int_equal(user_password(c, 99, HSM_USER_AU, "app_user", PASSWORD), 0);
	assert_int_equal(user_create(c, 99, HSM_USER_CU, "alice", PASSWORD), 0);
	assert_int_equal(user_create(c, 99, HSM_USER_CU, "bob", PASSWORD), 0);
	assert_int_equal(user_create(c, 99, HSM_USER_CO, "officer", PASSWORD), 0);
	fw_ctx_close(c->fw, 99);
}

static struct card *new_card(const char *path)
{
	struct card *c = malloc(sizeof(*c));

	assert_non_null(c);
	card_init(c, path);
	if (!card_start(c))
		fail_msg("%s", c->err);
	return c;
}

int setup_fresh(void **state)
{
	*state = new_card(NULL);
	card_open_contexts(*state);
	return 0;
}

int setup_users(void **state)
{
	*state = new_card(NULL);
	card_make_users(*state);
	card_login_all(*state);
	return 0;
}

int setup_users_sqlite(void **state)
{
	static char path[256];
	const char *dir = getenv("TMPDIR");

	snprintf(path, sizeof(path), "%s/hsm-unit-%d.db", dir ? dir : "/tmp", getpid());
	unlink(path);
	*state = new_card(path);
	card_make_users(*state);
	card_login_all(*state);
	return 0;
}

int teardown(void **state)
{
	card_free(*state);
	free(*state);
	return 0;
}

void begin_in(struct msg *m, uint16_t opcode, uint32_t session)
{
	memset(&m->req, 0, sizeof(m->req));
	memset(m->in, 0, HEAD);
	put_le16(m->in, opcode);
	put_le32(m->in + 8, session);
	m->len = HEAD;
	m->room = sizeof(m->out);
	m->req.rights = 0x1f;
	m->done = false;
}

struct msg *begin(uint16_t opcode, uint32_t session)
{
	begin_in(&the_msg, opcode, session);
	return &the_msg;
}

struct msg *last(void)
{
	return &the_msg;
}

void add(struct msg *m, uint32_t tag, const void *p, size_t len)
{
	put_le32(m->in + m->len, tag);
	put_le32(m->in + m->len + 4, (uint32_t)len);
	memcpy(m->in + m->len + 8, p, len);
	m->len += 8 + len;
}

void add_u8(struct msg *m, uint32_t tag, uint8_t v)
{
	add(m, tag, &v, 1);
}

void add_u32(struct msg *m, uint32_t tag, uint32_t v)
{
	uint8_t b[4];

	put_le32(b, v);
	add(m, tag, b, 4);
}

void add_u64(struct msg *m, uint32_t tag, uint64_t v)
{
	uint8_t b[8];

	put_le64(b, v);
	add(m, tag, b, 8);
}

void add_text(struct msg *m, uint32_t tag, const char *text)
{
	add(m, tag, text, strlen(text));
}

static void on_done(struct fw_req *req, enum fw_result result)
{
	struct msg *m = (struct msg *)((char *)req - offsetof(struct msg, req));

	pthread_mutex_lock(&mutex);
	assert_false(m->done);
	m->result = result;
	m->done = true;
	pthread_cond_broadcast(&cond);
	pthread_mutex_unlock(&mutex);
}

void exec_begin(struct card *c, uint32_t ctx, struct msg *m)
{
	if (!get_le32(m->in + 4))
		put_le32(m->in + 4, (uint32_t)m->len);
	memset(m->out, UNTOUCHED, sizeof(m->out));
	m->req.ctx = ctx;
	m->req.in = m->in;
	m->req.in_len = m->len;
	m->req.out = m->out;
	m->req.out_room = m->room;
	m->req.done = on_done;
	fw_exec(c->fw, &m->req);
}

/* What every reply must be, whatever it says. */
static void check_reply(struct msg *m)
{
	size_t tail = sizeof(m->out) - m->req.out_len;
	const uint8_t *rest = m->out + m->req.out_len;

	assert_true(m->req.out_len >= HEAD && m->req.out_len <= m->room);
	assert_int_equal(get_le32(m->out + 4), m->req.out_len);
	assert_int_equal(get_le16(m->out + 2), 0);
	assert_int_equal(get_le32(m->out + 12), 0);
	for (; tail && !*rest; rest++)	/* wiped */
		tail--;
	if (tail)	/* untouched: all bytes are the first one's */
		assert_true(rest[0] == UNTOUCHED && !memcmp(rest, rest + 1, tail - 1));
	m->status = get_le32(m->out + 8);
}

void wait_done(struct msg *m)
{
	pthread_mutex_lock(&mutex);
	while (!m->done)
		pthread_cond_wait(&cond, &mutex);
	pthread_mutex_unlock(&mutex);
	if (m->result == FW_OK)
		check_reply(m);
}

uint32_t wait_status(struct msg *m)
{
	uint32_t status;

	wait_done(m);
	assert_int_equal(m->result, FW_OK);
	status = m->status;
	free(m);
	return status;
}

enum fw_result exec(struct card *c, uint32_t ctx, struct msg *m)
{
	exec_begin(c, ctx, m);
	wait_done(m);
	return m->result;
}

uint32_t send(struct card *c, uint32_t ctx, struct msg *m)
{
	assert_int_equal(exec(c, ctx, m), FW_OK);
	return m->status;
}

bool reply_find(const struct msg *m, uint32_t tag, struct tlv *t)
{
	struct tlv_reader r;

	tlv_read_init(&r, m->out + HEAD, m->req.out_len - HEAD);
	return tlv_next_tag(&r, tag, t);
}

size_t reply_count(const struct msg *m, uint32_t tag)
{
	struct tlv_reader r;
	struct tlv t;
	size_t n = 0;

	tlv_read_init(&r, m->out + HEAD, m->req.out_len - HEAD);
	while (tlv_next_tag(&r, tag, &t))
		n++;
	assert_false(r.bad);
	return n;
}

uint32_t reply_u32(const struct msg *m, uint32_t tag)
{
	struct tlv t;

	assert_true(reply_find(m, tag, &t));
	assert_int_equal(t.len, 4);
	return get_le32(t.p);
}

uint64_t reply_u64(const struct msg *m, uint32_t tag)
{
	struct tlv t;

	assert_true(reply_find(m, tag, &t));
	assert_int_equal(t.len, 8);
	return get_le64(t.p);
}

uint32_t bad_tag(const struct msg *m)
{
	return reply_u32(m, HSM_TAG_BAD_TAG);
}

uint32_t open_session(struct card *c, uint32_t ctx)
{
	struct msg *m = begin(HSM_CMD_SESSION_OPEN, 0);

	assert_int_equal(send(c, ctx, m), HSM_RV_SUCCESS);
	return reply_u32(m, HSM_TAG_SESSION);
}

static uint32_t user_command(struct card *c, uint32_t ctx, uint16_t opcode, uint32_t type,
			     const char *name, const char *pw)
{
	struct msg *m = begin(opcode, FIRST_SESSION);

	add_u32(m, HSM_TAG_USER_TYPE, type);
	add_text(m, HSM_TAG_USER_NAME, name);
	add_text(m, HSM_TAG_PASSWORD, pw);
	return send(c, ctx, m);
}

uint32_t login(struct card *c, uint32_t ctx, uint32_t type, const char *name, const char *pw)
{
	return user_command(c, ctx, HSM_CMD_LOGIN, type, name, pw);
}

uint32_t logout(struct card *c, uint32_t ctx)
{
	return send(c, ctx, begin(HSM_CMD_LOGOUT, FIRST_SESSION));
}

uint32_t user_create(struct card *c, uint32_t ctx, uint32_t type, const char *name,
		     const char *pw)
{
	return user_command(c, ctx, HSM_CMD_USER_CREATE, type, name, pw);
}

uint32_t user_password(struct card *c, uint32_t ctx, uint32_t type, const char *name,
		       const char *pw)
{
	return user_command(c, ctx, HSM_CMD_USER_PASSWORD, type, name, pw);
}

struct msg *begin_sym(uint32_t type, uint32_t len, const char *label)
{
	struct msg *m = begin(HSM_CMD_KEY_GEN_SYM, FIRST_SESSION);

	add_u32(m, HSM_ATTR_KEY_TYPE, type);
	add_u32(m, HSM_ATTR_VALUE_LEN, len);
	add_text(m, HSM_ATTR_LABEL, label);
	return m;
}

struct msg *begin_aes(const char *label)
{
	return begin_sym(HSM_KEY_AES, 32, label);
}

struct msg *begin_rsa(const char *label)
{
	static const uint8_t f4[] = { 1, 0, 1 };
	struct msg *m = begin(HSM_CMD_KEY_GEN_PAIR, FIRST_SESSION);

	add_u32(m, HSM_ATTR_KEY_TYPE, HSM_KEY_RSA);
	add_u32(m, HSM_ATTR_MODULUS_BITS, 2048);
	add(m, HSM_ATTR_PUBLIC_EXPONENT, f4, sizeof(f4));
	add_text(m, HSM_ATTR_LABEL, label);
	return m;
}

uint64_t made(struct card *c, uint32_t ctx, struct msg *m)
{
	bool pair = get_le16(m->in) == HSM_CMD_KEY_GEN_PAIR;

	assert_int_equal(send(c, ctx, m), HSM_RV_SUCCESS);
	return reply_u64(m, pair ? HSM_TAG_HANDLE_PUBLIC : HSM_TAG_HANDLE);
}

uint32_t attrs(struct card *c, uint32_t ctx, uint64_t handle, uint32_t attr)
{
	struct msg *m = begin(HSM_CMD_KEY_ATTRS, FIRST_SESSION);

	add_u64(m, HSM_TAG_HANDLE, handle);
	add_u32(m, HSM_TAG_ATTR, attr);
	return send(c, ctx, m);
}

static uint32_t handle_command(struct card *c, uint32_t ctx, uint16_t opcode, uint64_t handle)
{
	struct msg *m = begin(opcode, FIRST_SESSION);

	add_u64(m, HSM_TAG_HANDLE, handle);
	return send(c, ctx, m);
}

uint32_t info(struct card *c, uint32_t ctx, uint64_t handle)
{
	return handle_command(c, ctx, HSM_CMD_KEY_INFO, handle);
}

uint32_t delete_key(struct card *c, uint32_t ctx, uint64_t handle)
{
	return handle_command(c, ctx, HSM_CMD_KEY_DELETE, handle);
}

uint32_t attr_u32(struct card *c, uint32_t ctx, uint64_t handle, uint32_t attr)
{
	struct tlv t;
	uint32_t v = 0;

	assert_int_equal(attrs(c, ctx, handle, attr), HSM_RV_SUCCESS);
	assert_true(reply_find(last(), attr, &t) && t.len <= 4);
	while (t.len--)
		v = v << 8 | t.p[t.len];
	return v;
}

void get_user(struct card *c, const char *name, struct hsm_user_rec *rec)
{
	struct tlv_reader r;
	struct tlv t;

	assert_int_equal(send(c, NOBODY, begin(HSM_CMD_USER_LIST, 0)), 0);
	tlv_read_init(&r, last()->out + HEAD, last()->req.out_len - HEAD);
	while (tlv_next_tag(&r, HSM_TAG_USER, &t)) {
		assert_int_equal(t.len, sizeof(*rec));
		memcpy(rec, t.p, sizeof(*rec));
		if (!strcmp((const char *)rec->name, name))
			return;
	}
	memset(rec, 0, sizeof(*rec));
}

struct msg *begin_find(void)
{
	return begin(HSM_CMD_KEY_FIND, FIRST_SESSION);
}

uint32_t found(struct card *c, uint32_t ctx, struct msg *m)
{
	assert_int_equal(send(c, ctx, m), HSM_RV_SUCCESS);
	return reply_u32(m, HSM_TAG_TOTAL);
}

void check_refused(uint32_t got, uint32_t want, uint32_t tag)
{
	assert_int_equal(got, want);
	assert_int_equal(bad_tag(last()), tag);
}
