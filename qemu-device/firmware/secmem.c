// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * secmem.c - an allocator of locked memory.
 *
 * Memory comes in aligned arenas of 1 MiB: a guard page, a header page, 15 spans
 * of 64 KiB, a guard page. A span holds elements of one size class, so a small key
 * costs its class and no more, and finding a block's class is masking its address.
 * What is larger than a span has a mapping of its own, with the same header.
 *
 * Arenas stay out of core dumps and out of children: a child that runs on without
 * exec() has no secrets of ours, and faults if it looks for them. A process that
 * daemonizes must do so before it makes a firmware.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <openssl/crypto.h>

#include "secmem.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN
#endif

#ifdef WITH_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/lsan_interface.h>
#define poison(p, n)	ASAN_POISON_MEMORY_REGION(p, n)
#define unpoison(p, n)	ASAN_UNPOISON_MEMORY_REGION(p, n)
#define root_add(p, n)	__lsan_register_root_region(p, n)
#define root_del(p, n)	__lsan_unregister_root_region(p, n)
#else
#define poison(p, n)	((void)(p))
#define unpoison(p, n)	((void)(p))
#define root_add(p, n)	((void)(p))
#define root_del(p, n)	((void)(p))
#endif

#define PAGE		4096u
#define ARENA_SIZE	(1u << 20)
#define SPAN_SIZE	(1u << 16)
#define SPANS		15u
#define DATA_OFFSET	(2 * PAGE)
#define LARGE		0xff
#define LIMIT		((size_t)4 << 30)	/* of what is handed out */
#define MAGIC		0x6d656d6365735fa1ull

struct arena {
	uint64_t magic;
	size_t large_len;		/* of a mapping of its own, else 0 */
	unsigned int spans_used;
	uint8_t class_of[SPANS];
};

struct free_block {
	struct free_block *next;
};

/* Powers of two and the halfway steps between them. */
static const uint32_t class_size[] = {
	16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096,
	6144, 8192, 12288, 16384, 32768, 65536,
};
#define N_CLASSES (sizeof(class_size) / sizeof(class_size[0]))

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct free_block *free_list[N_CLASSES];
static struct arena *current;
static size_t used;

_Static_assert(DATA_OFFSET + SPANS * SPAN_SIZE + PAGE <= ARENA_SIZE, "arena layout");
_Static_assert(sizeof(struct arena) <= PAGE, "arena header");

static struct arena *arena_of(const void *p)
{
	uintptr_t base = (uintptr_t)p & ~(uintptr_t)(ARENA_SIZE - 1);

	return (struct arena *)(base + PAGE);
}

static uint8_t *arena_base(const struct arena *a)
{
	return (uint8_t *)a - PAGE;
}

static unsigned int class_for(size_t len)
{
	unsigned int c = 0;

	while (class_size[c] < len)
		c++;
	return c;
}

/* A lack of locked memory is no reason to have none. */
static void protect(uint8_t *start, size_t len)
{
	static bool said;
	int before = errno;

	madvise(start, len, MADV_DONTDUMP);
	madvise(start, len, MADV_DONTFORK);
	if (mlock(start, len) && !said) {
		said = true;
		fprintf(stderr, "hsm: secret memory cannot be locked (%s) and may be swapped out\n",
			strerror(errno));
	}
	errno = before;
}

/* @size bytes at an address that is a multiple of ARENA_SIZE, no access yet. */
static uint8_t *map_aligned(size_t size)
{
	uint8_t *raw = mmap(NULL, size + ARENA_SIZE, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t before;

	if (raw == MAP_FAILED)
		return NULL;
	before = -(uintptr_t)raw & (ARENA_SIZE - 1);
	if (before)
		munmap(raw, before);
	munmap(raw + before + size, ARENA_SIZE - before);
	return raw + before;
}

/* A mapping whose pages between the first and the last can be used. */
static struct arena *arena_new(size_t size)
{
	uint8_t *base = map_aligned(size);
	struct arena *a;

	if (!base)
		return NULL;
	if (mprotect(base + PAGE, size - 2 * PAGE, PROT_READ | PROT_WRITE)) {
		munmap(base, size);
		return NULL;
	}
	protect(base + PAGE, size - 2 * PAGE);
	root_add(base + PAGE, size - 2 * PAGE);
	a = (struct arena *)(base + PAGE);
	a->magic = MAGIC;
	return a;
}

/* Cuts a fresh span into elements of class @c. */
static bool span_cut(unsigned int c)
{
	uint32_t size = class_size[c];
	uint8_t *span;

	if (!current || current->spans_used == SPANS) {
		struct arena *a = arena_new(ARENA_SIZE);

		if (!a)
			return false;
		current = a;
	}
	span = arena_base(current) + DATA_OFFSET + current->spans_used * SPAN_SIZE;
	current->class_of[current->spans_used++] = (uint8_t)c;
	for (uint32_t i = SPAN_SIZE / size; i-- > 0;) {
		struct free_block *b = (struct free_block *)(span + i * size);

		b->next = free_list[c];
		free_list[c] = b;
	}
	poison(span, SPAN_SIZE);
	return true;
}

static void *alloc_small(size_t len)
{
	unsigned int c = class_for(len);
	struct free_block *b;

	if (!free_list[c] && !span_cut(c))
		return NULL;
	b = free_list[c];
	unpoison(b, len < sizeof(*b) ? sizeof(*b) : len);
	free_list[c] = b->next;
	b->next = NULL;
	if (len < sizeof(*b))
		poison((uint8_t *)b + len, sizeof(*b) - len);
	used += class_size[c];
	return b;
}

static size_t large_mapping(size_t len)
{
	return DATA_OFFSET + ((len + PAGE - 1) & ~(size_t)(PAGE - 1)) + PAGE;
}

static void *alloc_large(size_t len)
{
	struct arena *a = arena_new(large_mapping(len));

	if (!a)
		return NULL;
	a->large_len = len;
	used += len;
	return arena_base(a) + DATA_OFFSET;
}

void *secmem_alloc(size_t len)
{
	void *p = NULL;

	if (!len)
		return NULL;
	pthread_mutex_lock(&lock);
	if (len <= LIMIT && used <= LIMIT - len)
		p = len <= SPAN_SIZE ? alloc_small(len) : alloc_large(len);
	pthread_mutex_unlock(&lock);
	if (!p)
		errno = ENOMEM;
	return p;
}

static void free_large(struct arena *a)
{
	uint8_t *base = arena_base(a);
	size_t len = a->large_len, size = large_mapping(len);

	secmem_wipe(base + DATA_OFFSET, len);
	root_del(base + PAGE, size - 2 * PAGE);
	munmap(base, size);
	used -= len;
}

static void free_small(struct arena *a, void *p)
{
	size_t offset = (size_t)((uint8_t *)p - arena_base(a));
	unsigned int span = (unsigned int)((offset - DATA_OFFSET) / SPAN_SIZE);
	struct free_block *b = p;
	unsigned int c;

	if (offset < DATA_OFFSET || span >= a->spans_used)
		abort();
	c = a->class_of[span];
	unpoison(p, class_size[c]);
	secmem_wipe(p, class_size[c]);
	b->next = free_list[c];
	free_list[c] = b;
	poison(p, class_size[c]);
	used -= class_size[c];
}

void secmem_free(void *p)
{
	struct arena *a = arena_of(p);

	if (!p)
		return;
	pthread_mutex_lock(&lock);
	/* Not ours, or overwritten: going on would be worse. */
	if (a->magic != MAGIC)
		abort();
	if (a->large_len)
		free_large(a);
	else
		free_small(a, p);
	pthread_mutex_unlock(&lock);
}

void *secmem_dup(const void *p, size_t len)
{
	void *copy = secmem_alloc(len);

	if (copy)
		memcpy(copy, p, len);
	return copy;
}

void secmem_wipe(void *p, size_t len)
{
	if (p && len)
		OPENSSL_cleanse(p, len);
}

bool secmem_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

size_t secmem_used(void)
{
	size_t n;

	pthread_mutex_lock(&lock);
	n = used;
	pthread_mutex_unlock(&lock);
	return n;
}

size_t secmem_total(void)
{
	return LIMIT;
}
