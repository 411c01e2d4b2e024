// SPDX-License-Identifier: GPL-2.0-or-later
/* attest.c - ATTEST, and the statements in the answers of commands that make keys. */
#include "attest.h"

#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "cmd_key.h"
#include "members.h"

#define STATEMENT_MAX \
	(sizeof(struct hsm_attestation) + ATTEST_KEYS * sizeof(struct hsm_attested_key))
#define VERSION		1

/* A field of the wire structure @type at @p. */
#define AT(p, type, field)	((uint8_t *)(p) + offsetof(struct type, field))

/* The digest of the running firmware, taken when it is first wanted; or NULL. */
static const uint8_t *measurement(struct fw *fw)
{
	const struct fw_platform *p = &fw->platform;
	uint8_t sha256[HSM_DIGEST_LEN];
	bool known;

	fw_lock_read(fw);
	known = fw->measured;
	fw_unlock(fw);
	if (known)
		return fw->measurement;
	if (!p->measure(p->opaque, sha256)) {
		fw_log(fw, FW_LOG_ERROR, "attestation: the firmware cannot be measured");
		return NULL;
	}
	fw_lock_write(fw);
	if (!fw->measured)
		memcpy(fw->measurement, sha256, sizeof(sha256));
	fw->measured = true;
	fw_unlock(fw);
	return fw->measurement;
}

int attest_ready(struct call *c, size_t more)
{
	if (!c->fw->identity)
		return HSM_RV_RECORD_DAMAGED;
	if (!measurement(c->fw))
		return HSM_RV_SELFTEST_FAILED;
	return call_room(c, ATTEST_ROOM + more);
}

/* Numbers of a key, and a copy of the TLVs that attrs is to be the digest of. */
static bool describe(const struct object *o, uint32_t origin, struct hsm_attested_key *k,
		     struct tlv_writer *attrs)
{
	struct tlv_writer size;
	uint8_t *p;

	memset(k, 0, sizeof(*k));
	put_le64(AT(k, hsm_attested_key, handle), o->handle);
	put_le32(AT(k, hsm_attested_key, origin), origin);
	put_le32(AT(k, hsm_attested_key, owner), o->owner);
	put_le32(AT(k, hsm_attested_key, m_value), o->m_value);
	put_le32(AT(k, hsm_attested_key, shares), o->n_shares);
	tlv_write_init(&size, NULL, 0);
	attr_write_all(o, &size);
	p = malloc(size.need);
	tlv_write_init(attrs, p, p ? size.need : 0);
	attr_write_all(o, attrs);
	return attrs->len;
}

static bool digest(struct tlv_writer *attrs, struct hsm_attested_key *k)
{
	bool ok = attrs->p && fc_sha256(attrs->p, attrs->len, k->attrs);

	free(attrs->p);
	return ok;
}

bool attest_key(const struct object *o, uint32_t origin, struct hsm_attested_key *k)
{
	struct tlv_writer attrs;

	describe(o, origin, k, &attrs);
	return digest(&attrs, k);
}

static void put_card(struct fw *fw, uint8_t *st)
{
	uint32_t users;

	fw_lock_read(fw);
	users = (uint32_t)fw->users.live;
	fw_unlock(fw);
	memcpy(AT(st, hsm_attestation, measurement), measurement(fw), HSM_DIGEST_LEN);
	memcpy(AT(st, hsm_attestation, serial), fw->serial, strlen(fw->serial));
	put_le32(AT(st, hsm_attestation, node_id), fw->node_id);
	put_le32(AT(st, hsm_attestation, policy), fw->policy);
	put_le32(AT(st, hsm_attestation, fips_state), fw->fips ? 2 : 0);
	put_le32(AT(st, hsm_attestation, fw_major), FW_VERSION_MAJOR);
	put_le32(AT(st, hsm_attestation, fw_minor), FW_VERSION_MINOR);
	put_le32(AT(st, hsm_attestation, nodes), (uint32_t)members_live(fw));
	put_le32(AT(st, hsm_attestation, users), users);
	put_le64(AT(st, hsm_attestation, time_us), fw->platform.wall_us(fw->platform.opaque));
}

static void put_log(struct fw *fw, uint8_t *st)
{
	uint32_t reboot;
	uint64_t next;

	audit_state(fw, &reboot, &next, AT(st, hsm_attestation, audit_hash));
	put_le32(AT(st, hsm_attestation, reboot), reboot);
	put_le64(AT(st, hsm_attestation, audit_next), next);
}

bool attest_put(struct call *c, const uint8_t nonce[HSM_NONCE_LEN],
		const struct hsm_attested_key *keys, size_t n)
{
	uint8_t st[STATEMENT_MAX] = "HSMQ", sig[IDENTITY_SIG_MAX];
	size_t sig_len, len = sizeof(struct hsm_attestation);

	put_le16(AT(st, hsm_attestation, version), VERSION);
	put_le16(AT(st, hsm_attestation, n_keys), (uint16_t)n);
	memcpy(AT(st, hsm_attestation, nonce), nonce, HSM_NONCE_LEN);
	put_card(c->fw, st);
	put_log(c->fw, st);
	if (n)
		memcpy(st + len, keys, n * sizeof(*keys));
	len += n * sizeof(*keys);
	if (!identity_sign(c->fw, st, len, sig, &sig_len))
		return false;
	tlv_put(&c->out, HSM_TAG_ATTESTATION, st, len);
	tlv_put(&c->out, HSM_TAG_SIGNATURE, sig, sig_len);
	return true;
}

/* fw.lock held. The keys that the caller names; what was copied is the caller's to digest. */
static int describe_named(struct call *c, struct hsm_attested_key *keys, struct tlv_writer *attrs)
{
	struct tlv_reader r;
	struct object *o;
	struct tlv t;
	size_t i = 0;
	int rc = 0;

	call_each(c, &r);
	while (!rc && tlv_next_tag(&r, HSM_TAG_HANDLE, &t)) {
		rc = key_find_handle(c, HSM_TAG_HANDLE, get_le64(t.p), KEY_SEE, &o);
		if (!rc && !describe(o, 0, &keys[i], &attrs[i]))
			rc = HSM_RV_NO_MEMORY;
		i++;
	}
	return rc;
}

static int named_keys(struct call *c, struct hsm_attested_key *keys, size_t n)
{
	struct tlv_writer attrs[ATTEST_KEYS] = { { 0 } };
	size_t i;
	int rc;

	if (n > ATTEST_KEYS)
		return call_bad(c, HSM_TAG_HANDLE, HSM_RV_INVALID_INPUT);
	if (!c->session)
		return HSM_RV_BAD_SESSION;
	if (!c->user)
		return HSM_RV_NOT_LOGGED_IN;
	fw_lock_read(c->fw);
	rc = describe_named(c, keys, attrs);
	fw_unlock(c->fw);
	for (i = 0; i < n; i++) {
		if (!digest(&attrs[i], &keys[i]) && !rc)
			rc = HSM_RV_CRYPTO_FAILED;
	}
	return rc;
}

int cmd_attest(struct call *c)
{
	struct hsm_attested_key keys[ATTEST_KEYS];
	size_t n = call_count(c, HSM_TAG_HANDLE);
	int rc = n ? named_keys(c, keys, n) : 0;

	if (!rc)
		rc = attest_ready(c, 0);
	if (rc)
		return rc;
	return attest_put(c, call_bytes(c, HSM_TAG_NONCE).p, keys, n) ? 0 : HSM_RV_CRYPTO_FAILED;
}
