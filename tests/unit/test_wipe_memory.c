// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_wipe_memory.c - after a wipe no secret of the old card is anywhere in the memory of
 * the process: keys of every kind, made, used and prepared for use, masking key, password
 * hashes; nor is a key that was deleted. What is looked for is kept in disguise.
 */
#include <stdio.h>

#include "fw_int.h"
#include "identity.h"
#include "secmem.h"
#include "wiped.h"

#define SECRETS_MAX	64
#define PIECE		16
#define DISGUISE	0xa5

static struct {
	uint8_t piece[PIECE];
	char what[40];
} secrets[SECRETS_MAX];
static size_t n_secrets;

static void note(const char *what, const uint8_t *p, size_t len)
{
	size_t i;

	assert_true(len >= PIECE && n_secrets < SECRETS_MAX);
	for (i = 0; i < PIECE; i++)
		secrets[n_secrets].piece[i] = p[len - PIECE + i] ^ DISGUISE;
	snprintf(secrets[n_secrets++].what, sizeof(secrets[0].what), "%s", what);
}

/* The last bytes of each private number, or of the value. */
static void note_key(const struct object *o)
{
	struct tlv_reader r;
	struct tlv t;

	if (!o->secret_len)
		return;
	if (key_kinds[o->kind].class == HSM_KEY_CLASS_SECRET) {
		note("value", o->secret, o->secret_len);
		return;
	}
	tlv_read_init(&r, o->secret, o->secret_len);
	while (tlv_next(&r, &t)) {
		if (t.len >= PIECE)
			note("number of a private key", t.p, t.len);
	}
}

static void note_all(struct card *c)
{
	const struct object *o;
	size_t i;

	n_secrets = 0;
	for (o = c->fw->objects.first; o; o = o->next)
		note_key(o);
	note("masking key", c->fw->identity->masking_key.p, c->fw->identity->masking_key.len);
	for (i = 0; i < c->fw->users.n; i++)
		note("hash of a password", c->fw->users.v[i]->rec.hash, USER_HASH_LEN);
}

__attribute__((no_sanitize("address")))
static bool is_secret(const uint8_t *p, size_t *which)
{
	size_t i, k;

	for (i = 0; i < n_secrets; i++) {
		for (k = 0; k < PIECE && p[k] == (secrets[i].piece[k] ^ DISGUISE); k++)
			;
		if (k == PIECE) {
			*which = i;
			return true;
		}
	}
	return false;
}

/* Two bytes that some secret begins with; else most places need no closer look. */
static uint8_t begins[1 << 16];

static void prepare_search(void)
{
	size_t i;

	memset(begins, 0, sizeof(begins));
	for (i = 0; i < n_secrets; i++)
		begins[(secrets[i].piece[0] ^ DISGUISE) | (secrets[i].piece[1] ^ DISGUISE) << 8] = 1;
}

__attribute__((no_sanitize("address")))
static unsigned int search_range(const uint8_t *at, const uint8_t *end, const char *where)
{
	unsigned int n = 0;
	size_t which;

	for (; at + PIECE <= end; at++) {
		if (begins[at[0] | at[1] << 8] && is_secret(at, &which)) {
			printf("%p: %s, in %s", (const void *)at, secrets[which].what, where);
			n++;
		}
	}
	return n;
}

/* Everything that can be read and written, but for what belongs to the sanitizer. */
static unsigned int search_memory(void)
{
	static char line[512];
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long from, to;
	unsigned int n = 0;
	char mode[8];

	assert_non_null(maps);
	prepare_search();
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) != 3 || strncmp(mode, "rw", 2) ||
		    to - from > 1ul << 32)
			continue;
		n += search_range((const uint8_t *)from, (const uint8_t *)to, line);
	}
	fclose(maps);
	return n;
}

static void crypt_once(struct card *c, uint64_t h, uint32_t use, uint32_t mechanism)
{
	struct msg *m = begin(HSM_CMD_CRYPT, FIRST_SESSION);

	add_u64(m, HSM_TAG_HANDLE, h);
	add_u32(m, HSM_TAG_USE, use);
	add_u32(m, HSM_TAG_MECHANISM, mechanism);
	add(m, HSM_TAG_DATA, "0123456789abcdef0123456789abcdef", 32);
	assert_int_equal(send(c, ALICE, m), 0);
}

static uint64_t private_key(struct card *c, struct msg *m)
{
	made(c, ALICE, m);
	return reply_u64(m, HSM_TAG_HANDLE_PRIVATE);
}

static void make_and_use(struct card *c)
{
	static struct before before;
	struct msg *m;

	fill_card(c, &before);
	secmem_wipe(&before, sizeof(before));
	crypt_once(c, made(c, ALICE, begin_aes("aes")), HSM_USE_ENCRYPT, HSM_CKM_AES_GCM);
	m = begin_sym(HSM_KEY_GENERIC, 64, "mac");
	add_u8(m, HSM_ATTR_SIGN, 1);
	crypt_once(c, made(c, ALICE, m), HSM_USE_SIGN, HSM_CKM_SHA256_HMAC);
	crypt_once(c, private_key(c, begin_rsa("rsa")), HSM_USE_SIGN, HSM_CKM_SHA256_RSA_PKCS);
	m = begin(HSM_CMD_KEY_GEN_PAIR, FIRST_SESSION);
	add_u32(m, HSM_ATTR_KEY_TYPE, HSM_KEY_EC);
	add_u32(m, HSM_TAG_CURVE, HSM_CURVE_PRIME256V1);
	add_text(m, HSM_ATTR_LABEL, "ec");
	crypt_once(c, private_key(c, m), HSM_USE_SIGN, HSM_CKM_ECDSA_SHA256);
}

static void after_a_zeroize(void **state)
{
	struct card *c = *state;

	make_and_use(c);
	note_all(c);
	assert_true(n_secrets > 15 && search_memory() >= n_secrets);
	assert_int_equal(zeroize(c, OFFICER), 0);
	assert_int_equal(search_memory(), 0);
}

/* A key that was made, used and prepared for use, and is deleted alone. */
static void after_keys_were_deleted(void **state)
{
	struct card *c = *state;
	const struct object *o;
	uint64_t handles[SECRETS_MAX];
	size_t i, n = 0;

	make_and_use(c);
	n_secrets = 0;
	for (o = c->fw->objects.first; o; o = o->next) {
		if (o->owner == ID_ALICE && !o->m_value) {
			note_key(o);
			handles[n++] = o->handle;
		}
	}
	assert_true(n_secrets > 5 && search_memory() >= n_secrets);
	for (i = 0; i < n; i++)
		assert_int_equal(delete_key(c, ALICE, handles[i]), 0);
	assert_int_equal(search_memory(), 0);
}

static void after_a_tamper(void **state)
{
	struct card *c = *state;

	make_and_use(c);
	note_all(c);
	fw_tamper(c->fw);
	assert_int_equal(search_memory(), 0);
}

/* Whatever the store does. */
static void after_a_tamper_with_a_failing_store(void **state)
{
	struct card *c = *state;

	make_and_use(c);
	note_all(c);
	c->gate->fail = -5;
	fw_tamper(c->fw);
	assert_int_equal(search_memory(), 0);
	c->gate->fail = 0;
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_users, teardown)
	const struct CMUnitTest tests[] = {
		T(after_keys_were_deleted), T(after_a_zeroize), T(after_a_tamper),
		T(after_a_tamper_with_a_failing_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
