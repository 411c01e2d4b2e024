/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * secmem.h - memory for secrets: locked if the system lets us, left out of core
 * dumps, wiped when freed.
 */
#ifndef HSM_SECMEM_H
#define HSM_SECMEM_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed; NULL without memory, with errno ENOMEM, or with @len 0. */
void *secmem_alloc(size_t len);

/* Wipes and frees; NULL is allowed. */
void secmem_free(void *p);

/* Copies into new secret memory. */
void *secmem_dup(const void *p, size_t len);

/* Wipes memory of any kind; never optimised away. */
void secmem_wipe(void *p, size_t len);

/* Constant time for equal lengths. */
bool secmem_equal(const void *a, const void *b, size_t len);

/* Bytes handed out and bytes that may still be. */
size_t secmem_used(void);
size_t secmem_total(void);

#endif /* HSM_SECMEM_H */
