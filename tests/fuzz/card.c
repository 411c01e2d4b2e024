// SPDX-License-Identifier: GPL-2.0-or-later
/* card.c - a card with users, keys and a token. It is made once, and copied for each input. */
#include "card.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "records.h"
#include "store.h"

#define GUARD	0xa7
#define GUARDED	64	/* bytes behind the room of a reply */
#define HEAD	sizeof(struct hsm_msg_rep)
/* Of a reply that is an error: header, BAD_TAG, a line for this node. */
#define ERROR_MAX (HEAD + REPLY_BAD_TAG_LEN + REPLY_NODE_LEN)

struct card card;

const char *const people[PEOPLE] = { "admin", "officer", "alice", "bob", "app_user" };
const char password[] = "Secret_123";

static const struct {
	uint32_t type;
	const char *name;
} who[CONTEXTS] = {
	[ADMIN] = { HSM_USER_CO, "admin" }, [OFFICER] = { HSM_USER_CO, "officer" },
	[ALICE] = { HSM_USER_CU, "alice" }, [BOB] = { HSM_USER_CU, "bob" },
	[AUDITOR] = { HSM_USER_AU, "app_user" }, [ADMIN_TOO] = { HSM_USER_CO, "admin" },
	[ALICE_TOO] = { HSM_USER_CU, "alice" },
};

static struct records made;
static struct store *store;
static EVP_PKEY *signers[PEOPLE];
static struct bytes public_keys[PEOPLE];

static bool trace;	/* FUZZ_TRACE: what each message came to */
static unsigned int done_calls;
static enum fw_result result;

static void done(struct fw_req *req, enum fw_result res)
{
	(void)req;
	done_calls++;
	result = res;
}

/* What was made room for and not used is zero, and nothing behind it was touched. */
__attribute__((no_sanitize("address", "undefined", "coverage")))
static bool rest_untouched(size_t used, size_t room)
{
	bool ok = true;

	for (size_t i = used; i < room + GUARDED; i++)
		ok &= card.out[i] == GUARD || (i < room && !card.out[i]);
	return ok;
}

static void check_reply(const struct fw_req *req)
{
	size_t used = result == FW_OK ? req->out_len : 0;

	must(done_calls == 1, "done was not called once");
	if (result == FW_OK) {
		must(used >= HEAD && used <= req->out_room, "the reply does not fit");
		must(get_le32(card.out + 4) == used, "the reply does not know its length");
		must(get_le16(card.out) == (req->in_len < 2 ? 0xffff : get_le16(card.in)),
		     "the reply is to another command");
		must(!get_le32(card.out + 8) || used <= ERROR_MAX, "an error carries data");
	}
	must(rest_untouched(used, req->out_room), "bytes behind the reply were written");
}

/* Sessions are those of their context alone. */
static void check_session(uint32_t ctx, size_t len)
{
	uint32_t session = len >= HEAD ? get_le32(card.in + 8) : 0;

	if (result != FW_OK || get_le32(card.out + 8) || !session)
		return;
	for (uint32_t i = 0; i < CONTEXTS; i++)
		must(i == ctx || card.session[i] != session,
		     "the session of another context was taken");
}

uint32_t card_send(const struct how *how, size_t len)
{
	struct fw_req req = {
		.ctx = how->ctx, .rights = how->rights, .in = card.in, .in_len = len,
		.out = card.out, .out_room = how->room, .done = done, .cancel = how->cancel,
	};

	memset(card.out, GUARD, how->room + GUARDED);
	done_calls = 0;
	fw_quick(card.in, len);
	fw_exec(card.fw, &req);
	check_reply(&req);
	card.out_len = result == FW_OK ? req.out_len : 0;
	if (trace)
		fprintf(stderr, "context %u, command 0x%04x: result %d, status 0x%x\n", how->ctx,
			get_le16(card.in), result, result == FW_OK ? get_le32(card.out + 8) : 0);
	check_session(how->ctx, len);
	invariants_check();
	return result == FW_OK ? get_le32(card.out + 8) : UINT32_MAX;
}

struct tlv_writer message(uint16_t opcode, uint32_t session)
{
	struct tlv_writer w;

	memset(card.in, 0, HEAD);
	put_le16(card.in, opcode);
	put_le32(card.in + 8, session);
	tlv_write_init(&w, card.in + HEAD, HSM_MSG_MAX - HEAD);
	return w;
}

size_t message_end(const struct tlv_writer *w)
{
	put_le32(card.in + 4, (uint32_t)(HEAD + w->len));
	return HEAD + w->len;
}

static uint32_t send(uint32_t ctx, const struct tlv_writer *w)
{
	const struct how how = { .ctx = ctx, .rights = 0xff, .room = CARD_ROOM };

	return card_send(&how, message_end(w));
}

static struct tlv_writer about(uint16_t opcode, uint32_t ctx, uint32_t type, const char *name)
{
	struct tlv_writer w = message(opcode, card.session[ctx]);

	tlv_put_u32(&w, HSM_TAG_USER_TYPE, type);
	tlv_put(&w, HSM_TAG_USER_NAME, name, strlen(name));
	return w;
}

static uint32_t credentials(uint16_t opcode, uint32_t ctx, uint32_t type, const char *name,
			    const char *pw)
{
	struct tlv_writer w = about(opcode, ctx, type, name);

	tlv_put(&w, HSM_TAG_PASSWORD, pw, strlen(pw));
	return send(ctx, &w);
}

/* Handles of sessions begin anew in each context: here no two have the same. */
static void count_apart(uint32_t ctx)
{
	struct ctx *c = ctx_get(card.fw, ctx);

	c->next_session += ctx * 0x1000;
	ctx_put(c);
}

/* A context that cannot have a session, or its user, goes without. */
static void open_context(uint32_t ctx)
{
	struct tlv_writer w = message(HSM_CMD_SESSION_OPEN, 0);
	struct tlv_reader r;
	struct tlv t;

	card.session[ctx] = 0;
	if (!fw_ctx_open(card.fw, ctx))
		return;
	count_apart(ctx);
	if (send(ctx, &w))
		return;
	tlv_read_init(&r, card.out + HEAD, card.out_len - HEAD);
	if (tlv_next_tag(&r, HSM_TAG_SESSION, &t))
		card.session[ctx] = get_le32(t.p);
	if (who[ctx].name)
		credentials(HSM_CMD_LOGIN, ctx, who[ctx].type, who[ctx].name, password);
}

void card_reopen(uint32_t ctx)
{
	fw_ctx_close(card.fw, ctx);
	open_context(ctx);
}

void card_reset(void)
{
	fw_reset(card.fw);
	for (uint32_t ctx = 0; ctx < CONTEXTS; ctx++)
		open_context(ctx);
}

static uint64_t now_ms(void *opaque)
{
	(void)opaque;
	return card.clock_ms;
}

static uint64_t wall_us(void *opaque)
{
	(void)opaque;
	return 1700000000000000 + card.clock_ms * 1000;
}

void card_start(struct store *st, struct cluster *cluster)
{
	static struct fw_platform platform;
	struct fw_config cfg = {
		.platform = &platform, .store = st, .secret = "fuzz", .secret_len = 4,
		.serial = "FUZZ", .node_id = 1, .cluster = cluster,
	};
	char err[256] = "";

	platform = *quiet_platform();
	platform.now_ms = now_ms;
	platform.wall_us = wall_us;
	card.clock_ms = 1000;
	store = st;
	card.fw = fw_new(&cfg, err, sizeof(err));
	must(card.fw, err);
	invariants_begin();
}

void card_free(void)
{
	fw_free(card.fw);
	store->ops->close(store);
	card.fw = NULL;
}

struct bytes person_key(unsigned int n)
{
	return public_keys[n % PEOPLE];
}

void person_sign(unsigned int n, struct bytes data, bool digest, uint8_t sig[256])
{
	EVP_PKEY *key = signers[n % PEOPLE];
	size_t len = 256;

	if (digest) {
		EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);

		must(c && EVP_PKEY_sign_init(c) == 1 &&
		     EVP_PKEY_CTX_set_signature_md(c, EVP_sha256()) == 1 &&
		     EVP_PKEY_sign(c, sig, &len, data.p, data.len) == 1, "no signature");
		EVP_PKEY_CTX_free(c);
	} else {
		EVP_MD_CTX *c = EVP_MD_CTX_new();

		must(c && EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, key) == 1 &&
		     EVP_DigestSign(c, sig, &len, data.p, data.len) == 1, "no signature");
		EVP_MD_CTX_free(c);
	}
}

static void make_signers(void)
{
	for (unsigned int i = 0; i < PEOPLE; i++) {
		unsigned char *der = NULL;
		int len;

		signers[i] = EVP_RSA_gen(HSM_QUORUM_RSA_BITS);
		len = i2d_PUBKEY(signers[i], &der);
		must(len > 0, "no RSA keys");
		public_keys[i] = (struct bytes){ der, (size_t)len };
	}
}

/* As @type a key to approve quorum tokens with. */
static void enroll(uint32_t ctx, unsigned int n)
{
	static const uint8_t token[32] = "a registration token";
	struct tlv_writer w = about(HSM_CMD_USER_REGISTER, ctx, who[ctx].type, who[ctx].name);
	uint8_t sig[256];

	person_sign(n, (struct bytes){ token, sizeof(token) }, false, sig);
	tlv_put(&w, HSM_TAG_DATA, token, sizeof(token));
	tlv_put(&w, HSM_TAG_SIGNATURE, sig, sizeof(sig));
	tlv_put(&w, HSM_TAG_PUBLIC_KEY, public_keys[n].p, public_keys[n].len);
	must(!send(ctx, &w), "no registration");
}

static void make_users(void)
{
	open_context(NOBODY);
	must(!credentials(HSM_CMD_LOGIN, NOBODY, HSM_USER_PRECO, "admin", "password") &&
		     !credentials(HSM_CMD_USER_PASSWORD, NOBODY, HSM_USER_PRECO, "admin",
				  password) &&
		     !credentials(HSM_CMD_USER_PASSWORD, NOBODY, HSM_USER_AU, "app_user",
				  password) &&
		     !credentials(HSM_CMD_USER_CREATE, NOBODY, HSM_USER_CU, "alice", password) &&
		     !credentials(HSM_CMD_USER_CREATE, NOBODY, HSM_USER_CU, "bob", password) &&
		     !credentials(HSM_CMD_USER_CREATE, NOBODY, HSM_USER_CO, "officer", password),
	     "no users");
}

struct wanted {
	uint16_t opcode;
	uint32_t type, tag, size;	/* what says how large it is */
	bool extractable;
};

/* Handles from HSM_FIRST_HANDLE on. */
static const struct wanted keys[] = {
	{ HSM_CMD_KEY_GEN_SYM, HSM_KEY_AES, HSM_ATTR_VALUE_LEN, 32, false },
	{ HSM_CMD_KEY_GEN_SYM, HSM_KEY_AES, HSM_ATTR_VALUE_LEN, 16, true },
	{ HSM_CMD_KEY_GEN_SYM, HSM_KEY_DES3, HSM_ATTR_VALUE_LEN, 24, true },
	{ HSM_CMD_KEY_GEN_SYM, HSM_KEY_GENERIC, HSM_ATTR_VALUE_LEN, 20, false },
	{ HSM_CMD_KEY_GEN_PAIR, HSM_KEY_EC, HSM_TAG_CURVE, HSM_CURVE_PRIME256V1, true },
	{ HSM_CMD_KEY_GEN_PAIR, HSM_KEY_RSA, HSM_ATTR_MODULUS_BITS, HSM_RSA_BITS_MIN, false },
};

/* The first is shared, and needs the approval of two to be used. */
static void make_key(size_t i)
{
	struct tlv_writer w = message(keys[i].opcode, card.session[ALICE]);

	tlv_put_u32(&w, HSM_ATTR_KEY_TYPE, keys[i].type);
	tlv_put(&w, HSM_ATTR_LABEL, "label", 5);
	tlv_put_u32(&w, keys[i].tag, keys[i].size);
	tlv_put_u8(&w, HSM_ATTR_EXTRACTABLE, keys[i].extractable);
	if (keys[i].type == HSM_KEY_RSA)
		tlv_put(&w, HSM_ATTR_PUBLIC_EXPONENT, "\1\0\1", 3);
	if (keys[i].type == HSM_KEY_GENERIC)
		tlv_put_u32(&w, HSM_TAG_SHARE_USER, 4);
	if (keys[i].type == HSM_KEY_GENERIC)
		tlv_put_u32(&w, HSM_TAG_M_VALUE, 2);
	must(!send(ALICE, &w), "no key");
}

static void make_all(void)
{
	make_signers();
	card_start(store_mem_open(), NULL);
	make_users();
	card_reset();
	enroll(ADMIN, 0);
	enroll(OFFICER, 1);
	enroll(ALICE, 2);
	enroll(BOB, 3);
	for (size_t i = 0; i < COUNT(keys); i++)
		make_key(i);
	records_take(&made, store);
	card_free();
}

void card_store(struct records *r)
{
	records_take(r, store);
}

const struct records *card_records(void)
{
	if (!made.n)
		make_all();
	return &made;
}

void card_new(void)
{
	card_start(records_store(card_records()), NULL);
	for (uint32_t ctx = 0; ctx < CONTEXTS; ctx++)
		open_context(ctx);
	trace = getenv("FUZZ_TRACE");
}
