// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * fuzz_libhsm.c - libhsm asks, the input answers. An input is the number of a call (1 byte)
 * and replies, each a byte of REP_* and what it needs: bytes as they are, or a list of TLVs
 * (input_tlvs()). Whatever comes, what the call leaves has to be as hsm.h says.
 */
#include <endian.h>
#include <errno.h>
#include <sanitizer/asan_interface.h>
#include <string.h>

#include "conn.h"
#include "envelope.h"
#include "fuzzing.h"
#include "hsm.h"
#include "members.h"

#define REP_RAW		0x01	/* bytes, header and all */
#define REP_ERROR	0x02	/* an errno in place of a reply */
#define REP_ROOM	0x04	/* asks for more room first */
#define REP_STATUS	0x08	/* a status (1 byte) */

static struct input replies;
static struct hsm *h;
static struct hsm_result res;
static uint8_t reply[2 * HSM_MSG_MAX];
static size_t reply_len;

static const struct known_tag tags[] = {
	{ HSM_TAG_DATA, 0 }, { HSM_TAG_HANDLE, 8 }, { HSM_TAG_NODE, 8 }, { HSM_TAG_BAD_TAG, 4 },
	{ HSM_TAG_HANDLE_PUBLIC, 8 }, { HSM_TAG_HANDLE_PRIVATE, 8 }, { HSM_TAG_HANDLES, 0 },
	{ HSM_TAG_USER, sizeof(struct hsm_user_rec) }, { HSM_TAG_SESSION, 4 },
	{ HSM_TAG_USER_ID, 4 }, { HSM_TAG_USER_TYPE, 4 }, { HSM_TAG_USER_NAME, 0 },
	{ HSM_TAG_SHARE_USER, 4 }, { HSM_TAG_M_VALUE, 4 }, { HSM_TAG_TOTAL, 4 },
	{ HSM_TAG_OWNER, 4 }, { HSM_TAG_IV, 0 }, { HSM_TAG_OPERATION, 4 },
	{ HSM_TAG_TEMPLATE, 4 }, { HSM_TAG_POINT, 65 }, { HSM_TAG_NONCE, 32 },
	{ HSM_TAG_CARD, sizeof(struct hsm_card_info) }, { HSM_TAG_SERVICE, 4 },
	{ HSM_TAG_TOKEN, sizeof(struct hsm_token) }, { HSM_TAG_TOKEN_ID, 4 },
	{ HSM_TAG_TOKEN_INFO, sizeof(struct hsm_token_info) },
	{ HSM_TAG_KEY_REF, sizeof(struct hsm_key_ref) }, { HSM_TAG_KEY_HASH, 32 },
	{ HSM_TAG_ATTESTATION, sizeof(struct hsm_attestation) }, { HSM_TAG_SIGNATURE, 0 },
	{ HSM_TAG_AUDIT_REC, sizeof(struct hsm_audit_rec) },
	{ HSM_TAG_AUDIT_HEAD, sizeof(struct hsm_audit_head) },
	{ HSM_TAG_CLUSTER, sizeof(struct hsm_cluster_info) },
	{ HSM_TAG_MEMBER, sizeof(struct hsm_member) }, { HSM_TAG_LEN, 4 },
	{ HSM_ATTR_LABEL, 0 }, { HSM_ATTR_CLASS, 4 }, { HSM_ATTR_KEY_TYPE, 4 },
	{ HSM_ATTR_TOKEN, 1 }, { HSM_ATTR_MODULUS, 0 }, { HSM_ATTR_KCV, 3 },
	{ HSM_TAG_START, 4 }, { HSM_TAG_PUBLIC_KEY, 0 }, { HSM_TAG_CERT, 4 },
};

static void make_reply(uint8_t how, const uint8_t *request)
{
	struct input raw;
	uint32_t len;

	reply_len = 0;
	if (how & REP_RAW) {
		raw = input_piece(&replies);
		if (raw.left)
			memcpy(reply, raw.p, raw.left);
		reply_len = raw.left;
		return;
	}
	memset(reply, 0, sizeof(struct hsm_msg_rep));
	memcpy(reply, request, 2);
	if (how & REP_STATUS)
		reply[8] = input_u8(&replies);
	reply_len = sizeof(struct hsm_msg_rep);
	reply_len += input_tlvs(&replies, tags, COUNT(tags), reply + reply_len, HSM_MSG_MAX);
	len = htole32((uint32_t)reply_len);
	memcpy(reply + 4, &len, sizeof(len));
}

static int card_exec(void *conn, const void *in, size_t in_len, void *out, size_t *out_len,
		     uint32_t timeout_ms, uint64_t cookie)
{
	static bool waits;	/* a reply that did not fit comes again */
	const size_t room = *out_len;
	uint8_t how = 0;

	(void)conn;
	(void)timeout_ms;
	(void)cookie;
	must(in_len >= 16 && in_len <= HSM_MSG_MAX, "a request of no good length");
	if (!waits) {
		if (!replies.left)
			return -EIO;
		how = input_u8(&replies);
		if (how & REP_ERROR)
			return -(int)input_u8(&replies) - 1;
		make_reply(how, in);
	}
	*out_len = reply_len;
	waits = !waits && (reply_len > room || how & REP_ROOM);
	if (waits)
		return -ENOSPC;
	*out_len = reply_len < room ? reply_len : room;
	memcpy(out, reply, *out_len);
	return 0;
}

static int card_cancel(void *conn, uint64_t cookie)
{
	(void)conn;
	(void)cookie;
	return -ENOENT;
}

static void card_close(void *conn)
{
	(void)conn;
}

/* Every byte of it is there. */
static void look(const void *p, size_t len)
{
	must(!len || !__asan_region_is_poisoned((void *)(uintptr_t)p, len),
	     "bytes that are not there");
}

static void look_text(const char *text, size_t room)
{
	must(memchr(text, 0, room), "a text without end");
}

static void look_bytes(int rc, struct hsm_bytes *b)
{
	must(!rc || !b->p, "bytes in spite of an error");
	look(b->p, b->len);
	hsm_bytes_clear(b);
}

static void look_list(int rc, void *p, size_t len)
{
	must(!rc || !p, "a list in spite of an error");
	look(p, p ? len : 0);
	hsm_free(p);
}

static const struct hsm_attr attrs[] = { { HSM_ATTR_LABEL, 3, "lab" } };
static const uint8_t some[64] = "some bytes";

static void call_card(void)
{
	struct hsm_card card;

	if (hsm_card_info(h, &card, &res))
		return;
	look_text(card.label, sizeof(card.label));
	look_text(card.serial, sizeof(card.serial));
	look_text(card.build, sizeof(card.build));
}

static void call_nop(void)
{
	hsm_nop(h, &res);
}

static void call_cert(void)
{
	struct hsm_bytes der;

	look_bytes(hsm_cert(h, HSM_CERT_HARDWARE, &der, &res), &der);
}

static void call_random(void)
{
	uint8_t buf[32];

	if (!hsm_random(h, buf, sizeof(buf), &res))
		look(buf, sizeof(buf));
}

static void call_session(void)
{
	struct hsm_user user;
	uint32_t session;

	hsm_session_open(h, &session, &res);
	hsm_login(h, 1, HSM_USER_CU, "alice", "password", 8, &res);
	if (!hsm_login_status(h, 1, &user, &res))
		look_text(user.name, sizeof(user.name));
	hsm_logout(h, 1, &res);
	hsm_session_close(h, 1, &res);
}

static void call_challenge(void)
{
	const struct hsm_factor factor = { some, 64, some, 64 };
	uint8_t nonce[HSM_NONCE_LEN];
	uint32_t id;

	hsm_challenge(h, 1, nonce, &res);
	hsm_user_create_2fa(h, 1, HSM_USER_CO, "o", "password", 8, &factor, &id, &res);
}

static void call_users(void)
{
	struct hsm_user *users;
	size_t n;
	int rc = hsm_user_list(h, 1, &users, &n, &res);

	for (size_t i = 0; !rc && i < n; i++)
		look_text(users[i].name, sizeof(users[i].name));
	look_list(rc, users, n * sizeof(*users));
}

static void call_user_mask(void)
{
	struct hsm_bytes b;

	look_bytes(hsm_user_mask(h, 1, 3, &b, &res), &b);
}

static void call_gen(void)
{
	struct hsm_attest a;
	const struct hsm_key_spec spec = {
		.attrs = attrs, .n_attrs = 1, .min_srv = 1, .attest = &a,
	};
	uint64_t x, y;

	hsm_attest_begin(&a);
	hsm_key_gen_sym(h, 1, &spec, &x, &res);
	look(a.statement, a.statement_len);
	look(a.signature, a.signature_len);
	hsm_key_gen_pair(h, 1, &spec, &x, &y, &res);
}

static void call_find(void)
{
	uint64_t *handles;
	size_t n;
	int rc = hsm_key_find(h, 1, attrs, 1, NULL, 0, &handles, &n, &res);

	look_list(rc, handles, n * sizeof(*handles));
}

static void call_attrs(void)
{
	const uint32_t all = HSM_ATTR_ALL;
	struct hsm_attrs *a;
	uint8_t digest[HSM_DIGEST_LEN];
	int rc = hsm_key_attrs(h, 1, 6, &all, 1, &a, &res);

	for (size_t i = 0; !rc && i < a->n; i++)
		look(a->v[i].value, a->v[i].len);
	if (!rc)
		must(hsm_attest_attrs(a, digest), "no digest");
	if (!rc)
		hsm_attrs_get(a, HSM_ATTR_LABEL);
	look_list(rc, a, sizeof(*a));
}

static void call_info(void)
{
	struct hsm_key_info *info;
	int rc = hsm_key_info(h, 1, 6, &info, &res);

	look_list(rc, info, rc ? 0 : sizeof(*info) + info->n_users * sizeof(info->users[0]));
}

static void call_public(void)
{
	struct hsm_bytes b;

	look_bytes(hsm_key_get_public(h, 1, 6, &b, &res), &b);
	look_bytes(hsm_key_mask(h, 1, 6, &b, &res), &b);
}

static void call_wrap(void)
{
	const struct hsm_wrap w = { .mechanism = HSM_WRAP_AES_GCM };
	struct hsm_bytes b, iv;
	int rc = hsm_key_wrap(h, 1, 6, 7, &w, &b, &iv, &res);

	look_bytes(rc, &b);
	look_bytes(rc, &iv);
}

static void call_unwrap(void)
{
	const struct hsm_wrap w = { .mechanism = HSM_WRAP_AES_PAD, .templ = 1 };
	uint64_t handle;
	uint32_t templ;

	hsm_template(h, 1, attrs, 1, &templ, &res);
	hsm_key_unwrap(h, 1, 6, &w, some, 40, NULL, &handle, &res);
	hsm_key_restore(h, 1, some, 40, 6, &res);
}

static void call_host_wrap(void)
{
	const struct hsm_wrap w = { .mechanism = HSM_WRAP_AES_PAD };
	struct hsm_bytes b;

	look_bytes(hsm_host_wrap(h, 1, 6, &w, some, 32, &b, &res), &b);
}

static void call_host_unwrap(void)
{
	const struct hsm_wrap w = { .mechanism = HSM_WRAP_AES_PAD };
	struct hsm_bytes b;

	look_bytes(hsm_host_unwrap(h, 1, 6, &w, some, 40, &b, &res), &b);
}

static void call_crypt(void)
{
	const struct hsm_crypt c = { .use = HSM_USE_ENCRYPT, .mechanism = HSM_CKM_AES_GCM };
	struct hsm_bytes b, iv;
	int rc = hsm_crypt(h, 1, &c, some, 32, &b, &iv, &res);

	look_bytes(rc, &b);
	look_bytes(rc, &iv);
}

static void call_parts(void)
{
	const struct hsm_crypt c = { .use = HSM_USE_SIGN, .mechanism = HSM_CKM_AES_CMAC };
	struct hsm_bytes b, iv;
	uint32_t op;

	look_bytes(hsm_crypt_init(h, 1, &c, &op, &iv, &res), &iv);
	look_bytes(hsm_crypt_update(h, 1, 1, some, 32, &b, &res), &b);
	look_bytes(hsm_crypt_final(h, 1, 1, NULL, 0, &b, &res), &b);
}

static ssize_t read_some(void *opaque, void *buf, size_t room)
{
	size_t *left = opaque, n = *left < room ? *left : room;

	memset(buf, 'x', n);
	*left -= n;
	return (ssize_t)n;
}

static void call_stream(void)
{
	const struct hsm_crypt c = { .use = HSM_USE_SIGN, .mechanism = HSM_CKM_SHA256_RSA_PKCS };
	size_t left = HSM_CRYPT_MAX + 10;
	struct hsm_bytes b;

	look_bytes(hsm_crypt_stream(h, 1, &c, read_some, &left, &b, &res), &b);
}

static void call_list(void)
{
	struct hsm_key_ref_info *keys;
	uint8_t hash[HSM_DIGEST_LEN];
	bool hashed;
	size_t n;
	int rc = hsm_key_list(h, 1, 0, &keys, &n, hash, &hashed, &res);

	look_list(rc, keys, n * sizeof(*keys));
}

static void call_m_value(void)
{
	uint32_t m;

	hsm_m_value_get(h, 1, HSM_SERVICE_USER_MGMT, &m, &res);
}

static void call_token(void)
{
	struct hsm_token token;
	struct hsm_quorum q, *list;
	size_t n;
	int rc;

	if (!hsm_token_new(h, 1, HSM_SERVICE_KEY_USE, 6, &token, &res)) {
		hsm_token_read(&token, &q);
		look_text(q.user_name, sizeof(q.user_name));
		look_text(q.serial, sizeof(q.serial));
	}
	rc = hsm_token_list(h, 1, &list, &n, &res);
	for (size_t i = 0; !rc && i < n; i++) {
		look_text(list[i].user_name, sizeof(list[i].user_name));
		for (uint32_t j = 0; j < list[i].approvals && j < HSM_M_VALUE_MAX; j++)
			look_text(list[i].approver[j], sizeof(list[i].approver[j]));
	}
	look_list(rc, list, n * sizeof(*list));
}

static void call_attest(void)
{
	const uint64_t handles[] = { 6, 7 };
	struct hsm_trust trust = { 0 };
	struct hsm_attest a;

	hsm_attest_begin(&a);
	hsm_attest(h, 1, handles, 2, &a, &res);
	must(a.statement_len <= sizeof(a.statement), "a statement that is too long");
	hsm_trust_card(h, &trust, &res);
	hsm_attest_check(&a, &trust, NULL, 0);
	hsm_trust_clear(&trust);
}

static void call_audit(void)
{
	struct hsm_audit_head head;
	struct hsm_bytes b;

	look_bytes(hsm_audit_read(h, 1, 0, &b, &res), &b);
	look_bytes(hsm_audit_head(h, 1, some, &head, &b, &res), &b);
}

static void call_export(void)
{
	struct hsm_bytes b;

	look_bytes(hsm_audit_export(h, 1, some, &b, &res), &b);
}

static void call_cluster(void)
{
	struct hsm_membership m;

	if (hsm_cluster_info(h, &m, &res))
		return;
	must(m.n <= HSM_MEMBERS_MAX, "too many members");
	members_print(&m);
	for (uint32_t i = 0; i < m.n; i++)
		look_text(m.members[i].address, sizeof(m.members[i].address));
	hsm_same_cluster(&m, &m);
}

static void (*const calls[])(void) = {
	call_nop, call_card, call_cert, call_random, call_session, call_challenge, call_users,
	call_user_mask, call_gen, call_find, call_attrs, call_info, call_public, call_wrap,
	call_unwrap, call_host_wrap, call_host_unwrap, call_crypt, call_parts, call_stream,
	call_list, call_m_value, call_token, call_attest, call_audit, call_export, call_cluster,
};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	hush();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct hsm_conn_ops ops = { card_exec, card_cancel, card_close };

	replies = (struct input){ data, size };
	must(!hsm_open_conn(&ops, NULL, &h), "no connection");
	calls[input_u8(&replies) % COUNT(calls)]();
	must(res.n_nodes <= HSM_NODES_MAX, "too many nodes");
	hsm_strerror(res.rc);
	hsm_close(h);
	return 0;
}
