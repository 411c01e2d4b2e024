/* SPDX-License-Identifier: GPL-2.0-or-later */
/* attr_int.h - the table of attributes, for attr*.c. */
#ifndef HSM_ATTR_INT_H
#define HSM_ATTR_INT_H

#include "attr.h"
#include "hsm/hsm_cmd.h"
#include "object.h"

#define STEP_UP		0x1	/* 0 -> 1 */
#define STEP_DOWN	0x2	/* 1 -> 0 */

/*
 * @birth, per kind in the order of enum key_kind: '0' and '1' value at birth; 'l'
 * LOCAL; 'a' made here and SENSITIVE; 'n' made here and not EXTRACTABLE; '*' any;
 * 'o' there only if it is not empty; '-' the key has not got it.
 */
struct attr_def {
	uint32_t number;
	struct bytes (*get)(const struct object *o, uint8_t scratch[4]);	/* NULL: boolean */
	enum attr_bit bit;
	char birth[KINDS + 1];
	uint32_t by_number;	/* kinds for which ALL leaves it out */
	uint32_t may;		/* kinds for which it can differ from its value at birth */
	enum attr_who who;	/* who changes it later */
	unsigned int steps;	/* of a boolean: STEP_* */
	bool wish;		/* of a boolean: can be asked for at birth */
};

extern const struct attr_def attr_table[];
extern const size_t attr_count;

/* NULL if there is no such attribute. */
const struct attr_def *attr_find(uint32_t number);

static inline bool attr_may(const struct attr_def *a, enum key_kind kind)
{
	return a->may >> kind & 1;
}

#endif /* HSM_ATTR_INT_H */
