// SPDX-License-Identifier: GPL-2.0-or-later
/* twofactor.c - the file with digests to sign, as documented: JSON, base64, PEM. */
#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "outfile.h"
#include "pem.h"
#include "twofactor.h"

#define VERSION		"1.0"
#define DIGEST_TEXT	(4 * ((HSM_NONCE_LEN + 2) / 3) + 1)	/* base64 of a digest */

static int challenge(struct cmu *cmu, struct twofactor *t)
{
	const struct cmu_job job = { .op = "challenge" };

	for (struct cmu_server *s = cmu_next(cmu, NULL); s; s = cmu_next(cmu, s)) {
		struct hsm_result res;

		if (hsm_challenge(s->hsm, s->session, t->of[s->index].digest, &res))
			return cmu_failed(&job, s, &res);
	}
	return CLI_OK;
}

static json_t *request_row(struct cmu_server *s, const struct twofactor *t)
{
	char text[DIGEST_TEXT];
	struct hsm_card card = { 0 };

	if (hsm_card_info(s->hsm, &card, NULL))
		return NULL;
	EVP_EncodeBlock((unsigned char *)text, t->of[s->index].digest, HSM_NONCE_LEN);
	return json_pack("{s:s, s:s, s:s}", "HsmId", card.serial, "Digest", text, "Signature", "");
}

/* The file as text, to be freed; NULL if there is no memory or no card. */
static char *request(struct cmu *cmu, const struct twofactor *t, bool new_key)
{
	json_t *root = json_pack("{s:s}", "Version", VERSION), *data = json_array();
	char *text = NULL;
	bool ok = root && data;

	if (ok && new_key)
		ok = !json_object_set_new(root, "PublicKey", json_string(""));
	for (struct cmu_server *s = cmu_next(cmu, NULL); ok && s; s = cmu_next(cmu, s))
		ok = !json_array_append_new(data, request_row(s, t));
	if (ok && !json_object_set(root, "Data", data))
		text = json_dumps(root, JSON_INDENT(4));
	json_decref(data);
	json_decref(root);
	return text;
}

static int write_request(struct cmu *cmu, const struct cli_args *a, const struct twofactor *t,
			 bool new_key)
{
	char *text = request(cmu, t, new_key);
	struct outfile out;
	int rc;

	if (!text) {
		printf("\nError: The digests cannot be put together.\n");
		return CLI_FAILED;
	}
	rc = out_open(&out, a, "-2fa", 0);
	if (!rc) {
		fprintf(out.f, "%s\n", text);
		rc = out_finish(&out, a, "-2fa", "", 0);
	}
	free(text);
	return rc;
}

static bool fault(const char *path, const char *what)
{
	printf("\nError: Authentication file (-2fa) \"%s\": %s.\n", path, what);
	return false;
}

/* A base64 text of at most @max bytes; blanks between its lines are fine. */
static bool decode(const char *text, uint8_t *out, size_t max, size_t *len)
{
	EVP_ENCODE_CTX *ctx = EVP_ENCODE_CTX_new();
	size_t room = 3 * strlen(text) / 4 + 64;
	uint8_t *buf = malloc(room);
	int n = 0, rest = 0;
	bool ok = ctx && buf;

	if (ok) {
		EVP_DecodeInit(ctx);
		ok = EVP_DecodeUpdate(ctx, buf, &n, (const uint8_t *)text, (int)strlen(text)) >= 0 &&
		     EVP_DecodeFinal(ctx, buf + n, &rest) >= 0;
	}
	*len = ok ? (size_t)(n + rest) : 0;
	ok = ok && *len && *len <= max;
	if (ok)
		memcpy(out, buf, *len);
	free(buf);
	EVP_ENCODE_CTX_free(ctx);
	return ok;
}

/* The row of the file that holds this digest. */
static const json_t *find_row(const json_t *data, const uint8_t digest[HSM_NONCE_LEN])
{
	size_t i;
	const json_t *row;

	json_array_foreach(data, i, row) {
		const char *text = json_string_value(json_object_get(row, "Digest"));
		uint8_t there[HSM_NONCE_LEN];
		size_t len;

		if (text && decode(text, there, sizeof(there), &len) && len == sizeof(there) &&
		    !memcmp(there, digest, len))
			return row;
	}
	return NULL;
}

static bool read_signature(const char *path, const struct cmu_server *s, const json_t *data,
			   struct twofactor *t)
{
	const json_t *row = find_row(data, t->of[s->index].digest);
	const char *text = json_string_value(json_object_get(row, "Signature"));
	char what[160];

	if (row && text && decode(text, t->of[s->index].signature, TWOFACTOR_SIG_MAX,
				  &t->of[s->index].len))
		return true;
	snprintf(what, sizeof(what), row ? "\"Signature\" of server %u(%s) is no base64 of a signature" :
		 "the \"Digest\" of server %u(%s) is not in it", s->index, s->name);
	return fault(path, what);
}

static bool read_key(const char *path, const json_t *root, struct twofactor *t)
{
	const char *pem = json_string_value(json_object_get(root, "PublicKey"));
	struct hsm_bytes text;
	const char *wrong;

	if (!pem)
		return fault(path, "\"PublicKey\" is missing");
	text.p = (uint8_t *)strdup(pem);
	text.len = text.p ? strlen(pem) : 0;
	wrong = text.p ? pem_public_der(&text, &t->public_key) : "does not fit in memory";
	hsm_bytes_clear(&text);
	return !wrong || fault(path, "\"PublicKey\" is no public key in PEM form");
}

static bool read_reply(struct cmu *cmu, const char *path, const json_t *root, bool new_key,
		       struct twofactor *t)
{
	const json_t *data = json_object_get(root, "Data");
	const char *version = json_string_value(json_object_get(root, "Version"));
	bool ok = true;

	if (!version || strcmp(version, VERSION) != 0)
		return fault(path, "\"Version\" is not \"" VERSION "\"");
	if (!json_is_array(data))
		return fault(path, "\"Data\" is missing");
	for (struct cmu_server *s = cmu_next(cmu, NULL); ok && s; s = cmu_next(cmu, s))
		ok = read_signature(path, s, data, t);
	return ok && (!new_key || read_key(path, root, t));
}

static bool load_reply(struct cmu *cmu, const char *path, bool new_key, struct twofactor *t)
{
	json_error_t error;
	json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	char what[JSON_ERROR_TEXT_LENGTH + 32];
	bool ok;

	if (!root) {
		snprintf(what, sizeof(what), "%s (line %d)", error.text, error.line);
		return fault(path, error.line > 0 ? what : error.text);
	}
	ok = read_reply(cmu, path, root, new_key, t);
	json_decref(root);
	return ok;
}

/* Until a file holds what is needed; an end of the input gives up. */
static int ask_reply(struct cmu *cmu, const char *path, bool new_key, struct twofactor *t)
{
	char answer[PATH_MAX];

	printf("\nThe digest of each HSM is in %s.\n"
	       "Sign the digests with the private key, add the signatures%s to the file,\n"
	       "and give its location.\n", path, new_key ? " and the public key" : "");
	while (cli_ask("Authentication file [the same]:", answer, sizeof(answer)) >= 0) {
		if (load_reply(cmu, *answer ? answer : path, new_key, t))
			return CLI_OK;
		putchar('\n');
	}
	printf("\nError: No signature was given.\n");
	return CLI_FAILED;
}

int twofactor_get(struct cmu *cmu, const struct cli_args *a, bool new_key, struct twofactor *t)
{
	int rc;

	memset(t, 0, sizeof(*t));
	if (!cli_has(a, "-2fa"))
		return CLI_OK;
	rc = challenge(cmu, t);
	if (!rc)
		rc = write_request(cmu, a, t, new_key);
	if (!rc)
		rc = ask_reply(cmu, cli_text(a, "-2fa"), new_key, t);
	t->used = !rc;
	return rc;
}

void twofactor_free(struct twofactor *t)
{
	hsm_bytes_clear(&t->public_key);
	memset(t, 0, sizeof(*t));
}

const struct hsm_factor *twofactor_for(const struct twofactor *t, const struct cmu_server *s,
				       struct hsm_factor *out)
{
	if (!t->used)
		return NULL;
	*out = (struct hsm_factor){
		.public_key = t->public_key.p, .public_key_len = t->public_key.len,
		.signature = t->of[s->index].signature, .signature_len = t->of[s->index].len,
	};
	return out;
}
