// SPDX-License-Identifier: GPL-2.0-or-later
/* tags.c - tags of stored records. */
#include "tags.h"

#include "hsm/hsm_cmd.h"

#define OWN(n)	(0xc0000000u + (n))	/* of record.c */
#define LIST(v)	{ v, COUNT(v) }

static const struct known_tag of_object[] = {
	{ HSM_ATTR_CLASS, 4 }, { HSM_ATTR_KEY_TYPE, 4 }, { OWN(1), 4 }, { HSM_TAG_OWNER, 4 },
	{ HSM_TAG_M_VALUE, 4 }, { HSM_ATTR_VALUE_LEN, 4 }, { HSM_ATTR_KCV, 3 },
	{ HSM_ATTR_LABEL, 1 }, { HSM_ATTR_ID, 0 }, { HSM_ATTR_MODULUS, 0 },
	{ HSM_ATTR_PUBLIC_EXPONENT, 0 }, { OWN(3), 4 }, { OWN(4), 0 }, { OWN(5), 0 },
	{ OWN(2), 16 }, { OWN(6), 12 }, { HSM_TAG_SHARE_USER, 4 },
};

/* Some numbers are of other things in other records, so of another size. */
static const struct known_tag of_all[] = {
	{ 1, 4 }, { 2, 4 }, { 3, 4 }, { 4, 4 }, { 5, 0 }, { 6, 16 }, { 7, 32 }, { 8, 0 }, { 2, 8 },
	{ 1, 0 }, { 9, 65 }, { 10, 32 }, { 11, 0 },
};

static const struct known_tag of_token[] = { { 1, sizeof(struct hsm_token) }, { 2, 8 }, { 3, 8 } };

static const struct known_tag of_note[] = {
	{ 1, 0 }, { 2, 0 }, { 3, 8 }, { 4, 8 }, { 5, 4 }, { 6, 16 },
};

const struct tag_list object_tags = LIST(of_object);
const struct tag_list plain_tags = LIST(of_all);
const struct tag_list token_tags = LIST(of_token);
const struct tag_list note_tags = LIST(of_note);

struct bytes input_record(struct input *in, const struct tag_list *tags)
{
	static uint8_t bytes[16384];

	return (struct bytes){ bytes, input_tlvs(in, tags->v, tags->n, bytes, sizeof(bytes)) };
}
