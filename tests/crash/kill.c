// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kill.c - a writer is killed again and again on one store; after each time the
 * store opens and holds just what was acknowledged, and perhaps what was under way.
 */
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "client.h"

#define MAX_HANDLES 1000000u

enum known_state { UNKNOWN, THERE, PERHAPS, GONE };

/* What is known of each handle, by number. */
struct known {
	enum known_state state;
	bool seen;		/* in the round's list of all keys */
	uint64_t twin;		/* the other half of a pair */
	char *label;
};

static struct known known[MAX_HANDLES];
static unsigned int acknowledged, unacknowledged;
static struct request req;

static struct known *lookup(uint64_t handle)
{
	if (check(handle >= HSM_FIRST_HANDLE && handle < MAX_HANDLES, "handle %" PRIu64, handle))
		return &known[handle];
	return &known[0];
}

static void learn(uint64_t handle, uint64_t twin, const char *label)
{
	struct known *k = lookup(handle);

	check(k->state == UNKNOWN, "handle %" PRIu64 " was given out twice: %s and %s", handle,
	      k->label ? k->label : "", label);
	free(k->label);
	*k = (struct known){ THERE, false, twin, strdup(label) };
}

/* A line of the writer. */
static bool take_line(const char *line)
{
	uint64_t a, b;
	char label[128];

	if (sscanf(line, "K %" SCNu64 " %127s", &a, label) == 2) {
		learn(a, 0, label);
	} else if (sscanf(line, "P %" SCNu64 " %" SCNu64 " %127s", &a, &b, label) == 3) {
		learn(a, b, label);
		learn(b, a, label);
	} else if (sscanf(line, "d %" SCNu64, &a) == 1) {
		lookup(a)->state = PERHAPS;
		return true;
	} else if (sscanf(line, "D %" SCNu64, &a) == 1) {
		lookup(a)->state = GONE;
	} else {
		return check(!strcmp(line, "R"), "the writer says \"%s\"", line);
	}
	acknowledged++;
	return true;
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Lines as they come, a piece at a time. */
struct lines {
	char buf[1 << 16];
	size_t len;
	bool ready;
};

/* Takes what is there within @ms; false at the end of the pipe. */
static bool take_some(int fd, struct lines *in, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char *at = in->buf, *nl;
	ssize_t n;

	if (poll(&p, 1, ms) <= 0)
		return true;
	n = read(fd, in->buf + in->len, sizeof(in->buf) - in->len);
	if (n <= 0)
		return false;
	in->len += (size_t)n;
	while ((nl = memchr(at, '\n', in->len - (size_t)(at - in->buf)))) {
		*nl = 0;
		in->ready |= !strcmp(at, "R");
		take_line(at);
		at = nl + 1;
	}
	in->len -= (size_t)(at - in->buf);
	memmove(in->buf, at, in->len);
	return true;
}

static pid_t start_writer(const struct crash *cr, const char *store, int *out)
{
	int fds[2];
	pid_t pid;

	if (pipe(fds))
		return -1;
	pid = fork();
	if (!pid) {
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		execl(cr->writer, cr->writer, store, (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	*out = fds[0];
	return pid;
}

/*
 * Kills the writer @ms after its start, or after it began to make keys, having
 * taken note of all that it said.
 */
static void run_and_kill(const struct crash *cr, const char *store, unsigned int ms,
			 bool after_ready)
{
	static struct lines in;
	uint64_t start = now_ms(), end = start + (after_ready ? 20000 : ms);
	bool open = true;
	int out = -1, status;
	pid_t pid = start_writer(cr, store, &out);

	in.len = 0;
	in.ready = false;
	while (open && now_ms() < end) {
		bool was_ready = in.ready;

		open = take_some(out, &in, (int)(end - now_ms()));
		if (after_ready && in.ready && !was_ready)
			end = now_ms() + ms;
	}
	kill(pid, SIGKILL);
	while (take_some(out, &in, -1))
		;
	close(out);
	waitpid(pid, &status, 0);
	check(WIFSIGNALED(status), "the writer ended by itself, status %d", WEXITSTATUS(status));
	check(!after_ready || in.ready, "the writer did not get ready");
	check(!in.len, "half a line was left");
}

static bool same_text(const struct tlv *t, const char *text)
{
	return t->len == strlen(text) && !memcmp(t->p, text, t->len);
}

/* The attributes of a key as the label tells them. */
static void check_key(struct client *c, uint64_t handle)
{
	const struct known *k = &known[handle];
	unsigned int type, len;
	struct tlv label, id;
	uint32_t rv = client_attrs(c, &req, handle);

	if (!check(!rv, "key %" PRIu64 " (%s): status 0x%x", handle, k->label, rv))
		return;
	check(client_find(&req, HSM_ATTR_LABEL, &label) && same_text(&label, k->label) &&
	      client_find(&req, HSM_ATTR_ID, &id) && same_text(&id, k->label),
	      "key %" PRIu64 ": label or id is not %s", handle, k->label);
	if (sscanf(k->label, "k-%*x-%*u-%*u-%u-%u", &type, &len) == 2)
		check(client_u32(&req, HSM_ATTR_KEY_TYPE) == type &&
		      client_u32(&req, HSM_ATTR_VALUE_LEN) == len &&
		      client_u32(&req, HSM_ATTR_CLASS) == HSM_KEY_CLASS_SECRET,
		      "key %" PRIu64 " (%s): type or size", handle, k->label);
	else
		check(client_u32(&req, HSM_ATTR_MODULUS_BITS) == 2048, "pair %" PRIu64, handle);
}

/* Both halves have one modulus, and are a public and a private key. */
static void check_pair(struct client *c, uint64_t handle)
{
	uint64_t twin = known[handle].twin;
	uint8_t modulus[256];
	struct tlv t;
	uint32_t class;

	if (!twin || client_attrs(c, &req, handle) || !client_find(&req, HSM_ATTR_MODULUS, &t))
		return;
	check(t.len == sizeof(modulus), "pair %" PRIu64 ": %u bytes of modulus", handle, t.len);
	memcpy(modulus, t.p, sizeof(modulus));
	class = client_u32(&req, HSM_ATTR_CLASS);
	if (!check(!client_attrs(c, &req, twin), "pair %" PRIu64 ": half is missing", handle))
		return;
	check(client_find(&req, HSM_ATTR_MODULUS, &t) && t.len == sizeof(modulus) &&
	      !memcmp(t.p, modulus, sizeof(modulus)) &&
	      client_u32(&req, HSM_ATTR_CLASS) + class ==
	      HSM_KEY_CLASS_PUBLIC + HSM_KEY_CLASS_PRIVATE,
	      "pair %" PRIu64 ": halves do not fit", handle);
}

/* A key that is there without having been acknowledged: it may be, if it is whole. */
static void adopt(struct client *c, uint64_t handle)
{
	char label[HSM_LABEL_MAX + 1] = "";
	uint64_t twin = 0;
	struct tlv t;

	if (!check(!client_attrs(c, &req, handle) && client_find(&req, HSM_ATTR_LABEL, &t),
		   "unacknowledged key %" PRIu64 " does not open", handle))
		return;
	memcpy(label, t.p, t.len);
	if (client_u32(&req, HSM_ATTR_CLASS) == HSM_KEY_CLASS_PUBLIC)
		twin = handle + 1;
	else if (client_u32(&req, HSM_ATTR_CLASS) == HSM_KEY_CLASS_PRIVATE)
		twin = handle - 1;
	learn(handle, twin, label);
	known[handle].seen = true;
	unacknowledged++;
}

/* True if nobody knows of it. */
static bool note_listed(uint64_t handle)
{
	struct known *k = lookup(handle);

	check(k->state != GONE, "deleted key %" PRIu64 " is back", handle);
	check(!k->seen, "key %" PRIu64 " is listed twice", handle);
	k->seen = true;
	return k->state == UNKNOWN;
}

/* Goes through the list of all keys, those nobody knows of last. */
static void list_keys(struct client *c)
{
	uint64_t *new = NULL;
	uint32_t start = 0, total, n_new = 0;

	do {
		struct tlv t;

		client_begin(c, &req, HSM_CMD_KEY_FIND);
		tlv_put_u32(&req.w, HSM_TAG_START, start);
		if (!check(!client_send(c, &req), "find: status 0x%x", req.status))
			break;
		total = client_u32(&req, HSM_TAG_TOTAL);
		if (!new)
			new = calloc(total + 1, sizeof(*new));
		if (!client_find(&req, HSM_TAG_HANDLES, &t))
			break;
		for (uint32_t i = 0; i < t.len / 8; i++, start++) {
			uint64_t handle = get_le64(t.p + i * 8);

			if (note_listed(handle))
				new[n_new++] = handle;
		}
	} while (start < total);
	for (uint32_t i = 0; i < n_new; i++)
		adopt(c, new[i]);
	free(new);
}

static void check_known(struct client *c)
{
	for (uint64_t handle = HSM_FIRST_HANDLE; handle < MAX_HANDLES; handle++) {
		struct known *k = &known[handle];

		if (k->state == PERHAPS)
			k->state = k->seen ? THERE : GONE;
		if (k->state != UNKNOWN)
			check(chain_tells_of(handle), "key %" PRIu64 " is not in the audit log", handle);
		if (k->state == GONE)
			check(client_attrs(c, &req, handle) == HSM_RV_BAD_HANDLE,
			      "deleted key %" PRIu64 ": status 0x%x", handle, req.status);
		if (k->state == THERE) {
			check(k->seen, "key %" PRIu64 " (%s) is not listed", handle, k->label);
			check_key(c, handle);
			check_pair(c, handle);
		}
		k->seen = false;
	}
}

static void check_store(const char *store)
{
	struct client c;
	struct tlv t;
	uint32_t rv;

	if (!check(client_open(&c, store), "the store does not open: %s", c.err))
		return;
	rv = client_login(&c);
	if (check(!rv, "login: status 0x%x", rv))
		check_chain(&c);
	rv = client_user(&c);
	if (check(!rv, "login: status 0x%x", rv)) {
		list_keys(&c);
		check_known(&c);
	}
	client_begin(&c, &req, HSM_CMD_CARD_INFO);
	check(!client_send(&c, &req) && client_find(&req, HSM_TAG_CARD, &t) &&
	      !get_le32(t.p + offsetof(struct hsm_card_info, damaged)), "damaged records");
	check(!c.log[0], "the firmware says: %s", c.log);
	client_close(&c);
}

/*
 * A third of the rounds are killed while they start, most soon after, some only
 * when the log has grown until it is brought into the file.
 */
static void one_round(const struct crash *cr, const char *store, unsigned int *seed,
		      unsigned int round)
{
	bool after_ready = round % 3 != 0;
	unsigned int ms = (unsigned int)rand_r(seed) % (after_ready ? 60 : 90);

	if (round % 20 == 19)
		ms += 500;
	run_and_kill(cr, store, ms, after_ready);
	check_store(store);
}

void test_kill(const struct crash *cr)
{
	char store[512];
	unsigned int seed = cr->seed, begun = 0;

	snprintf(store, sizeof(store), "%s/kill", cr->dir);
	for (unsigned int round = 0; round < cr->rounds; round++) {
		unsigned int before = acknowledged;

		one_round(cr, store, &seed, round);
		begun += acknowledged - before;
		end_case("kill %u: %u acknowledged", round + 1, acknowledged - before);
	}
	check(begun > cr->rounds * 10, "only %u changes in all rounds", begun);
	end_case("kill: %u changes acknowledged, %u keys committed but not told", begun,
		 unacknowledged);
}
