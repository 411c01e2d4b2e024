/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tokens.h - quorum tokens as the tools print them, and their rows of options. */
#ifndef CLI_TOKENS_H
#define CLI_TOKENS_H

#include "cli.h"
#include "hsm.h"

/* HSM_SERVICE_*: all; those of keys; those of officers. */
extern const struct cli_choice token_services[];
extern const struct cli_choice token_key_services[];
extern const struct cli_choice token_officer_services[];

/* "Token:" and its fields, one per line. */
void token_print(const struct hsm_quorum *q);
/* The tokens with validity and approvals, and their number. */
void token_print_list(const struct hsm_quorum *list, size_t n);

/* Which key services go with a key handle: false with a line in a->error otherwise. */
bool token_check_handle(struct cli_args *a, const char *service_opt, const char *handle_opt);

#endif /* CLI_TOKENS_H */
