// SPDX-License-Identifier: GPL-2.0-or-later
/* two_factor.c - public keys of users, CHALLENGE, and signatures of it. */
#include "two_factor.h"

#include <string.h>

#include "crypto_key.h"

#define CHALLENGE_VALID_MS	(600 * 1000)

int cmd_challenge(struct call *c)
{
	const struct fw_platform *p = &c->fw->platform;
	struct challenge ch = { .session = c->session };
	int rc;

	if (!fc_random(ch.nonce, sizeof(ch.nonce)))
		return HSM_RV_CRYPTO_FAILED;
	ch.until_ms = p->now_ms(p->opaque) + CHALLENGE_VALID_MS;
	fw_lock_write(c->fw);
	rc = call_recheck(c);
	if (!rc)
		c->ctx->challenge = ch;
	fw_unlock(c->fw);
	if (!rc)
		tlv_put(&c->out, HSM_TAG_DATA, ch.nonce, sizeof(ch.nonce));
	return rc;
}

bool challenge_take(struct call *c, uint8_t nonce[HSM_NONCE_LEN])
{
	const struct fw_platform *p = &c->fw->platform;
	struct challenge *ch = &c->ctx->challenge;
	bool fresh = false;

	memset(nonce, 0, HSM_NONCE_LEN);
	if (!call_has(c, HSM_TAG_SIGNATURE))
		return false;
	fw_lock_write(c->fw);
	if (ch->session && ch->session == c->session) {
		fresh = p->now_ms(p->opaque) < ch->until_ms;
		memcpy(nonce, ch->nonce, HSM_NONCE_LEN);
		ch->session = 0;
	}
	fw_unlock(c->fw);
	return fresh;
}

int public_key_arg(struct call *c, struct user_rec *rec)
{
	struct bytes der = call_bytes(c, HSM_TAG_PUBLIC_KEY);
	int rc = fc_rsa_public_check(der.p, der.len, HSM_QUORUM_RSA_BITS);

	if (rc)
		return call_bad(c, HSM_TAG_PUBLIC_KEY, rc);
	memcpy(rec->public_key, der.p, der.len);
	rec->public_key_len = (uint32_t)der.len;
	return 0;
}

static bool may_have_two(uint32_t type)
{
	return type == HSM_USER_CO || type == HSM_USER_PCO || type == HSM_USER_PRECO;
}

int two_factor_args(struct call *c, uint32_t type, struct user_rec *rec)
{
	bool key = call_has(c, HSM_TAG_PUBLIC_KEY), sig = call_has(c, HSM_TAG_SIGNATURE);
	uint8_t nonce[HSM_NONCE_LEN];
	bool fresh = challenge_take(c, nonce);
	int rc;

	if (key != sig)
		return call_bad(c, key ? HSM_TAG_SIGNATURE : HSM_TAG_PUBLIC_KEY,
				HSM_RV_BAD_MESSAGE);
	if (!key)
		return 0;
	if (!may_have_two(type))
		return call_bad(c, HSM_TAG_PUBLIC_KEY, HSM_RV_BAD_USER_TYPE);
	rc = public_key_arg(c, rec);
	if (rc)
		return rc;
	if (!fresh || !user_verify_digest(rec, nonce, call_bytes(c, HSM_TAG_SIGNATURE)))
		return call_bad(c, HSM_TAG_SIGNATURE, HSM_RV_BAD_PKCS_DATA);
	rec->flags |= HSM_USER_F_2FA | HSM_USER_F_MOFN;
	return 0;
}
