/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_key.h - private keys that hold a handle in place of the secret number, so
 * that programs which want a key file get one and the key stays on the card.
 *
 * The secret number, d of RSA as long as the modulus, of EC as long as the order, is
 * the marker EA FC FC EE, the handle in 8 bytes, little-endian, and the marker over
 * and over to the end. All other secret numbers of RSA are markers alone.
 */
#ifndef KMU_FAKE_KEY_H
#define KMU_FAKE_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "hsm.h"

/*
 * PKCS #1 RSAPrivateKey and RFC 5915 ECPrivateKey over the true public halves, DER.
 * @nid is OpenSSL's number of the curve, @point uncompressed. 0, -EINVAL for a curve
 * without name, -ENOMEM.
 */
int fake_rsa(const struct hsm_attr *modulus, const struct hsm_attr *exponent, uint64_t handle,
	     struct hsm_bytes *der);
int fake_ec(uint32_t nid, const struct hsm_attr *point, uint64_t handle, struct hsm_bytes *der);

/* True if the private key @key is one of the above; its handle. */
bool fake_handle(const EVP_PKEY *key, uint64_t *handle);

#endif /* KMU_FAKE_KEY_H */
