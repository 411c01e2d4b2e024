// SPDX-License-Identifier: GPL-2.0-or-later
/* etcd_range.c - all keys of a prefix, in pages, at the revision of the first page. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "etcd_int.h"

#define PAGE_KEYS	256
#define RESTARTS	3

struct range {
	struct etcd_call call;
	char *prefix;
	kv_items items;
	void *arg;
	struct etcd_answer *pages;
	size_t n_pages, n_items;
	size_t bytes;
	unsigned int limit;
	unsigned int restarts;
};

static void drop_pages(struct range *r)
{
	for (size_t i = 0; i < r->n_pages; i++)
		etcd_answer_free(&r->pages[i]);
	free(r->pages);
	r->pages = NULL;
	r->n_pages = 0;
	r->n_items = 0;
	r->bytes = 0;
}

static void drop(struct etcd_call *call)
{
	struct range *r = (struct range *)call;

	drop_pages(r);
	free(r->prefix);
}

static void finish(struct range *r, int err)
{
	struct kv_item *all = NULL, *at;

	if (!err) {
		all = malloc((r->n_items + 1) * sizeof(*all));
		err = all ? 0 : -ENOMEM;
	}
	at = all;
	for (size_t i = 0; !err && i < r->n_pages; i++) {
		if (r->pages[i].n_items)
			memcpy(at, r->pages[i].items, r->pages[i].n_items * sizeof(*at));
		at += r->pages[i].n_items;
	}
	r->items(r->arg, etcd_kv_err(err), err ? 0 : r->pages[0].revision, all,
		 err ? 0 : r->n_items);
	free(all);
	etcd_call_free(&r->call);
}

static void ask(struct range *r)
{
	static const struct etcd_buf start;
	struct etcd_call *call = &r->call;
	const struct etcd_answer *last = r->n_pages ? &r->pages[r->n_pages - 1] : NULL;

	call->body.len = 0;
	call->deadline = etcd_now() + call->etcd->kv.timeout_ms;
	etcd_body_range(&call->body, call->etcd->cfg.prefix, r->prefix,
			last ? r->pages[0].revision : 0, last ? &last->last : &start, r->limit);
	etcd_call_start(call);
}

/* The keys of all pages ascend: it ends. */
static bool ascends(const struct range *r, const struct etcd_answer *page)
{
	const struct etcd_buf *a, *b = &page->last;
	size_t n;
	int order;

	if (!r->n_pages || !page->more)
		return true;
	a = &r->pages[r->n_pages - 1].last;
	n = a->len < b->len ? a->len : b->len;
	order = memcmp(a->data, b->data, n);
	return order < 0 || (!order && a->len < b->len);
}

static int take_page(struct range *r, bool *more)
{
	const struct etcd_buf *body = &r->call.answer;
	struct etcd_answer page, *pages;
	int err = etcd_decode(ETCD_RANGE, r->call.etcd->cfg.prefix, body->data, body->len, &page);

	if (err)
		return err;
	pages = realloc(r->pages, (r->n_pages + 1) * sizeof(*pages));
	if (pages)
		r->pages = pages;
	r->bytes += body->len;
	if (!pages || r->bytes > ETCD_IMAGE_MAX || !ascends(r, &page)) {
		etcd_answer_free(&page);
		return pages ? -EPROTO : -ENOMEM;
	}
	*more = page.more;
	r->pages[r->n_pages++] = page;
	r->n_items += page.n_items;
	return 0;
}

static void page_done(struct etcd_call *call, int err)
{
	struct range *r = (struct range *)call;
	bool more = false;

	if (!err)
		err = take_page(r, &more);
	if (err == -EMSGSIZE && r->limit > 1) {
		r->limit /= 2;
		ask(r);
	} else if (err == -ESTALE && r->restarts++ < RESTARTS) {
		drop_pages(r);
		ask(r);
	} else if (!err && more) {
		ask(r);
	} else {
		finish(r, err);
	}
}

void etcd_range(struct kv *kv, const char *prefix, kv_items items, void *arg)
{
	struct range *r = etcd_call_new(etcd_of(kv), sizeof(*r), "/v3/kv/range");
	char *copy = strdup(prefix);

	if (!r || !copy) {
		etcd_call_free(r ? &r->call : NULL);
		free(copy);
		etcd_forsake(etcd_of(kv), NULL, items, arg);
		return;
	}
	r->prefix = copy;
	r->items = items;
	r->arg = arg;
	r->limit = PAGE_KEYS;
	r->call.done = page_done;
	r->call.drop = drop;
	r->call.patience = kv->timeout_ms / 2;
	ask(r);
}
