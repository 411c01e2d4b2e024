/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unwrap_attrs.h - the attributes of a key that comes in by KEY_UNWRAP: the union of
 * all who have a say, and no two of them may say different things.
 */
#ifndef HSM_UNWRAP_ATTRS_H
#define HSM_UNWRAP_ATTRS_H

#include "cmd_key.h"
#include "wrap_args.h"
#include "wrap_header.h"

/* TLVs, besides the request and the header. */
struct unwrap_sources {
	struct bytes template;		/* TEMPLATE of the call */
	struct bytes unwrap_template;	/* of the wrapping key */
	bool with_trusted;		/* it gets WRAP_WITH_TRUSTED */
};

struct unwrap_attrs {
	bool has_header;
	struct wrap_header header;
	struct new_key key;	/* points into the request, the sources and the header */
	enum key_kind kind;
};

/*
 * Makes the union, in a->key, and finds the kind. TEMPLATE_CONFLICT with the tag; what
 * is missing is BAD_MESSAGE; BAD_ATTRIBUTE, STRICT_POLICY for what the key cannot have.
 */
int unwrap_attrs(struct call *c, const struct unwrap_sources *from, struct unwrap_attrs *a);

/* BAD_WRAP_HEADER for a header that no KEY_WRAP by this mechanism writes. */
int unwrap_attrs_fit(const struct wrap_args *w, const struct wrap_header *h);

#endif /* HSM_UNWRAP_ATTRS_H */
