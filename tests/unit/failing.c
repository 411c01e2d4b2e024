// SPDX-License-Identifier: GPL-2.0-or-later
/* failing.c - memory that runs out while the card works on a request. */
#include "failing.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <openssl/crypto.h>

#include "fw.h"
#include "secmem.h"
#include "tlv.h"

void *__real_malloc(size_t len);
void *__real_calloc(size_t n, size_t len);
void *__real_realloc(void *p, size_t len);
void *__real_secmem_alloc(size_t len);
void *__real_secmem_dup(const void *p, size_t len);
void __real_fw_exec(struct fw *fw, struct fw_req *req);
const char *__real_fc_selftest(const char *fault);
const char *__wrap_fc_selftest(const char *fault);
void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t n, size_t len);
void *__wrap_realloc(void *p, size_t len);
void *__wrap_secmem_alloc(size_t len);
void *__wrap_secmem_dup(const void *p, size_t len);
void __wrap_fw_exec(struct fw *fw, struct fw_req *req);
void __wrap_fc_heap_init(void);

static atomic_uint asked, fail_at, failed;
#define NEW	0x10000u	/* fw_new(), among the opcodes */

static atomic_int wanted = -1;	/* opcode, NEW; -1: none */
static atomic_bool counting, library;
static enum failing mode;

static bool fails(void)
{
	unsigned int n, at;

	if (!atomic_load(&counting))
		return false;
	n = atomic_fetch_add(&asked, 1) + 1;
	at = atomic_load(&fail_at);
	if (n != at && (mode == FAIL_ONE || n < at))
		return false;
	atomic_fetch_add(&failed, 1);
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t len)
{
	return fails() ? NULL : __real_malloc(len);
}

void *__wrap_calloc(size_t n, size_t len)
{
	return fails() ? NULL : __real_calloc(n, len);
}

void *__wrap_realloc(void *p, size_t len)
{
	return fails() ? NULL : __real_realloc(p, len);
}

void *__wrap_secmem_alloc(size_t len)
{
	return fails() ? NULL : __real_secmem_alloc(len);
}

void *__wrap_secmem_dup(const void *p, size_t len)
{
	return fails() ? NULL : __real_secmem_dup(p, len);
}

void __wrap_fw_exec(struct fw *fw, struct fw_req *req)
{
	if (get_le16(req->in) == atomic_load(&wanted))
		atomic_store(&counting, true);
	__real_fw_exec(fw, req);
}

const char *__wrap_fc_selftest(const char *fault)
{
	const char *wrong = __real_fc_selftest(fault);

	if (atomic_load(&wanted) == NEW)
		atomic_store(&counting, true);
	return wrong;
}

/* The library's own heap would take its place again. */
void __wrap_fc_heap_init(void)
{
}

static void *lib_malloc(size_t len, const char *file, int line)
{
	(void)file;
	(void)line;
	return library && fails() ? NULL : __real_malloc(len);
}

static void *lib_realloc(void *p, size_t len, const char *file, int line)
{
	(void)file;
	(void)line;
	return library && fails() ? NULL : __real_realloc(p, len);
}

static void lib_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

void failing_init(void)
{
	if (!CRYPTO_set_mem_functions(lib_malloc, lib_realloc, lib_free))
		abort();
}

void failing_library(bool too)
{
	atomic_store(&library, too);
}

static void start(unsigned int what, unsigned int n, enum failing how)
{
	atomic_store(&asked, 0);
	atomic_store(&failed, 0);
	atomic_store(&fail_at, n);
	mode = how;
	atomic_store(&wanted, (int)what);
}

void failing_begin(uint16_t opcode, unsigned int n, enum failing how)
{
	start(opcode, n, how);
}

void failing_new(unsigned int n, enum failing how)
{
	start(NEW, n, how);
}

bool failing_end(void)
{
	atomic_store(&wanted, -1);
	atomic_store(&counting, false);
	return atomic_load(&failed);
}
