/* SPDX-License-Identifier: GPL-2.0-or-later */
/* approval.h - the file that approveToken takes: a token, and who signed it. */
#ifndef CLI_APPROVAL_H
#define CLI_APPROVAL_H

#include "hsm.h"

struct approval {
	uint32_t type;			/* HSM_USER_CU, HSM_USER_CO */
	char name[HSM_NAME_MAX + 1];
	struct hsm_bytes signature;
};

struct approvals {
	struct hsm_bytes tokens;	/* the file that was signed */
	struct approval list[HSM_M_VALUE_MAX];
	size_t n;
};

/*
 * Reads the approval file @path and the files that it names, relative to the current
 * folder. False with a sentence that names file, line and field in @error. @f is to
 * be freed in any case.
 */
bool approval_read(const char *path, struct approvals *f, char *error, size_t error_len);
void approval_free(struct approvals *f);

/* hsm_token_approve() with all of it. */
int approval_send(struct hsm *hsm, uint32_t session, const struct approvals *f,
		  struct hsm_result *res);

#endif /* CLI_APPROVAL_H */
