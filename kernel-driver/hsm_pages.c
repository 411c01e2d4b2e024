// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers of messages that do not fit a slot: single pages behind a list of segments.
 *
 * Pages that were used are wiped and kept, some of them, for the next message: under
 * load the page allocator and its clearing cost as much as the copying. A page in the
 * pool is all zero, so a card that claims to have written more than it did gives
 * nothing away.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "hsm_drv.h"

static u32 hsm_page_len(const struct hsm_pages *p, unsigned int i)
{
	return min_t(u32, p->len - i * PAGE_SIZE, PAGE_SIZE);
}

void hsm_pool_init(struct hsm *hsm)
{
	spin_lock_init(&hsm->pool.lock);
}

/* Nobody may use the pool any more. */
void hsm_pool_drain(struct hsm *hsm)
{
	while (hsm->pool.nr)
		free_page((unsigned long)hsm->pool.page[--hsm->pool.nr]);
}

/* Fills p as far as the pool reaches; returns how many pages that are. */
static unsigned int hsm_pool_take(struct hsm_pages *p)
{
	struct hsm_pool *pool = &p->hsm->pool;
	unsigned int i;

	spin_lock(&pool->lock);
	for (i = 0; i < p->nr && pool->nr; i++)
		p->page[i].virt = pool->page[--pool->nr];
	spin_unlock(&pool->lock);
	return i;
}

/* Takes the first nr pages of p as far as there is room; returns how many it took. */
static unsigned int hsm_pool_give(struct hsm_pages *p, unsigned int nr)
{
	struct hsm_pool *pool = &p->hsm->pool;
	unsigned int i;

	spin_lock(&pool->lock);
	for (i = 0; i < nr && pool->nr < HSM_POOL_PAGES; i++)
		pool->page[pool->nr++] = p->page[i].virt;
	spin_unlock(&pool->lock);
	return i;
}

/* Frees and wipes; p may be NULL. */
void hsm_pages_free(struct hsm_pages *p)
{
	unsigned int i, nr;

	if (!p)
		return;
	for (nr = 0; nr < p->nr && p->page[nr].virt; nr++)
		memzero_explicit(p->page[nr].virt, PAGE_SIZE);
	for (i = hsm_pool_give(p, nr); i < nr; i++)
		free_page((unsigned long)p->page[i].virt);
	kvfree(p);
}

struct hsm_pages *hsm_pages_alloc(struct hsm *hsm, u32 len, enum dma_data_direction dir)
{
	unsigned int nr = DIV_ROUND_UP(len, PAGE_SIZE);
	struct hsm_pages *p;
	unsigned int i;

	p = kvzalloc(struct_size(p, page, nr), GFP_KERNEL_ACCOUNT);
	if (!p)
		return NULL;
	p->hsm = hsm;
	p->dir = dir;
	p->len = len;
	p->nr = nr;
	for (i = hsm_pool_take(p); i < nr; i++) {
		p->page[i].virt = (void *)get_zeroed_page(GFP_KERNEL);
		if (!p->page[i].virt) {
			hsm_pages_free(p);
			return NULL;
		}
	}
	return p;
}

void hsm_pages_unmap(struct device *dev, struct hsm_pages *p)
{
	while (p->mapped) {
		p->mapped--;
		dma_unmap_single(dev, p->page[p->mapped].dma, hsm_page_len(p, p->mapped), p->dir);
	}
}

int hsm_pages_map(struct device *dev, struct hsm_pages *p, struct hsm_seg *segs)
{
	BUILD_BUG_ON(HSM_MAX_SEGS * sizeof(*segs) > HSM_SLOT_BYTES);
	for (p->mapped = 0; p->mapped < p->nr; p->mapped++) {
		u32 len = hsm_page_len(p, p->mapped);
		dma_addr_t dma = dma_map_single(dev, p->page[p->mapped].virt, len, p->dir);

		if (dma_mapping_error(dev, dma)) {
			hsm_pages_unmap(dev, p);
			return -ENOMEM;
		}
		p->page[p->mapped].dma = dma;
		segs[p->mapped] = (struct hsm_seg) {
			.addr = cpu_to_le64(dma),
			.len = cpu_to_le32(len),
		};
	}
	return 0;
}

int hsm_pages_copy_in(struct hsm_pages *p, const void __user *from)
{
	unsigned int i;

	for (i = 0; i < p->nr; i++)
		if (copy_from_user(p->page[i].virt, from + i * PAGE_SIZE, hsm_page_len(p, i)))
			return -EFAULT;
	return 0;
}

int hsm_pages_copy_out(const struct hsm_pages *p, void __user *to, u32 len)
{
	unsigned int i;

	for (i = 0; i * PAGE_SIZE < len; i++)
		if (copy_to_user(to + i * PAGE_SIZE, p->page[i].virt,
				 min_t(u32, len - i * PAGE_SIZE, PAGE_SIZE)))
			return -EFAULT;
	return 0;
}
