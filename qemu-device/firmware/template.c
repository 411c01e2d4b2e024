// SPDX-License-Identifier: GPL-2.0-or-later
/* template.c - TEMPLATE, and the unwrap templates of a context. */
#include "template.h"

#include <stdlib.h>
#include <string.h>

struct template {
	struct held held;
	size_t len;
	uint8_t tlvs[];
};

static void free_held(struct held *h)
{
	free(container_of(h, struct template, held));
}

void template_free(struct template *t)
{
	free(t);
}

struct bytes template_tlvs(const struct template *t)
{
	return (struct bytes){ t->tlvs, t->len };
}

/* Every tag of the request is an attribute: it is kept as it came. */
static struct template *make(const struct call *c)
{
	struct tlv_reader all;
	struct template *t;

	call_each(c, &all);
	t = calloc(1, sizeof(*t) + all.left);
	if (!t)
		return NULL;
	t->held.session = c->session;
	t->held.free = free_held;
	t->len = all.left;
	memcpy(t->tlvs, all.p, all.left);
	return t;
}

int cmd_template(struct call *c)
{
	struct template *t = make(c);
	uint32_t id = 0;
	int rc;

	if (!t)
		return HSM_RV_NO_MEMORY;
	fw_lock_write(c->fw);
	rc = call_recheck(c);
	if (!rc && !held_add(&c->ctx->templates, &t->held))
		rc = HSM_RV_LIMIT_REACHED;
	id = t->held.id;
	fw_unlock(c->fw);
	if (rc)
		template_free(t);
	else
		tlv_put_u32(&c->out, HSM_TAG_TEMPLATE, id);
	return rc;
}

int template_take(struct call *c, struct template **t)
{
	struct held *h = held_take(&c->ctx->templates, call_u32(c, HSM_TAG_TEMPLATE, 0));

	if (!h)
		return call_bad(c, HSM_TAG_TEMPLATE, HSM_RV_NO_OPERATION);
	held_remove(&c->ctx->templates, h);
	*t = container_of(h, struct template, held);
	return 0;
}
