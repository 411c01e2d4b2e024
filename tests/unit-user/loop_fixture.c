// SPDX-License-Identifier: GPL-2.0-or-later
/* loop_fixture.c - the card, the session and the keys that the loop tests start from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <endian.h>

#include "loop_fixture.h"

struct loop_card *card;
struct hsm *h;
struct hsm_result res;
uint32_t sess;

void ok(int rc)
{
	if (rc)
		fail_msg("%d: %s", rc, hsm_strerror(rc));
}

int loop_setup(void **state)
{
	char err[256];
	uint32_t id;

	(void)state;
	card = loop_card_new(NULL, 0, err, sizeof(err));
	if (!card || loop_connect(card, false, &h))
		return -1;
	ok(hsm_session_open(h, &sess, &res));
	ok(hsm_login(h, sess, HSM_USER_PRECO, "admin", PW("password"), &res));
	ok(hsm_user_password(h, sess, HSM_USER_PRECO, "admin", PW("admin_pwd"), &res));
	ok(hsm_logout(h, sess, &res));
	ok(hsm_login(h, sess, HSM_USER_PCO, "admin", PW("admin_pwd"), &res));
	ok(hsm_user_create(h, sess, HSM_USER_CU, "alice", PW("alice_pwd"), &id, &res));
	assert_int_equal(id, 3);
	ok(hsm_user_create(h, sess, HSM_USER_CU, "bob", PW("bob_pwd"), &id, &res));
	assert_int_equal(id, 4);
	ok(hsm_logout(h, sess, &res));
	return 0;
}

int loop_teardown(void **state)
{
	(void)state;
	hsm_close(h);
	loop_card_free(card);
	return 0;
}

void login_alice(void)
{
	ok(hsm_login(h, sess, HSM_USER_CU, "alice", PW("alice_pwd"), &res));
}

int gen_aes(const char *label, bool session_key, const uint32_t *users, size_t n,
	    uint64_t *handle)
{
	const uint32_t type = htole32(HSM_KEY_AES), len = htole32(32);
	const uint8_t token = !session_key;
	const struct hsm_attr attrs[] = {
		{ HSM_ATTR_KEY_TYPE, 4, &type },
		{ HSM_ATTR_VALUE_LEN, 4, &len },
		{ HSM_ATTR_LABEL, (uint32_t)strlen(label), label },
		{ HSM_ATTR_TOKEN, 1, &token },
	};
	const struct hsm_key_spec spec = {
		.attrs = attrs, .n_attrs = 4, .users = users, .n_users = n,
	};

	return hsm_key_gen_sym(h, sess, &spec, handle, &res);
}

int gen_rsa(struct hsm *on, uint32_t in, uint32_t bits, uint64_t *pub, uint64_t *priv,
	    struct hsm_result *r)
{
	const uint32_t type = htole32(HSM_KEY_RSA), wire = htole32(bits);
	const struct hsm_attr attrs[] = {
		{ HSM_ATTR_KEY_TYPE, 4, &type },
		{ HSM_ATTR_MODULUS_BITS, 4, &wire },
		{ HSM_ATTR_PUBLIC_EXPONENT, 3, "\x01\x00\x01" },
		{ HSM_ATTR_LABEL, 3, "rsa" },
	};
	const struct hsm_key_spec spec = { .attrs = attrs, .n_attrs = 4 };

	return hsm_key_gen_pair(on, in, &spec, pub, priv, r);
}

int loop_setup_alice(void **state)
{
	int rc = loop_setup(state);

	if (!rc)
		login_alice();
	return rc;
}

#define ROLES_MAX	8

uint64_t gen_sym(uint32_t type, uint32_t len, const uint32_t *roles)
{
	const uint32_t wire_type = htole32(type), wire_len = htole32(len);
	struct hsm_attr attrs[3 + ROLES_MAX] = {
		{ HSM_ATTR_KEY_TYPE, 4, &wire_type },
		{ HSM_ATTR_VALUE_LEN, 4, &wire_len },
		{ HSM_ATTR_LABEL, 3, "sym" },
	};
	struct hsm_key_spec spec = { .attrs = attrs, .n_attrs = 3 };
	uint64_t handle;

	for (; roles && *roles; roles++)
		attrs[spec.n_attrs++] = (struct hsm_attr){ *roles, 1, "\x01" };
	ok(hsm_key_gen_sym(h, sess, &spec, &handle, &res));
	return handle;
}

void gen_ec(uint32_t curve, uint64_t *pub, uint64_t *priv)
{
	const uint32_t type = htole32(HSM_KEY_EC), wire = htole32(curve);
	const struct hsm_attr attrs[] = {
		{ HSM_ATTR_KEY_TYPE, 4, &type },
		{ HSM_TAG_CURVE, 4, &wire },
		{ HSM_ATTR_LABEL, 2, "ec" },
	};
	const struct hsm_key_spec spec = { .attrs = attrs, .n_attrs = 3 };

	ok(hsm_key_gen_pair(h, sess, &spec, pub, priv, &res));
}

void kcv_of(uint64_t handle, uint8_t kcv[3])
{
	const uint32_t id = HSM_ATTR_KCV;
	struct hsm_attrs *attrs;

	ok(hsm_key_attrs(h, sess, handle, &id, 1, &attrs, &res));
	assert_int_equal(attrs->v[0].len, 3);
	memcpy(kcv, attrs->v[0].value, 3);
	hsm_free(attrs);
}
