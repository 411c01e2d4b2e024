// SPDX-License-Identifier: GPL-2.0-or-later
/* make.c - from options to the request for a new key. */
#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "make.h"

/* What was given for the option that the card knows as @tag, if the row has it. */
static const struct cli_value *given(const struct cli_args *a, uint32_t tag)
{
	const struct cli_opt *o = cli_opt_by_tag(a->cmd, tag);

	return o ? cli_get(a, o->name) : NULL;
}

static uint32_t given_u32(const struct cli_args *a, uint32_t tag)
{
	const struct cli_value *v = given(a, tag);

	return v ? (uint32_t)v->num : 0;
}

bool make_check(struct cli_args *a)
{
	const struct cli_value *users = given(a, HSM_TAG_SHARE_USER);
	uint32_t n = users ? (uint32_t)users->n : 0;
	uint32_t m_value = given_u32(a, HSM_TAG_M_VALUE);

	if (given(a, HSM_TAG_TIMEOUT_S) && !given(a, HSM_TAG_MIN_SRV)) {
		snprintf(a->error, sizeof(a->error),
			 "Timeout (-timeout) is valid only together with -min_srv.");
		return false;
	}
	if (m_value && !users) {
		snprintf(a->error, sizeof(a->error),
			 "Quorum value (-m_value) is valid only together with -u.");
		return false;
	}
	if (m_value > n + 1) {
		snprintf(a->error, sizeof(a->error),
			 "Quorum value (-m_value) %u is larger than the number of users of the "
			 "key: %u in -u, and you.", m_value, n);
		return false;
	}
	return true;
}

void make_add(struct make *m, uint32_t id, const void *value, size_t len)
{
	m->attrs[m->spec.n_attrs++] = (struct hsm_attr){ id, (uint32_t)len, value };
}

void make_add_u32(struct make *m, uint32_t id, uint32_t number)
{
	uint32_t *wire = &m->numbers[m->spec.n_attrs];

	*wire = htole32(number);
	make_add(m, id, wire, sizeof(*wire));
}

/* Of the flags each says that an attribute is not to be. */
static void add_given(struct make *m, const struct cli_args *a, uint32_t tag)
{
	static const uint8_t no;
	const struct cli_value *v = given(a, tag);

	if (v && v->opt->kind == CLI_FLAG)
		make_add(m, tag, &no, sizeof(no));
	else if (v)
		make_add(m, tag, v->text, strlen(v->text));
}

int make_start(const struct kmu *kmu, struct make *m, const struct cli_args *a)
{
	static const uint32_t tags[] = {
		HSM_ATTR_LABEL, HSM_ATTR_ID, HSM_ATTR_TOKEN, HSM_ATTR_EXTRACTABLE,
	};
	const struct cli_value *users = given(a, HSM_TAG_SHARE_USER);
	int rc;

	memset(m, 0, sizeof(*m));
	m->spec.attrs = m->attrs;
	for (size_t i = 0; i < COUNT(tags); i++)
		add_given(m, a, tags[i]);
	m->spec.users = users ? users->data : NULL;
	m->spec.n_users = users ? users->n : 0;
	m->spec.m_value = given_u32(a, HSM_TAG_M_VALUE);
	m->spec.min_srv = given_u32(a, HSM_TAG_MIN_SRV);
	m->spec.timeout_s = given_u32(a, HSM_TAG_TIMEOUT_S);
	if (!given(a, HSM_TAG_ATTEST_NONCE))
		return CLI_OK;
	rc = attest_before(kmu);
	if (rc)
		return rc;
	m->spec.attest = &m->attest;
	rc = hsm_attest_begin(&m->attest);
	if (rc)
		printf("\n\tError: no nonce for -attest: %s\n", hsm_strerror(rc));
	return rc ? CLI_FAILED : CLI_OK;
}
