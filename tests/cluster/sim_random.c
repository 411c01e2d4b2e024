// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sim_random.c - what the linker puts in the place of three functions of the firmware:
 * random numbers come from the seed, a password is hashed in one round, and the self-tests
 * run once in a process and not with each card. Everything else is the product's.
 */
#include "crypto.h"
#include "sim.h"

static struct sim_world *source;

bool __real_fc_random(void *buf, size_t len);
bool __wrap_fc_random(void *buf, size_t len);
bool __real_fc_pbkdf2(const char *pw, size_t pw_len, const uint8_t *salt, size_t salt_len,
		      uint32_t iterations, uint8_t *out, size_t out_len);
bool __wrap_fc_pbkdf2(const char *pw, size_t pw_len, const uint8_t *salt, size_t salt_len,
		      uint32_t iterations, uint8_t *out, size_t out_len);
const char *__real_fc_selftest(const char *fault);
const char *__wrap_fc_selftest(const char *fault);

void sim_random_source(struct sim_world *w)
{
	source = w;
}

bool __wrap_fc_random(void *buf, size_t len)
{
	if (!source)
		return __real_fc_random(buf, len);
	sim_fill_random(source, buf, len);
	return true;
}

const char *__wrap_fc_selftest(const char *fault)
{
	struct sim_world *w = source;
	static bool passed;
	const char *failed;

	if (passed && !fault)
		return NULL;
	source = NULL;
	failed = __real_fc_selftest(fault);
	source = w;
	passed = !failed;
	return failed;
}

bool __wrap_fc_pbkdf2(const char *pw, size_t pw_len, const uint8_t *salt, size_t salt_len,
		      uint32_t iterations, uint8_t *out, size_t out_len)
{
	return __real_fc_pbkdf2(pw, pw_len, salt, salt_len, source ? 1 : iterations, out, out_len);
}
