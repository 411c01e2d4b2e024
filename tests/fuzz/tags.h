/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tags.h - tags of stored records, with the sizes that are wanted (record.c, identity.c ...). */
#ifndef FUZZ_TAGS_H
#define FUZZ_TAGS_H

#include "fuzzing.h"
#include "object.h"

struct tag_list {
	const struct known_tag *v;
	size_t n;
};

extern const struct tag_list object_tags;	/* of a key */
extern const struct tag_list plain_tags;	/* of everything else that counts its tags from 1 */
extern const struct tag_list token_tags;	/* of a quorum token in a cluster's image */
extern const struct tag_list note_tags;		/* of a member's note */

/* A record of the input, in static memory until the next. */
struct bytes input_record(struct input *in, const struct tag_list *tags);

#endif /* FUZZ_TAGS_H */
