// SPDX-License-Identifier: GPL-2.0-or-later
/* test_loop_wrap.c - wrapped keys, templates, masked objects: libhsm against the firmware. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <endian.h>

#include "loop_fixture.h"

static const uint32_t wrapping[] = { HSM_ATTR_WRAP, HSM_ATTR_UNWRAP, 0 };

/* CLASS, KEY_TYPE, LABEL of an AES key. */
static const struct hsm_attr *aes_attrs(void)
{
	static uint32_t class, type;
	static const struct hsm_attr attrs[] = {
		{ HSM_ATTR_CLASS, 4, &class }, { HSM_ATTR_KEY_TYPE, 4, &type },
		{ HSM_ATTR_LABEL, 3, "new" },
	};

	class = htole32(HSM_KEY_CLASS_SECRET);
	type = htole32(HSM_KEY_AES);
	return attrs;
}
#define N_AES_ATTRS	3

static void same_key(uint64_t a, uint64_t b)
{
	uint8_t kcv_a[3], kcv_b[3];

	assert_true(a != b);
	kcv_of(a, kcv_a);
	kcv_of(b, kcv_b);
	assert_memory_equal(kcv_a, kcv_b, 3);
}

/* There and back with @w, which may be without header. */
static void round_trip(uint64_t target, uint64_t wrap_with, uint64_t unwrap_with, struct hsm_wrap w)
{
	struct hsm_key_spec spec = { 0 };
	struct hsm_bytes wrapped, iv;
	uint64_t made;

	ok(hsm_key_wrap(h, sess, target, wrap_with, &w, &wrapped, &iv, &res));
	if (w.no_header) {
		spec.attrs = aes_attrs();
		spec.n_attrs = N_AES_ATTRS;
	}
	if (w.no_header && iv.len) {
		assert_int_equal(iv.len, 12);
		w.iv = iv.p;
		w.iv_len = iv.len;
	}
	ok(hsm_key_unwrap(h, sess, unwrap_with, &w, wrapped.p, wrapped.len, &spec, &made, &res));
	same_key(target, made);
	hsm_bytes_clear(&wrapped);
	hsm_bytes_clear(&iv);
}

/* A key to wrap, and for each mechanism one that wraps and one that unwraps. */
struct keys {
	uint64_t target;
	uint64_t to[HSM_WRAP_RSA_PKCS + 1];
	uint64_t from[HSM_WRAP_RSA_PKCS + 1];
};
#define N_KEYS	5

static struct keys make_keys(void)
{
	const uint64_t aes = gen_sym(HSM_KEY_AES, 32, NULL);
	const uint64_t tdea = gen_sym(HSM_KEY_DES3, 24, wrapping);
	struct keys k = { .target = gen_sym(HSM_KEY_AES, 32, NULL) };
	uint64_t pub, priv;

	ok(gen_rsa(h, sess, 2048, &pub, &priv, &res));
	for (uint32_t m = HSM_WRAP_AES_PKCS5; m <= HSM_WRAP_RSA_PKCS; m++) {
		const bool rsa = m == HSM_WRAP_RSA_AES || m == HSM_WRAP_RSA_OAEP ||
				 m == HSM_WRAP_RSA_PKCS;

		k.to[m] = rsa ? pub : m == HSM_WRAP_TDEA ? tdea : aes;
		k.from[m] = rsa ? priv : k.to[m];
	}
	return k;
}

static void test_mechanisms(void **state)
{
	const struct keys k = make_keys();

	(void)state;
	for (uint32_t m = HSM_WRAP_AES_PKCS5; m <= HSM_WRAP_RSA_PKCS; m++) {
		round_trip(k.target, k.to[m], k.from[m], (struct hsm_wrap){ .mechanism = m });
		round_trip(k.target, k.to[m], k.from[m],
			   (struct hsm_wrap){ .mechanism = m, .no_header = true });
	}
	round_trip(k.target, k.to[HSM_WRAP_TDEA], k.from[HSM_WRAP_TDEA], (struct hsm_wrap){
		.mechanism = HSM_WRAP_TDEA, .iv = (const uint8_t *)"1234", .iv_len = 4,
		.no_header = true });
}

/* One answer for whatever is inside; the header is in the clear and has its own. */
static void refused(uint64_t unwrap_with, const struct hsm_wrap *w, const uint8_t *p, size_t len)
{
	const struct hsm_key_spec spec = {
		.attrs = w->no_header ? aes_attrs() : NULL,
		.n_attrs = w->no_header ? N_AES_ATTRS : 0,
	};
	uint64_t made;
	int rc = hsm_key_unwrap(h, sess, unwrap_with, w, p, len, &spec, &made, &res);

	if (rc != HSM_RV_BAD_PKCS_DATA && (w->no_header || rc != HSM_RV_BAD_WRAP_HEADER))
		fail_msg("mechanism %u: %d: %s", w->mechanism, rc, hsm_strerror(rc));
	assert_int_equal(made, 0);
}

static void spoil(uint64_t target, uint64_t wrap_with, uint64_t unwrap_with, struct hsm_wrap w)
{
	struct hsm_bytes wrapped, iv;

	ok(hsm_key_wrap(h, sess, target, wrap_with, &w, &wrapped, &iv, &res));
	if (w.no_header && iv.len) {
		w.iv = iv.p;
		w.iv_len = iv.len;
	}
	for (size_t i = 0; i < wrapped.len; i++) {
		wrapped.p[i] ^= 1;
		refused(unwrap_with, &w, wrapped.p, wrapped.len);
		wrapped.p[i] ^= 1;
		if (i)
			refused(unwrap_with, &w, wrapped.p, i);
	}
	hsm_bytes_clear(&wrapped);
	hsm_bytes_clear(&iv);
}

/*
 * Every byte changed, every length too short. PKCS #1 v1.5 alone cannot tell: from
 * OpenSSL 3.2 on what does not open gives bytes that are made up.
 */
static void test_spoiled(void **state)
{
	const struct keys k = make_keys();
	uint64_t *handles;
	size_t n;

	(void)state;
	for (uint32_t m = HSM_WRAP_AES_PKCS5; m <= HSM_WRAP_RSA_PKCS; m++) {
		spoil(k.target, k.to[m], k.from[m], (struct hsm_wrap){ .mechanism = m });
		if (m != HSM_WRAP_RSA_PKCS)
			spoil(k.target, k.to[m], k.from[m],
			      (struct hsm_wrap){ .mechanism = m, .no_header = true });
	}
	ok(hsm_key_find(h, sess, NULL, 0, NULL, 0, &handles, &n, &res));
	assert_int_equal(n, N_KEYS);
	hsm_free(handles);
}

/* The bytes of the caller come back, and no two wrappings hold them in the clear. */
static void test_host_wrap(void **state)
{
	static const uint32_t mechanisms[] = {
		HSM_WRAP_AES_PKCS5, HSM_WRAP_AES_NO_PAD, HSM_WRAP_AES_PAD,
	};
	static uint8_t data[HSM_HOST_WRAP_MAX];
	uint64_t aes, other;

	(void)state;
	aes = gen_sym(HSM_KEY_AES, 32, NULL);
	other = gen_sym(HSM_KEY_AES, 16, NULL);
	ok(hsm_random(h, data, sizeof(data), &res));
	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++) {
		const struct hsm_wrap w = { .mechanism = mechanisms[i] };
		struct hsm_bytes wrapped, plain;

		for (size_t len = 16; len <= sizeof(data); len += 680) {
			ok(hsm_host_wrap(h, sess, aes, &w, data, len, &wrapped, &res));
			ok(hsm_host_unwrap(h, sess, aes, &w, wrapped.p, wrapped.len, &plain, &res));
			assert_int_equal(plain.len, len);
			assert_memory_equal(plain.p, data, len);
			hsm_bytes_clear(&plain);
			assert_int_equal(hsm_host_unwrap(h, sess, other, &w, wrapped.p, wrapped.len,
							 &plain, &res), HSM_RV_BAD_PKCS_DATA);
			assert_null(plain.p);
			hsm_bytes_clear(&wrapped);
		}
	}
	assert_int_equal(res.n_nodes, 1);
}

static void test_host_wrap_refused(void **state)
{
	const struct hsm_wrap w = { .mechanism = HSM_WRAP_AES_PKCS5 };
	const struct hsm_wrap gcm = { .mechanism = HSM_WRAP_AES_GCM };
	uint64_t des = gen_sym(HSM_KEY_DES3, 24, NULL), aes = gen_sym(HSM_KEY_AES, 32, NULL);
	struct hsm_bytes out;

	(void)state;
	assert_int_equal(hsm_host_wrap(h, sess, des, &w, "12345678", 8, &out, &res),
			 HSM_RV_BAD_KEY_TYPE);
	assert_null(out.p);
	assert_int_equal(hsm_host_wrap(h, sess, 999, &w, "12345678", 8, &out, &res),
			 HSM_RV_BAD_HANDLE);
	assert_int_equal(hsm_host_wrap(h, sess, aes, &gcm, "12345678", 8, &out, &res),
			 HSM_RV_BAD_MECHANISM);
	assert_int_equal(hsm_host_unwrap(h, sess, aes, &w, "12345678", 8, &out, &res),
			 HSM_RV_BAD_PKCS_DATA);
}

/* A template serves one unwrapping, also one that fails, and no more than so many wait. */
static void test_templates(void **state)
{
	struct hsm_wrap w = { .mechanism = HSM_WRAP_AES_PAD, .no_header = true };
	uint64_t target = gen_sym(HSM_KEY_AES, 32, NULL);
	uint64_t aes = gen_sym(HSM_KEY_AES, 32, NULL), made;
	const struct hsm_key_spec none = { 0 };
	struct hsm_bytes wrapped;
	uint32_t extra;

	(void)state;
	ok(hsm_key_wrap(h, sess, target, aes, &w, &wrapped, NULL, &res));
	ok(hsm_template(h, sess, aes_attrs(), N_AES_ATTRS, &w.templ, &res));
	ok(hsm_key_unwrap(h, sess, aes, &w, wrapped.p, wrapped.len, &none, &made, &res));
	same_key(target, made);
	assert_int_equal(hsm_key_unwrap(h, sess, aes, &w, wrapped.p, wrapped.len, &none, &made,
					&res), HSM_RV_NO_OPERATION);
	for (int i = 0; i < 2 * HSM_TEMPLATES_MAX; i++) {
		ok(hsm_template(h, sess, aes_attrs(), N_AES_ATTRS, &w.templ, &res));
		assert_int_equal(hsm_key_unwrap(h, sess, aes, &w, wrapped.p, wrapped.len - 8, &none,
						&made, &res), HSM_RV_BAD_PKCS_DATA);
	}
	for (int i = 0; i < HSM_TEMPLATES_MAX; i++)
		ok(hsm_template(h, sess, aes_attrs(), N_AES_ATTRS, &extra, &res));
	assert_int_equal(hsm_template(h, sess, aes_attrs(), N_AES_ATTRS, &extra, &res),
			 HSM_RV_LIMIT_REACHED);
	assert_int_equal(extra, 0);
	hsm_bytes_clear(&wrapped);
}

/* What the template and the request say about one attribute must agree. */
static void test_template_conflict(void **state)
{
	struct hsm_wrap w = { .mechanism = HSM_WRAP_AES_PAD, .no_header = true };
	uint64_t target = gen_sym(HSM_KEY_AES, 32, NULL);
	uint64_t aes = gen_sym(HSM_KEY_AES, 32, NULL), made;
	const struct hsm_attr label = { HSM_ATTR_LABEL, 3, "old" };
	const struct hsm_key_spec spec = { .attrs = &label, .n_attrs = 1 };
	struct hsm_bytes wrapped;

	(void)state;
	ok(hsm_key_wrap(h, sess, target, aes, &w, &wrapped, NULL, &res));
	ok(hsm_template(h, sess, aes_attrs(), N_AES_ATTRS, &w.templ, &res));
	assert_int_equal(hsm_key_unwrap(h, sess, aes, &w, wrapped.p, wrapped.len, &spec, &made,
					&res), HSM_RV_TEMPLATE_CONFLICT);
	assert_int_equal(res.bad_tag, HSM_ATTR_LABEL);
	assert_int_equal(made, 0);
	hsm_bytes_clear(&wrapped);
}

static void test_masked(void **state)
{
	struct hsm_bytes masked;
	uint64_t key, session_key, made;

	(void)state;
	ok(gen_aes("k", false, NULL, 0, &key));
	ok(gen_aes("k", true, NULL, 0, &session_key));
	ok(hsm_key_mask(h, sess, key, &masked, &res));
	ok(hsm_key_unmask(h, sess, masked.p, masked.len, NULL, &made, &res));
	same_key(key, made);
	masked.p[masked.len / 2] ^= 1;
	assert_int_equal(hsm_key_unmask(h, sess, masked.p, masked.len, NULL, &made, &res),
			 HSM_RV_BAD_MASKED_OBJECT);
	assert_int_equal(made, 0);
	hsm_bytes_clear(&masked);
	assert_int_equal(hsm_key_mask(h, sess, session_key, &masked, &res), HSM_RV_INVALID_INPUT);
	assert_null(masked.p);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, loop_setup_alice, loop_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_mechanisms), TEST(test_spoiled), TEST(test_host_wrap),
		TEST(test_host_wrap_refused),
		TEST(test_templates), TEST(test_template_conflict), TEST(test_masked),
	};

	return cmocka_run_group_tests_name("loop_wrap", tests, NULL, NULL);
}
