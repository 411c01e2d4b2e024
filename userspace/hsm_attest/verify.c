// SPDX-License-Identifier: GPL-2.0-or-later
/* verify.c - whether a file of evidence holds; needs no card. */
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "attrs.h"
#include "evidence.h"

static struct hsm_attested_key stated_key(const struct evidence *e, size_t i)
{
	struct hsm_attested_key k;

	memcpy(&k, e->attest.statement + sizeof(struct hsm_attestation) + i * sizeof(k), sizeof(k));
	return k;
}

/*
 * The keys that the statement has to be about: those of the command line, else those it names.
 * The digests are those of the attributes in the file.
 */
static bool wanted_keys(const struct options *opt, const struct evidence *e,
			struct hsm_attest_key keys[HSM_ATTEST_KEYS_MAX])
{
	bool ok = true;

	for (size_t i = 0; ok && i < e->n_keys; i++) {
		const struct hsm_attested_key k = stated_key(e, i);

		keys[i].handle = i < opt->n_handles ? opt->handles[i] : le64toh(k.handle);
		keys[i].origin = le32toh(k.origin);
		ok = EVP_Digest(e->attrs[i].p, e->attrs[i].len, keys[i].attrs, NULL, EVP_sha256(),
				NULL) == 1;
	}
	return ok;
}

static void line(bool ok, const char *text)
{
	printf("[%s] %s\n", ok ? "PASS" : "FAIL", text);
}

/* The next TLV of @b, which gets shorter; false at the end and for one that is cut off. */
static bool next_attr(struct hsm_bytes *b, struct hsm_attr *attr)
{
	struct hsm_tlv tlv;

	if (b->len < sizeof(tlv))
		return false;
	memcpy(&tlv, b->p, sizeof(tlv));
	*attr = (struct hsm_attr){ le32toh(tlv.tag), le32toh(tlv.len), b->p + sizeof(tlv) };
	if (attr->len > b->len - sizeof(tlv))
		return false;
	b->p += sizeof(tlv) + attr->len;
	b->len -= sizeof(tlv) + attr->len;
	return true;
}

static void print_attrs(struct hsm_bytes tlvs)
{
	/* One for each head that there can be. */
	const size_t most = tlvs.len / sizeof(struct hsm_tlv) + 1;
	struct hsm_attrs *attrs = calloc(1, sizeof(*attrs) + most * sizeof(attrs->v[0]));

	if (!attrs)
		return;
	while (next_attr(&tlvs, &attrs->v[attrs->n]))
		attrs->n++;
	attrs_write(stdout, attrs, HSM_ATTR_ALL);
	free(attrs);
}

static void print_keys(const struct evidence *e)
{
	for (size_t i = 0; i < e->n_keys; i++) {
		const struct hsm_attested_key k = stated_key(e, i);

		printf("key %llu: made by command 0x%04x%s, owner %u, m_value %u, shared with %u\n",
		       (unsigned long long)le64toh(k.handle), le32toh(k.origin),
		       k.origin ? "" : " (not told)", le32toh(k.owner), le32toh(k.m_value),
		       le32toh(k.shares));
		print_attrs(e->attrs[i]);
	}
}

static void print_statement(const struct evidence *e)
{
	struct hsm_attestation st;

	memcpy(&st, e->attest.statement, sizeof(st));
	printf("serial number %s, node %u, firmware %u.%02u, %s policy, FIPS state %u\n",
	       (const char *)st.serial, le32toh(st.node_id), le32toh(st.fw_major),
	       le32toh(st.fw_minor), le32toh(st.policy) ? "strict" : "faithful",
	       le32toh(st.fips_state));
	printf("%u node(s), %u users, start %u, time %llu us, audit log: %llu records\n",
	       le32toh(st.nodes), le32toh(st.users), le32toh(st.reboot),
	       (unsigned long long)le64toh(st.time_us), (unsigned long long)le64toh(st.audit_next));
	printf("  audit hash:  ");
	print_hex(st.audit_hash, sizeof(st.audit_hash));
	printf("  measurement: ");
	print_hex(st.measurement, sizeof(st.measurement));
}

static bool serial_ok(const struct options *opt, const struct evidence *e)
{
	const uint8_t *serial = e->attest.statement + offsetof(struct hsm_attestation, serial);

	return !strncmp((const char *)serial, opt->serial, sizeof(((struct hsm_attestation *)0)->serial));
}

/* Prints a line for each thing that is looked at; true if all hold. */
static bool judge(const struct options *opt, const struct evidence *e,
		  const struct hsm_trust *trust)
{
	struct hsm_attest_key keys[HSM_ATTEST_KEYS_MAX];
	bool ok = wanted_keys(opt, e, keys);
	uint32_t failed = hsm_attest_check(&e->attest, trust, keys, e->n_keys);
	const bool formed = !(failed & 1u << HSM_ATTEST_FORM);

	for (unsigned int i = 0; i < HSM_ATTEST_PARTS; i++)
		line(!(failed & 1u << i), hsm_attest_part_text(i));
	ok = ok && !failed;
	if (opt->serial) {
		line(formed && serial_ok(opt, e), "serial number asked for (-s)");
		ok = ok && serial_ok(opt, e);
	}
	if (opt->n_handles) {
		line(e->n_keys == opt->n_handles, "as many keys as asked for (-k)");
		ok = ok && e->n_keys == opt->n_handles;
	}
	if (formed)
		print_statement(e);
	/* Only attributes that the card signed. */
	if (!(failed & (1u << HSM_ATTEST_OF_KEYS | 1u << HSM_ATTEST_SIGNATURE)))
		print_keys(e);
	return ok;
}

int run_verify(const struct options *opt)
{
	struct hsm_trust trust = { 0 };
	struct evidence e = { 0 };
	char err[512] = "";
	int code = evidence_read(opt->file, &e);
	bool ok = false;

	memcpy(e.attest.nonce, opt->nonce, HSM_NONCE_LEN);
	if (!code && !hsm_trust_files(&trust, opt->measurement, opt->root, err, sizeof(err)))
		code = complain(EXIT_FAILED, "cannot verify", err);
	if (!code) {
		if (!trust.root.p) {
			printf("[note] no manufacturer root is pinned (-r): the card's own is used\n");
			trust.root = e.root;
			e.root = (struct hsm_bytes){ 0 };
		}
		trust.hardware = e.hardware;
		e.hardware = (struct hsm_bytes){ 0 };
		ok = judge(opt, &e, &trust);
		printf("Attestation Check : [%s]\n", ok ? "PASS" : "FAIL");
		code = ok ? EXIT_OK : EXIT_FAILED;
	}
	hsm_trust_clear(&trust);
	evidence_clear(&e);
	return code;
}
