/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gate_store.h - a store in memory whose commits can be held back or made to fail. */
#ifndef HSM_GATE_STORE_H
#define HSM_GATE_STORE_H

#include <stdbool.h>

#include "store.h"

struct gate {
	struct store st;
	struct store *inner;
	struct store_txn *held, **end;
	bool hold;	/* keep what is submitted from now on */
	int fail;	/* answer what is submitted from now on with this errno */
	unsigned int submitted;
};

/* NULL without memory; closed as any store. */
struct gate *gate_open(void);
/* Commits what was held (@err 0) or fails it; holds no more. */
void gate_let_go(struct gate *g, int err);

#endif /* HSM_GATE_STORE_H */
