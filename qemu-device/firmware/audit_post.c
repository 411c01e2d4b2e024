// SPDX-License-Identifier: GPL-2.0-or-later
/* audit_post.c - records of the audit log that nobody waits for. */
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "fw_int.h"
#include "hsm/hsm_audit.h"

#define POSTS_MAX	1024	/* on their way to the disk: more wait, or a fast client fills the memory */

struct audit_post {
	struct store_txn txn;
	struct audit_journal journal;
	struct fw *fw;
	struct audit_post *next;
};

struct audit_post *audit_note(struct fw *fw, uint32_t opcode, uint32_t session,
			      const struct audit_caller *who, struct audit_post *list)
{
	struct audit_post *p = calloc(1, sizeof(*p));
	struct audit_entry *e;

	if (!p) {
		fw_log(fw, FW_LOG_ERROR, "a record of the audit log is lost: out of memory");
		return list;
	}
	e = &p->journal.e[0];
	*e = (struct audit_entry){
		.log_type = HSM_AUDIT_USER, .opcode = opcode, .session = session,
		.caller = who->id, .user_id = who->id,
		.user_type = who->type == HSM_USER_PCO ? HSM_USER_CO : who->type,
	};
	memcpy(e->user_name, who->name, sizeof(e->user_name));
	p->journal.n = 1;
	p->fw = fw;
	p->next = list;
	return p;
}

static void posted(struct store_txn *txn, int err)
{
	struct audit_post *p = container_of(txn, struct audit_post, txn);
	struct fw *fw = p->fw;

	if (err)
		fw_log(fw, FW_LOG_ERROR, "a record of the audit log is lost: error %d", -err);
	else
		audit_committed(fw);
	free(p);
	atomic_fetch_sub(&fw->posts, 1);
	fw_leave(fw);
}

bool audit_may_post(const struct fw *fw)
{
	return atomic_load(&fw->posts) < POSTS_MAX;
}

/* While the card is wiped there is nothing to tell but that. */
void audit_post(struct fw *fw, struct audit_post *list)
{
	struct audit_post *p;

	while ((p = list)) {
		list = p->next;
		if (fw_enter(fw)) {
			free(p);
			continue;
		}
		atomic_fetch_add(&fw->posts, 1);
		p->txn.journal = &p->journal;
		p->txn.done = posted;
		fw->store->ops->submit(fw->store, &p->txn);
	}
}
