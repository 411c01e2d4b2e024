/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ask.h - questions whose answer is one letter. */
#ifndef CMU_ASK_H
#define CMU_ASK_H

#include "cmu.h"

/* After a failure on one server. The end of the input and -y mean abort. */
enum cmu_question { ASK_RIA, ASK_RBI };
enum cmu_next_step { ASK_RETRY, ASK_IGNORE, ASK_ABORT, ASK_ROLL_BACK };

enum cmu_next_step cmu_ask(const struct cmu *cmu, enum cmu_question which);

#endif /* CMU_ASK_H */
