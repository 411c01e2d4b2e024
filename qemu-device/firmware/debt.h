/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * debt.h - wrong passwords that were given to this card and that the cluster does not count
 * yet: struct user.debt, and a record of the card's own store (RECORD_DEBT).
 */
#ifndef HSM_DEBT_H
#define HSM_DEBT_H

#include "change.h"

/*
 * change.then of a login, which has happened on this card: tells the cluster, if it can be
 * reached, of wrong passwords, or that a good one has made up for them.
 */
int debt_tell(struct change *ch, int rc);

/* The cluster can be reached (again): tells it of all debts. No lock held. */
void debt_pay_all(struct fw *fw);

/* The cluster would not take something: debt_tick() tries it again. */
void debt_later(struct fw *fw);

/*
 * Every 20 ms while replica_owes() is on: once a second tries again what the cluster would not
 * take, wrong passwords and the end of tokens, until nothing is left. No lock held.
 */
void debt_tick(struct fw *fw);

#endif /* HSM_DEBT_H */
