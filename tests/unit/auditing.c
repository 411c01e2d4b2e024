// SPDX-License-Identifier: GPL-2.0-or-later
/* auditing.c - reads the audit log of a card and follows its chain. */
#include "auditing.h"

#include <stdlib.h>

#include <openssl/evp.h>

static struct log the_log;

/* Without the firmware's own helpers. */
static void sha256(const void *a, size_t a_len, const void *b, size_t b_len, uint8_t out[32])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	assert_non_null(ctx);
	assert_int_equal(EVP_DigestInit_ex(ctx, EVP_sha256(), NULL), 1);
	EVP_DigestUpdate(ctx, a, a_len);
	EVP_DigestUpdate(ctx, b, b_len);
	assert_int_equal(EVP_DigestFinal_ex(ctx, out, NULL), 1);
	EVP_MD_CTX_free(ctx);
}

void genesis(uint8_t hash[HSM_DIGEST_LEN])
{
	sha256("hsm audit 1", 11, "TEST-0001", 9, hash);
}

static struct hsm_audit_rec *new_rec(void)
{
	if (the_log.n == the_log.room) {
		the_log.room = 2 * the_log.room + 256;
		the_log.r = realloc(the_log.r, the_log.room * sizeof(the_log.r[0]));
		assert_non_null(the_log.r);
	}
	return &the_log.r[the_log.n++];
}

static size_t read_some(struct card *c, uint64_t first)
{
	struct msg *m = begin(HSM_CMD_AUDIT_READ, FIRST_SESSION);
	struct tlv_reader r;
	struct tlv t;
	size_t n = 0;

	add_u64(m, HSM_TAG_SEQUENCE, first);
	m->room = 2000;		/* so that it takes several */
	assert_int_equal(send(c, OFFICER, m), 0);
	tlv_read_init(&r, m->out + HEAD, m->req.out_len - HEAD);
	while (tlv_next_tag(&r, HSM_TAG_AUDIT_REC, &t)) {
		assert_int_equal(t.len, sizeof(the_log.r[0]));
		memcpy(new_rec(), t.p, t.len);
		n++;
	}
	return n;
}

static void check_head(struct card *c, const uint8_t hash[32])
{
	static const uint8_t nonce[HSM_NONCE_LEN] = { 1, 2, 3 };
	struct msg *m = begin(HSM_CMD_AUDIT_HEAD, FIRST_SESSION);
	struct hsm_audit_head head;
	struct tlv t;

	add(m, HSM_TAG_NONCE, nonce, sizeof(nonce));
	assert_int_equal(send(c, OFFICER, m), 0);
	assert_true(reply_find(m, HSM_TAG_AUDIT_HEAD, &t) && t.len == sizeof(head));
	memcpy(&head, t.p, sizeof(head));
	assert_int_equal(head.next, the_log.n);
	assert_memory_equal(head.hash, hash, 32);
	assert_memory_equal(head.nonce, nonce, 32);
}

const struct log *read_log(struct card *c)
{
	uint8_t hash[32];

	the_log.n = 0;
	while (read_some(c, the_log.n))
		;
	genesis(hash);
	for (size_t i = 0; i < the_log.n; i++) {
		const struct hsm_audit_rec *rec = &the_log.r[i];

		assert_memory_equal(rec->magic, "HSMA", 4);
		assert_int_equal(rec->version, 1);
		assert_int_equal(rec->sequence, i);
		sha256(hash, 32, rec, offsetof(struct hsm_audit_rec, hash), hash);
		assert_memory_equal(hash, rec->hash, 32);
	}
	check_head(c, hash);
	return &the_log;
}

const struct hsm_audit_rec *last_rec(struct card *c, size_t back)
{
	const struct log *log = read_log(c);

	assert_true(back < log->n);
	return &log->r[log->n - 1 - back];
}

void check_last(struct card *c, uint32_t opcode, uint32_t status, uint32_t caller)
{
	const struct hsm_audit_rec *rec = last_rec(c, 0);

	assert_int_equal(rec->opcode, opcode);
	assert_int_equal(rec->status, status);
	assert_int_equal(rec->caller, caller);
}
