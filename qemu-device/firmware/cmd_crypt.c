// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_crypt.c - CRYPT, CRYPT_INIT, CRYPT_UPDATE, CRYPT_FINAL. */
#include "crypt_args.h"
#include "key_use.h"
#include "operation.h"
#include "reply.h"

#define IV_TLV (TLV_HEAD + FC_GCM_IV_LEN)

/* What the end of an operation gives; 0 = nothing. */
static const uint32_t result_tag[] = {
	[HSM_USE_ENCRYPT] = HSM_TAG_DATA,
	[HSM_USE_DECRYPT] = HSM_TAG_DATA,
	[HSM_USE_SIGN] = HSM_TAG_SIGNATURE,
	[HSM_USE_VERIFY] = 0,
	[HSM_USE_DIGEST] = HSM_TAG_DATA,
};

/*
 * Puts the call's DATA through @op, and ends it if @last; what comes out goes into the
 * reply under @tag, with @after bytes of TLVs to come behind.
 */
static int work(struct call *c, struct fc_op *op, uint32_t tag, bool last, size_t after)
{
	struct bytes in = call_bytes(c, HSM_TAG_DATA), sig = call_bytes(c, HSM_TAG_SIGNATURE);
	size_t room, len = 0, more = 0;
	uint8_t *out;
	int rc;

	room = (in.len ? fc_op_room(op, in.len) : 0) + (last ? fc_op_room(op, 0) : 0);
	rc = reply_begin(c, tag, room, after, &out);
	if (rc)
		return rc;
	if (in.len)
		rc = fc_op_update(op, in.p, in.len, out, &len);
	if (!rc && last)
		rc = fc_op_final(op, sig.p, sig.len, out + len, &more);
	reply_end(c, out, room, rc ? 0 : len + more);
	return rc;
}

/* Names the tag that a status of the library is about. */
static int name_tag(struct call *c, int rc)
{
	if (rc == HSM_RV_BAD_KEY_TYPE)
		return call_bad(c, HSM_TAG_HANDLE, rc);
	if (rc == HSM_RV_BAD_MECHANISM)
		return call_bad(c, HSM_TAG_MECHANISM, rc);
	return rc == HSM_RV_DATA_LENGTH ? call_bad(c, HSM_TAG_DATA, rc) : rc;
}

/* An operation with the key that the call names. */
static int start(struct call *c, const struct crypt_args *x, uint64_t *handle, struct fc_op **op)
{
	struct key_hold key = { 0 };
	int rc = 0;

	if (x->use != HSM_USE_DIGEST)
		rc = key_take(c, HSM_TAG_HANDLE, operation_bit(x->use), &key);
	if (!rc)
		rc = name_tag(c, fc_op_new(key.key, x->use, &x->params, op));
	*handle = key.handle;
	key_let_go(&key);
	return rc;
}

static void put_iv(struct call *c, const struct crypt_args *x)
{
	if (x->makes_iv)
		tlv_put(&c->out, HSM_TAG_IV, x->iv, sizeof(x->iv));
}

int cmd_crypt(struct call *c)
{
	struct fc_op *op = NULL;
	struct crypt_args x;
	uint64_t handle;
	int rc = crypt_args(c, true, &x);

	if (!rc)
		rc = start(c, &x, &handle, &op);
	if (rc)
		return rc;
	rc = name_tag(c, work(c, op, result_tag[x.use], true, x.makes_iv ? IV_TLV : 0));
	fc_op_free(op);
	if (!rc)
		put_iv(c, &x);
	return rc;
}

int cmd_crypt_init(struct call *c)
{
	struct fc_op *op = NULL;
	struct crypt_args x;
	uint64_t handle;
	uint32_t id = 0;
	int rc = crypt_args(c, false, &x);

	if (!rc)
		rc = start(c, &x, &handle, &op);
	if (!rc)
		rc = operation_open(c, x.use, handle, op, &id);
	if (rc)
		return rc;
	tlv_put_u32(&c->out, HSM_TAG_OPERATION, id);
	put_iv(c, &x);
	return 0;
}

/* A reply without room is no reason to end the operation: nothing has happened to it. */
static void leave(struct call *c, struct operation *o, int rc, bool last)
{
	if (rc < 0 || (!rc && !last))
		operation_give_back(c, o);
	else
		operation_end(c, o);
}

int cmd_crypt_update(struct call *c)
{
	struct operation *o;
	int rc = operation_take(c, &o);

	if (rc)
		return rc;
	rc = name_tag(c, work(c, o->op, HSM_TAG_DATA, false, 0));
	leave(c, o, rc, false);
	return rc;
}

int cmd_crypt_final(struct call *c)
{
	struct operation *o;
	int rc = operation_take(c, &o);

	if (rc)
		return rc;
	if (o->use == HSM_USE_VERIFY && !call_has(c, HSM_TAG_SIGNATURE))
		rc = call_bad(c, HSM_TAG_SIGNATURE, HSM_RV_BAD_MESSAGE);
	else if (o->use != HSM_USE_VERIFY && call_has(c, HSM_TAG_SIGNATURE))
		rc = call_bad(c, HSM_TAG_SIGNATURE, HSM_RV_INVALID_INPUT);
	if (!rc)
		rc = name_tag(c, work(c, o->op, result_tag[o->use], true, 0));
	leave(c, o, rc, true);
	return rc;
}
