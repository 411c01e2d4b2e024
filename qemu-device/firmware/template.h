/* SPDX-License-Identifier: GPL-2.0-or-later */
/* template.h - unwrap templates of a context: attributes for one KEY_UNWRAP to come. */
#ifndef HSM_TEMPLATE_H
#define HSM_TEMPLATE_H

#include "call.h"
#include "held.h"

struct template;

/*
 * Takes out the one that TEMPLATE of the call names: it is used up, whatever comes of
 * the call. NO_OPERATION if there is none. fw.lock held for writing.
 */
int template_take(struct call *c, struct template **t);
void template_free(struct template *t);		/* NULL is allowed */

/* Its attributes, TLVs. */
struct bytes template_tlvs(const struct template *t);

#endif /* HSM_TEMPLATE_H */
