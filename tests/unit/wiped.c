// SPDX-License-Identifier: GPL-2.0-or-later
/* wiped.c - what the tests of wipes share. */
#include "wiped.h"

#include "dump.h"

static const struct {
	uint32_t number;
	bool stays;
} certs[WIPED_CERTS] = {
	{ HSM_CERT_MANUFACTURER_ROOT, true }, { HSM_CERT_HARDWARE, true },
	{ HSM_CERT_CUSTOMER_ROOT, false }, { HSM_CERT_CLUSTER_CUSTOMER, false },
	{ HSM_CERT_CLUSTER_MANUFACTURER, false },
};

static size_t cert_of(struct card *c, uint32_t number, uint8_t der[4096])
{
	struct msg *m = begin(HSM_CMD_CERT, 0);
	struct tlv t;

	add_u32(m, HSM_TAG_CERT, number);
	assert_int_equal(send(c, NOBODY, m), 0);
	assert_true(reply_find(m, HSM_TAG_DATA, &t) && t.len <= 4096);
	memcpy(der, t.p, t.len);
	return t.len;
}

static void set_m_value(struct card *c)
{
	struct msg *m = begin(HSM_CMD_M_VALUE_SET, FIRST_SESSION);

	add_u32(m, HSM_TAG_SERVICE, HSM_SERVICE_USER_MGMT);
	add_u32(m, HSM_TAG_M_VALUE, 2);
	assert_int_equal(send(c, OFFICER, m), 0);
}

uint64_t fill_card(struct card *c, struct before *b)
{
	struct msg *m;
	struct tlv t;
	uint64_t h;
	uint32_t i;

	for (i = 0; i < WIPED_CERTS; i++)
		b->cert_len[i] = cert_of(c, certs[i].number, b->cert[i]);
	h = made(c, ALICE, begin_aes("kept"));
	memcpy(b->value, peek(c, h)->secret, sizeof(b->value));
	m = begin_aes("of the session");
	add_u8(m, HSM_ATTR_TOKEN, 0);
	made(c, ALICE, m);
	made(c, BOB, begin_rsa("pair"));
	m = begin(HSM_CMD_KEY_MASK, FIRST_SESSION);
	add_u64(m, HSM_TAG_HANDLE, h);
	assert_int_equal(send(c, ALICE, m), 0);
	assert_true(reply_find(m, HSM_TAG_DATA, &t));
	memcpy(b->masked, t.p, t.len);
	b->masked_len = t.len;
	set_m_value(c);
	return h;
}

void check_forgotten(struct card *c)
{
	const struct object_table *t = &c->fw->objects;

	assert_null(t->first);
	assert_int_equal(t->live, 0);
	assert_int_equal(t->bytes, 0);
	assert_int_equal(c->fw->sessions, 0);
	assert_int_equal(c->fw->users.n, 2);
	assert_int_equal(c->fw->quorum.m_value[0], 0);
	assert_int_equal(c->fw->quorum.m_coming[0], 0);
}

static void check_certs(struct card *c, const struct before *b)
{
	uint8_t der[4096];
	uint32_t i;

	for (i = 0; i < WIPED_CERTS; i++) {
		size_t len = cert_of(c, certs[i].number, der);
		bool same = len == b->cert_len[i] && !memcmp(der, b->cert[i], len);

		assert_int_equal(same, certs[i].stays);
	}
}

/* In contexts of its own: the others may have sessions that are none any more. */
void check_fresh(struct card *c, const struct before *b)
{
	struct hsm_user_rec rec;
	struct msg *m;
	uint32_t ctx;

	for (ctx = ADMIN; ctx <= NOBODY; ctx++)
		fw_ctx_close(c->fw, ctx);
	card_open_contexts(c);
	check_certs(c, b);
	get_user(c, "alice", &rec);
	assert_int_equal(rec.id, 0);
	assert_int_equal(login(c, ADMIN, HSM_USER_CO, "admin", PASSWORD), HSM_RV_LOGIN_FAILURE);
	assert_int_equal(login(c, ADMIN, HSM_USER_PRECO, "admin", "password"), 0);
	assert_int_equal(user_password(c, ADMIN, HSM_USER_PRECO, "admin", PASSWORD), 0);
	assert_int_equal(user_create(c, ADMIN, HSM_USER_CU, "alice", PASSWORD), 0);
	get_user(c, "alice", &rec);
	assert_int_equal(rec.id, ID_ALICE);
	assert_int_equal(login(c, ALICE, HSM_USER_CU, "alice", PASSWORD), 0);
	assert_int_equal(found(c, ALICE, begin_find()), 0);
	assert_int_equal(made(c, ALICE, begin_aes("new")), HSM_FIRST_HANDLE);
	m = begin(HSM_CMD_KEY_UNMASK, FIRST_SESSION);
	add(m, HSM_TAG_DATA, b->masked, b->masked_len);
	assert_int_equal(send(c, ALICE, m), HSM_RV_BAD_MASKED_OBJECT);
}

uint32_t zeroize(struct card *c, uint32_t ctx)
{
	return send(c, ctx, begin(HSM_CMD_ZEROIZE, FIRST_SESSION));
}
