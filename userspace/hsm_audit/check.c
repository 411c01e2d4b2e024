// SPDX-License-Identifier: GPL-2.0-or-later
/* check.c - whether an exported audit log is what the card wrote, whole and in order. */
#include <endian.h>
#include <stdarg.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "log.h"

#define HASH		HSM_DIGEST_LEN
#define HASHED		(REC_LEN - HASH)	/* bytes of a record that its hash is over */
#define CARD_NAME	"TEST HSM "		/* and the serial number */
#define CN_MAX		80

struct checking {
	const struct log *log;
	const struct expected *want;
	X509 *hardware, *root;
	char *why;
	size_t room;
};

__attribute__((format(printf, 2, 3)))
static bool fail(struct checking *c, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(c->why, c->room, format, ap);
	va_end(ap);
	return false;
}

static bool sha256(const void *a, size_t a_len, const void *b, size_t b_len, uint8_t out[HASH])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
		  EVP_DigestUpdate(ctx, a, a_len) == 1 && EVP_DigestUpdate(ctx, b, b_len) == 1 &&
		  EVP_DigestFinal_ex(ctx, out, NULL) == 1;

	EVP_MD_CTX_free(ctx);
	return ok;
}

/* Nothing but what can be printed, and its end. */
static bool is_text(const uint8_t *p, size_t room)
{
	for (size_t i = 0; i < room; i++) {
		if (!p[i])
			return true;
		if (p[i] < ' ' || p[i] > '~')
			return false;
	}
	return false;
}

static bool check_head(struct checking *c)
{
	const struct hsm_audit_head *h = &c->log->head;

	if (memcmp(h->magic, "HSMC", 4) || le16toh(h->version) != HSM_AUDIT_VERSION ||
	    h->reserved || !is_text(h->serial, sizeof(h->serial)))
		return fail(c, "the end of the log, as the card states it, makes no sense");
	if (c->want->serial && strcmp(c->want->serial, (const char *)h->serial))
		return fail(c, "the log is of the card %.31s, not %s", h->serial,
			    c->want->serial);
	if (c->want->nonce && memcmp(c->want->nonce, h->nonce, HSM_NONCE_LEN))
		return fail(c, "the log was not exported with this nonce");
	if (le64toh(h->next) != c->log->n)
		return fail(c, "the file holds %zu records, the card vouches for %llu", c->log->n,
			    (unsigned long long)le64toh(h->next));
	return true;
}

/* All bytes of @part are the certificate. */
static X509 *read_cert(const struct part *part)
{
	const unsigned char *p = part->p;
	X509 *x = d2i_X509(NULL, &p, (long)part->len);

	if (x && p != part->p + part->len) {
		X509_free(x);
		return NULL;
	}
	return x;
}

static bool read_certs(struct checking *c)
{
	const struct part *root = &c->want->root;

	if (root->p && (root->len != c->log->root.len ||
			memcmp(root->p, c->log->root.p, root->len)))
		return fail(c, "the manufacturer root in the file is not the one given");
	c->root = read_cert(&c->log->root);
	c->hardware = read_cert(&c->log->hardware);
	return (c->root && c->hardware) || fail(c, "a certificate in the file is damaged");
}

static bool signed_by(X509 *x, X509 *issuer)
{
	return X509_check_issued(issuer, x) == X509_V_OK &&
	       X509_verify(x, X509_get0_pubkey(issuer)) == 1;
}

static bool check_certs(struct checking *c)
{
	char cn[CN_MAX], want[CN_MAX];
	int len;

	if (!read_certs(c))
		return false;
	if (!signed_by(c->root, c->root))
		return fail(c, "the manufacturer root does not sign itself");
	if (!signed_by(c->hardware, c->root))
		return fail(c, "the certificate of the card is not signed by the manufacturer root");
	snprintf(want, sizeof(want), CARD_NAME "%s", c->log->head.serial);
	len = X509_NAME_get_text_by_NID(X509_get_subject_name(c->hardware), NID_commonName, cn,
					sizeof(cn));
	if (len < 0 || strlen(cn) != (size_t)len || strcmp(cn, want))
		return fail(c, "the certificate is of another card than the log");
	return true;
}

static bool check_signature(struct checking *c)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const struct part *sig = &c->log->signature;
	bool ok = ctx && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL,
					      X509_get0_pubkey(c->hardware)) == 1 &&
		  EVP_DigestVerify(ctx, sig->p, sig->len, (const uint8_t *)&c->log->head,
				   sizeof(c->log->head)) == 1;

	EVP_MD_CTX_free(ctx);
	return ok || fail(c, "the signature of the card does not hold");
}

static bool check_record(struct checking *c, size_t i, uint32_t *reboot, uint8_t hash[HASH])
{
	const uint8_t *raw = c->log->recs + i * REC_LEN;
	struct hsm_audit_rec rec;

	log_record(c->log, i, &rec);
	if (memcmp(rec.magic, "HSMA", 4) || rec.version != HSM_AUDIT_VERSION ||
	    rec.user_name[sizeof(rec.user_name) - 1])
		return fail(c, "record 0x%zx makes no sense", i);
	if (rec.sequence != i)
		return fail(c, "record 0x%zx has the sequence number 0x%llx", i,
			    (unsigned long long)rec.sequence);
	if (!sha256(hash, HASH, raw, HASHED, hash) || memcmp(hash, rec.hash, HASH))
		return fail(c, "record 0x%zx is not what the card wrote, or the one before it", i);
	if (rec.reboot < *reboot)
		return fail(c, "the reboot counter of record 0x%zx goes back", i);
	*reboot = rec.reboot;
	return true;
}

static bool check_chain(struct checking *c)
{
	const struct hsm_audit_head *h = &c->log->head;
	uint32_t reboot = 0;
	uint8_t hash[HASH];
	size_t i;

	if (!sha256(HSM_AUDIT_GENESIS, strlen(HSM_AUDIT_GENESIS), h->serial,
		    strlen((const char *)h->serial), hash))
		return fail(c, "no SHA-256");
	for (i = 0; i < c->log->n; i++) {
		if (!check_record(c, i, &reboot, hash))
			return false;
	}
	if (memcmp(hash, h->hash, HASH))
		return fail(c, "the last record is not the one that the card vouches for");
	if (le32toh(h->reboot) < reboot)
		return fail(c, "the reboot counter of the card is behind the records'");
	return true;
}

/* What was there before has to be there still. */
static bool check_older(struct checking *c)
{
	const struct log *old = c->want->older;

	if (!old)
		return true;
	if (memcmp(old->head.serial, c->log->head.serial, sizeof(old->head.serial)))
		return fail(c, "the older export is of another card");
	if (old->n > c->log->n || memcmp(old->recs, c->log->recs, old->n * REC_LEN))
		return fail(c, "the older export is not the beginning of this one");
	if (le32toh(old->head.reboot) > le32toh(c->log->head.reboot))
		return fail(c, "the reboot counter is behind that of the older export");
	return true;
}

const char *log_check(const struct log *log, const struct expected *want, char *why, size_t room)
{
	struct checking c = { .log = log, .want = want, .why = why, .room = room };
	bool ok = check_head(&c) && check_chain(&c) && check_certs(&c) && check_signature(&c) &&
		  check_older(&c);

	X509_free(c.hardware);
	X509_free(c.root);
	return ok ? NULL : why;
}
