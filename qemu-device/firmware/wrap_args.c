// SPDX-License-Identifier: GPL-2.0-or-later
/* wrap_args.c - the mechanisms of key wrapping, and what a request says about one. */
#include "wrap_args.h"

#include "object.h"

#define AES { KIND_AES, KIND_AES }
#define RSA { KIND_RSA_PUBLIC, KIND_RSA_PRIVATE }
#define DES { KIND_DES3, KIND_DES3 }

static const struct wrap_mech mechs[] = {
	{ .number = HSM_WRAP_AES_PKCS5, .kind = AES, .iv_len = { 8, 8 }, .fips = true },
	{ .number = HSM_WRAP_AES_NO_PAD, .kind = AES, .iv_len = { 8, 8 }, .fips = true },
	{ .number = HSM_WRAP_AES_PAD, .kind = AES, .fips = true },
	{ .number = HSM_WRAP_RSA_AES, .kind = RSA, .hash = true, .fips = true },
	{ .number = HSM_WRAP_RSA_OAEP, .kind = RSA, .hash = true, .fips = true },
	{ .number = HSM_WRAP_TDEA, .kind = DES, .iv_len = { 4, 4 } },
	{ .number = HSM_WRAP_AES_GCM, .kind = AES, .iv_len = { 0, FC_GCM_IV_LEN },
	  .iv_needed = true, .makes_iv = true, .gcm = true, .fips = true },
	{ .number = HSM_WRAP_CLOUDHSM_GCM, .kind = AES, .makes_iv = true, .gcm = true,
	  .fips = true },
	{ .number = HSM_WRAP_RSA_PKCS, .kind = RSA, .fips = true },
};

static const struct wrap_mech *find(uint32_t number)
{
	size_t i;

	for (i = 0; i < sizeof(mechs) / sizeof(mechs[0]); i++) {
		if (mechs[i].number == number)
			return &mechs[i];
	}
	return NULL;
}

/* With a header the header says what IV and what length of the tag. */
static int check_options(struct call *c, const struct wrap_args *w)
{
	const struct wrap_mech *m = w->mech;
	uint8_t iv_len = w->header ? 0 : m->iv_len[w->direction];
	const struct {
		uint32_t tag;
		bool allowed;
	} options[] = {
		{ HSM_TAG_IV, iv_len && call_bytes(c, HSM_TAG_IV).len == iv_len },
		{ HSM_TAG_HASH, m->hash },
		{ HSM_TAG_AAD, m->gcm },
		{ HSM_TAG_GCM_TAG_LEN, m->gcm && !w->header },
	};
	size_t i;

	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (call_has(c, options[i].tag) && !options[i].allowed)
			return call_bad(c, options[i].tag, HSM_RV_INVALID_INPUT);
	}
	if (!w->header && m->iv_needed && w->direction == UNWRAPS && !call_has(c, HSM_TAG_IV))
		return call_bad(c, HSM_TAG_IV, HSM_RV_BAD_MESSAGE);
	return 0;
}

int wrap_args(struct call *c, enum wrap_direction direction, bool header, struct wrap_args *w)
{
	struct bytes iv = call_bytes(c, HSM_TAG_IV), aad = call_bytes(c, HSM_TAG_AAD);
	int rc;

	*w = (struct wrap_args){
		.mech = find(call_u32(c, HSM_TAG_WRAP_MECHANISM, 0)),
		.direction = direction,
		.header = header,
	};
	if (!w->mech)
		return call_bad(c, HSM_TAG_WRAP_MECHANISM, HSM_RV_BAD_MECHANISM);
	rc = check_options(c, w);
	if (rc)
		return rc;
	if (c->fw->fips && !w->mech->fips)
		return call_bad(c, HSM_TAG_WRAP_MECHANISM, HSM_RV_FIPS_VIOLATION);
	w->wrap = (struct fc_wrap){
		.mechanism = w->mech->number,
		.hash = w->mech->hash ? call_u32(c, HSM_TAG_HASH, HSM_HASH_SHA1) : 0,
		.iv = iv.p,
		.iv_len = iv.len,
		.aad = aad.p,
		.aad_len = aad.len,
		.tag_len = w->mech->gcm ? call_u32(c, HSM_TAG_GCM_TAG_LEN, FC_GCM_TAG_LEN) : 0,
	};
	return 0;
}

int wrap_args_key(struct call *c, const struct wrap_args *w, const struct object *o)
{
	return w->mech->kind[w->direction] == (enum key_kind)o->kind
		? 0 : call_bad(c, HSM_TAG_WRAP_HANDLE, HSM_RV_BAD_KEY_TYPE);
}
