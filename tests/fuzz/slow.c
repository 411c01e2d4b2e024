// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * slow.c - what takes long in the firmware on purpose, or by nature, and is of no interest
 * here: a password is hashed with one iteration, and RSA and DSA keys are those made first.
 * The linker puts these in the place of the firmware's own.
 */
#include <string.h>

#include "crypto.h"
#include "crypto_key.h"
#include "fuzzing.h"
#include "hsm/hsm_cmd.h"
#include "secmem.h"

bool __real_fc_pbkdf2(const char *pw, size_t pw_len, const uint8_t *salt, size_t salt_len,
		      uint32_t iterations, uint8_t *out, size_t out_len);
bool __wrap_fc_pbkdf2(const char *pw, size_t pw_len, const uint8_t *salt, size_t salt_len,
		      uint32_t iterations, uint8_t *out, size_t out_len);
bool __real_fc_pair_generate(const struct fc_pair_spec *spec, struct fc_numbers *out);
bool __wrap_fc_pair_generate(const struct fc_pair_spec *spec, struct fc_numbers *out);

bool __wrap_fc_pbkdf2(const char *pw, size_t pw_len, const uint8_t *salt, size_t salt_len,
		      uint32_t iterations, uint8_t *out, size_t out_len)
{
	(void)iterations;
	return __real_fc_pbkdf2(pw, pw_len, salt, salt_len, 1, out, out_len);
}

/* One pair of each kind asked for. */
#define KEPT	8

static struct kept {
	uint32_t key_type, bits;
	uint8_t e[8];
	size_t e_len;
	struct fc_numbers numbers;
} kept[KEPT];
static size_t n_kept;

static bool copy(struct fc_numbers *to, const struct fc_numbers *from)
{
	bool ok = true;

	*to = *from;
	for (size_t i = 0; i < FC_PARTS; i++) {
		to->part[i].p =
			from->part[i].len ? secmem_dup(from->part[i].p, from->part[i].len) : NULL;
		ok = ok && (to->part[i].p || !from->part[i].len);
	}
	if (!ok)
		fc_numbers_clear(to);
	return ok;
}

static struct kept *find(const struct fc_pair_spec *spec)
{
	for (size_t i = 0; i < n_kept; i++) {
		struct kept *k = &kept[i];

		if (k->key_type == spec->key_type && k->bits == spec->bits &&
		    k->e_len == spec->e_len && !memcmp(k->e, spec->e, k->e_len))
			return k;
	}
	return NULL;
}

/* Not other sizes than the smallest, which take seconds. */
static struct kept *make(const struct fc_pair_spec *spec)
{
	struct kept *k = &kept[n_kept];

	if (n_kept == KEPT || spec->bits > HSM_RSA_BITS_MIN || spec->e_len > sizeof(k->e) ||
	    !__real_fc_pair_generate(spec, &k->numbers))
		return NULL;
	k->key_type = spec->key_type;
	k->bits = spec->bits;
	k->e_len = spec->e_len;
	if (k->e_len)
		memcpy(k->e, spec->e, k->e_len);
	n_kept++;
	return k;
}

bool __wrap_fc_pair_generate(const struct fc_pair_spec *spec, struct fc_numbers *out)
{
	struct kept *k;

	if (spec->key_type == HSM_KEY_EC)
		return __real_fc_pair_generate(spec, out);
	k = find(spec);
	if (!k)
		k = make(spec);
	return k && copy(out, &k->numbers);
}
