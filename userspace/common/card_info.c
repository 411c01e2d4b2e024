// SPDX-License-Identifier: GPL-2.0-or-later
/* card_info.c - the field block of getHSMInfo, in the parts that both tools print. */
#include <stdio.h>

#include "card_info.h"

void card_text(const char *name, const char *value)
{
	printf(CARD_FIELD "%s\n", name, value);
}

void card_num(const char *name, uint64_t value)
{
	printf(CARD_FIELD "%llu\n", name, (unsigned long long)value);
}

void card_fips(const struct hsm_card *c)
{
	printf(CARD_FIELD "%u [%s]\n", "FIPS state", c->fips_state, c->fips_state == 2 ?
	       "FIPS mode with single factor authentication" : "non-FIPS mode");
}

void card_names(const struct hsm_card *c, uint32_t server)
{
	printf("\t\t*** Server %u HSM Info ***\n\n", server);
	card_text("Label", c->label);
	card_text("Model", c->model);
	printf("\n");
	card_text("Serial Number", c->serial);
	card_num("HSM Flags", c->flags);
	card_fips(c);
}

void card_sizes(const struct hsm_card *c)
{
	card_num("TotalPublicMemory", c->public_total);
	card_num("FreePublicMemory", c->public_free);
	card_num("TotalPrivateMemory", c->private_total);
	card_num("FreePrivateMemory", c->private_free);
	printf("\n");
	card_num("Hardware Major", c->hw_major);
	card_num("Hardware Minor", c->hw_minor);
	printf("\n");
	card_num("Firmware Major", c->fw_major);
	printf(CARD_FIELD "%02u\n", "Firmware Minor", c->fw_minor);
}
