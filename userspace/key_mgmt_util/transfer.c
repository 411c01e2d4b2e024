// SPDX-License-Identifier: GPL-2.0-or-later
/* transfer.c - the steps of imports and exports, each with its line. */
#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "hostwrap.h"
#include "transfer.h"

static const struct hsm_wrap mechanism = { .mechanism = HSM_WRAP_AES_PKCS5, .no_header = true };

/* One step: its line if it went well, else all that ends the command. */
static int step(const struct kmu *kmu, const struct cli_args *a, const char *margin,
		const char *op, const struct hsm_result *res)
{
	char name[64];

	snprintf(name, sizeof(name), "%sCfm3%s", margin, op);
	if (res->rc)
		return out_refused(kmu, a, name, res);
	out_line(name, res);
	return CLI_OK;
}

/* With -wk this is nothing the card takes part in, so it has no line. */
static int wrap_here(const struct cli_args *a, const struct hsm_bytes *plain,
		     struct hsm_bytes *wrapped)
{
	struct hsm_bytes key;
	int rc = hostwrap_key(a, "-wk", &key);

	if (!rc && !hostwrap(&key, plain, wrapped))
		rc = in_complain(a, "-wk", plain->len < HOSTWRAP_MIN ?
				 "wraps no key of less than 8 bytes" :
				 "cannot be used: out of memory");
	hsm_bytes_clear(&key);
	return rc;
}

static int wrap_in_card(const struct kmu *kmu, const struct cli_args *a, const char *margin,
			const struct hsm_bytes *plain, struct hsm_bytes *wrapped)
{
	struct hsm_result res;

	hsm_host_wrap(kmu->hsm, kmu->session, cli_get(a, "-w")->num, &mechanism, plain->p,
		      plain->len, wrapped, &res);
	return step(kmu, a, margin, "WrapHostKey", &res);
}

static int unwrap_with_template(const struct kmu *kmu, const struct cli_args *a,
				const char *margin, const struct hsm_bytes *wrapped,
				const struct make *m, uint64_t *handle, struct hsm_result *res)
{
	struct hsm_wrap w = mechanism;
	struct hsm_key_spec spec = m->spec;
	int rc;

	hsm_template(kmu->hsm, kmu->session, spec.attrs, spec.n_attrs, &w.templ, res);
	rc = step(kmu, a, margin, "CreateUnwrapTemplate", res);
	if (rc)
		return rc;
	spec.attrs = NULL;
	spec.n_attrs = 0;
	hsm_key_unwrap(kmu->hsm, kmu->session, cli_get(a, "-w")->num, &w, wrapped->p, wrapped->len,
		       &spec, handle, res);
	return step(kmu, a, margin, "UnWrapKey", res);
}

int transfer_in(const struct kmu *kmu, const struct cli_args *a, const char *margin,
		const struct hsm_bytes *plain, const struct make *m, uint64_t *handle,
		struct hsm_result *res)
{
	struct hsm_bytes wrapped = { 0 };
	int rc;

	rc = cli_has(a, "-wk") ? wrap_here(a, plain, &wrapped) :
				 wrap_in_card(kmu, a, margin, plain, &wrapped);
	if (!rc)
		rc = unwrap_with_template(kmu, a, margin, &wrapped, m, handle, res);
	hsm_bytes_clear(&wrapped);
	return rc;
}

static int unwrap_here(const struct cli_args *a, const struct hsm_bytes *key,
		       const struct hsm_bytes *wrapped, struct hsm_bytes *plain)
{
	if (hostunwrap(key, wrapped, plain))
		return CLI_OK;
	in_complain(a, "-wk", "is not the key that -w names");
	return CLI_FAILED;
}

static int unwrap_in_card(const struct kmu *kmu, const struct cli_args *a,
			  const struct hsm_bytes *wrapped, struct hsm_bytes *plain)
{
	struct hsm_result res;

	hsm_host_unwrap(kmu->hsm, kmu->session, cli_get(a, "-w")->num, &mechanism, wrapped->p,
			wrapped->len, plain, &res);
	return step(kmu, a, "\t", "UnWrapHostKey", &res);
}

/* The tool exports one class of keys by each of its commands; the card would not mind. */
static int check_class(const struct kmu *kmu, const struct cli_args *a, const char *margin,
		       uint32_t class)
{
	static const char *const names[] = {
		[HSM_KEY_CLASS_PUBLIC] = "a public", [HSM_KEY_CLASS_PRIVATE] = "a private",
		[HSM_KEY_CLASS_SECRET] = "a symmetric",
	};
	const uint32_t id = HSM_ATTR_CLASS;
	const struct hsm_attr *attr;
	struct hsm_attrs *attrs;
	struct hsm_result res;
	uint32_t wire = 0;

	if (hsm_key_attrs(kmu->hsm, kmu->session, cli_get(a, "-k")->num, &id, 1, &attrs, &res))
		return step(kmu, a, margin, "WrapKey", &res);
	attr = hsm_attrs_get(attrs, id);
	if (attr && attr->len == sizeof(wire))
		memcpy(&wire, attr->value, sizeof(wire));
	hsm_free(attrs);
	wire = le32toh(wire);
	if (wire == class)
		return CLI_OK;
	printf("\nError: Key handle (-k) %s is that of %s key; %s exports %s key.\n",
	       cli_text(a, "-k"), wire < COUNT(names) && names[wire] ? names[wire] : "another",
	       a->cmd->name, names[class]);
	return CLI_FAILED;
}

int transfer_out(const struct kmu *kmu, const struct cli_args *a, const char *margin,
		 uint32_t class, struct hsm_bytes *plain)
{
	struct hsm_bytes wrapped = { 0 }, key = { 0 };
	struct hsm_result res;
	int rc;

	*plain = (struct hsm_bytes){ 0 };
	rc = cli_has(a, "-wk") ? hostwrap_key(a, "-wk", &key) : CLI_OK;
	if (!rc)
		rc = check_class(kmu, a, margin, class);
	if (!rc) {
		hsm_key_wrap(kmu->hsm, kmu->session, cli_get(a, "-k")->num, cli_get(a, "-w")->num,
			     &mechanism, &wrapped, NULL, &res);
		rc = step(kmu, a, margin, "WrapKey", &res);
	}
	if (!rc)
		rc = key.p ? unwrap_here(a, &key, &wrapped, plain) :
			     unwrap_in_card(kmu, a, &wrapped, plain);
	hsm_bytes_clear(&wrapped);
	hsm_bytes_clear(&key);
	return rc;
}
