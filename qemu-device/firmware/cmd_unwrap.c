// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_unwrap.c - KEY_UNWRAP. */
#include <string.h>

#include "key_use.h"
#include "secmem.h"
#include "template.h"
#include "unwrap_attrs.h"
#include "wrap_args.h"

struct job {
	struct wrap_args args;
	struct unwrap_attrs attrs;
	struct bytes wrapped;		/* without header */
	struct template *template;
	struct object *wrapper_copy;	/* for its template */
	struct key_hold wrapper;
	uint8_t *memory;		/* secret */
	const uint8_t *payload;		/* in it */
	size_t len;
	struct object *made;
};

static int read_header(struct call *c, struct job *j)
{
	struct wrap_header *h = &j->attrs.header;
	int rc = HSM_RV_BAD_WRAP_HEADER;

	j->wrapped = call_bytes(c, HSM_TAG_DATA);
	if (!j->args.header)
		return 0;
	if (j->wrapped.len >= WRAP_HEADER_LEN)
		rc = wrap_header_decode(j->wrapped.p, h);
	if (!rc)
		rc = unwrap_attrs_fit(&j->args, h);
	if (rc)
		return call_bad(c, HSM_TAG_DATA, rc);
	if (call_has(c, HSM_TAG_HASH) && j->args.wrap.hash != h->hash)
		return call_bad(c, HSM_TAG_HASH, HSM_RV_INVALID_INPUT);
	j->attrs.has_header = true;
	j->args.wrap.hash = h->hash;
	j->args.wrap.iv = h->iv_len ? h->iv : NULL;
	j->args.wrap.iv_len = h->iv_len;
	j->wrapped.p += WRAP_HEADER_LEN;
	j->wrapped.len -= WRAP_HEADER_LEN;
	return 0;
}

/* fw.lock held. The template goes first: it serves one call, however that ends. */
static int look(struct call *c, struct job *j)
{
	struct object *o;
	int rc = call_recheck(c);

	if (!rc && call_has(c, HSM_TAG_TEMPLATE))
		rc = template_take(c, &j->template);
	if (!rc)
		rc = key_find(c, HSM_TAG_WRAP_HANDLE, KEY_SEE, &o);
	if (!rc)
		rc = key_may(c, HSM_TAG_WRAP_HANDLE, o, BIT_UNWRAP);
	if (!rc)
		rc = wrap_args_key(c, &j->args, o);
	if (!rc)
		rc = key_quorum(c, HSM_TAG_WRAP_HANDLE, o, HSM_SERVICE_KEY_USE);
	if (rc)
		return rc;
	j->wrapper_copy = object_copy(o);
	return j->wrapper_copy ? key_hold(c, o, &j->wrapper) : HSM_RV_NO_MEMORY;
}

/*
 * Takes the payload out. Whether that works or not a random one is drawn, too, and takes
 * its place if there is none, as long as the header says: the rest goes its way and the
 * call ends in the same status at the same time, wherever it went wrong.
 */
static int open_payload(struct job *j, bool *good)
{
	size_t room = fc_wrap_room(j->wrapper.key, &j->args.wrap, j->wrapped.len);
	size_t len = j->attrs.header.value_len;

	j->memory = secmem_alloc(2 * room);
	if (!j->memory)
		return HSM_RV_NO_MEMORY;
	if (!fc_random(j->memory + room, room))
		return HSM_RV_CRYPTO_FAILED;
	*good = !fc_unwrap(j->wrapper.key, &j->args.wrap, j->wrapped.p, j->wrapped.len, j->memory,
			   &j->len) && j->len;
	j->payload = *good ? j->memory : j->memory + room;
	if (!*good)
		j->len = len && len < room ? len : room;
	return 0;
}

/* Whether the header is what was written for this very key. */
static bool header_true(const struct call *c, const struct job *j)
{
	const uint8_t *header = call_bytes(c, HSM_TAG_DATA).p;
	const struct wrap_header *h = &j->attrs.header;
	uint8_t mac[WRAP_HEADER_MAC_LEN];
	bool ok;

	if (!j->args.header)
		return true;
	ok = wrap_header_mac(header, j->payload, j->len, mac);
	ok &= secmem_equal(mac, wrap_header_mac_of(header), sizeof(mac));
	ok &= h->value_len == j->len;
	if (j->made)
		ok &= secmem_equal(h->kcv, j->made->kcv, sizeof(h->kcv));
	return ok;
}

/* Makes the key. Everything that depends on what was wrapped is decided at the end, at once. */
static int make(struct call *c, struct job *j)
{
	bool good = false;
	int rc = open_payload(j, &good), made;

	if (rc)
		return rc;
	made = new_key_from_value(c, &j->attrs.key, j->attrs.kind,
				  (struct bytes){ j->payload, j->len }, &j->made);
	good &= header_true(c, j);
	if (good && made != HSM_RV_BAD_PKCS_DATA)
		return made;
	object_free(j->made);
	j->made = NULL;
	c->has_bad_tag = false;
	return HSM_RV_BAD_PKCS_DATA;
}

/* Strict: a header may have been taken off, so that what it said is forgotten. */
static bool with_trusted(const struct call *c, const struct job *j)
{
	return c->fw->policy == FW_POLICY_STRICT && !j->attrs.has_header &&
	       object_flag(j->wrapper_copy, BIT_TRUSTED);
}

static int unwrap(struct call *c, struct job *j)
{
	struct unwrap_sources from = { 0 };
	int rc;

	if (call_has(c, HSM_TAG_TEMPLATE))	/* which look() takes out */
		fw_lock_write(c->fw);
	else
		fw_lock_read(c->fw);
	rc = look(c, j);
	fw_unlock(c->fw);
	if (rc)
		return rc;
	from.template = j->template ? template_tlvs(j->template) : (struct bytes){ 0 };
	from.unwrap_template = object_unwrap_template(j->wrapper_copy);
	from.with_trusted = with_trusted(c, j);
	rc = unwrap_attrs(c, &from, &j->attrs);
	if (!rc)
		rc = key_ready(c, &j->wrapper);
	return rc ? rc : make(c, j);
}

int cmd_key_unwrap(struct call *c)
{
	struct job j = { 0 };
	int rc = wrap_args(c, UNWRAPS, !call_bool(c, HSM_TAG_NO_HEADER, false), &j.args);

	if (!rc)
		rc = read_header(c, &j);
	if (!rc)
		rc = unwrap(c, &j);
	secmem_free(j.memory);
	template_free(j.template);
	object_free(j.wrapper_copy);
	key_let_go(&j.wrapper);
	return rc ? rc : new_key_install(c, &j.made, 1);
}
