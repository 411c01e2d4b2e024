// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_audit.c - reading the audit log, and what the card vouches for of it. */
#include <string.h>

#include "audit.h"
#include "cmd_table.h"
#include "hsm/hsm_audit.h"
#include "identity.h"

#define AT(member) offsetof(struct hsm_audit_head, member)

int cmd_audit_read(struct call *c)
{
	return audit_read(c->fw, call_u64(c, HSM_TAG_SEQUENCE), &c->out, call_nodes_len(c));
}

static void put_head(struct call *c, uint8_t head[sizeof(struct hsm_audit_head)])
{
	struct fw *fw = c->fw;
	uint64_t next;
	uint32_t reboot;

	memset(head, 0, sizeof(struct hsm_audit_head));
	memcpy(head, "HSMC", 4);
	put_le16(head + AT(version), HSM_AUDIT_VERSION);
	memcpy(head + AT(serial), fw->serial, strlen(fw->serial));
	audit_state(fw, &reboot, &next, head + AT(hash));
	put_le64(head + AT(next), next);
	put_le64(head + AT(time_us), fw->platform.wall_us(fw->platform.opaque));
	put_le32(head + AT(reboot), reboot);
	put_le32(head + AT(node_id), fw->node_id);
	memcpy(head + AT(nonce), call_bytes(c, HSM_TAG_NONCE).p, HSM_NONCE_LEN);
}

int cmd_audit_head(struct call *c)
{
	uint8_t head[sizeof(struct hsm_audit_head)], sig[IDENTITY_SIG_MAX];
	size_t sig_len;

	if (!c->fw->identity)
		return HSM_RV_RECORD_DAMAGED;
	put_head(c, head);
	if (!identity_sign(c->fw, head, sizeof(head), sig, &sig_len))
		return HSM_RV_CRYPTO_FAILED;
	tlv_put(&c->out, HSM_TAG_AUDIT_HEAD, head, sizeof(head));
	tlv_put(&c->out, HSM_TAG_SIGNATURE, sig, sig_len);
	return HSM_RV_SUCCESS;
}

static const struct cmd_tag read_tags[] = {
	{ HSM_TAG_SEQUENCE, TAG_U64, REQ, 0, 0, 0 },
};

static const struct cmd_tag head_tags[] = {
	{ HSM_TAG_NONCE, TAG_BYTES, REQ, HSM_NONCE_LEN, HSM_NONCE_LEN, 0 },
};

#define READERS	(OFFICER | ROLE_AU)
#define AUDIT	HSM_CLASS_AUDIT

const struct cmd audit_cmds[] = {
	{ CMD(AUDIT_READ), cmd_audit_read, AUDIT, READERS, SN,
	  HEAD + NODE + TLV_HEAD + sizeof(struct hsm_audit_rec), TAGS(read_tags) },
	{ CMD(AUDIT_HEAD), cmd_audit_head, AUDIT, READERS, SN,
	  HEAD + NODE + TLV_HEAD + sizeof(struct hsm_audit_head) + TLV_HEAD + IDENTITY_SIG_MAX,
	  TAGS(head_tags) },
};

const size_t audit_cmd_count = sizeof(audit_cmds) / sizeof(audit_cmds[0]);
