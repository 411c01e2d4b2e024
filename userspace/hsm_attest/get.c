// SPDX-License-Identifier: GPL-2.0-or-later
/* get.c - asks a card for evidence. */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "evidence.h"

#define PASSWORD_ROOM	64

static int failed(const char *what, int rc)
{
	return complain(rc < 0 ? EXIT_NO_CARD : EXIT_FAILED, what, hsm_strerror(rc));
}

static uint32_t user_type(const char *word, size_t len)
{
	static const struct {
		const char *word;
		uint32_t type;
	} types[] = {
		{ "CU", HSM_USER_CU }, { "CO", HSM_USER_CO }, { "PCO", HSM_USER_PCO },
		{ "AU", HSM_USER_AU },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strlen(types[i].word) == len && !memcmp(types[i].word, word, len))
			return types[i].type;
	return 0;
}

static int login(struct hsm *h, uint32_t session, const char *user)
{
	const char *colon = strchr(user, ':');
	const uint32_t type = colon ? user_type(user, (size_t)(colon - user)) : 0;
	char password[PASSWORD_ROOM];
	int len, rc;

	if (!type || !colon[1])
		return complain(EXIT_USAGE, user, "the user (-u) is not TYPE:name");
	len = cli_password("Password: ", password, sizeof(password));
	if (len < 0)
		return complain(EXIT_USAGE, user, "no password");
	rc = hsm_login(h, session, type, colon + 1, password, (size_t)len, NULL);
	explicit_bzero(password, sizeof(password));
	return rc ? failed("login", rc) : EXIT_OK;
}

/* The attributes of a key as the TLVs that they came as. */
static int write_attrs(const struct hsm_attrs *attrs, struct hsm_bytes *out)
{
	size_t len = 0;
	uint8_t *p;

	for (size_t i = 0; i < attrs->n; i++)
		len += sizeof(struct hsm_tlv) + attrs->v[i].len;
	p = malloc(len ? len : 1);
	if (!p)
		return -ENOMEM;
	*out = (struct hsm_bytes){ p, len };
	for (size_t i = 0; i < attrs->n; i++) {
		const struct hsm_tlv tlv = { htole32(attrs->v[i].id), htole32(attrs->v[i].len) };

		memcpy(p, &tlv, sizeof(tlv));
		memcpy(p + sizeof(tlv), attrs->v[i].value, attrs->v[i].len);
		p += sizeof(tlv) + attrs->v[i].len;
	}
	return 0;
}

static int read_key(struct hsm *h, uint32_t session, uint64_t handle, struct evidence *e)
{
	const uint32_t all = HSM_ATTR_ALL;
	struct hsm_attrs *attrs;
	int rc = hsm_key_attrs(h, session, handle, &all, 1, &attrs, NULL);

	if (!rc) {
		rc = write_attrs(attrs, &e->attrs[e->n_keys]);
		e->n_keys += !rc;
		hsm_free(attrs);
	}
	return rc ? failed("the attributes of the key", rc) : EXIT_OK;
}

static int ask(struct hsm *h, const struct options *opt, struct evidence *e)
{
	struct hsm_trust trust = { 0 };
	uint32_t session = 0;
	int rc, code = EXIT_OK;

	rc = opt->user ? hsm_session_open(h, &session, NULL) : 0;
	if (rc)
		return failed("no session", rc);
	if (opt->user)
		code = login(h, session, opt->user);
	for (size_t i = 0; !code && i < opt->n_handles; i++)
		code = read_key(h, session, opt->handles[i], e);
	if (code)
		return code;
	rc = hsm_attest(h, session, opt->handles, opt->n_handles, &e->attest, NULL);
	if (!rc)
		rc = hsm_trust_card(h, &trust, NULL);
	e->hardware = trust.hardware;
	e->root = trust.root;
	return rc ? failed("the card's statement", rc) : EXIT_OK;
}

int run_get(const struct options *opt)
{
	struct evidence e = { 0 };
	struct hsm *h;
	int code, rc = hsm_attest_begin(&e.attest);

	if (rc)
		return complain(EXIT_FAILED, "nonce", hsm_strerror(rc));
	if (opt->has_nonce)
		memcpy(e.attest.nonce, opt->nonce, HSM_NONCE_LEN);
	rc = hsm_open(NULL, &h);
	if (rc)
		return failed(hsm_default_path(), rc);
	code = ask(h, opt, &e);
	hsm_close(h);
	if (!code)
		code = evidence_write(opt->file, &e);
	evidence_clear(&e);
	if (!code) {
		printf("nonce: ");
		print_hex(e.attest.nonce, HSM_NONCE_LEN);
	}
	return code;
}
