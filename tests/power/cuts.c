// SPDX-License-Identifier: GPL-2.0-or-later
/* cuts.c - every call of a life, every version of the disk: what the next start finds. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cuts.h"
#include "fw_int.h"
#include "shim.h"

#define LIVES_ON	8	/* every so many images the card is used on */
#define CUT_AGAIN	24	/* and every so many its recovery is cut */

/* The last step that was answered by then; -1: not even the first. */
static long last_mark(const struct life *l, size_t calls)
{
	size_t i = 0;

	while (i < l->n && l->mark[i].calls <= calls)
		i++;
	return (long)i - 1;
}

static bool same(const struct state *a, const struct state *b)
{
	return !strcmp(a->text, b->text);
}

/* The records are those of the life, and as many as belong to the step @i. */
static bool log_fits(const struct life *l, const struct audit_copy *log, long i)
{
	const struct mark *m = &l->mark[i];

	if (log->n > l->audit.n || memcmp(log->rec, l->audit.rec, log->n * sizeof(*log->rec)))
		return false;
	return log->n == m->state.next_record;
}

/* A card after a start. */
struct found {
	struct state st;
	struct audit_copy log;
	bool fresh;
};

/* Whether the card is as it was after the step @i; else what differs. */
static const char *differs(const struct life *l, long i, const struct found *f)
{
	const struct audit_copy *log = &f->log;
	const struct state *st = &f->st;

	if (i < 0)
		return log->n > 4 || !f->fresh ? "it is not a fresh card" : NULL;
	if ((size_t)i >= l->n)
		return "there is no such step";
	if (!same(st, &l->mark[i].state))
		return "users or keys";
	return log_fits(l, log, i) ? NULL : "the audit log";
}

static bool reboot_goes_on(long i, const struct found *f)
{
	return i < 0 || f->st.reboot > f->log.rec[f->log.n - 1].reboot;
}

/* Handles that were told are not given again; a wipe begins anew. */
static bool handle_goes_on(const struct life *l, long i, long found, uint64_t next)
{
	return i < 0 || found != i || next > l->mark[i].told_handle;
}

static void tell_state(const struct life *l, long i, const struct found *f)
{
	const char *now = differs(l, i, f), *next = differs(l, i + 1, f);

	check(false, "the card is neither as after step %ld, %s (%s), nor as after the next, %s (%s): "
	      "%zu records, found:\n%s", i, i < 0 ? "none" : l->mark[i].what, now,
	      (size_t)i + 1 < l->n ? l->mark[i + 1].what : "none", next, f->log.n, f->st.text);
}

static bool judge_card(const struct life *l, size_t calls, struct fw *fw)
{
	long i = last_mark(l, calls), found = i;
	struct found f = { .fresh = state_is_fresh(fw) };
	bool ok;

	state_take(&f.st, fw);
	ok = audit_copy(&f.log, fw);
	/* A start leaves nothing by itself: the step behind it may have been done. */
	while (ok && differs(l, found, &f) && found <= i && (found < i || (size_t)i + 1 < l->n))
		found++;
	if (found == i + 1 && (size_t)found + 1 < l->n && l->mark[found].restart &&
	    differs(l, found, &f))
		found++;
	if (ok && differs(l, found, &f)) {
		tell_state(l, i, &f);
		ok = false;
	}
	if (ok)
		ok = check(reboot_goes_on(found, &f), "reboot counter %u", f.st.reboot) &
		     check(handle_goes_on(l, i, found, f.st.next_handle),
			   "next handle %" PRIu64, f.st.next_handle);
	free(f.log.rec);
	state_free(&f.st);
	return ok;
}

/* It serves: a key is made, which no other one had; and that is there after a restart. */
static bool lives_on(struct cuts *c, struct client *card)
{
	static struct request r;
	struct client again;
	uint64_t handle;
	uint32_t rv = client_login(card);

	if (!check(!rv, "used on: login: status 0x%x", rv))
		return false;
	client_begin_sym(card, &r, HSM_KEY_AES, 32, "after the cut");
	if (!check(!client_send(card, &r), "used on: key: status 0x%x", r.status))
		return false;
	handle = client_u64(&r, HSM_TAG_HANDLE);
	client_close(card);
	if (!check(card_open(&again, c->dir), "used on, it does not start: %s", again.err))
		return false;
	rv = client_login(&again);
	check(!rv && !client_attrs(&again, &r, handle), "used on: the new key is not there");
	client_close(&again);
	c->lived++;
	return true;
}

static bool judge_whole(struct fw *fw)
{
	struct audit_copy log;
	bool ok = audit_copy(&log, fw) && check(!fw->damaged, "%zu damaged", fw->damaged);

	free(log.rec);
	return ok;
}

/* @uses: also goes on with it. */
static bool judge(struct cuts *c, size_t calls, bool uses)
{
	static struct client card;
	bool ok = check(card_open(&card, c->dir), "the card does not start: %s", card.err);
	bool unsure = calls >= c->unsure_from && calls < c->unsure_to;

	if (!ok)
		return false;
	ok = (unsure ? judge_whole(card.fw) : judge_card(c->life, calls, card.fw)) &&
	     check(!card.log[0], "the firmware says: %s", card.log) &&
	     (!uses || lives_on(c, &card));
	client_close(&card);
	return ok;
}

static bool holds(const struct disk_image *image, const uint8_t needle[NEEDLE_LEN])
{
	for (size_t i = 0; i < image->n; i++)
		if (memmem(image->file[i].data, image->file[i].len, needle, NEEDLE_LEN))
			return true;
	return false;
}

bool cuts_wiped(const struct life *l, size_t calls, const struct disk_image *image)
{
	long last = last_mark(l, calls);

	for (size_t w = 0; w < l->n_wipes; w++) {
		if (last < (long)l->wipe_at[w])
			continue;
		for (size_t i = 0; i < l->needles[w].n; i++)
			if (!check(!holds(image, l->needles[w].v[i]),
				   "record %zu from before wipe %zu is still on the disk", i, w))
				return false;
	}
	return true;
}

/* The recovery is cut as well, at every call that it makes. */
static bool cut_again(struct cuts *c, size_t calls, const struct disk_image *image)
{
	static const enum disk_version versions[] = { DISK_LOST, DISK_TORN, DISK_GARBAGE };
	struct disk_log log = { 0 };
	struct disk_image second;
	struct client card;
	bool ok = true;
	size_t begin;

	disk_image_write(image, c->dir);
	disk_log_begin(&log, image);
	begin = log.n;
	shim_begin(&log, c->dir);
	if (card_open(&card, c->dir))
		client_close(&card);
	shim_end();
	for (size_t n = begin; ok && n <= log.n; n++) {
		for (size_t v = 0; ok && v < sizeof(versions) / sizeof(versions[0]); v++) {
			disk_cut(&log, n, versions[v], c->seed, &second);
			disk_image_write(&second, c->dir);
			ok = judge(c, calls, false);
			if (!ok)
				printf("  in call %zu of the recovery, %s\n", n - begin,
				       disk_version_name[versions[v]]);
			disk_image_free(&second);
			c->again++;
		}
	}
	disk_log_free(&log);
	return ok;
}

static bool look(struct cuts *c, size_t n, const struct disk_image *image)
{
	bool ok;

	disk_image_write(image, c->dir);
	ok = (c->remains || cuts_wiped(c->life, n, image)) && judge(c, n, c->images % LIVES_ON == 0);
	if (ok && c->images % CUT_AGAIN == 0)
		ok = cut_again(c, n, image);
	c->images++;
	return ok;
}

/* Images of one call that were seen already. */
struct seen {
	uint64_t sum[64];
	size_t n;
};

static bool is_new(struct seen *s, const struct disk_image *image)
{
	uint64_t sum = disk_image_sum(image);

	for (size_t i = 0; i < s->n; i++)
		if (s->sum[i] == sum)
			return false;
	if (s->n < sizeof(s->sum) / sizeof(s->sum[0]))
		s->sum[s->n++] = sum;
	return true;
}

bool cuts_run_one(struct cuts *c, size_t n, enum disk_version version)
{
	struct disk_image image;
	bool ok;

	disk_cut(c->life->log, n, version, c->seed, &image);
	ok = look(c, n, &image);
	disk_image_free(&image);
	return ok;
}

static bool cut_at(struct cuts *c, size_t n, struct seen *s)
{
	bool ok = true;

	for (unsigned int v = 0; ok && v < DISK_VERSIONS; v++) {
		unsigned int rounds = v < DISK_PREFIX ? 1 : c->rounds;

		for (unsigned int i = 0; ok && i < rounds; i++) {
			struct disk_image image;

			disk_cut(c->life->log, n, v, c->seed + i * 7919, &image);
			if (is_new(s, &image))
				ok = look(c, n, &image);
			disk_image_free(&image);
			if (!ok)
				printf("  cut in call %zu of %zu, %s, SEED=%" PRIu64 " CALL=%zu\n",
				       n, c->life->log->n, disk_version_name[v], c->seed, n);
		}
	}
	return ok;
}

bool cuts_run(struct cuts *c)
{
	bool ok = true;

	for (size_t n = c->part; n <= c->life->log->n; n += c->parts) {
		struct seen s = { .n = 0 };

		if (c->only < 0 || (size_t)c->only == n)
			ok = cut_at(c, n, &s) && ok;
	}
	return ok;
}
