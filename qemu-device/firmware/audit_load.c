// SPDX-License-Identifier: GPL-2.0-or-later
/* audit_load.c - where the audit log of a store ends, and reading it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "audit_int.h"
#include "crypto.h"
#include "hsm/hsm_audit.h"
#include "record.h"
#include "secmem.h"

static const char cut[] =
	"the audit log of the key store does not end as it should: records of it were removed, "
	"or put back from an older copy";

static bool genesis(const struct fw *fw, uint8_t hash[HSM_DIGEST_LEN])
{
	uint8_t in[sizeof(HSM_AUDIT_GENESIS) - 1 + FW_SERIAL_MAX];
	size_t len = strlen(fw->serial);

	memcpy(in, HSM_AUDIT_GENESIS, sizeof(HSM_AUDIT_GENESIS) - 1);
	memcpy(in + sizeof(HSM_AUDIT_GENESIS) - 1, fw->serial, len);
	return fc_sha256(in, sizeof(HSM_AUDIT_GENESIS) - 1 + len, hash);
}

/* With a.salt. */
static bool begin(struct fw *fw, const uint8_t salt[AUDIT_SALT_LEN])
{
	struct audit *a = calloc(1, sizeof(*a));

	fw->audit = a;
	if (!a)
		return false;
	memcpy(a->salt, salt, AUDIT_SALT_LEN);
	a->lock = fw->platform.lock_new(fw->platform.opaque);
	a->seal = seal_new_audit(fw->secret.p, fw->secret.len, salt);
	a->root_seal = fw->seal;
	a->reboot = 1;
	return a->lock && a->seal && genesis(fw, a->there.hash);
}

bool audit_new(struct fw *fw)
{
	uint8_t salt[AUDIT_SALT_LEN];

	return fc_random(salt, sizeof(salt)) && begin(fw, salt);
}

void audit_free(struct fw *fw)
{
	struct audit *a = fw->audit;
	size_t i;

	if (!a)
		return;
	for (i = 0; i < a->n_ops; i++)
		free(a->sealed[i].data);
	free(a->sealed);
	free(a->ops);
	seal_free(a->seal);
	if (a->lock)
		fw->platform.lock_free(fw->platform.opaque, a->lock);
	free(a);
	fw->audit = NULL;
}

/* Opens the record with number @id into @rec. */
static bool open_record(struct fw *fw, uint64_t id, const void *data, size_t len,
			uint8_t rec[AUDIT_REC_LEN])
{
	uint8_t *plain;
	size_t plain_len;
	bool ok = seal_open(fw->audit->seal, STORE_AUDIT, id, data, len, &plain, &plain_len);

	if (ok && plain_len == AUDIT_REC_LEN)
		memcpy(rec, plain, AUDIT_REC_LEN);
	secmem_free(plain);
	return ok && plain_len == AUDIT_REC_LEN &&
	       get_le64(rec + offsetof(struct hsm_audit_rec, sequence)) == id;
}

/* The last record and what stands behind it, which is nothing. */
struct last {
	struct fw *fw;
	uint64_t want;
	uint8_t hash[HSM_DIGEST_LEN];
	unsigned int seen;
};

static int look_at_last(void *opaque, enum store_kind kind, uint64_t id, const void *data,
			size_t len)
{
	struct last *l = opaque;
	uint8_t rec[AUDIT_REC_LEN];

	(void)kind;
	if (l->seen++ || id != l->want || !open_record(l->fw, id, data, len, rec))
		return 1;
	memcpy(l->hash, rec + offsetof(struct hsm_audit_rec, hash), HSM_DIGEST_LEN);
	return 0;
}

static bool ends_there(struct fw *fw)
{
	const struct audit_point *end = &fw->audit->there;
	struct last l = { .fw = fw, .want = end->next ? end->next - 1 : 0 };

	if (fw->store->ops->scan(fw->store, STORE_AUDIT, l.want, look_at_last, &l))
		return false;
	if (!end->next)
		return !l.seen;
	return l.seen == 1 && !memcmp(l.hash, end->hash, HSM_DIGEST_LEN);
}

static bool take_head(struct audit *a, const struct sealed *head)
{
	uint8_t *plain;
	size_t len;
	bool ok = seal_open(a->seal, STORE_META, RECORD_AUDIT_HEAD, head->data, head->len, &plain,
			    &len) && len == AUDIT_HEAD_LEN;

	if (ok) {
		a->there.next = get_le64(plain);
		a->reboot = get_le32(plain + 8) + 1;
		memcpy(a->there.hash, plain + 12, HSM_DIGEST_LEN);
		a->stored = true;
		/* It is sealed last. */
		seal_go_on(a->seal, head->data, head->len);
	}
	secmem_free(plain);
	return ok;
}

const char *audit_load(struct fw *fw, const struct sealed *salt, const struct sealed *head)
{
	bool none = !salt->data && !head->data;

	if (!none && (!salt->data || !head->data || salt->len != AUDIT_SALT_LEN))
		return cut;
	if (none && fw->damaged)
		return "the audit log of the key store is missing, and with damaged records it "
		       "cannot be told whether there was one";
	if (none ? !audit_new(fw) : !begin(fw, salt->data))
		return "out of memory";
	/* An allocation that failed says nothing of the log. */
	errno = 0;
	if ((none || take_head(fw->audit, head)) && ends_there(fw))
		return NULL;
	return errno == ENOMEM ? "out of memory" : cut;
}

struct reading {
	struct fw *fw;
	uint64_t next, end;
	struct tlv_writer *w;
	size_t after;
	int status;	/* of the record that stopped it */
};

static int put_record(void *opaque, enum store_kind kind, uint64_t id, const void *data, size_t len)
{
	struct reading *r = opaque;
	uint8_t rec[AUDIT_REC_LEN];

	(void)kind;
	if (r->next == r->end || r->w->room - r->w->len < TLV_HEAD + AUDIT_REC_LEN + r->after)
		return 1;
	errno = 0;
	if (id != r->next || !open_record(r->fw, id, data, len, rec)) {
		r->status = errno == ENOMEM ? HSM_RV_NO_MEMORY : HSM_RV_RECORD_DAMAGED;
		return 1;
	}
	tlv_put(r->w, HSM_TAG_AUDIT_REC, rec, sizeof(rec));
	r->next++;
	return 0;
}

int audit_read(struct fw *fw, uint64_t first, struct tlv_writer *w, size_t after)
{
	struct reading r = { .fw = fw, .next = first, .w = w, .after = after };
	uint8_t hash[HSM_DIGEST_LEN];
	uint32_t reboot;
	int rc;

	audit_state(fw, &reboot, &r.end, hash);
	if (first >= r.end)
		return HSM_RV_SUCCESS;
	rc = fw->store->ops->scan(fw->store, STORE_AUDIT, first, put_record, &r);
	if (rc < 0)
		return HSM_RV_STORE_FAILED;
	/* What is wrong further on is told when it is asked for. */
	if (r.next != first)
		return HSM_RV_SUCCESS;
	return !rc ? HSM_RV_RECORD_DAMAGED : r.status;
}
