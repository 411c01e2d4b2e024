// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_m_value.c - M_VALUE_SET and M_VALUE_GET: how many officers have to approve. */
#include "change.h"

static size_t service_index(const struct call *c)
{
	return call_u32(c, HSM_TAG_SERVICE, 0) - HSM_SERVICE_USER_MGMT;
}

/*
 * Approvals that a change needs. Tokens of service 4 exist only where it has an m value
 * itself: service 3 cannot change while it has one and service 4 has none.
 */
static uint32_t approvals_needed(const struct call *c)
{
	uint32_t m = quorum_m_value(c->fw, call_u32(c, HSM_TAG_SERVICE, 0));
	uint32_t misc = quorum_m_value(c->fw, HSM_SERVICE_MISC_CO);

	return m > misc ? m : misc;
}

static int prepare_set(struct change *ch)
{
	struct call *c = &ch->call;
	uint32_t m = call_u32(c, HSM_TAG_M_VALUE, 0);
	int rc = call_recheck(c);

	if (!rc && c->fw->card_damaged)
		rc = HSM_RV_RECORD_DAMAGED;
	if (!rc && m > user_officers(&c->fw->users))
		rc = call_bad(c, HSM_TAG_M_VALUE, HSM_RV_QUORUM_OFFICERS);
	if (!rc)
		rc = quorum_claim_m(c, HSM_SERVICE_MISC_CO, NULL, approvals_needed(c));
	if (rc)
		return rc;
	c->fw->quorum.m_coming[service_index(c)] = m;
	ch->card = true;
	return 0;
}

static int set(struct change *ch)
{
	struct quorum *q = &ch->call.fw->quorum;
	size_t i = service_index(&ch->call);

	q->m_value[i] = q->m_coming[i];
	return 0;
}

static void put_back(struct change *ch)
{
	struct quorum *q = &ch->call.fw->quorum;
	size_t i = service_index(&ch->call);

	q->m_coming[i] = q->m_value[i];
}

/* One after the other: the line of a key that there is not. */
int cmd_m_value_set(struct call *c)
{
	struct change *ch = change_new(c);

	if (!ch)
		return HSM_RV_NO_MEMORY;
	ch->handle = CHANGE_M_VALUES;
	ch->prepare = prepare_set;
	ch->applied = set;
	ch->failed = put_back;
	fw_lock_write(c->fw);
	return change_propose(ch);
}

int cmd_m_value_get(struct call *c)
{
	uint32_t service = call_u32(c, HSM_TAG_SERVICE, 0), m;
	int rc;

	fw_lock_read(c->fw);
	rc = call_recheck(c);
	if (!rc && c->fw->card_damaged)
		rc = HSM_RV_RECORD_DAMAGED;
	m = c->fw->quorum.m_value[service - HSM_SERVICE_USER_MGMT];
	fw_unlock(c->fw);
	if (!rc)
		tlv_put_u32(&c->out, HSM_TAG_M_VALUE, m ? m : 1);
	return rc;
}
