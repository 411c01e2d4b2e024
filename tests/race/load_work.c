// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * load_work.c - the clients: each sends whatever there is, two of them at a time under one
 * context, at keys that come and go. What they are told must be one of the things that can
 * happen to them.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "load.h"

#define PART	512

uint32_t dice(uint64_t *seed, uint32_t sides)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((*seed >> 33) % sides);
}

void complain(const char *who, const char *what, int result, uint32_t status)
{
	fprintf(stderr, "%s: %s: result %d, status 0x%x\n", who, what, result, status);
	atomic_fetch_add(&load.wrong, 1);
}

/* Statuses that only a failing store, a cluster or a wipe explains. */
static void check_status(struct worker *w)
{
	static const uint32_t never[] = {
		HSM_RV_RECORD_DAMAGED, HSM_RV_NO_MEMORY, HSM_RV_CRYPTO_FAILED,
		HSM_RV_SELFTEST_FAILED, HSM_RV_UNKNOWN_COMMAND,
	};
	size_t i;

	for (i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		if (w->m.status == never[i])
			complain("client", "what cannot be", w->doing, w->m.status);
	}
	if (w->m.status == HSM_RV_STORE_FAILED && !load.trouble)
		complain("client", "the store failed", w->doing, w->m.status);
	if (w->m.status == HSM_RV_SUCCESS)
		atomic_fetch_add(&load.succeeded, 1);
	if (w->m.status == HSM_RV_CARD_TAMPERED)
		atomic_fetch_add(&load.tampered, 1);
}

bool go(struct worker *w)
{
	/* Some have a deadline; the clock of the tests is in milliseconds. */
	if (!dice(&w->seed, 16))
		w->m.req.deadline_ms = w->card->clock_ms + dice(&w->seed, 20);
	w->doing = w->m.in[0];
	pthread_mutex_lock(&w->lock);
	w->busy = true;
	pthread_mutex_unlock(&w->lock);
	exec_begin(w->card, w->ctx, &w->m);
	wait_done(&w->m);
	pthread_mutex_lock(&w->lock);
	w->busy = false;
	pthread_mutex_unlock(&w->lock);
	atomic_fetch_add(&load.done, 1);
	if (w->m.result == FW_OK)
		check_status(w);
	else if (w->m.result != FW_NO_CTX && w->m.result != FW_CANCELED &&
		 w->m.result != FW_TIMEOUT)
		complain("client", "the result", (int)w->m.result, w->doing);
	return w->m.result == FW_OK;
}

static bool went_well(struct worker *w)
{
	return go(w) && w->m.status == HSM_RV_SUCCESS;
}

static uint64_t any_key(struct worker *w)
{
	return load.keys[dice(&w->seed, KEYS)];
}

/* Whose context this is. */
static const struct {
	const char *name;
	uint32_t type;
} people[] = {
	{ "alice", HSM_USER_CU }, { "alice", HSM_USER_CU }, { "bob", HSM_USER_CU },
	{ "officer", HSM_USER_CO },
};

static bool is_alice(const struct worker *w)
{
	return (w->ctx - FIRST_CTX) % 4 < 2;
}

static void log_in(struct worker *w, const char *password)
{
	unsigned int who = (w->ctx - FIRST_CTX) % 4;

	begin_in(&w->m, HSM_CMD_LOGIN, FIRST_SESSION);
	add_u32(&w->m, HSM_TAG_USER_TYPE, people[who].type);
	add_text(&w->m, HSM_TAG_USER_NAME, people[who].name);
	add_text(&w->m, HSM_TAG_PASSWORD, password);
	go(w);
}

void enter(struct worker *w)
{
	begin_in(&w->m, HSM_CMD_SESSION_OPEN, 0);
	if (went_well(w))
		log_in(w, PASSWORD);
}

static void out_and_in(struct worker *w)
{
	begin_in(&w->m, HSM_CMD_LOGOUT, FIRST_SESSION);
	go(w);
	log_in(w, PASSWORD);
}

/* Bob's: the officer makes up for it. */
static void guess(struct worker *w)
{
	if ((w->ctx - FIRST_CTX) % 4 == 2) {
		begin_in(&w->m, HSM_CMD_LOGOUT, FIRST_SESSION);
		go(w);
		log_in(w, "wrong password");
		log_in(w, PASSWORD);
		return;
	}
	begin_in(&w->m, HSM_CMD_USER_PASSWORD, FIRST_SESSION);
	add_u32(&w->m, HSM_TAG_USER_TYPE, HSM_USER_CU);
	add_text(&w->m, HSM_TAG_USER_NAME, "bob");
	add_text(&w->m, HSM_TAG_PASSWORD, PASSWORD);
	go(w);
}

/* One session more, which another thread of the context may close. */
static void session(struct worker *w)
{
	uint32_t number;

	begin_in(&w->m, HSM_CMD_SESSION_OPEN, 0);
	if (!went_well(w))
		return;
	number = reply_u32(&w->m, HSM_TAG_SESSION);
	begin_in(&w->m, HSM_CMD_SESSION_CLOSE, number);
	go(w);
}

/* A user that comes and goes, and takes its key with it. */
static void people_come(struct worker *w)
{
	static const uint16_t next[] = { HSM_CMD_USER_CREATE, HSM_CMD_USER_DELETE };
	bool create = dice(&w->seed, 2);

	begin_in(&w->m, next[!create], FIRST_SESSION);
	add_u32(&w->m, HSM_TAG_USER_TYPE, HSM_USER_CU);
	add_text(&w->m, HSM_TAG_USER_NAME, dice(&w->seed, 2) ? "dora" : "emil");
	if (create)
		add_text(&w->m, HSM_TAG_PASSWORD, PASSWORD);
	go(w);
}

/* A token key that must be there at the end, or one of a session. */
static void make(struct worker *w)
{
	bool token = is_alice(w) && dice(&w->seed, 2);
	unsigned int n = dice(&w->seed, KEYS);
	unsigned long long none = 0;
	uint64_t handle;

	if (token && load.keys[n])
		return;
	begin_in(&w->m, HSM_CMD_KEY_GEN_SYM, FIRST_SESSION);
	add_u32(&w->m, HSM_ATTR_KEY_TYPE, dice(&w->seed, 2) ? HSM_KEY_AES : HSM_KEY_GENERIC);
	add_u32(&w->m, HSM_ATTR_VALUE_LEN, 32);
	add_text(&w->m, HSM_ATTR_LABEL, "load");
	add_u8(&w->m, HSM_ATTR_TOKEN, token);
	if (!went_well(w) || !token)
		return;
	handle = reply_u64(&w->m, HSM_TAG_HANDLE);
	while (!atomic_compare_exchange_strong(&load.keys[n], &none, handle)) {
		n = (n + 1) % KEYS;
		none = 0;
	}
}

/* Nothing else than success takes a key away; what a cluster says may be in doubt. */
static void remove_key(struct worker *w)
{
	unsigned int n = dice(&w->seed, KEYS);
	uint64_t handle;

	if (!is_alice(w))
		return;
	handle = atomic_exchange(&load.keys[n], 0);
	if (!handle)
		return;
	begin_in(&w->m, HSM_CMD_KEY_DELETE, FIRST_SESSION);
	add_u64(&w->m, HSM_TAG_HANDLE, handle);
	if (went_well(w))
		return;
	if (load.group)
		return;
	while (atomic_load(&load.keys[n]) ||
	       !atomic_compare_exchange_strong(&load.keys[n], &(unsigned long long){ 0 }, handle))
		n = (n + 1) % KEYS;
}

static void pair(struct worker *w)
{
	begin_in(&w->m, HSM_CMD_KEY_GEN_PAIR, FIRST_SESSION);
	add_u32(&w->m, HSM_ATTR_KEY_TYPE, HSM_KEY_EC);
	add_u32(&w->m, HSM_TAG_CURVE, HSM_CURVE_PRIME256V1);
	add_text(&w->m, HSM_ATTR_LABEL, "pair");
	add_u8(&w->m, HSM_ATTR_TOKEN, 0);
	if (!went_well(w))
		return;
	begin_in(&w->m, HSM_CMD_CRYPT, FIRST_SESSION);
	add_u32(&w->m, HSM_TAG_USE, HSM_USE_SIGN);
	add_u32(&w->m, HSM_TAG_MECHANISM, HSM_CKM_ECDSA_SHA256);
	add_u64(&w->m, HSM_TAG_HANDLE, reply_u64(&w->m, HSM_TAG_HANDLE_PRIVATE));
	add_text(&w->m, HSM_TAG_DATA, "what is signed");
	go(w);
}

/* One begins, whoever comes goes on with it. */
static void in_parts(struct worker *w)
{
	static const uint8_t zeros[PART];

	switch (dice(&w->seed, 4)) {
	case 0:
		begin_in(&w->m, HSM_CMD_CRYPT_INIT, FIRST_SESSION);
		add_u32(&w->m, HSM_TAG_USE, HSM_USE_SIGN);
		add_u32(&w->m, HSM_TAG_MECHANISM, HSM_CKM_SHA256_HMAC);
		add_u64(&w->m, HSM_TAG_HANDLE, any_key(w));
		if (went_well(w))
			load.operation = reply_u32(&w->m, HSM_TAG_OPERATION);
		return;
	case 1:
		begin_in(&w->m, HSM_CMD_CRYPT_FINAL, FIRST_SESSION);
		add_u32(&w->m, HSM_TAG_OPERATION, load.operation);
		break;
	default:
		begin_in(&w->m, HSM_CMD_CRYPT_UPDATE, FIRST_SESSION);
		add_u32(&w->m, HSM_TAG_OPERATION, load.operation);
		add(&w->m, HSM_TAG_DATA, zeros, PART);
	}
	go(w);
}

static void set_label(struct worker *w)
{
	begin_in(&w->m, HSM_CMD_KEY_SET_ATTRS, FIRST_SESSION);
	add_u64(&w->m, HSM_TAG_HANDLE, any_key(w));
	add_text(&w->m, HSM_ATTR_LABEL, dice(&w->seed, 2) ? "load" : "changed");
	go(w);
}

static void share(struct worker *w)
{
	begin_in(&w->m, HSM_CMD_KEY_SHARE, FIRST_SESSION);
	add_u64(&w->m, HSM_TAG_HANDLE, any_key(w));
	add_u32(&w->m, HSM_TAG_SHARE_USER, ID_BOB);
	add_u8(&w->m, HSM_TAG_SHARE, dice(&w->seed, 2) != 0);
	go(w);
}

/* A session's key that needs two, and a token of it that nobody has approved. */
static void token(struct worker *w)
{
	uint64_t handle;

	begin_in(&w->m, HSM_CMD_KEY_GEN_SYM, FIRST_SESSION);
	add_u32(&w->m, HSM_ATTR_KEY_TYPE, HSM_KEY_AES);
	add_u32(&w->m, HSM_ATTR_VALUE_LEN, 32);
	add_text(&w->m, HSM_ATTR_LABEL, "quorum");
	add_u8(&w->m, HSM_ATTR_TOKEN, 0);
	add_u32(&w->m, HSM_TAG_SHARE_USER, is_alice(w) ? ID_BOB : ID_ALICE);
	add_u32(&w->m, HSM_TAG_M_VALUE, 2);
	if (!went_well(w))
		return;
	handle = reply_u64(&w->m, HSM_TAG_HANDLE);
	begin_in(&w->m, HSM_CMD_TOKEN_NEW, FIRST_SESSION);
	add_u32(&w->m, HSM_TAG_SERVICE, HSM_SERVICE_KEY_USE);
	add_u64(&w->m, HSM_TAG_HANDLE, handle);
	go(w);
	begin_in(&w->m, HSM_CMD_TOKEN_DELETE, FIRST_SESSION);
	go(w);
}

/* What @anything leaves to others: it ends the load, an account, or the one session of two. */
static bool left_out(uint16_t opcode)
{
	return opcode == HSM_CMD_SESSION_CLOSE || opcode == HSM_CMD_LOGOUT ||
	       opcode == HSM_CMD_ZEROIZE || opcode == HSM_CMD_USER_DELETE ||
	       opcode == HSM_CMD_KEY_DELETE || opcode == HSM_CMD_M_VALUE_SET ||
	       opcode == HSM_CMD_KEY_SET_ATTRS || opcode == HSM_CMD_USER_PASSWORD;
}

/* Any command of the card, with the values that the tests of the table have for it. */
static void anything(struct worker *w)
{
	const struct expect *e = &commands[dice(&w->seed, N_COMMANDS)];
	const char *p;

	if (left_out(e->opcode))
		return;
	begin_in(&w->m, e->opcode, e->flags & F_SESSION ? FIRST_SESSION : 0);
	for (p = e->required; *p; p++) {
		const struct value *v = value_of(*p);

		if (v->tag == HSM_TAG_HANDLE || v->tag == HSM_TAG_WRAP_HANDLE)
			add_u64(&w->m, v->tag, any_key(w));
		else
			add(&w->m, v->tag, v->bytes, v->len);
	}
	go(w);
}

static void take_a_look(struct worker *w)
{
	static const uint16_t wanted[] = {
		HSM_CMD_KEY_LIST, HSM_CMD_AUDIT_READ, HSM_CMD_AUDIT_HEAD, HSM_CMD_CLUSTER_INFO,
		HSM_CMD_USER_LIST, HSM_CMD_TOKEN_LIST, HSM_CMD_KEY_FIND, HSM_CMD_CARD_INFO,
	};
	uint16_t opcode = wanted[dice(&w->seed, sizeof(wanted) / sizeof(wanted[0]))];

	begin_in(&w->m, opcode, opcode == HSM_CMD_CLUSTER_INFO ? 0 : FIRST_SESSION);
	if (opcode == HSM_CMD_KEY_LIST) {
		add_u32(&w->m, HSM_TAG_USER_ID, ID_ALICE);
		add_u8(&w->m, HSM_TAG_KEY_HASH, 1);
	} else if (opcode == HSM_CMD_AUDIT_READ) {
		add_u64(&w->m, HSM_TAG_SEQUENCE, dice(&w->seed, 200));
	} else if (opcode == HSM_CMD_AUDIT_HEAD) {
		add(&w->m, HSM_TAG_NONCE, value_of('%')->bytes, HSM_NONCE_LEN);
	}
	go(w);
}

/* A load of refusals is none. */
static void come_back(struct worker *w)
{
	if (w->m.result == FW_OK && w->m.status == HSM_RV_NOT_LOGGED_IN)
		log_in(w, PASSWORD);
	w->lost = w->m.result == FW_NO_CTX ||
		  (w->m.result == FW_OK && w->m.status == HSM_RV_BAD_SESSION);
	if (w->lost)
		usleep(1000);
}

void *work(void *arg)
{
	static void (*const what[])(struct worker *w) = {
		make, make, make, remove_key, remove_key, pair, in_parts, in_parts, set_label,
		share, anything, anything, anything, anything, take_a_look, session,
		token,
	};
	static void (*const seldom[])(struct worker *w) = { out_and_in, guess, people_come, enter };
	struct worker *w = arg;

	while (!load.stop) {
		if (dice(&w->seed, 24))
			what[dice(&w->seed, sizeof(what) / sizeof(what[0]))](w);
		else
			seldom[dice(&w->seed, sizeof(seldom) / sizeof(seldom[0]))](w);
		come_back(w);
	}
	return NULL;
}
