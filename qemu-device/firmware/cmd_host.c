// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_host.c - TRANSPORT_KEY, HOST_WRAP, HOST_UNWRAP: keys that the host holds. */
#include "key_use.h"
#include "reply.h"
#include "secmem.h"
#include "transport.h"
#include "wrap_args.h"

struct job {
	struct wrap_args args;
	struct key_hold key;
	uint8_t *plain;		/* secret memory */
	size_t len;
};

int cmd_transport_key(struct call *c)
{
	uint8_t point[FC_POINT_LEN];

	if (!transport_point(c->fw, point))
		return HSM_RV_CRYPTO_FAILED;
	tlv_put(&c->out, HSM_TAG_POINT, point, sizeof(point));
	return 0;
}

/* The AES key, which has to be allowed to encrypt (or decrypt) data. */
static int take_key(struct call *c, struct job *j, enum attr_bit bit)
{
	struct object *o;
	int rc;

	fw_lock_read(c->fw);
	rc = key_find(c, HSM_TAG_WRAP_HANDLE, KEY_SEE, &o);
	if (!rc)
		rc = wrap_args_key(c, &j->args, o);
	if (!rc)
		rc = key_may(c, HSM_TAG_WRAP_HANDLE, o, bit);
	if (!rc)
		rc = key_quorum(c, HSM_TAG_WRAP_HANDLE, o, HSM_SERVICE_KEY_USE);
	if (!rc)
		rc = key_hold(c, o, &j->key);
	fw_unlock(c->fw);
	return rc ? rc : key_ready(c, &j->key);
}

static int wrap(struct call *c, struct job *j)
{
	size_t room = fc_wrap_room(j->key.key, &j->args.wrap, j->len), len = 0;
	uint8_t *out;
	int rc = reply_begin(c, HSM_TAG_DATA, room, 0, &out);

	if (rc)
		return rc;
	rc = fc_wrap(j->key.key, &j->args.wrap, j->plain, j->len, out, &len);
	reply_end(c, out, room, rc ? 0 : len);
	return rc == HSM_RV_DATA_LENGTH ? call_bad(c, HSM_TAG_DATA, rc) : rc;
}

int cmd_host_wrap(struct call *c)
{
	struct job j = { 0 };
	int rc = wrap_args(c, WRAPS, false, &j.args);

	if (!rc)
		rc = take_key(c, &j, BIT_ENCRYPT);
	if (!rc) {
		j.len = call_bytes(c, HSM_TAG_DATA).len - ENVELOPE_EXTRA;
		j.plain = secmem_alloc(j.len);
		rc = j.plain ? transport_open(c, j.plain) : HSM_RV_NO_MEMORY;
	}
	if (!rc)
		rc = wrap(c, &j);
	secmem_free(j.plain);
	key_let_go(&j.key);
	return rc;
}

/* The envelope is made only of what came out whole; all that can be wrong is one status. */
static int unwrap(struct call *c, struct job *j)
{
	struct bytes in = call_bytes(c, HSM_TAG_DATA);
	int rc;

	j->plain = secmem_alloc(fc_wrap_room(j->key.key, &j->args.wrap, in.len));
	if (!j->plain)
		return HSM_RV_NO_MEMORY;
	rc = fc_unwrap(j->key.key, &j->args.wrap, in.p, in.len, j->plain, &j->len);
	return rc ? HSM_RV_BAD_PKCS_DATA : 0;
}

static int put_envelope(struct call *c, const struct job *j)
{
	size_t room = j->len + ENVELOPE_EXTRA;
	uint8_t point[FC_POINT_LEN], *out;
	int rc = reply_begin(c, HSM_TAG_DATA, room, TLV_HEAD + sizeof(point), &out);

	if (rc)
		return rc;
	rc = transport_seal(c, j->plain, j->len, point, out);
	reply_end(c, out, room, rc ? 0 : room);
	if (!rc)
		tlv_put(&c->out, HSM_TAG_POINT, point, sizeof(point));
	return rc;
}

int cmd_host_unwrap(struct call *c)
{
	struct job j = { 0 };
	int rc = wrap_args(c, UNWRAPS, false, &j.args);

	if (!rc)
		rc = take_key(c, &j, BIT_DECRYPT);
	if (!rc)
		rc = unwrap(c, &j);
	if (!rc)
		rc = put_envelope(c, &j);
	secmem_free(j.plain);
	key_let_go(&j.key);
	return rc;
}
