// SPDX-License-Identifier: GPL-2.0-or-later
/* load.c - from the store to the tables. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "funnel.h"
#include "identity.h"
#include "record.h"
#include "replica.h"
#include "secmem.h"
#include "store.h"

struct loading {
	struct fw *fw;
	struct record_card card;
	struct sealed root, audit_salt, audit_head;	/* as they stand in the store */
	bool leave_cluster;
	size_t records, opened;
	bool has_card;
	const char *wrong;
};

static const char *const kind_names[] = {
	[STORE_META] = "meta", [STORE_USER] = "user", [STORE_OBJECT] = "key",
};

static const char wrong_secret[] =
	"the key store does not open with this secret (or its header is damaged)";

/* What it means when every record opens, but the root does not say that these are all. */
static const char *const not_whole[] = {
	[SEAL_NO_ROOT] = "the root record of the key store is missing: records may be, too",
	[SEAL_ROOT_DAMAGED] = "the root record of the key store is damaged: records may have been "
			      "removed or put back from an older copy",
	[SEAL_SET_DIFFERS] = "records of the key store were removed, or put back from an "
			     "older copy",
};

/*
 * What cannot be read for lack of memory is neither damaged nor missing: errno, 0 before, tells
 * of an allocation that failed.
 */
static const char *or_memory(const char *wrong)
{
	return errno == ENOMEM ? "out of memory" : wrong;
}

static int fatal(struct loading *l, const char *wrong)
{
	l->wrong = wrong;
	return -EINVAL;
}

static int take_header(struct loading *l, const void *data, size_t len)
{
	const uint8_t *salt;

	if (!record_get_header(&salt, data, len))
		return fatal(l, "the header of the key store is damaged or of another version");
	l->fw->seal = seal_new(l->fw->secret.p, l->fw->secret.len, salt);
	return l->fw->seal ? 0 : fatal(l, "out of memory");
}

static int keep(struct loading *l, struct sealed *rec, const void *data, size_t len)
{
	rec->data = malloc(len ? len : 1);
	if (!rec->data)
		return fatal(l, "out of memory");
	memcpy(rec->data, data, len);
	rec->len = len;
	return 0;
}

/* Where a record goes that is not opened yet; NULL for others. */
static struct sealed *place_of(struct loading *l, enum store_kind kind, uint64_t id)
{
	if (kind != STORE_META)
		return NULL;
	switch (id) {
	case RECORD_ROOT:
		return &l->root;
	case RECORD_AUDIT_SALT:
		return &l->audit_salt;
	case RECORD_AUDIT_HEAD:
		return &l->audit_head;
	default:
		return NULL;
	}
}

static bool take_debt(struct loading *l, uint64_t id, const uint8_t *p, size_t len)
{
	uint32_t debt;

	return id >> 32 == 1 && record_get_debt(&debt, p, len) &&
	       user_add_debt(&l->fw->users, (uint32_t)id, debt);
}

static bool take_meta(struct loading *l, uint64_t id, const uint8_t *p, size_t len)
{
	switch (id) {
	case RECORD_IDENTITY:
		l->fw->identity = identity_read(p, len);
		return l->fw->identity;
	case RECORD_CARD:
		l->has_card = record_get_card(&l->card, p, len);
		return l->has_card;
	case RECORD_CLUSTER:
		return replica_recall(l->fw, p, len);
	case RECORD_DOUBT:
		return funnel_recall(l->fw, p, len);
	default:
		return take_debt(l, id, p, len);
	}
}

static bool take_user(struct loading *l, uint64_t id, const uint8_t *p, size_t len)
{
	struct user_rec rec;
	bool ok = record_get_user(&rec, id, p, len) && user_add(&l->fw->users, &rec, false);

	secmem_wipe(&rec, sizeof(rec));
	return ok;
}

static bool take_object(struct loading *l, uint64_t id, const uint8_t *p, size_t len)
{
	struct object *o = record_get_object(id, p, len);

	if (o)
		object_insert(&l->fw->objects, o);
	return o;
}

static bool (*const takers[])(struct loading *, uint64_t, const uint8_t *, size_t) = {
	[STORE_META] = take_meta, [STORE_USER] = take_user, [STORE_OBJECT] = take_object,
};

static int refuse(struct loading *l, enum store_kind kind, uint64_t id)
{
	struct fw *fw = l->fw;

	fw_log(fw, FW_LOG_ERROR, "stored record %s %llu is damaged and not used", kind_names[kind],
	       (unsigned long long)id);
	fw->damaged++;
	if ((kind == STORE_OBJECT && !object_add_damaged(&fw->objects, id)) ||
	    (kind == STORE_USER && !user_add_damaged(&fw->users, (uint32_t)id)))
		return fatal(l, "out of memory");
	if (kind == STORE_META && id == RECORD_CLUSTER)
		return fatal(l, "the record of the cluster that this card belongs to is damaged");
	return 0;
}

static bool root_opens(const struct loading *l)
{
	uint8_t *plain = NULL;
	size_t len;
	bool ok = l->root.data && seal_open(l->fw->seal, STORE_META, RECORD_ROOT, l->root.data,
					    l->root.len, &plain, &len);

	secmem_free(plain);
	return ok;
}

static int load_record(void *opaque, enum store_kind kind, uint64_t id, const void *data,
		       size_t len)
{
	struct loading *l = opaque;
	struct sealed *place = place_of(l, kind, id);
	uint8_t *plain = NULL;
	size_t plain_len;
	bool ok;

	l->records++;
	if (kind == STORE_META && id == RECORD_HEADER)
		return take_header(l, data, len);
	if (!l->fw->seal)
		return fatal(l, "the key store has no header");
	if ((unsigned int)kind > STORE_OBJECT)
		return fatal(l, "the key store holds a record of an unknown kind");
	errno = 0;
	seal_load_add(l->fw->seal, kind, id, data, len);
	if (errno == ENOMEM)
		return fatal(l, or_memory(NULL));
	if (place)
		return keep(l, place, data, len);
	ok = seal_open(l->fw->seal, kind, id, data, len, &plain, &plain_len);
	if (!ok && !l->opened && !root_opens(l))
		return fatal(l, or_memory(wrong_secret));
	l->opened += ok;
	ok = ok && takers[kind](l, id, plain, plain_len);
	secmem_free(plain);
	if (!ok && errno == ENOMEM)
		return fatal(l, or_memory(NULL));
	return ok ? 0 : refuse(l, kind, id);
}

/* The card's counter does not reach those that session keys of a cluster's cards got. */
static bool counted(uint64_t handle)
{
	return !(handle >> OBJECT_SESSION_BITS);
}

/* The largest handle that is taken by a key or a damaged record; 0: none. */
static uint64_t last_handle(const struct object_table *t)
{
	const struct object *o = t->last;
	size_t n = t->n_damaged;
	uint64_t last;

	while (o && !counted(o->handle))
		o = o->prev;
	while (n && !counted(t->damaged[n - 1].handle))
		n--;
	last = o ? o->handle : 0;
	return n && t->damaged[n - 1].handle > last ? t->damaged[n - 1].handle : last;
}

/* What the card counts and was told; nothing gets a number that is or was taken. */
static void set_counters(struct loading *l)
{
	struct fw *fw = l->fw;
	struct object_table *t = &fw->objects;
	struct user_table *u = &fw->users;

	t->next_handle = l->has_card ? l->card.next_handle : HSM_FIRST_HANDLE;
	u->next_id = l->has_card ? l->card.next_user : FW_FIRST_USER;
	memcpy(fw->quorum.m_value, l->card.m_value, sizeof(fw->quorum.m_value));
	memcpy(fw->quorum.m_coming, l->card.m_value, sizeof(fw->quorum.m_coming));
	if (last_handle(t) >= t->next_handle)
		t->next_handle = last_handle(t) + 1;
	if (u->n && u->v[u->n - 1]->rec.id >= u->next_id)
		u->next_id = u->v[u->n - 1]->rec.id + 1;
}

/* NULL if the store may be served, else what is wrong with it as a whole. */
static const char *judge(struct loading *l)
{
	struct fw *fw = l->fw;
	enum seal_verdict v;

	errno = 0;
	v = seal_load_root(fw->seal, l->root.data, l->root.len);
	if (v != SEAL_WHOLE && errno == ENOMEM)
		return or_memory(NULL);
	if (v != SEAL_WHOLE && !l->opened)
		return wrong_secret;
	if (l->has_card && strcmp(l->card.serial, fw->serial))
		return "the key store belongs to a card with another serial number";
	if (v != SEAL_WHOLE && !fw->damaged)
		return not_whole[v];
	if (v != SEAL_WHOLE)
		fw_log(fw, FW_LOG_ERROR, "the records are not those that the key store was last "
		       "left with: besides damaged ones, some may be missing or old");
	fw->card_damaged = !l->has_card;
	if (fw->card_damaged)
		fw_log(fw, FW_LOG_ERROR, "the card record is damaged: no keys or users can "
		       "be made");
	if (fw->damaged)
		fw_log(fw, FW_LOG_WARNING, "%zu damaged records of the key store are not served",
		       fw->damaged);
	return NULL;
}

/*
 * A store from before there were identities gets one; a store that has lost it, or
 * something else, does not: what the old one masked would never open again.
 */
static bool add_identity(struct loading *l)
{
	if (l->fw->damaged) {
		fw_log(l->fw, FW_LOG_ERROR, "the identity record is missing or damaged: no "
		       "certificates, no masked objects");
		return true;
	}
	l->wrong = "the identity of the card cannot be made or stored";
	if (fw_add_identity(l->fw))
		return true;
	l->fw->store->ops->stop(l->fw->store);
	return false;
}

/* A card of a cluster that went its own way would not find back. */
static bool leave_cluster(struct loading *l)
{
	struct fw *fw = l->fw;

	if (!replica_belongs(fw) || !l->leave_cluster)
		return true;
	l->wrong = "that the card leaves its cluster cannot be stored";
	if (fw_forget_cluster(fw)) {
		fw_log(fw, FW_LOG_WARNING, "the card has left its cluster");
		return true;
	}
	fw->store->ops->stop(fw->store);
	return false;
}

static const char *judge_cluster(const struct loading *l)
{
	if (replica_belongs(l->fw) && !l->fw->cluster && !l->leave_cluster)
		return "this card belongs to a cluster: start it with cluster=..., or take it "
		       "out with cluster=leave";
	return NULL;
}

static bool start(struct fw *fw, struct loading *l)
{
	l->wrong = judge(l);
	if (!l->wrong)
		l->wrong = judge_cluster(l);
	if (l->wrong)
		return false;
	set_counters(l);
	l->wrong = audit_load(fw, &l->audit_salt, &l->audit_head);
	if (l->wrong)
		return false;
	l->wrong = "the key store cannot be started";
	if (fw->store->ops->start(fw->store, &fw->hooks))
		return false;
	return (fw->identity || add_identity(l)) && leave_cluster(l);
}

bool fw_load(struct fw *fw, bool leave, char *err, size_t err_len)
{
	struct loading l = { .fw = fw, .leave_cluster = leave };
	int rc;
	bool ok;

	fw->hooks = (struct store_hooks){ .opaque = fw, .seal = audit_hook, .abort = audit_abort };
	rc = fw->store->ops->load(fw->store, load_record, &l);
	if (rc)
		ok = false;
	else if (l.records)
		ok = start(fw, &l);
	else
		ok = fw_make_fresh(fw, &l.wrong);
	free(l.root.data);
	free(l.audit_salt.data);
	free(l.audit_head.data);
	if (!ok && l.wrong)
		snprintf(err, err_len, "%s", l.wrong);
	else if (!ok)
		snprintf(err, err_len, "the key store cannot be read: error %d", -rc);
	return ok;
}
