// SPDX-License-Identifier: GPL-2.0-or-later
/* pem.c - PEM through OpenSSL; buffers that may hold keys are wiped. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "pem.h"

const struct cli_choice cert_choices[] = {
	{ HSM_CERT_MANUFACTURER_ROOT, "Manufacturer root certificate" },
	{ HSM_CERT_HARDWARE, "Manufacturer hardware certificate" },
	{ HSM_CERT_CUSTOMER_ROOT, "Customer root certificate" },
	{ HSM_CERT_CLUSTER_CUSTOMER, "Cluster certificate (signed by the customer root)" },
	{ HSM_CERT_CLUSTER_MANUFACTURER, "Cluster certificate (chained to the manufacturer root)" },
	{ 0, NULL },
};

#define PEM_FLAGS	(PEM_FLAG_SECURE | PEM_FLAG_EAY_COMPATIBLE)

/* One block of a file. */
struct block {
	char *name;
	char *header;
	unsigned char *data;
	long len;
};

static void block_free(struct block *b)
{
	OPENSSL_secure_free(b->name);
	OPENSSL_secure_free(b->header);
	OPENSSL_secure_clear_free(b->data, (size_t)b->len);
}

/* @key if it was read from all of the block, up to @end. */
static EVP_PKEY *whole(EVP_PKEY *key, const struct block *b, const unsigned char *end)
{
	if (key && end == b->data + b->len)
		return key;
	EVP_PKEY_free(key);
	return NULL;
}

static EVP_PKEY *private_of(const struct block *b)
{
	const unsigned char *p = b->data;
	EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &p, b->len);

	return whole(key, b, p);
}

static EVP_PKEY *public_of(const struct block *b)
{
	const bool pkcs1 = !strcmp(b->name, PEM_STRING_RSA_PUBLIC);
	const unsigned char *p = b->data;
	EVP_PKEY *key = pkcs1 ? d2i_PublicKey(EVP_PKEY_RSA, NULL, &p, b->len) :
				d2i_PUBKEY(NULL, &p, b->len);

	return whole(key, b, p);
}

/* What is wanted of a file, and what to say if it is not there. */
struct wanted {
	const char *ending;	/* of the block's name */
	EVP_PKEY *(*read)(const struct block *b);
	const char *none;
	const char *bad;
};

static const struct wanted wanted_private = {
	"PRIVATE KEY", private_of, "holds no private key in PEM form",
	"holds a private key that cannot be read",
};

static const struct wanted wanted_public = {
	"PUBLIC KEY", public_of, "holds no public key in PEM form",
	"holds a public key that cannot be read",
};

static bool ends_with(const char *name, const char *ending)
{
	size_t n = strlen(name), e = strlen(ending);

	return n >= e && !strcmp(name + n - e, ending);
}

static const struct {
	int base;		/* OpenSSL's */
	uint32_t type;		/* the card's */
} key_types[] = {
	{ EVP_PKEY_RSA, HSM_KEY_RSA }, { EVP_PKEY_DSA, HSM_KEY_DSA }, { EVP_PKEY_EC, HSM_KEY_EC },
};

static bool type_of(const EVP_PKEY *key, uint32_t *type)
{
	for (size_t i = 0; i < sizeof(key_types) / sizeof(key_types[0]); i++) {
		if (key_types[i].base == EVP_PKEY_get_base_id(key)) {
			*type = key_types[i].type;
			return true;
		}
	}
	return false;
}

static const char *take_key(const struct block *b, const struct wanted *w, EVP_PKEY **key)
{
	uint32_t type;

	if (strstr(b->header, "ENCRYPTED") || !strcmp(b->name, PEM_STRING_PKCS8))
		return "is protected by a password; keys are read without one only";
	*key = w->read(b);
	if (!*key)
		return w->bad;
	if (type_of(*key, &type))
		return NULL;
	EVP_PKEY_free(*key);
	*key = NULL;
	return "holds a key that is neither RSA, DSA nor EC";
}

/* The first block of that kind decides; others, like EC PARAMETERS, are passed over. */
static const char *find_key(const struct hsm_bytes *file, const struct wanted *w, EVP_PKEY **key)
{
	BIO *bio = BIO_new_mem_buf(file->p, (int)file->len);
	const char *why = w->none;
	bool found = false;
	struct block b;

	*key = NULL;
	while (bio && !found &&
	       PEM_read_bio_ex(bio, &b.name, &b.header, &b.data, &b.len, PEM_FLAGS) == 1) {
		found = ends_with(b.name, w->ending);
		if (found)
			why = take_key(&b, w, key);
		block_free(&b);
	}
	BIO_free(bio);
	ERR_clear_error();
	return why;
}

const char *pem_private_key(const struct hsm_bytes *file, EVP_PKEY **key)
{
	return find_key(file, &wanted_private, key);
}

const char *pem_public_key(const struct hsm_bytes *file, EVP_PKEY **key)
{
	return find_key(file, &wanted_public, key);
}

/* @i2d as OpenSSL's: length, and with a pointer the bytes. */
static const char *to_der(int (*i2d)(const void *, unsigned char **), const void *object,
			  struct hsm_bytes *der)
{
	int len = object ? i2d(object, NULL) : -1;
	unsigned char *p;

	*der = (struct hsm_bytes){ 0 };
	if (len <= 0)
		return "holds a key that cannot be encoded";
	der->p = malloc((size_t)len);
	if (!der->p)
		return "does not fit in memory";
	der->len = (size_t)len;
	p = der->p;
	i2d(object, &p);
	return NULL;
}

static int i2d_pkcs8(const void *object, unsigned char **p)
{
	return i2d_PKCS8_PRIV_KEY_INFO(object, p);
}

static int i2d_spki(const void *object, unsigned char **p)
{
	return i2d_PUBKEY(object, p);
}

const char *pem_private_der(const struct hsm_bytes *file, struct hsm_bytes *pkcs8,
			    uint32_t *type)
{
	PKCS8_PRIV_KEY_INFO *info;
	const char *why;
	EVP_PKEY *key;

	*pkcs8 = (struct hsm_bytes){ 0 };
	why = pem_private_key(file, &key);
	if (why)
		return why;
	type_of(key, type);
	info = EVP_PKEY2PKCS8(key);
	why = to_der(i2d_pkcs8, info, pkcs8);
	PKCS8_PRIV_KEY_INFO_free(info);
	EVP_PKEY_free(key);
	return why;
}

const char *pem_public_der(const struct hsm_bytes *file, struct hsm_bytes *spki)
{
	const char *why;
	EVP_PKEY *key;

	*spki = (struct hsm_bytes){ 0 };
	why = pem_public_key(file, &key);
	if (why)
		return why;
	why = to_der(i2d_spki, key, spki);
	EVP_PKEY_free(key);
	return why;
}

bool pem_encode(const char *name, const struct hsm_bytes *der, struct hsm_bytes *text)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	char *p = NULL;
	long len;

	*text = (struct hsm_bytes){ 0 };
	if (bio && PEM_write_bio(bio, name, "", der->p, (long)der->len) > 0) {
		len = BIO_get_mem_data(bio, &p);
		text->p = len > 0 ? malloc((size_t)len) : NULL;
		if (text->p) {
			memcpy(text->p, p, (size_t)len);
			text->len = (size_t)len;
		}
	}
	BIO_free(bio);
	return text->p;
}

int pem_finish(struct outfile *o, const struct cli_args *a, const char *opt, const char *name,
	       const struct hsm_bytes *der)
{
	struct hsm_bytes text;
	int rc;

	if (!pem_encode(name, der, &text)) {
		outfile_drop(o);
		return out_complain(a, opt, -ENOMEM);
	}
	rc = out_finish(o, a, opt, text.p, text.len);
	hsm_bytes_clear(&text);
	return rc;
}
