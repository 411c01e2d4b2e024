// SPDX-License-Identifier: GPL-2.0-or-later
/* crypto_cipher.c - AES-256-GCM with a prepared key, and key check values. */
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "crypto.h"
#include "crypto_int.h"
#include "hsm/hsm_cmd.h"
#include "secmem.h"

/* A context with the expanded key, used by one thread at a time. */
struct gcm_slot {
	struct gcm_slot *next;
	EVP_CIPHER_CTX *ctx;
};

struct fc_gcm {
	pthread_mutex_t lock;		/* of idle */
	struct gcm_slot *idle;		/* as many as there were callers at once */
	uint8_t *key;			/* secret memory */
};

static void slot_free(struct gcm_slot *slot)
{
	if (!slot)
		return;
	EVP_CIPHER_CTX_free(slot->ctx);
	free(slot);
}

static struct gcm_slot *slot_new(const uint8_t *key)
{
	const EVP_CIPHER *gcm = fc_cipher(HSM_KEY_AES, FC_GCM_KEY_LEN, FC_GCM);
	struct gcm_slot *slot = calloc(1, sizeof(*slot));

	if (!slot)
		return NULL;
	slot->ctx = EVP_CIPHER_CTX_new();
	if (!gcm || !slot->ctx || EVP_EncryptInit_ex2(slot->ctx, gcm, key, NULL, NULL) != 1) {
		slot_free(slot);
		return NULL;
	}
	return slot;
}

static struct gcm_slot *slot_get(struct fc_gcm *g)
{
	struct gcm_slot *slot;

	pthread_mutex_lock(&g->lock);
	slot = g->idle;
	if (slot)
		g->idle = slot->next;
	pthread_mutex_unlock(&g->lock);
	return slot ? slot : slot_new(g->key);
}

static void slot_put(struct fc_gcm *g, struct gcm_slot *slot)
{
	pthread_mutex_lock(&g->lock);
	slot->next = g->idle;
	g->idle = slot;
	pthread_mutex_unlock(&g->lock);
}

struct fc_gcm *fc_gcm_new(const uint8_t key[FC_GCM_KEY_LEN])
{
	struct fc_gcm *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	pthread_mutex_init(&g->lock, NULL);
	g->key = secmem_dup(key, FC_GCM_KEY_LEN);
	g->idle = g->key ? slot_new(g->key) : NULL;
	if (!g->idle) {
		fc_gcm_free(g);
		return NULL;
	}
	return g;
}

void fc_gcm_free(struct fc_gcm *g)
{
	if (!g)
		return;
	while (g->idle) {
		struct gcm_slot *slot = g->idle;

		g->idle = slot->next;
		slot_free(slot);
	}
	secmem_free(g->key);
	pthread_mutex_destroy(&g->lock);
	free(g);
}

/* Everything of one message but the tag. */
static bool gcm_run(EVP_CIPHER_CTX *ctx, const void *aad, size_t aad_len, const void *in,
		    size_t len, void *out)
{
	int n;

	if (aad_len > INT_MAX || len > INT_MAX)
		return false;
	if (aad_len && EVP_CipherUpdate(ctx, NULL, &n, aad, (int)aad_len) != 1)
		return false;
	return !len || (EVP_CipherUpdate(ctx, out, &n, in, (int)len) == 1 && (size_t)n == len);
}

bool fc_gcm_seal(struct fc_gcm *g, const uint8_t iv[FC_GCM_IV_LEN], const void *aad,
		 size_t aad_len, const void *in, size_t len, void *out,
		 uint8_t tag[FC_GCM_TAG_LEN])
{
	struct gcm_slot *slot = slot_get(g);
	uint8_t rest[FC_GCM_TAG_LEN];
	int n;
	bool ok = slot && EVP_EncryptInit_ex2(slot->ctx, NULL, NULL, iv, NULL) == 1 &&
		  gcm_run(slot->ctx, aad, aad_len, in, len, out) &&
		  EVP_EncryptFinal_ex(slot->ctx, rest, &n) == 1 &&
		  EVP_CIPHER_CTX_ctrl(slot->ctx, EVP_CTRL_AEAD_GET_TAG, FC_GCM_TAG_LEN, tag) == 1;

	if (ok)
		slot_put(g, slot);
	else
		slot_free(slot);
	if (!ok) {
		secmem_wipe(out, len);
		secmem_wipe(tag, FC_GCM_TAG_LEN);
	}
	return ok;
}

bool fc_gcm_open(struct fc_gcm *g, const uint8_t iv[FC_GCM_IV_LEN], const void *aad,
		 size_t aad_len, const void *in, size_t len, void *out,
		 const uint8_t tag[FC_GCM_TAG_LEN])
{
	struct gcm_slot *slot = slot_get(g);
	uint8_t rest[FC_GCM_TAG_LEN];
	int n;
	bool ok = slot && EVP_DecryptInit_ex2(slot->ctx, NULL, NULL, iv, NULL) == 1 &&
		  gcm_run(slot->ctx, aad, aad_len, in, len, out) &&
		  EVP_CIPHER_CTX_ctrl(slot->ctx, EVP_CTRL_AEAD_SET_TAG, FC_GCM_TAG_LEN,
				      (void *)tag) == 1 &&
		  EVP_DecryptFinal_ex(slot->ctx, rest, &n) == 1;

	if (ok)
		slot_put(g, slot);
	else
		slot_free(slot);
	if (!ok)
		secmem_wipe(out, len);
	return ok;
}

bool fc_kcv_cipher(uint32_t key_type, const uint8_t *key, size_t len, uint8_t out[FC_KCV_LEN])
{
	static const uint8_t zero[16];
	const EVP_CIPHER *cipher = fc_cipher(key_type, len, FC_ECB);
	EVP_CIPHER_CTX *ctx = cipher ? EVP_CIPHER_CTX_new() : NULL;
	uint8_t block[16] = { 0 };
	int n = 0;
	bool ok = ctx && EVP_EncryptInit_ex2(ctx, cipher, key, NULL, NULL) == 1 &&
		  EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
		  EVP_EncryptUpdate(ctx, block, &n, zero, EVP_CIPHER_get_block_size(cipher)) == 1 &&
		  n == EVP_CIPHER_get_block_size(cipher);

	EVP_CIPHER_CTX_free(ctx);
	memset(out, 0, FC_KCV_LEN);
	if (ok)
		memcpy(out, block, FC_KCV_LEN);
	secmem_wipe(block, sizeof(block));
	return ok;
}

void fc_des_parity(uint8_t *key, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t bits = key[i] & 0xfe;

		key[i] = (uint8_t)(bits | !__builtin_parity(bits));
	}
}

unsigned int fc_padding(const uint8_t *end, unsigned int block)
{
	unsigned int pad = end[-1], bad = (pad - 1) & ~(block - 1);

	for (unsigned int i = 0; i < block; i++)
		bad |= (end[-1 - (int)i] ^ pad) & (0u - ((i - pad) >> 31));
	return pad & (((bad | (0u - bad)) >> 31) - 1);
}
