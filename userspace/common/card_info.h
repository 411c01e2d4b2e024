/* SPDX-License-Identifier: GPL-2.0-or-later */
/* card_info.h - the field block of getHSMInfo, in the parts that both tools print. */
#ifndef HSM_CARD_INFO_H
#define HSM_CARD_INFO_H

#include "hsm.h"

#define CARD_FIELD	"\t%-21s:"	/* what stands before a value */

void card_text(const char *name, const char *value);
void card_num(const char *name, uint64_t value);
/* The line of the FIPS state. */
void card_fips(const struct hsm_card *c);
/* Heading, label to FIPS state; @server: number in the heading. */
void card_names(const struct hsm_card *c, uint32_t server);
/* Memory, versions of hardware and firmware. */
void card_sizes(const struct hsm_card *c);

#endif /* HSM_CARD_INFO_H */
