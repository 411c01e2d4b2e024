// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * crypto_key.c - prepared keys.
 *
 * A key holds what the library made of it, and contexts that operations have done
 * with: a small operation costs no key schedule and no look-up by name.
 */
#include <stdlib.h>

#include <openssl/evp.h>

#include "crypto_int.h"
#include "secmem.h"

#define IDLE_MAX	16u	/* contexts that a key keeps */
#define STRENGTH_MAX	256u	/* the highest there is in SP 800-57 */

static struct fc_key *key_new(uint32_t key_type)
{
	struct fc_key *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	atomic_init(&k->refs, 1);
	pthread_mutex_init(&k->lock, NULL);
	k->key_type = key_type;
	return k;
}

static bool secret_len_ok(uint32_t key_type, size_t len)
{
	if (key_type == HSM_KEY_GENERIC || key_type == HSM_KEY_RC4)
		return len > 0;
	return fc_cipher(key_type, len, FC_ECB);
}

struct fc_key *fc_key_secret(uint32_t key_type, const uint8_t *value, size_t len)
{
	struct fc_key *k = secret_len_ok(key_type, len) ? key_new(key_type) : NULL;

	if (!k)
		return NULL;
	k->len = len;
	k->value = secmem_dup(value, len);
	if (k->value)
		return k;
	fc_key_put(k);
	return NULL;
}

static struct fc_key *key_pair(const struct fc_numbers *n, bool private)
{
	struct fc_key *k = key_new(n->key_type);

	if (!k)
		return NULL;
	k->private = private;
	k->pkey = fc_pkey_import(n, private);
	k->size = k->pkey ? (size_t)EVP_PKEY_get_size(k->pkey) : 0;
	if (k->size)
		return k;
	fc_key_put(k);
	return NULL;
}

struct fc_key *fc_key_public(const struct fc_numbers *n)
{
	return key_pair(n, false);
}

struct fc_key *fc_key_private(const struct fc_numbers *n)
{
	return key_pair(n, true);
}

struct fc_key *fc_key_get(struct fc_key *k)
{
	atomic_fetch_add(&k->refs, 1);
	return k;
}

void fc_key_put(struct fc_key *k)
{
	if (!k || atomic_fetch_sub(&k->refs, 1) > 1)
		return;
	while (k->idle) {
		struct fc_slot *slot = k->idle;

		k->idle = slot->next;
		fc_slot_free(slot);
	}
	EVP_PKEY_free(k->pkey);
	secmem_free(k->value);
	pthread_mutex_destroy(&k->lock);
	free(k);
}

uint32_t fc_key_strength(const struct fc_key *k)
{
	if (k->pkey)
		return (uint32_t)EVP_PKEY_get_security_bits(k->pkey);
	if (k->key_type == HSM_KEY_DES3)
		return 112;
	return k->len < STRENGTH_MAX / 8 ? (uint32_t)k->len * 8 : STRENGTH_MAX;
}

struct fc_slot *fc_slot_get(struct fc_key *k, uint64_t id)
{
	struct fc_slot *slot, **at;

	pthread_mutex_lock(&k->lock);
	for (at = &k->idle; *at && (*at)->id != id; at = &(*at)->next)
		;
	slot = *at;
	if (slot) {
		*at = slot->next;
		k->n_idle--;
	}
	pthread_mutex_unlock(&k->lock);
	if (slot)
		return slot;
	slot = calloc(1, sizeof(*slot));
	if (slot)
		slot->id = id;
	return slot;
}

void fc_slot_free(struct fc_slot *slot)
{
	if (!slot)
		return;
	EVP_CIPHER_CTX_free(slot->cipher);
	EVP_MAC_CTX_free(slot->mac);
	EVP_PKEY_CTX_free(slot->pkey);
	free(slot);
}

/* A new one pushes an old one out, so that what the key is used for now has room. */
void fc_slot_put(struct fc_key *k, struct fc_slot *slot)
{
	struct fc_slot *last = NULL, **at;

	pthread_mutex_lock(&k->lock);
	slot->next = k->idle;
	k->idle = slot;
	if (k->n_idle < IDLE_MAX) {
		k->n_idle++;
	} else {
		for (at = &k->idle; (*at)->next; at = &(*at)->next)
			;
		last = *at;
		*at = NULL;
	}
	pthread_mutex_unlock(&k->lock);
	fc_slot_free(last);
}

bool fc_slot_cipher(struct fc_slot *slot, const struct fc_key *k, enum fc_mode mode, bool encrypt,
		    bool pad, const uint8_t *iv)
{
	const EVP_CIPHER *cipher;

	if (slot->cipher)
		return EVP_CipherInit_ex2(slot->cipher, NULL, NULL, iv, -1, NULL) == 1;
	cipher = fc_cipher(k->key_type, k->len, mode);
	slot->cipher = cipher ? EVP_CIPHER_CTX_new() : NULL;
	if (!slot->cipher)
		return false;
	EVP_CIPHER_CTX_set_flags(slot->cipher, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	return EVP_CipherInit_ex2(slot->cipher, cipher, k->value, iv, encrypt, NULL) == 1 &&
	       (pad || EVP_CIPHER_CTX_set_padding(slot->cipher, 0) == 1);
}
