// SPDX-License-Identifier: LGPL-2.1-or-later
/* api_audit.c - the audit log: reading it, and putting it into a file. */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hsm/hsm_audit.h"
#include "msg.h"

#define REC	sizeof(struct hsm_audit_rec)

/* Appends: the bytes are no secret. */
static int append(struct hsm_bytes *b, const void *p, size_t len)
{
	uint8_t *grown = realloc(b->p, b->len + len + 1);

	if (!grown)
		return -ENOMEM;
	if (len)
		memcpy(grown + b->len, p, len);
	b->p = grown;
	b->len += len;
	return 0;
}

static int put_record(void *dst, const uint8_t *value, size_t len)
{
	struct hsm_bytes *b = dst;
	size_t n = b->len / REC;
	uint8_t *grown = list_room(b->p, n, REC);

	if (!grown)
		return -ENOMEM;
	b->p = grown;
	memcpy(b->p + b->len, value, len);
	b->len += len;
	return 0;
}

int hsm_audit_read(struct hsm *h, uint32_t session, uint64_t first, struct hsm_bytes *records,
		   struct hsm_result *res)
{
	const struct reply_field f = {
		.tag = HSM_TAG_AUDIT_REC, .size = REC, .put = put_record, .dst = records,
	};
	struct msg m;
	int rc;

	*records = (struct hsm_bytes){ NULL, 0 };
	msg_begin(&m, h, HSM_CMD_AUDIT_READ, session, HSM_MSG_MAX);
	msg_u64(&m, HSM_TAG_SEQUENCE, first);
	rc = msg_finish(&m, &f, 1, res);
	if (rc)
		hsm_bytes_clear(records);
	return rc;
}

static int put_head(void *dst, const uint8_t *value, size_t len)
{
	memcpy(dst, value, len);
	return 0;
}

int hsm_audit_head(struct hsm *h, uint32_t session, const uint8_t nonce[HSM_NONCE_LEN],
		   struct hsm_audit_head *head, struct hsm_bytes *signature,
		   struct hsm_result *res)
{
	const struct reply_field f[] = {
		{ .tag = HSM_TAG_AUDIT_HEAD, .size = sizeof(*head), .required = true,
		  .put = put_head, .dst = head },
		{ .tag = HSM_TAG_SIGNATURE, .required = true, .put = msg_put_bytes,
		  .dst = signature },
	};
	struct msg m;
	int rc;

	*signature = (struct hsm_bytes){ NULL, 0 };
	msg_begin(&m, h, HSM_CMD_AUDIT_HEAD, session, REPLY_ROOM);
	msg_bytes(&m, HSM_TAG_NONCE, nonce, HSM_NONCE_LEN);
	rc = msg_finish(&m, f, ARRAY_LEN(f), res);
	if (rc)
		hsm_bytes_clear(signature);
	return rc;
}

/* Appends records until there are @end of them, or no more. */
static int read_until(struct hsm *h, uint32_t session, uint64_t end, struct hsm_bytes *all,
		      struct hsm_result *res)
{
	struct hsm_bytes some;
	size_t got;
	int rc;

	do {
		rc = hsm_audit_read(h, session, all->len / REC, &some, res);
		got = some.len;
		if (!rc && got)
			rc = append(all, some.p, got);
		hsm_bytes_clear(&some);
	} while (!rc && got && all->len / REC < end);
	return rc;
}

static int append_u32(struct hsm_bytes *b, size_t v)
{
	const uint32_t wire = htole32((uint32_t)v);

	return append(b, &wire, sizeof(wire));
}

static int append_part(struct hsm_bytes *b, const struct hsm_bytes *part)
{
	int rc = append_u32(b, part->len);

	return rc ? rc : append(b, part->p, part->len);
}

static int append_cert(struct hsm *h, uint32_t which, struct hsm_bytes *b, struct hsm_result *res)
{
	struct hsm_bytes der = { NULL, 0 };
	int rc = hsm_cert(h, which, &der, res);

	if (!rc)
		rc = append_part(b, &der);
	hsm_bytes_clear(&der);
	return rc;
}

static int put_file(struct hsm *h, const struct hsm_bytes *records,
		    const struct hsm_audit_head *head, const struct hsm_bytes *signature,
		    struct hsm_bytes *file, struct hsm_result *res)
{
	size_t n = (size_t)le64toh(head->next);
	int rc = append(file, HSM_AUDIT_FILE_MAGIC, strlen(HSM_AUDIT_FILE_MAGIC));

	/* What came after the head was signed is for the next export. */
	if (records->len / REC < n || n > UINT32_MAX)
		return -EPROTO;
	if (!rc)
		rc = append_u32(file, HSM_AUDIT_VERSION);
	if (!rc)
		rc = append_u32(file, n);
	if (!rc)
		rc = append(file, records->p, n * REC);
	if (!rc)
		rc = append(file, head, sizeof(*head));
	if (!rc)
		rc = append_part(file, signature);
	if (!rc)
		rc = append_cert(h, HSM_CERT_HARDWARE, file, res);
	return rc ? rc : append_cert(h, HSM_CERT_MANUFACTURER_ROOT, file, res);
}

int hsm_audit_export(struct hsm *h, uint32_t session, const uint8_t nonce[HSM_NONCE_LEN],
		     struct hsm_bytes *file, struct hsm_result *res)
{
	struct hsm_bytes records = { NULL, 0 }, signature = { NULL, 0 };
	struct hsm_audit_head head;
	int rc;

	*file = (struct hsm_bytes){ NULL, 0 };
	rc = read_until(h, session, UINT64_MAX, &records, res);
	if (!rc)
		rc = hsm_audit_head(h, session, nonce, &head, &signature, res);
	/* Whoever logged in meanwhile is in the head: such few fit into one reply. */
	if (!rc && records.len / REC < le64toh(head.next))
		rc = read_until(h, session, le64toh(head.next), &records, res);
	if (!rc)
		rc = put_file(h, &records, &head, &signature, file, res);
	if (rc)
		hsm_bytes_clear(file);
	if (res)
		res->rc = rc;	/* what fails here is in no reply */
	hsm_bytes_clear(&records);
	hsm_bytes_clear(&signature);
	return rc;
}
