/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * taint.h - secrets that valgrind follows. Memory that is marked as undefined taints all that
 * is computed from it; a branch or an address that depends on it is an error, which is what
 * makes code's time depend on a secret. Errors inside OpenSSL are left out (suppressions).
 */
#ifndef HSM_TAINT_H
#define HSM_TAINT_H

#include <stdbool.h>
#include <stddef.h>

/* From here on the bytes are secret. */
void taint(const void *p, size_t len);
/* From here on anybody may know them. */
void untaint(const void *p, size_t len);
/* Whether a bit of it depends on a secret. */
bool is_tainted(const void *p, size_t len);
/* Branches and addresses so far that depended on a secret. */
unsigned int taint_errors(void);

#endif /* HSM_TAINT_H */
