// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_exec.c - one message to a card that lives on from input to input. An input
 * is a control byte, the room for the reply (2 bytes) and the message; bits of the
 * control byte say whose context it is, and whether length and session are put
 * right, so that what lies behind the header is reached.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fw.h"
#include "hsm/hsm_cmd.h"
#include "posix.h"
#include "store.h"
#include "tlv.h"

#define CTL_CTX		0x03
#define CTL_HEADER	0x04	/* put the header right */
#define CTL_SESSION	0x08
#define MAX_IN		4096
#define GUARD		0xa7

enum { NOBODY, ADMIN, USER, N_CTX };

static struct fw *fw;
static struct store *store;
static uint32_t session[N_CTX];
static uint8_t in[MAX_IN], out[HSM_MSG_MAX + 64];
static unsigned int done_calls;
static enum fw_result result;

static void done(struct fw_req *req, enum fw_result res)
{
	(void)req;
	done_calls++;
	result = res;
}

static void quiet(void *opaque, enum fw_log_level level, const char *line)
{
	(void)opaque;
	(void)level;
	(void)line;
}

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "fuzz_exec: %s\n", what);
	abort();
}

/*
 * The store commits at once, so done has been called. Key pairs would take most of
 * the time: they are cancelled.
 */
static void run(uint32_t ctx, size_t len, size_t room)
{
	struct fw_req req = {
		.ctx = ctx, .rights = 0xff, .in = in, .in_len = len, .out = out,
		.out_room = room, .done = done,
		.cancel = len >= 2 && get_le16(in) == HSM_CMD_KEY_GEN_PAIR,
	};

	memset(out, GUARD, sizeof(out));
	done_calls = 0;
	fw_exec(fw, &req);
	must(done_calls == 1, "done was not called once");
	if (result == FW_OK) {
		must(req.out_len >= 16 && req.out_len <= room, "reply does not fit");
		must(get_le32(out + 4) == req.out_len, "reply does not know its length");
	}
	/* What was made room for and not used is zero. */
	for (size_t i = result == FW_OK ? req.out_len : 0; i < sizeof(out); i++)
		must(out[i] == GUARD || (i < room && !out[i]),
		     "bytes behind the reply were written");
}

static struct tlv_writer begin(uint16_t opcode, uint32_t ctx)
{
	struct tlv_writer w;

	memset(in, 0, 16);
	put_le16(in, opcode);
	put_le32(in + 8, session[ctx]);
	tlv_write_init(&w, in + 16, sizeof(in) - 16);
	return w;
}

static uint32_t finish(const struct tlv_writer *w, uint32_t ctx)
{
	put_le32(in + 4, (uint32_t)(16 + w->len));
	run(ctx, 16 + w->len, sizeof(out) - 64);
	return get_le32(out + 8);
}

static uint32_t credentials(uint16_t opcode, uint32_t ctx, uint32_t type, const char *name,
			    const char *password)
{
	struct tlv_writer w = begin(opcode, ctx);

	tlv_put_u32(&w, HSM_TAG_USER_TYPE, type);
	tlv_put(&w, HSM_TAG_USER_NAME, name, strlen(name));
	tlv_put(&w, HSM_TAG_PASSWORD, password, strlen(password));
	return finish(&w, ctx);
}

static void open_session(uint32_t ctx)
{
	struct tlv_writer w = begin(HSM_CMD_SESSION_OPEN, ctx);
	struct tlv_reader r;
	struct tlv t;

	must(finish(&w, ctx) == 0, "no session");
	tlv_read_init(&r, out + 16, get_le32(out + 4) - 16);
	must(tlv_next_tag(&r, HSM_TAG_SESSION, &t), "no session in the reply");
	session[ctx] = get_le32(t.p);
}

/* A card with a user who is logged in, and the officer who is. */
static void make_card(void)
{
	static struct fw_platform platform;
	struct fw_config cfg = {
		.platform = &platform, .store = store = store_mem_open(), .secret = "fuzz",
		.secret_len = 4, .serial = "FUZZ", .node_id = 1,
	};
	char err[256] = "";

	platform = fw_platform_posix;
	platform.log = quiet;
	fw = fw_new(&cfg, err, sizeof(err));
	must(fw, err);
	for (uint32_t ctx = 0; ctx < N_CTX; ctx++) {
		must(fw_ctx_open(fw, ctx), "no context");
		session[ctx] = 0;
		open_session(ctx);
	}
	must(!credentials(HSM_CMD_LOGIN, ADMIN, HSM_USER_PRECO, "admin", "password") &&
	     !credentials(HSM_CMD_USER_PASSWORD, ADMIN, HSM_USER_PRECO, "admin", "password1") &&
	     !credentials(HSM_CMD_USER_CREATE, ADMIN, HSM_USER_CU, "user", "password2") &&
	     !credentials(HSM_CMD_LOGIN, USER, HSM_USER_CU, "user", "password2"), "no user");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned int inputs;
	uint32_t ctx;
	size_t len = size - 3;

	if (size < 3 || len > sizeof(in))
		return -1;
	/* A new card now and then: the old one's users may have been logged out. */
	if (inputs++ % 5000 == 0) {
		fw_free(fw);
		if (store)
			store->ops->close(store);
		make_card();
	}
	ctx = data[0] & CTL_CTX;
	memcpy(in, data + 3, len);
	if (data[0] & CTL_HEADER && len >= 16) {
		put_le16(in + 2, 0);
		put_le32(in + 4, (uint32_t)len);
		put_le32(in + 12, 0);
	}
	if (data[0] & CTL_SESSION && len >= 16)
		put_le32(in + 8, session[ctx % N_CTX]);
	fw_quick(in, len);
	run(ctx, len, get_le16(data + 1));
	return 0;
}
