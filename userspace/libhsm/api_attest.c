// SPDX-License-Identifier: LGPL-2.1-or-later
/* api_attest.c - statements from the card, and what they are checked against. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "msg.h"

#define ROOTS_FILE	"/opt/cloudhsm/etc/manufacturer_root.pem"
#define DIGESTS_FILE	"/opt/cloudhsm/etc/firmware.sha256"

void msg_attest(struct msg *m, struct hsm_attest *a)
{
	a->statement_len = 0;
	a->signature_len = 0;
	m->attest = a;
}

static int put(uint8_t *to, size_t room, size_t *n, const uint8_t *value, size_t len)
{
	if (len > room)
		return -EPROTO;
	memcpy(to, value, len);
	*n = len;
	return 0;
}

int msg_put_statement(void *dst, const uint8_t *value, size_t len)
{
	struct hsm_attest *a = dst;

	return put(a->statement, sizeof(a->statement), &a->statement_len, value, len);
}

int msg_put_signature(void *dst, const uint8_t *value, size_t len)
{
	struct hsm_attest *a = dst;

	return put(a->signature, sizeof(a->signature), &a->signature_len, value, len);
}

int hsm_attest_begin(struct hsm_attest *a)
{
	memset(a, 0, sizeof(*a));
	return getrandom(a->nonce, sizeof(a->nonce), 0) == sizeof(a->nonce) ? 0 : -errno;
}

int hsm_attest(struct hsm *h, uint32_t session, const uint64_t *handles, size_t n,
	       struct hsm_attest *a, struct hsm_result *res)
{
	struct msg m;

	msg_begin(&m, h, HSM_CMD_ATTEST, session, REPLY_ROOM);
	msg_check(&m, n <= HSM_ATTEST_KEYS_MAX);
	msg_bytes(&m, HSM_TAG_NONCE, a->nonce, sizeof(a->nonce));
	for (size_t i = 0; i < n; i++)
		msg_u64(&m, HSM_TAG_HANDLE, handles[i]);
	msg_attest(&m, a);
	return msg_finish(&m, NULL, 0, res);
}

int hsm_trust_card(struct hsm *h, struct hsm_trust *t, struct hsm_result *res)
{
	int rc;

	hsm_bytes_clear(&t->hardware);
	rc = hsm_cert(h, HSM_CERT_HARDWARE, &t->hardware, res);
	if (rc || t->root.p)
		return rc;
	return hsm_cert(h, HSM_CERT_MANUFACTURER_ROOT, &t->root, res);
}

/* "PATH: WHAT" into @err; false. */
static bool complain(char *err, size_t room, const char *path, const char *what)
{
	snprintf(err, room, "%s: %s", path, what);
	return false;
}

static bool read_root(struct hsm_trust *t, const char *path, FILE *f, char *err, size_t room)
{
	X509 *x = PEM_read_X509(f, NULL, NULL, NULL);
	unsigned char *der = NULL;
	int len = x ? i2d_X509(x, &der) : 0;

	X509_free(x);
	hsm_bytes_clear(&t->root);
	t->root.p = len > 0 ? malloc((size_t)len) : NULL;
	if (t->root.p) {
		memcpy(t->root.p, der, (size_t)len);
		t->root.len = (size_t)len;
	}
	OPENSSL_free(der);
	return t->root.p || complain(err, room, path, "holds no certificate in PEM");
}

/* 64 digits and nothing else but blanks; an empty line or a comment gives nothing. */
static int read_digest(const char *line, uint8_t out[HSM_DIGEST_LEN])
{
	char pair[3] = "";
	size_t i;

	line += strspn(line, " \t");
	if (!*line || *line == '#' || *line == '\n')
		return 0;
	for (i = 0; i < HSM_DIGEST_LEN; i++, line += 2) {
		if (!isxdigit((unsigned char)line[0]) || !isxdigit((unsigned char)line[1]))
			return -1;
		memcpy(pair, line, 2);
		out[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return line[strspn(line, " \t\r\n")] ? -1 : 1;
}

static bool add_digest(struct hsm_trust *t, const uint8_t digest[HSM_DIGEST_LEN])
{
	struct hsm_bytes *list = &t->measurements;
	uint8_t *p = realloc(list->p, list->len + HSM_DIGEST_LEN);

	if (!p)
		return false;
	memcpy(p + list->len, digest, HSM_DIGEST_LEN);
	list->p = p;
	list->len += HSM_DIGEST_LEN;
	return true;
}

static bool read_digests(struct hsm_trust *t, const char *path, FILE *f, char *err, size_t room)
{
	uint8_t digest[HSM_DIGEST_LEN];
	char *line = NULL, what[64];
	size_t line_room = 0;
	int n = 0, rc = 0;
	bool added = true;

	hsm_bytes_clear(&t->measurements);
	while (rc >= 0 && added && getline(&line, &line_room, f) >= 0) {
		n++;
		rc = read_digest(line, digest);
		added = rc <= 0 || add_digest(t, digest);
	}
	free(line);
	snprintf(what, sizeof(what), "line %d is not 64 hexadecimal digits", n);
	if (rc < 0)
		return complain(err, room, path, what);
	if (!added)
		return complain(err, room, path, "out of memory");
	return t->measurements.len || complain(err, room, path, "names no firmware");
}

typedef bool (*reader)(struct hsm_trust *t, const char *path, FILE *f, char *err, size_t room);

/*
 * The file of the caller, else of the environment, else the usual one, which may be missing if
 * @optional.
 */
static bool read_file(struct hsm_trust *t, const char *path, const char *env, const char *usual,
		      bool optional, reader read, char *err, size_t room)
{
	bool ok;
	FILE *f;

	if (!path)
		path = getenv(env);
	optional = optional && !(path && *path);
	if (!path || !*path)
		path = usual;
	f = fopen(path, "re");
	if (!f)
		return (optional && errno == ENOENT) ||
		       complain(err, room, path, strerror(errno));
	ok = read(t, path, f, err, room);
	fclose(f);
	return ok;
}

bool hsm_trust_files(struct hsm_trust *t, const char *measurement, const char *root, char *err,
		     size_t err_len)
{
	return read_file(t, measurement, HSM_MEASUREMENT_ENV, DIGESTS_FILE, false, read_digests,
			 err, err_len) &&
	       read_file(t, root, HSM_ROOT_ENV, ROOTS_FILE, true, read_root, err, err_len);
}

void hsm_trust_clear(struct hsm_trust *t)
{
	hsm_bytes_clear(&t->hardware);
	hsm_bytes_clear(&t->root);
	hsm_bytes_clear(&t->measurements);
}
