// SPDX-License-Identifier: GPL-2.0-or-later
/* operation.c - open operations of a context. */
#include "operation.h"

#include <stdlib.h>

#include "key_use.h"

enum attr_bit operation_bit(uint32_t use)
{
	static const enum attr_bit bits[] = {
		[HSM_USE_ENCRYPT] = BIT_ENCRYPT,
		[HSM_USE_DECRYPT] = BIT_DECRYPT,
		[HSM_USE_SIGN] = BIT_SIGN,
		[HSM_USE_VERIFY] = BIT_VERIFY,
	};

	return bits[use];
}

static void free_operation(struct held *h)
{
	struct operation *o = container_of(h, struct operation, held);

	fc_op_free(o->op);
	free(o);
}

/* Whether the key is still there for this use; fw.lock held. */
static int check_key(struct call *c, uint64_t handle, uint32_t use)
{
	const struct object *o;
	int rc;

	if (!handle)
		return 0;
	o = object_by_handle(&c->fw->objects, handle);
	rc = o ? policy_key(c->ctx, o, KEY_SEE) : HSM_RV_BAD_HANDLE;
	return rc ? call_bad(c, HSM_TAG_HANDLE, rc)
		  : key_may(c, HSM_TAG_HANDLE, o, operation_bit(use));
}

int operation_open(struct call *c, uint32_t use, uint64_t handle, struct fc_op *op, uint32_t *id)
{
	struct operation *o = calloc(1, sizeof(*o));
	int rc;

	if (!o) {
		fc_op_free(op);
		return HSM_RV_NO_MEMORY;
	}
	o->held.session = c->session;
	o->held.free = free_operation;
	o->use = use;
	o->handle = handle;
	o->op = op;
	fw_lock_write(c->fw);
	rc = call_recheck(c);
	if (!rc)
		rc = check_key(c, handle, use);
	if (!rc && !held_add(&c->ctx->operations, &o->held))
		rc = HSM_RV_LIMIT_REACHED;
	*id = o->held.id;
	fw_unlock(c->fw);
	if (rc)
		free_operation(&o->held);
	return rc;
}

int operation_take(struct call *c, struct operation **o)
{
	struct held *h = NULL;
	int rc;

	fw_lock_read(c->fw);
	rc = call_recheck(c);
	if (!rc) {
		h = held_take(&c->ctx->operations, call_u32(c, HSM_TAG_OPERATION, 0));
		rc = h ? 0 : call_bad(c, HSM_TAG_OPERATION, HSM_RV_NO_OPERATION);
	}
	*o = h ? container_of(h, struct operation, held) : NULL;
	if (h)
		rc = check_key(c, (*o)->handle, (*o)->use);
	fw_unlock(c->fw);
	if (h && rc)
		operation_end(c, *o);
	return rc;
}

void operation_give_back(struct call *c, struct operation *o)
{
	bool nobodys;

	fw_lock_read(c->fw);
	nobodys = held_release(&o->held);
	fw_unlock(c->fw);
	if (nobodys)
		free_operation(&o->held);
}

void operation_end(struct call *c, struct operation *o)
{
	fw_lock_write(c->fw);
	held_remove(&c->ctx->operations, &o->held);
	fw_unlock(c->fw);
	free_operation(&o->held);
}

void ctx_end_operations(struct ctx *ctx, uint32_t session)
{
	held_end(&ctx->operations, session);
	held_end(&ctx->templates, session);
}
