/* SPDX-License-Identifier: GPL-2.0-or-later */
/* change_int.h - what change.c and the funnel share: the parts of a change's life. */
#ifndef HSM_CHANGE_INT_H
#define HSM_CHANGE_INT_H

#include "change.h"
#include "record.h"

/*
 * prepare() and edit(), and what they need; fw.commit held. 0, or what to answer, which is
 * also in ch->refused: then nothing was reserved that change_put_back() does not know of.
 */
int change_ready(struct change *ch);

/* Writes @rec, which it frees, somewhere; NULL: deletes. */
typedef bool (*change_sink)(void *arg, enum store_kind kind, uint64_t id, struct record *rec);

/* The records of keys and user of a change that is ready. False if the sink was. fw.commit held. */
bool change_records(struct change *ch, change_sink sink, void *arg);

/* Whether a change that is ready has anything for the image. */
bool change_has_image(const struct change *ch);

/* Seals its records, and the card's if @card, into ch->ops. change_unseal() drops them. */
bool change_seal(struct change *ch, bool card);
bool change_seal_card(struct change *ch);
void change_unseal(struct change *ch);

/*
 * fw.commit held: into this card's store with a change that was made ready. It is answered
 * when it is there and, without lock, change_let_go() was called.
 */
void change_store(struct change *ch);
void change_let_go(struct change *ch);

/* fw.lock held for writing. What a committed change does to the tables; returns the status. */
int change_apply(struct change *ch);
/* The same if nothing of it is stored; what to answer. */
int change_put_back(struct change *ch);
/* The same for another try: it can be made ready again. */
void change_rewind(struct change *ch);
/* The next change of the same user or key, whose turn it is now, or NULL. */
struct change *change_next_in_line(struct change *ch);

/*
 * The end of a change that is applied or put back, with @rc: writes the reply, or the
 * refusal into the audit log. Without lock. True if the call was ended: then its done()
 * has to be called, with @result. Frees @ch.
 */
bool change_end(struct change *ch, int rc, enum fw_result *result);

/* Puts back what waits and answers @rc. Without lock. */
void change_refuse(struct change *ch, int rc);

/* The turn of @ch (NULL allowed) has come. Without lock. */
void change_go(struct change *ch);

#endif /* HSM_CHANGE_INT_H */
