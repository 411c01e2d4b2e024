// SPDX-License-Identifier: GPL-2.0-or-later
/* log.c - takes an exported audit log apart. */
#include <endian.h>
#include <string.h>

#include "log.h"

struct cursor {
	const uint8_t *p;
	size_t left;
};

static const uint8_t *take(struct cursor *c, size_t len)
{
	const uint8_t *p = c->p;

	if (len > c->left)
		return NULL;
	c->p += len;
	c->left -= len;
	return p;
}

static bool take_u32(struct cursor *c, uint32_t *v)
{
	const uint8_t *p = take(c, sizeof(*v));

	if (!p)
		return false;
	memcpy(v, p, sizeof(*v));
	*v = le32toh(*v);
	return true;
}

static bool take_part(struct cursor *c, struct part *part)
{
	uint32_t len;

	if (!take_u32(c, &len))
		return false;
	part->len = len;
	part->p = take(c, len);
	return part->p;
}

static bool take_records(struct cursor *c, struct log *log)
{
	uint32_t n;

	if (!take_u32(c, &n) || n > c->left / REC_LEN)
		return false;
	log->n = n;
	log->recs = take(c, n * REC_LEN);
	return true;
}

const char *log_parse(struct log *log, const uint8_t *p, size_t len)
{
	static const char cut[] = "is cut off or damaged";
	struct cursor c = { p, len };
	const uint8_t *magic = take(&c, strlen(HSM_AUDIT_FILE_MAGIC)), *head;
	uint32_t version;

	if (!magic || memcmp(magic, HSM_AUDIT_FILE_MAGIC, strlen(HSM_AUDIT_FILE_MAGIC)))
		return "is no exported audit log";
	if (!take_u32(&c, &version))
		return cut;
	if (version != HSM_AUDIT_VERSION)
		return "is of an unknown version";
	if (!take_records(&c, log))
		return cut;
	head = take(&c, sizeof(log->head));
	if (!head || !take_part(&c, &log->signature) || !take_part(&c, &log->hardware) ||
	    !take_part(&c, &log->root))
		return cut;
	memcpy(&log->head, head, sizeof(log->head));
	return c.left ? "has bytes behind its end" : NULL;
}

void log_record(const struct log *log, size_t i, struct hsm_audit_rec *rec)
{
	memcpy(rec, log->recs + i * REC_LEN, REC_LEN);
	rec->version = le16toh(rec->version);
	rec->log_type = le16toh(rec->log_type);
	rec->sequence = le64toh(rec->sequence);
	rec->time_us = le64toh(rec->time_us);
	rec->reboot = le32toh(rec->reboot);
	rec->command_type = le32toh(rec->command_type);
	rec->opcode = le32toh(rec->opcode);
	rec->session = le32toh(rec->session);
	rec->status = le32toh(rec->status);
	rec->caller = le32toh(rec->caller);
	rec->handle = le64toh(rec->handle);
	rec->handle_public = le64toh(rec->handle_public);
	rec->user_type = le32toh(rec->user_type);
	rec->user_id = le32toh(rec->user_id);
}
