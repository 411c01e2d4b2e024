// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * chain.c - the audit log after a kill: what was read before is still there, the chain
 * goes on without a gap, and it tells of every key.
 */
#include <inttypes.h>
#include <string.h>

#include <openssl/evp.h>

#include "check.h"
#include "client.h"
#include "hsm/hsm_audit.h"

#define MAX_HANDLES 1000000u

static struct request req;
static uint8_t told[MAX_HANDLES / 8];
static struct chain seen;

static void sha256(const void *a, size_t a_len, const void *b, size_t b_len, uint8_t out[32])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);
	EVP_DigestUpdate(ctx, a, a_len);
	EVP_DigestUpdate(ctx, b, b_len);
	EVP_DigestFinal_ex(ctx, out, NULL);
	EVP_MD_CTX_free(ctx);
}

static void note_key(uint64_t handle)
{
	if (handle && handle < MAX_HANDLES)
		told[handle / 8] |= (uint8_t)(1u << handle % 8);
}

bool chain_tells_of(uint64_t handle)
{
	return told[handle / 8] >> handle % 8 & 1;
}

void chain_begin(struct chain *ch, const char *serial)
{
	ch->next = 0;
	sha256(HSM_AUDIT_GENESIS, strlen(HSM_AUDIT_GENESIS), serial, strlen(serial), ch->hash);
}

bool chain_take(struct chain *ch, const struct hsm_audit_rec *rec)
{
	if (!check(rec->sequence == ch->next, "record %" PRIu64 " has number %" PRIu64, ch->next,
		   (uint64_t)rec->sequence))
		return false;
	sha256(ch->hash, 32, rec, offsetof(struct hsm_audit_rec, hash), ch->hash);
	if (!check(!memcmp(ch->hash, rec->hash, 32), "record %" PRIu64 " does not follow",
		   ch->next))
		return false;
	ch->next++;
	return true;
}

static bool take_record(const struct hsm_audit_rec *rec)
{
	if (!chain_take(&seen, rec))
		return false;
	if (!rec->status && (rec->opcode == HSM_CN_GENERATE_KEY ||
			     rec->opcode == HSM_CN_GENERATE_KEY_PAIR)) {
		note_key(rec->handle);
		note_key(rec->handle_public);
	}
	return true;
}

/* Sends AUDIT_READ from @first on; the records are in req. */
static bool read_from(struct client *c, uint64_t first)
{
	client_begin(c, &req, HSM_CMD_AUDIT_READ);
	tlv_put_u64(&req.w, HSM_TAG_SEQUENCE, first);
	return check(!client_send(c, &req), "audit log from %" PRIu64 ": status 0x%x", first,
		     req.status);
}

static bool take_some(struct client *c)
{
	struct hsm_audit_rec rec;
	struct tlv_reader r;
	uint64_t before = seen.next;
	struct tlv t;

	if (!read_from(c, seen.next))
		return false;
	tlv_read_init(&r, req.out + 16, req.req.out_len - 16);
	while (tlv_next_tag(&r, HSM_TAG_AUDIT_REC, &t)) {
		memcpy(&rec, t.p, sizeof(rec));
		if (!take_record(&rec))
			return false;
	}
	return seen.next != before;
}

/* The last record that was read before a kill is the same after it. */
static void check_last(struct client *c)
{
	struct tlv t;

	if (!seen.next) {
		chain_begin(&seen, CLIENT_SERIAL);
		return;
	}
	check(read_from(c, seen.next - 1) && client_find(&req, HSM_TAG_AUDIT_REC, &t) &&
	      !memcmp(t.p + offsetof(struct hsm_audit_rec, hash), seen.hash, 32),
	      "record %" PRIu64 " is gone or another", seen.next - 1);
}

void check_chain(struct client *c)
{
	uint32_t rv = client_officer(c);

	if (!check(!rv, "login of the officer: status 0x%x", rv))
		return;
	check_last(c);
	while (take_some(c))
		;
}
