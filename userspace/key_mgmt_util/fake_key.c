// SPDX-License-Identifier: GPL-2.0-or-later
/* fake_key.c - writes and recognises private keys that hold a handle. */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "fake_key.h"

static const uint8_t marker[] = { 0xea, 0xfc, 0xfc, 0xee };

#define HANDLE_AT	sizeof(marker)
#define HANDLE_END	(HANDLE_AT + sizeof(uint64_t))
#define NUMBER_MAX	(HSM_RSA_BITS_MAX / 8)

static void fill(uint8_t *number, size_t len)
{
	for (size_t i = 0; i < len; i++)
		number[i] = marker[i % sizeof(marker)];
}

/* The layout that carries a handle; @len is at least HANDLE_END. */
static void fill_handle(uint8_t *number, size_t len, uint64_t handle)
{
	const uint64_t wire = htole64(handle);

	fill(number, HANDLE_AT);
	memcpy(number + HANDLE_AT, &wire, sizeof(wire));
	fill(number + HANDLE_END, len - HANDLE_END);
}

/* DER, written from its end to its beginning, so that lengths are known. */
struct der {
	uint8_t buf[8 * NUMBER_MAX];
	size_t at;
};

#define TAG_INTEGER	0x02
#define TAG_BITS	0x03
#define TAG_OCTETS	0x04
#define TAG_SEQUENCE	0x30
#define TAG_CONTEXT(n)	(0xa0 | (n))

static void put(struct der *d, const void *p, size_t len)
{
	d->at -= len;
	memcpy(d->buf + d->at, p, len);
}

static void put_byte(struct der *d, uint8_t byte)
{
	put(d, &byte, 1);
}

/* Tag and length of what was put since the position was @end. */
static void put_head(struct der *d, uint8_t tag, size_t end)
{
	size_t len = end - d->at;

	put_byte(d, (uint8_t)len);
	if (len > 0xff)
		put_byte(d, (uint8_t)(len >> 8));
	if (len > 0x7f)
		put_byte(d, len > 0xff ? 0x82 : 0x81);
	put_byte(d, tag);
}

static void put_value(struct der *d, uint8_t tag, const void *p, size_t len)
{
	size_t end = d->at;

	put(d, p, len);
	put_head(d, tag, end);
}

/* A number that is not negative, big-endian without leading zeros. */
static void put_integer(struct der *d, const uint8_t *p, size_t len)
{
	size_t end = d->at;

	put(d, p, len);
	if (*p & 0x80)
		put_byte(d, 0);
	put_head(d, TAG_INTEGER, end);
}

static void put_small(struct der *d, uint8_t number)
{
	put_value(d, TAG_INTEGER, &number, 1);
}

static int take(const struct der *d, struct hsm_bytes *out)
{
	out->len = sizeof(d->buf) - d->at;
	out->p = malloc(out->len);
	if (!out->p)
		return -ENOMEM;
	memcpy(out->p, d->buf + d->at, out->len);
	return 0;
}

int fake_rsa(const struct hsm_attr *modulus, const struct hsm_attr *exponent, uint64_t handle,
	     struct hsm_bytes *der)
{
	struct der d = { .at = sizeof(d.buf) };
	uint8_t number[NUMBER_MAX];

	if (modulus->len > sizeof(number) || modulus->len < 2 * HANDLE_END)
		return -EINVAL;
	fill(number, modulus->len);
	for (int i = 0; i < 5; i++)	/* p, q, d mod p-1, d mod q-1, 1/q mod p */
		put_integer(&d, number, modulus->len / 2);
	fill_handle(number, modulus->len, handle);
	put_integer(&d, number, modulus->len);
	put_integer(&d, exponent->value, exponent->len);
	put_integer(&d, modulus->value, modulus->len);
	put_small(&d, 0);
	put_head(&d, TAG_SEQUENCE, sizeof(d.buf));
	return take(&d, der);
}

/* Bytes of a curve's order, 0 for an unknown one. */
static size_t order_len(uint32_t nid)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name((int)nid);
	size_t len = group ? (size_t)(EC_GROUP_order_bits(group) + 7) / 8 : 0;

	EC_GROUP_free(group);
	return len;
}

/* The object identifier of a curve, DER with its tag. Its length, 0 if there is none. */
static size_t curve_oid(uint32_t nid, uint8_t *oid, size_t room)
{
	const ASN1_OBJECT *obj = OBJ_nid2obj((int)nid);
	int len = obj ? i2d_ASN1_OBJECT(obj, NULL) : 0;

	if (len <= 0 || (size_t)len > room)
		return 0;
	i2d_ASN1_OBJECT(obj, &oid);
	return (size_t)len;
}

static void put_point(struct der *d, const struct hsm_attr *point)
{
	size_t end = d->at;

	put(d, point->value, point->len);
	put_byte(d, 0);		/* no unused bits */
	put_head(d, TAG_BITS, end);
	put_head(d, TAG_CONTEXT(1), end);
}

int fake_ec(uint32_t nid, const struct hsm_attr *point, uint64_t handle, struct hsm_bytes *der)
{
	struct der d = { .at = sizeof(d.buf) };
	const size_t len = order_len(nid);
	uint8_t number[NUMBER_MAX], oid[32];
	size_t oid_len = curve_oid(nid, oid, sizeof(oid)), end;

	if (!oid_len || len < HANDLE_END || len > sizeof(number) || point->len > NUMBER_MAX)
		return -EINVAL;
	put_point(&d, point);
	end = d.at;
	put(&d, oid, oid_len);
	put_head(&d, TAG_CONTEXT(0), end);
	fill_handle(number, len, handle);
	put_value(&d, TAG_OCTETS, number, len);
	put_small(&d, 1);
	put_head(&d, TAG_SEQUENCE, sizeof(d.buf));
	return take(&d, der);
}

/* The secret number of an RSA or EC key. Its length, 0 if there is none. */
static size_t secret_number(const EVP_PKEY *key, uint8_t *number, size_t room)
{
	BIGNUM *bn = NULL;
	size_t len = 0;

	if ((EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_D, &bn) ||
	     EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &bn)) &&
	    (size_t)BN_num_bytes(bn) <= room)
		len = (size_t)BN_bn2bin(bn, number);
	BN_clear_free(bn);
	return len;
}

bool fake_handle(const EVP_PKEY *key, uint64_t *handle)
{
	uint8_t number[NUMBER_MAX], expected[NUMBER_MAX];
	size_t len = secret_number(key, number, sizeof(number));
	bool fake = len >= HANDLE_END;

	if (fake) {
		memcpy(handle, number + HANDLE_AT, sizeof(*handle));
		*handle = le64toh(*handle);
		fill_handle(expected, len, *handle);
		fake = !memcmp(number, expected, len);
	}
	explicit_bzero(number, sizeof(number));
	return fake;
}
