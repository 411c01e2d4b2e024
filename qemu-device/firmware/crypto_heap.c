// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * crypto_heap.c - the heap of the crypto library. It cleanses what it holds of keys itself,
 * but not what it copied on the way (buffers of encoded private keys, for one); a wipe has to
 * leave none of that behind. So all that it frees is wiped.
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "crypto_int.h"
#include "secmem.h"

static void heap_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	if (p)
		secmem_wipe(p, malloc_usable_size(p));
	free(p);
}

static void *heap_malloc(size_t len, const char *file, int line)
{
	(void)file;
	(void)line;
	return malloc(len);
}

static void *heap_realloc(void *p, size_t len, const char *file, int line)
{
	size_t had = p ? malloc_usable_size(p) : 0;
	void *moved;

	if (!len) {
		heap_free(p, file, line);
		return NULL;
	}
	if (len <= had)
		return p;
	moved = malloc(len);
	if (!moved)
		return NULL;
	if (p)
		memcpy(moved, p, had);
	heap_free(p, file, line);
	return moved;
}

/* The library takes other functions only until it has allocated something: before main(). */
__attribute__((constructor))
void fc_heap_init(void)
{
	CRYPTO_set_mem_functions(heap_malloc, heap_realloc, heap_free);
}
