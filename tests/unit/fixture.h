/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fixture.h - a card for tests: requests in, replies out, no guest in between. */
#ifndef HSM_FIXTURE_H
#define HSM_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fw.h"
#include "gate_store.h"
#include "hsm/hsm_cmd.h"
#include "store.h"
#include "tlv.h"

#define HEAD		16		/* bytes of a header */
#define FIRST_SESSION	0x01000000u

/* Contexts of a card made by card_new(). */
enum { ADMIN = 1, ALICE, BOB, OFFICER, AUDITOR, NOBODY };

/* Users of an activated card. All passwords are PASSWORD. */
#define PASSWORD	"Secret_123"
#define ID_ADMIN	1
#define ID_AUDITOR	2
#define ID_ALICE	3
#define ID_BOB		4
#define ID_OFFICER	5

struct card {
	struct fw *fw;
	struct store *store;
	struct gate *gate;		/* before its store */
	struct fw_platform platform;
	struct fw_config cfg;
	const char *path;		/* SQLite file, NULL = store in memory */
	atomic_ullong clock_ms;
	atomic_uint clock_reads;	/* how often the firmware asked for the time */
	char log[8192];			/* all lines since the last card_start() */
	char err[256];			/* of fw_new() */
};

/* Settings of a card that is not started yet. */
void card_init(struct card *c, const char *path);
/* False with c->err set. */
bool card_start(struct card *c);
void card_stop(struct card *c);
void card_free(struct card *c);
void card_restart(struct card *c);

/* cmocka setups: a fresh card; an activated one with users, all contexts logged in. */
int setup_fresh(void **state);
int setup_users(void **state);
int setup_users_sqlite(void **state);
int teardown(void **state);
/* On a fresh card: activates it and makes the users. */
void card_make_users(struct card *c);
/* Opens contexts and a session in each; logs ADMIN to AUDITOR in. */
void card_login_all(struct card *c);
/* Opens the contexts, without login. */
void card_open_contexts(struct card *c);

/* A request and its reply. */
struct msg {
	struct fw_req req;
	uint8_t in[HSM_MSG_MAX + 64];
	size_t len;
	uint8_t out[HSM_MSG_MAX];
	size_t room;
	enum fw_result result;
	uint32_t status;
	atomic_bool done;
};

/* Static storage: one message at a time, but for tests with threads. */
struct msg *begin(uint16_t opcode, uint32_t session);
void begin_in(struct msg *m, uint16_t opcode, uint32_t session);
void add(struct msg *m, uint32_t tag, const void *p, size_t len);
void add_u8(struct msg *m, uint32_t tag, uint8_t v);
void add_u32(struct msg *m, uint32_t tag, uint32_t v);
void add_u64(struct msg *m, uint32_t tag, uint64_t v);
void add_text(struct msg *m, uint32_t tag, const char *text);

/*
 * Sends and waits. Returns the status; the result must be FW_OK. To the linker it has a name
 * of its own: libcurl calls that of the C library.
 */
uint32_t send(struct card *c, uint32_t ctx, struct msg *m) __asm__("card_send");
/* The same for any result, which it returns. */
enum fw_result exec(struct card *c, uint32_t ctx, struct msg *m);
/* Without waiting; wait_done() does. */
void exec_begin(struct card *c, uint32_t ctx, struct msg *m);
void wait_done(struct msg *m);
/* Waits, frees @m and returns the status; the result must be FW_OK. */
uint32_t wait_status(struct msg *m);

bool reply_find(const struct msg *m, uint32_t tag, struct tlv *t);
size_t reply_count(const struct msg *m, uint32_t tag);
uint32_t reply_u32(const struct msg *m, uint32_t tag);
uint64_t reply_u64(const struct msg *m, uint32_t tag);
/* The tag that the refusal names; fails if it names none. */
uint32_t bad_tag(const struct msg *m);
/* That @got is @want and the last reply blames @tag. */
void check_refused(uint32_t got, uint32_t want, uint32_t tag);

uint32_t open_session(struct card *c, uint32_t ctx);
uint32_t login(struct card *c, uint32_t ctx, uint32_t type, const char *name, const char *pw);
uint32_t logout(struct card *c, uint32_t ctx);
uint32_t user_create(struct card *c, uint32_t ctx, uint32_t type, const char *name,
		     const char *pw);
uint32_t user_password(struct card *c, uint32_t ctx, uint32_t type, const char *name,
		       const char *pw);

/* The user's entry of USER_LIST; id 0 if there is none. */
void get_user(struct card *c, const char *name, struct hsm_user_rec *rec);

/* A valid KEY_GEN_SYM or KEY_GEN_PAIR to add to. */
struct msg *begin_aes(const char *label);
struct msg *begin_sym(uint32_t type, uint32_t len, const char *label);
struct msg *begin_rsa(const char *label);
/* Sends one of them, which must succeed; the (public) handle. */
uint64_t made(struct card *c, uint32_t ctx, struct msg *m);

/* Status of KEY_ATTRS, KEY_INFO, KEY_DELETE. */
uint32_t attrs(struct card *c, uint32_t ctx, uint64_t handle, uint32_t attr);
uint32_t info(struct card *c, uint32_t ctx, uint64_t handle);
uint32_t delete_key(struct card *c, uint32_t ctx, uint64_t handle);
/* Value of an attribute of 1 to 4 bytes. */
uint32_t attr_u32(struct card *c, uint32_t ctx, uint64_t handle, uint32_t attr);
/* Number of matches of KEY_FIND; @m is a begin(HSM_CMD_KEY_FIND) with filters. */
uint32_t found(struct card *c, uint32_t ctx, struct msg *m);
struct msg *begin_find(void);

/* The last message, for a look at its reply. */
struct msg *last(void);

#endif /* HSM_FIXTURE_H */
