/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gate_store.h - a store whose commits can be held back or made to fail. */
#ifndef HSM_GATE_STORE_H
#define HSM_GATE_STORE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "store.h"

struct gate {
	struct store st;
	struct store *inner;
	struct store_txn *held, **end;
	atomic_bool hold;	/* keep what is submitted from now on; for tests with one thread */
	atomic_int fail;	/* answer what is submitted from now on with this errno */
	atomic_uint submitted;
};

/* Takes over @inner; NULL without memory, or if that is NULL. Closed as any store. */
struct gate *gate_open(struct store *inner);
/* Commits what was held (@err 0) or fails it; holds no more. */
void gate_let_go(struct gate *g, int err);

#endif /* HSM_GATE_STORE_H */
