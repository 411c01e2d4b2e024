// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_soak.c - eight threads, two to a context, do everything with a handful of keys at
 * once: use, wrap, change, find, mask, delete, log out. What is allowed to fail may fail;
 * what succeeds must be right, and nothing may be left over. Then the same while contexts
 * are closed and the card is reset under them.
 */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "fixture.h"
#include "fw_int.h"

#define THREADS	8
#define KEYS	12
#define ROUNDS	2000
#define DISTURBANCES 24
#define TEXT	64	/* bytes: whole blocks */
#define PART	4096	/* bytes of zeros that go into an operation at a time */
#define PARTS	12	/* of them at most go into one operation */
#define PARTS_LATE	2	/* and those that were on their way when the next one began */
#define FIRST	100	/* context of the first two threads */

enum slot_kind { SLOT_AES, SLOT_GENERIC, SLOT_EC, SLOT_KINDS };

struct slot {
	atomic_ullong handle;		/* of a private or secret key; 0 = none now */
	atomic_ullong pub;		/* of an EC key: its public half */
};

static struct slot slots[KEYS];
static atomic_ullong operations[THREADS / 2];	/* of both threads of a context: key << 32 | number */
static atomic_uint n_parts[THREADS / 2];		/* that went into it */
static atomic_uint wrong;

struct worker {
	struct card *card;
	pthread_t thread;
	unsigned int n;
	uint32_t ctx;
	uint32_t seed;
	struct msg m;
	uint8_t kept[512];		/* bytes out of a reply */
	size_t kept_len;
};

static uint32_t dice(struct worker *w, uint32_t sides)
{
	w->seed ^= w->seed << 13;
	w->seed ^= w->seed >> 17;
	w->seed ^= w->seed << 5;
	return w->seed % sides;
}

static void complain(struct worker *w, const char *what)
{
	print_message("thread %u: %s: result %d, status 0x%x\n", w->n, what, (int)w->m.result,
		      w->m.status);
	atomic_fetch_add(&wrong, 1);
}

/* Statuses that a key, a session or an operation that goes away under us explains. */
static bool excused(uint32_t status)
{
	static const uint32_t list[] = {
		HSM_RV_BAD_HANDLE, HSM_RV_BAD_SESSION, HSM_RV_NOT_LOGGED_IN, HSM_RV_NO_OPERATION,
		HSM_RV_ALREADY_LOGGED_IN, HSM_RV_KEY_FUNCTION, HSM_RV_LIMIT_REACHED,
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		if (status == list[i])
			return true;
	}
	return false;
}

/* True for success; anything else must have an excuse. */
static bool go(struct worker *w, const char *what)
{
	exec_begin(w->card, w->ctx, &w->m);
	wait_done(&w->m);
	if (w->m.result == FW_NO_CTX || w->m.result == FW_CANCELED)
		return false;
	if (w->m.result != FW_OK || (w->m.status && !excused(w->m.status)))
		complain(w, what);
	return w->m.result == FW_OK && !w->m.status;
}

static bool keep(struct worker *w, uint32_t tag)
{
	struct tlv t;

	if (!reply_find(&w->m, tag, &t) || t.len > sizeof(w->kept)) {
		complain(w, "the reply lacks what it is for");
		return false;
	}
	memcpy(w->kept, t.p, t.len);
	w->kept_len = t.len;
	return true;
}

static void begin_crypt(struct worker *w, uint16_t opcode, uint32_t use, uint32_t mechanism,
			uint64_t handle)
{
	begin_in(&w->m, opcode, FIRST_SESSION);
	add_u32(&w->m, HSM_TAG_USE, use);
	add_u32(&w->m, HSM_TAG_MECHANISM, mechanism);
	add_u64(&w->m, HSM_TAG_HANDLE, handle);
}

static struct slot *any_slot(struct worker *w, enum slot_kind kind)
{
	return &slots[dice(w, KEYS / SLOT_KINDS) * SLOT_KINDS + kind];
}

static void fill_text(struct worker *w, uint8_t text[TEXT])
{
	for (size_t i = 0; i < TEXT; i++)
		text[i] = (uint8_t)dice(w, 256);
}

/* A value never changes under its handle: what was enciphered can be deciphered. */
static void encrypt_and_back(struct worker *w)
{
	uint64_t handle = any_slot(w, SLOT_AES)->handle;
	uint8_t text[TEXT], iv[16] = { 1 };

	fill_text(w, text);
	begin_crypt(w, HSM_CMD_CRYPT, HSM_USE_ENCRYPT, HSM_CKM_AES_CBC, handle);
	add(&w->m, HSM_TAG_IV, iv, sizeof(iv));
	add(&w->m, HSM_TAG_DATA, text, TEXT);
	if (!go(w, "encrypt") || !keep(w, HSM_TAG_DATA))
		return;
	begin_crypt(w, HSM_CMD_CRYPT, HSM_USE_DECRYPT, HSM_CKM_AES_CBC, handle);
	add(&w->m, HSM_TAG_IV, iv, sizeof(iv));
	add(&w->m, HSM_TAG_DATA, w->kept, w->kept_len);
	if (go(w, "decrypt") && keep(w, HSM_TAG_DATA) &&
	    (w->kept_len != TEXT || memcmp(w->kept, text, TEXT)))
		complain(w, "decrypt gives something else");
}

static void sign_and_verify(struct worker *w)
{
	bool ec = dice(w, 4) == 0;
	struct slot *s = any_slot(w, ec ? SLOT_EC : SLOT_GENERIC);
	uint64_t handle = s->handle, with = ec ? s->pub : handle;
	uint32_t mechanism = ec ? HSM_CKM_ECDSA_SHA256 : HSM_CKM_SHA256_HMAC;
	uint8_t text[TEXT];

	/* Another pair may have come between the two. */
	if (handle != s->handle)
		return;
	fill_text(w, text);
	begin_crypt(w, HSM_CMD_CRYPT, HSM_USE_SIGN, mechanism, handle);
	add(&w->m, HSM_TAG_DATA, text, TEXT);
	if (!go(w, "sign") || !keep(w, HSM_TAG_SIGNATURE))
		return;
	begin_crypt(w, HSM_CMD_CRYPT, HSM_USE_VERIFY, mechanism, with);
	add(&w->m, HSM_TAG_DATA, text, TEXT);
	add(&w->m, HSM_TAG_SIGNATURE, w->kept, w->kept_len);
	go(w, "verify");
}

/* The MAC must be that of some number of parts, or two have worked on it at once. */
static void check_mac(struct worker *w, uint64_t handle)
{
	static const uint8_t zeros[(PARTS + PARTS_LATE) * PART];
	unsigned int parts;

	for (parts = 0; parts <= PARTS + PARTS_LATE; parts++) {
		begin_crypt(w, HSM_CMD_CRYPT, HSM_USE_VERIFY, HSM_CKM_SHA256_HMAC, handle);
		add(&w->m, HSM_TAG_DATA, zeros, parts * PART);
		add(&w->m, HSM_TAG_SIGNATURE, w->kept, w->kept_len);
		exec_begin(w->card, w->ctx, &w->m);
		wait_done(&w->m);
		if (w->m.status != HSM_RV_BAD_PKCS_DATA)
			return;
	}
	complain(w, "the MAC of an operation in parts is wrong");
}

/* One begins, whoever comes goes on with it, also at the same time. */
static void in_parts(struct worker *w)
{
	static const uint8_t zeros[PART];
	atomic_ullong *operation = &operations[w->n / 2];
	uint64_t handle, now = *operation;

	switch (dice(w, 8)) {
	case 0:
		handle = any_slot(w, SLOT_GENERIC)->handle;
		begin_crypt(w, HSM_CMD_CRYPT_INIT, HSM_USE_SIGN, HSM_CKM_SHA256_HMAC, handle);
		if (!go(w, "init"))
			break;
		n_parts[w->n / 2] = 0;
		*operation = handle << 32 | reply_u32(&w->m, HSM_TAG_OPERATION);
		break;
	case 1:
	case 2:
		begin_in(&w->m, HSM_CMD_CRYPT_FINAL, FIRST_SESSION);
		add_u32(&w->m, HSM_TAG_OPERATION, (uint32_t)now);
		if (go(w, "final") && keep(w, HSM_TAG_SIGNATURE))
			check_mac(w, now >> 32);
		break;
	default:
		if (atomic_fetch_add(&n_parts[w->n / 2], 1) >= PARTS)
			break;
		begin_in(&w->m, HSM_CMD_CRYPT_UPDATE, FIRST_SESSION);
		add_u32(&w->m, HSM_TAG_OPERATION, (uint32_t)now);
		add(&w->m, HSM_TAG_DATA, zeros, PART);
		go(w, "update");
	}
}

static void wrap_and_back(struct worker *w)
{
	uint64_t target = any_slot(w, dice(w, 2) ? SLOT_AES : SLOT_GENERIC)->handle;
	uint64_t with = any_slot(w, SLOT_AES)->handle;

	if (target == with)
		return;
	begin_in(&w->m, HSM_CMD_KEY_WRAP, FIRST_SESSION);
	add_u64(&w->m, HSM_TAG_HANDLE, target);
	add_u64(&w->m, HSM_TAG_WRAP_HANDLE, with);
	add_u32(&w->m, HSM_TAG_WRAP_MECHANISM, HSM_WRAP_AES_PAD);
	if (!go(w, "wrap") || !keep(w, HSM_TAG_DATA))
		return;
	begin_in(&w->m, HSM_CMD_KEY_UNWRAP, FIRST_SESSION);
	add_u64(&w->m, HSM_TAG_WRAP_HANDLE, with);
	add_u32(&w->m, HSM_TAG_WRAP_MECHANISM, HSM_WRAP_AES_PAD);
	add(&w->m, HSM_TAG_DATA, w->kept, w->kept_len);
	add_u8(&w->m, HSM_ATTR_TOKEN, 0);
	go(w, "unwrap");
}

static void mask_and_back(struct worker *w)
{
	uint64_t handle = any_slot(w, SLOT_AES)->handle;

	begin_in(&w->m, HSM_CMD_KEY_MASK, FIRST_SESSION);
	add_u64(&w->m, HSM_TAG_HANDLE, handle);
	if (!go(w, "mask") || !keep(w, HSM_TAG_DATA))
		return;
	begin_in(&w->m, HSM_CMD_KEY_UNMASK, FIRST_SESSION);
	add(&w->m, HSM_TAG_DATA, w->kept, w->kept_len);
	if (!go(w, "unmask"))
		return;
	handle = reply_u64(&w->m, HSM_TAG_HANDLE);
	begin_in(&w->m, HSM_CMD_KEY_DELETE, FIRST_SESSION);
	add_u64(&w->m, HSM_TAG_HANDLE, handle);
	go(w, "delete the unmasked");
}

static void change(struct worker *w)
{
	static const uint32_t flags[] = { HSM_ATTR_ENCRYPT, HSM_ATTR_DECRYPT, HSM_ATTR_WRAP };
	char label[16];

	begin_in(&w->m, HSM_CMD_KEY_SET_ATTRS, FIRST_SESSION);
	add_u64(&w->m, HSM_TAG_HANDLE, any_slot(w, SLOT_AES)->handle);
	snprintf(label, sizeof(label), "soak %u", dice(w, 8));
	add_text(&w->m, HSM_ATTR_LABEL, label);
	/* Mostly on, so that the others have something to do. */
	add_u8(&w->m, flags[dice(w, 3)], dice(w, 4) != 0);
	go(w, "change");
}

static void look(struct worker *w)
{
	char label[16];

	begin_in(&w->m, HSM_CMD_KEY_FIND, FIRST_SESSION);
	if (dice(w, 2)) {
		snprintf(label, sizeof(label), "soak %u", dice(w, 8));
		add_text(&w->m, HSM_ATTR_LABEL, label);
	}
	go(w, "find");
	begin_in(&w->m, HSM_CMD_KEY_ATTRS, FIRST_SESSION);
	add_u64(&w->m, HSM_TAG_HANDLE, any_slot(w, (enum slot_kind)dice(w, SLOT_KINDS))->handle);
	add_u32(&w->m, HSM_TAG_ATTR, HSM_ATTR_ALL);
	go(w, "attributes");
}

static void begin_new(struct worker *w, enum slot_kind kind)
{
	begin_in(&w->m, kind == SLOT_EC ? HSM_CMD_KEY_GEN_PAIR : HSM_CMD_KEY_GEN_SYM, FIRST_SESSION);
	add_u32(&w->m, HSM_ATTR_KEY_TYPE, kind == SLOT_EC ? HSM_KEY_EC :
		kind == SLOT_AES ? HSM_KEY_AES : HSM_KEY_GENERIC);
	add_text(&w->m, HSM_ATTR_LABEL, "soak 0");
	if (kind == SLOT_EC)
		add_u32(&w->m, HSM_TAG_CURVE, HSM_CURVE_PRIME256V1);
	else
		add_u32(&w->m, HSM_ATTR_VALUE_LEN, 32);
	add_u8(&w->m, kind == SLOT_AES ? HSM_ATTR_WRAP : HSM_ATTR_SIGN, 1);
	add_u8(&w->m, kind == SLOT_AES ? HSM_ATTR_UNWRAP : HSM_ATTR_VERIFY, 1);
}

/* Takes the key of a slot away and puts a new one there. */
static void replace(struct worker *w, unsigned int n)
{
	enum slot_kind kind = (enum slot_kind)(n % SLOT_KINDS);
	uint64_t old = atomic_exchange(&slots[n].handle, 0), pub = 0, handle;

	/* Someone else is at it; but the first keys come into empty slots. */
	if (!old && w->n < THREADS)
		return;
	if (old) {
		begin_in(&w->m, HSM_CMD_KEY_DELETE, FIRST_SESSION);
		add_u64(&w->m, HSM_TAG_HANDLE, old);
		if (!go(w, "delete")) {
			slots[n].handle = old;
			return;
		}
	}
	do {
		begin_new(w, kind);
	} while (!go(w, "generate") && (w->m.result || excused(w->m.status)));
	if (w->m.status)
		return;
	handle = reply_u64(&w->m, kind == SLOT_EC ? HSM_TAG_HANDLE_PRIVATE : HSM_TAG_HANDLE);
	if (kind == SLOT_EC)
		pub = reply_u64(&w->m, HSM_TAG_HANDLE_PUBLIC);
	slots[n].pub = pub;
	slots[n].handle = handle;
}

static void log_in(struct worker *w)
{
	begin_in(&w->m, HSM_CMD_LOGIN, FIRST_SESSION);
	add_u32(&w->m, HSM_TAG_USER_TYPE, HSM_USER_CU);
	add_text(&w->m, HSM_TAG_USER_NAME, "alice");
	add_text(&w->m, HSM_TAG_PASSWORD, PASSWORD);
	go(w, "login");
}

/* Session keys and operations of both threads end. */
static void out_and_in(struct worker *w)
{
	begin_in(&w->m, HSM_CMD_LOGOUT, FIRST_SESSION);
	go(w, "logout");
	log_in(w);
}

static void *work(void *arg)
{
	static void (*const often[])(struct worker *w) = {
		encrypt_and_back, encrypt_and_back, sign_and_verify, sign_and_verify, in_parts,
		in_parts, in_parts, wrap_and_back, mask_and_back, change, look,
	};
	struct worker *w = arg;

	for (unsigned int i = 1; i <= ROUNDS; i++) {
		if (i % 300 == 0)
			out_and_in(w);
		else if (i % 40 == w->n)
			replace(w, dice(w, KEYS));
		else
			often[dice(w, sizeof(often) / sizeof(often[0]))](w);
	}
	return NULL;
}

/* A session and a login for the threads of context @ctx. */
static void enter(struct worker *w, uint32_t ctx)
{
	w->ctx = ctx;
	fw_ctx_open(w->card->fw, ctx);
	begin_in(&w->m, HSM_CMD_SESSION_OPEN, 0);
	go(w, "session");
	log_in(w);
}

/* Contexts go, and now and then all of them at once. */
static void *disturb(void *arg)
{
	struct worker *w = arg;

	for (unsigned int i = 1; i <= DISTURBANCES; i++) {
		uint32_t ctx = FIRST + i % (THREADS / 2);

		usleep(20000);
		if (i % 8) {
			fw_ctx_close(w->card->fw, ctx);
			enter(w, ctx);
			continue;
		}
		fw_reset(w->card->fw);
		for (ctx = 0; ctx < THREADS / 2; ctx++)
			enter(w, FIRST + ctx);
	}
	return NULL;
}

static struct worker *start_workers(struct card *c)
{
	struct worker *w = calloc(THREADS + 1, sizeof(*w));

	assert_non_null(w);
	memset(slots, 0, sizeof(slots));
	atomic_store(&wrong, 0);
	for (unsigned int i = 0; i <= THREADS; i++) {
		w[i].card = c;
		w[i].n = i;
		w[i].ctx = FIRST + i / 2;
		w[i].seed = 77 + i;
	}
	for (unsigned int i = 0; i < THREADS / 2; i++)
		enter(&w[THREADS], FIRST + i);
	for (unsigned int i = 0; i < KEYS; i++)
		replace(&w[THREADS], i);
	for (unsigned int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&w[i].thread, NULL, work, &w[i]), 0);
	return w;
}

/* Waits for them; every key of the table answers, nobody's session key is left. */
static void end_workers(struct card *c, struct worker *w)
{
	struct object *o;

	for (unsigned int i = 0; i < THREADS; i++)
		pthread_join(w[i].thread, NULL);
	assert_int_equal(wrong, 0);
	for (unsigned int i = 0; i < THREADS / 2; i++)
		assert_true(fw_ctx_close(c->fw, FIRST + i));
	for (o = c->fw->objects.first; o; o = o->next) {
		assert_null(o->ctx);
		assert_int_equal(o->state, OBJECT_LIVE);
	}
	free(w);
}

static void everything_at_once(void **state)
{
	struct card *c = *state;
	struct worker *w = start_workers(c);

	end_workers(c, w);
	for (unsigned int i = 0; i < KEYS; i++)
		assert_int_equal(info(c, ALICE, slots[i].handle), 0);
}

static void with_disturbances(void **state)
{
	struct card *c = *state;
	struct worker *w = start_workers(c);

	assert_int_equal(pthread_create(&w[THREADS].thread, NULL, disturb, &w[THREADS]), 0);
	pthread_join(w[THREADS].thread, NULL);
	end_workers(c, w);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_users, teardown)
	const struct CMUnitTest tests[] = { T(everything_at_once), T(with_disturbances) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
