// SPDX-License-Identifier: LGPL-2.1-or-later
/* api_share.c - who may use a key, and what officers see of keys. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "msg.h"

int hsm_key_share(struct hsm *h, uint32_t session, uint64_t handle, const uint32_t *users,
		  size_t n, bool share, struct hsm_result *res)
{
	const uint8_t wire = share;
	struct msg m;

	msg_begin(&m, h, HSM_CMD_KEY_SHARE, session, REPLY_ROOM);
	msg_check(&m, n > 0);
	msg_u64(&m, HSM_TAG_HANDLE, handle);
	msg_u32_each(&m, HSM_TAG_SHARE_USER, users, n);
	msg_bytes(&m, HSM_TAG_SHARE, &wire, sizeof(wire));
	return msg_finish(&m, NULL, 0, res);
}

struct ref_list {
	struct hsm_key_ref_info *v;
	size_t n;
	uint8_t hash[HSM_DIGEST_LEN];
	bool hashed;
};

static int put_ref(void *dst, const uint8_t *value, size_t len)
{
	struct ref_list *list = dst;
	struct hsm_key_ref_info *v = list_room(list->v, list->n, sizeof(*v));

	(void)len;
	if (!v)
		return -ENOMEM;
	list->v = v;
	v[list->n++] = (struct hsm_key_ref_info){
		.handle = msg_get64(value + offsetof(struct hsm_key_ref, handle)),
		.flags = msg_get32(value + offsetof(struct hsm_key_ref, flags)),
		.owner = msg_get32(value + offsetof(struct hsm_key_ref, owner)),
	};
	return 0;
}

static int put_hash(void *dst, const uint8_t *value, size_t len)
{
	struct ref_list *list = dst;

	memcpy(list->hash, value, len);
	list->hashed = true;
	return 0;
}

/* One page, from the first key that @list does not hold; the hash comes with the first. */
static int list_page(struct hsm *h, uint32_t session, uint32_t user, bool hash,
		     struct ref_list *list, uint32_t *total, struct hsm_result *res)
{
	const uint8_t yes = 1;
	const struct reply_field fields[] = {
		{ HSM_TAG_TOTAL, 4, true, msg_put32, total },
		{ HSM_TAG_KEY_REF, sizeof(struct hsm_key_ref), false, put_ref, list },
		{ HSM_TAG_KEY_HASH, HSM_DIGEST_LEN, false, put_hash, list },
	};
	struct msg m;

	msg_begin(&m, h, HSM_CMD_KEY_LIST, session, list->n ? HSM_MSG_MAX : REPLY_ROOM);
	msg_u32(&m, HSM_TAG_USER_ID, user);
	msg_maybe_u32(&m, HSM_TAG_START, (uint32_t)list->n);
	if (hash && !list->n)
		msg_bytes(&m, HSM_TAG_KEY_HASH, &yes, sizeof(yes));
	return msg_finish(&m, fields, ARRAY_LEN(fields), res);
}

/* Ends also when keys vanish between two pages: a page that adds nothing is the last. */
int hsm_key_list(struct hsm *h, uint32_t session, uint32_t user, struct hsm_key_ref_info **keys,
		 size_t *n, uint8_t hash[HSM_DIGEST_LEN], bool *hashed, struct hsm_result *res)
{
	struct ref_list list = { 0 };
	uint32_t total;
	size_t before;
	int rc;

	do {
		before = list.n;
		rc = list_page(h, session, user, hash, &list, &total, res);
	} while (!rc && list.n > before && list.n < total);
	if (rc) {
		free(list.v);
		list = (struct ref_list){ 0 };
	}
	*keys = list.v;
	*n = list.n;
	if (hash)
		memcpy(hash, list.hash, sizeof(list.hash));
	if (hashed)
		*hashed = hash && list.hashed;
	return rc;
}
