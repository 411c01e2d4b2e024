// SPDX-License-Identifier: GPL-2.0-or-later
/* test_attest_parts.c - each part of a check, alone: a statement of which all else holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <endian.h>

#include "crypto_key.h"
#include "hsm.h"

/* What a card would state; the test is its manufacturer, too. */
struct forged {
	struct fc_numbers root, card;
	struct hsm_attestation st;
	struct hsm_attested_key key;
	struct hsm_attest a;
	struct hsm_trust trust;
	struct hsm_attest_key want;
};

static void make_pair(struct fc_numbers *n)
{
	const struct fc_pair_spec spec = {
		.key_type = HSM_KEY_EC, .curve = HSM_CURVE_PRIME256V1,
	};

	assert_true(fc_pair_generate(&spec, n));
}

/* By @issuer, as the card makes them. */
static void certify(struct hsm_bytes *out, const struct fc_numbers *subject, const char *cn,
		    const struct fc_numbers *issuer, const char *issuer_cn, uint64_t from)
{
	const struct fc_cert_spec spec = {
		.subject = subject, .issuer = issuer, .subject_cn = cn, .issuer_cn = issuer_cn,
		.not_before = from, .ca = true,
	};

	hsm_bytes_clear(out);
	assert_true(fc_cert_make(&spec, &out->p, &out->len));
}

#define NOW	((uint64_t)time(NULL) - 86400)
#define ROOT	"TEST Manufacturer Root S1"
#define CARD	"TEST HSM S1"

/* Signs what stands in st and key, with @signer. */
static void sign(struct forged *f, const struct fc_numbers *signer)
{
	const struct fc_params params = { .mechanism = HSM_CKM_ECDSA_SHA256 };
	struct fc_key *k = fc_key_private(signer);
	struct fc_op *op;
	size_t none = 0;

	memcpy(f->a.statement, &f->st, sizeof(f->st));
	memcpy(f->a.statement + sizeof(f->st), &f->key, sizeof(f->key));
	assert_int_equal(fc_op_new(k, HSM_USE_SIGN, &params, &op), 0);
	assert_int_equal(fc_op_update(op, f->a.statement, f->a.statement_len, f->a.signature,
				      &none), 0);
	assert_int_equal(fc_op_final(op, NULL, 0, f->a.signature, &f->a.signature_len), 0);
	fc_op_free(op);
	fc_key_put(k);
}

static int setup(void **state)
{
	struct forged *f = calloc(1, sizeof(*f));

	make_pair(&f->root);
	make_pair(&f->card);
	certify(&f->trust.root, &f->root, ROOT, &f->root, ROOT, NOW);
	certify(&f->trust.hardware, &f->card, CARD, &f->root, ROOT, NOW);
	memcpy(f->st.magic, "HSMQ", 4);
	f->st.version = htole16(1);
	f->st.n_keys = htole16(1);
	memset(f->st.nonce, 0x11, sizeof(f->st.nonce));
	memset(f->st.measurement, 0x22, sizeof(f->st.measurement));
	memcpy(f->st.serial, "S1", 2);
	f->key.handle = htole64(6);
	f->key.origin = htole32(HSM_CMD_KEY_GEN_SYM);
	memset(f->key.attrs, 0x33, sizeof(f->key.attrs));
	f->a.statement_len = sizeof(f->st) + sizeof(f->key);
	memcpy(f->a.nonce, f->st.nonce, sizeof(f->a.nonce));
	f->trust.measurements.p = malloc(2 * HSM_DIGEST_LEN);
	f->trust.measurements.len = 2 * HSM_DIGEST_LEN;
	memset(f->trust.measurements.p, 0x21, HSM_DIGEST_LEN);
	memset(f->trust.measurements.p + HSM_DIGEST_LEN, 0x22, HSM_DIGEST_LEN);
	f->want = (struct hsm_attest_key){ .handle = 6, .origin = HSM_CMD_KEY_GEN_SYM };
	memset(f->want.attrs, 0x33, sizeof(f->want.attrs));
	sign(f, &f->card);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct forged *f = *state;

	hsm_trust_clear(&f->trust);
	fc_numbers_clear(&f->root);
	fc_numbers_clear(&f->card);
	free(f);
	return 0;
}

/* Signs anew; only @part does not hold then. */
static void only(struct forged *f, enum hsm_attest_part part)
{
	sign(f, &f->card);
	assert_int_equal(hsm_attest_check(&f->a, &f->trust, &f->want, 1), 1u << part);
}

static void all_holds(void **state)
{
	struct forged *f = *state;

	assert_int_equal(hsm_attest_check(&f->a, &f->trust, &f->want, 1), 0);
	assert_string_equal(hsm_attest_why(0), "");
}

static void form(void **state)
{
	const uint32_t all = (1u << HSM_ATTEST_PARTS) - 1;
	struct forged *f = *state;

	f->st.version = htole16(2);
	sign(f, &f->card);
	assert_int_equal(hsm_attest_check(&f->a, &f->trust, &f->want, 1), all);
	f->st.version = htole16(1);
	f->st.magic[3] = 'C';	/* the head of an audit log is signed with the same key */
	sign(f, &f->card);
	assert_int_equal(hsm_attest_check(&f->a, &f->trust, &f->want, 1), all);
	f->st.magic[3] = 'Q';
	f->st.n_keys = htole16(0);
	sign(f, &f->card);
	assert_int_equal(hsm_attest_check(&f->a, &f->trust, &f->want, 1), all);
	f->st.n_keys = htole16(1);
	f->a.statement_len--;
	sign(f, &f->card);
	assert_int_equal(hsm_attest_check(&f->a, &f->trust, &f->want, 1), all);
	f->a.statement_len++;
	f->st.serial[0] = '\r';	/* and what it is printed over is gone */
	sign(f, &f->card);
	assert_int_equal(hsm_attest_check(&f->a, &f->trust, &f->want, 1), all);
	f->a.statement_len = 0;
	assert_int_equal(hsm_attest_check(&f->a, &f->trust, &f->want, 1), all);
}

static void nonce(void **state)
{
	struct forged *f = *state;

	f->st.nonce[31] ^= 1;
	only(f, HSM_ATTEST_NONCE);
}

static void root_is_no_test(void **state)
{
	struct forged *f = *state;

	certify(&f->trust.root, &f->root, "Manufacturer Root S1", &f->root,
		"Manufacturer Root S1", NOW);
	certify(&f->trust.hardware, &f->card, CARD, &f->root, "Manufacturer Root S1", NOW);
	only(f, HSM_ATTEST_ROOT);
}

static void chain_of_another_root(void **state)
{
	struct fc_numbers evil;
	struct forged *f = *state;

	make_pair(&evil);
	certify(&f->trust.hardware, &f->card, CARD, &evil, ROOT, NOW);
	only(f, HSM_ATTEST_CHAIN);
	fc_numbers_clear(&evil);
}

static void chain_to_come(void **state)
{
	struct forged *f = *state;

	certify(&f->trust.hardware, &f->card, CARD, &f->root, ROOT, NOW + 10 * 86400);
	only(f, HSM_ATTEST_CHAIN);
}

/* A card may certify its cluster, but nobody to speak for it. */
static void chain_through_the_card(void **state)
{
	struct fc_numbers evil;
	struct forged *f = *state;

	make_pair(&evil);
	certify(&f->trust.hardware, &evil, CARD, &f->card, CARD, NOW);
	sign(f, &evil);
	assert_int_equal(hsm_attest_check(&f->a, &f->trust, &f->want, 1), 1u << HSM_ATTEST_CHAIN);
	fc_numbers_clear(&evil);
}

static void signature(void **state)
{
	struct forged *f = *state;

	sign(f, &f->root);
	assert_int_equal(hsm_attest_check(&f->a, &f->trust, &f->want, 1),
			 1u << HSM_ATTEST_SIGNATURE);
	f->a.signature_len = 0;
	assert_int_equal(hsm_attest_check(&f->a, &f->trust, &f->want, 1),
			 1u << HSM_ATTEST_SIGNATURE);
}

static void serial(void **state)
{
	struct forged *f = *state;

	memcpy(f->st.serial, "S12", 3);
	only(f, HSM_ATTEST_SERIAL);
	memset(f->st.serial, 0, sizeof(f->st.serial));
	only(f, HSM_ATTEST_SERIAL);
}

static void measurement(void **state)
{
	struct forged *f = *state;

	f->st.measurement[0] ^= 1;
	only(f, HSM_ATTEST_MEASUREMENT);
	f->st.measurement[0] ^= 1;
	f->trust.measurements.len--;
	only(f, HSM_ATTEST_MEASUREMENT);
}

static void keys(void **state)
{
	struct forged *f = *state;

	f->key.handle = htole64(7);
	only(f, HSM_ATTEST_OF_KEYS);
	f->key.handle = htole64(6);
	f->key.origin = htole32(HSM_CMD_KEY_UNWRAP);
	only(f, HSM_ATTEST_OF_KEYS);
	f->key.origin = htole32(HSM_CMD_KEY_GEN_SYM);
	f->key.attrs[31] ^= 1;
	only(f, HSM_ATTEST_OF_KEYS);
}

static void no_certificates(void **state)
{
	struct forged *f = *state;

	hsm_bytes_clear(&f->trust.root);
	assert_int_equal(hsm_attest_check(&f->a, &f->trust, &f->want, 1),
			 1u << HSM_ATTEST_ROOT | 1u << HSM_ATTEST_CHAIN);
	hsm_bytes_clear(&f->trust.hardware);
	assert_int_equal(hsm_attest_check(&f->a, &f->trust, &f->want, 1),
			 1u << HSM_ATTEST_ROOT | 1u << HSM_ATTEST_CHAIN |
			 1u << HSM_ATTEST_SIGNATURE | 1u << HSM_ATTEST_SERIAL);
}

static void flips(const struct forged *f, void *bytes, size_t len)
{
	uint8_t *p = bytes;

	for (size_t i = 0; i < len; i++) {
		p[i] ^= 0x10;
		assert_int_not_equal(hsm_attest_check(&f->a, &f->trust, &f->want, 1), 0);
		p[i] ^= 0x10;
	}
	assert_int_equal(hsm_attest_check(&f->a, &f->trust, &f->want, 1), 0);
}

static void every_byte(void **state)
{
	struct forged *f = *state;

	flips(f, f->a.nonce, sizeof(f->a.nonce));
	flips(f, f->a.statement, f->a.statement_len);
	flips(f, f->a.signature, f->a.signature_len);
	flips(f, f->trust.hardware.p, f->trust.hardware.len);
	flips(f, f->trust.root.p, f->trust.root.len);
	flips(f, f->trust.measurements.p + HSM_DIGEST_LEN, HSM_DIGEST_LEN);
	flips(f, &f->want.handle, sizeof(f->want.handle));
	flips(f, &f->want.origin, sizeof(f->want.origin));
	flips(f, f->want.attrs, sizeof(f->want.attrs));
}

static void digest_files(void **state)
{
	static const struct {
		const char *text;
		size_t n;
	} files[] = {
#define LONG "# a comment of more than 255 bytes, and what stands after it is still one:" \
	     "                                                                            " \
	     "                                                                            " \
	     "                                                                            "
#define D "00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff"
		{ D, 1 }, { D "\n", 1 }, { "# c\n\n " D " \r\n" D "\n", 2 },
		{ LONG "\n" D "\n", 1 }, { LONG D "\n", 0 },
		{ "", 0 }, { "# none\n", 0 }, { D "0\n", 0 }, { D " name\n", 0 }, { "x" D "\n", 0 },
		{ "0011\n", 0 }, { D D "\n", 0 }, { D "\nrubbish\n", 0 },
	};
	struct hsm_trust t = { 0 };
	char err[256], path[] = "/tmp/hsm-digests-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	unsetenv(HSM_ROOT_ENV);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		FILE *f = fopen(path, "w");

		fputs(files[i].text, f);
		fclose(f);
		err[0] = '\0';
		assert_int_equal(hsm_trust_files(&t, path, NULL, err, sizeof(err)), files[i].n > 0);
		assert_true(!files[i].n == (strstr(err, path) != NULL));
		if (files[i].n)
			assert_int_equal(t.measurements.len, 32 * files[i].n);
	}
	unlink(path);
	hsm_trust_clear(&t);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(all_holds), T(form), T(nonce), T(root_is_no_test), T(chain_of_another_root),
		T(chain_to_come), T(chain_through_the_card), T(signature), T(serial),
		T(measurement), T(keys), T(every_byte), T(no_certificates), cmocka_unit_test(digest_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
