// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hsm/hsm_cmd.h"
#include "keyop.h"
#include "vector.h"

static int feed(struct fc_op *op, const uint8_t *in, size_t len, size_t step, uint8_t *out,
		size_t *out_len)
{
	size_t at = 0, n;

	do {
		size_t part = step && len - at > step ? step : len - at;
		size_t room = fc_op_room(op, part);
		int rv = fc_op_update(op, in + at, part, out ? out + *out_len : NULL, &n);

		if (rv)
			return rv;
		assert_true(n <= room);
		*out_len += n;
		at += part;
	} while (at < len);
	return 0;
}

int keyop(struct fc_key *k, uint32_t use, const struct fc_params *p, const uint8_t *in, size_t len,
	  size_t step, const uint8_t *sig, size_t sig_len, uint8_t *out, size_t *out_len)
{
	struct fc_op *op;
	size_t n = 0;
	int rv = fc_op_new(k, use, p, &op);

	*out_len = 0;
	if (rv) {
		assert_null(op);
		return rv;
	}
	rv = feed(op, in, len, step, out, out_len);
	if (!rv)
		rv = fc_op_final(op, sig, sig_len, out ? out + *out_len : NULL, &n);
	*out_len += n;
	fc_op_free(op);
	return rv;
}

int keyop_sign(struct fc_key *k, uint32_t mechanism, const void *in, size_t len, uint8_t *sig,
	       size_t *sig_len)
{
	const struct fc_params p = { .mechanism = mechanism };

	return keyop(k, HSM_USE_SIGN, &p, in, len, 0, NULL, 0, sig, sig_len);
}

int keyop_verify(struct fc_key *k, uint32_t mechanism, const void *in, size_t len,
		 const uint8_t *sig, size_t sig_len)
{
	const struct fc_params p = { .mechanism = mechanism };
	size_t none;

	return keyop(k, HSM_USE_VERIFY, &p, in, len, 0, sig, sig_len, NULL, &none);
}

struct fc_key *keyop_secret(uint32_t key_type, const char *hex)
{
	size_t len;
	const uint8_t *value = unhex(hex, &len);
	struct fc_key *k = fc_key_secret(key_type, value, len);

	assert_non_null(k);
	return k;
}
