// SPDX-License-Identifier: GPL-2.0-or-later
/* attest.c - -attest: no key comes of a card that cannot prove what it is. */
#include <errno.h>
#include <stdio.h>

#include "make.h"

#define REASON_MAX	512

/* Prints the verdict: @failed as of hsm_attest_check(), else the reason why there is none. */
static int verdict(uint32_t failed, const char *reason)
{
	const bool ok = !failed && !*reason;

	printf("\n\tAttestation Check : [%s]\n", ok ? "PASS" : "FAIL");
	if (!ok)
		printf("\n\tError: %s\n", *reason ? reason : hsm_attest_why(failed));
	return ok ? CLI_OK : CLI_FAILED;
}

/* The parts of @a that do not hold; all and a @reason if it could not be looked at. */
static uint32_t check(const struct kmu *kmu, const struct hsm_attest *a,
		      const struct hsm_attest_key *keys, size_t n, char reason[REASON_MAX])
{
	struct hsm_trust trust = { 0 };
	uint32_t failed = UINT32_MAX;
	int rc;

	if (hsm_trust_files(&trust, NULL, NULL, reason, REASON_MAX)) {
		rc = hsm_trust_card(kmu->hsm, &trust, NULL);
		if (rc)
			snprintf(reason, REASON_MAX, "no certificates: %s", hsm_strerror(rc));
		else
			failed = hsm_attest_check(a, &trust, keys, n);
	}
	hsm_trust_clear(&trust);
	return failed;
}

int attest_before(const struct kmu *kmu)
{
	struct hsm_attest a;
	char reason[REASON_MAX] = "";
	uint32_t failed = 0;
	int rc = hsm_attest_begin(&a);

	if (!rc)
		rc = hsm_attest(kmu->hsm, 0, NULL, 0, &a, NULL);
	if (rc)
		snprintf(reason, sizeof(reason), "no statement: %s", hsm_strerror(rc));
	else
		failed = check(kmu, &a, NULL, 0, reason);
	/* That all is well is said when the key is there. */
	return failed || *reason ? verdict(failed, reason) : CLI_OK;
}

/* The keys as the card shows them; the statement has to fit. */
static int read_keys(const struct kmu *kmu, uint32_t origin, const uint64_t *handles, size_t n,
		     struct hsm_attest_key *keys)
{
	const uint32_t all = HSM_ATTR_ALL;
	struct hsm_attrs *attrs;
	int rc = 0;

	for (size_t i = 0; !rc && i < n; i++) {
		keys[i].handle = handles[i];
		keys[i].origin = origin;
		rc = hsm_key_attrs(kmu->hsm, kmu->session, handles[i], &all, 1, &attrs, NULL);
		if (!rc && !hsm_attest_attrs(attrs, keys[i].attrs))
			rc = -EIO;
		hsm_free(attrs);
	}
	return rc;
}

static void delete_keys(const struct kmu *kmu, const uint64_t *handles, size_t n)
{
	int rc;

	for (size_t i = 0; i < n; i++) {
		rc = hsm_key_delete(kmu->hsm, kmu->session, handles[i], NULL);
		printf("\tKey %llu %s%s\n", (unsigned long long)handles[i],
		       rc ? "could not be deleted: " : "is deleted", rc ? hsm_strerror(rc) : "");
	}
}

int attest_made(const struct kmu *kmu, const struct make *m, uint32_t origin,
		const uint64_t *handles, size_t n)
{
	struct hsm_attest_key keys[HSM_ATTEST_KEYS_MAX];
	char reason[REASON_MAX] = "";
	uint32_t failed = 0;
	int rc;

	if (!m->spec.attest)
		return CLI_OK;
	rc = read_keys(kmu, origin, handles, n, keys);
	if (rc)
		snprintf(reason, sizeof(reason), "the new key cannot be read: %s",
			 hsm_strerror(rc));
	else
		failed = check(kmu, m->spec.attest, keys, n, reason);
	rc = verdict(failed, reason);
	if (rc)
		delete_keys(kmu, handles, n);
	return rc;
}
