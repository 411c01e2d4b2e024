/* SPDX-License-Identifier: GPL-2.0-or-later */
/* client.h - a card in this process and one user of it, for the crash tests. */
#ifndef CRASH_CLIENT_H
#define CRASH_CLIENT_H

#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fw.h"
#include "hsm/hsm_cmd.h"
#include "store.h"
#include "tlv.h"

#define CLIENT_SECRET	"the secret of the crash tests, unguessable"
#define CLIENT_SERIAL	"CRASH-1"
#define CLIENT_USER	"crash_user"
#define CLIENT_PASSWORD	"crash_password"

/* What client_send() returns when there was no reply. */
#define CLIENT_NO_REPLY	0xffffffffu

struct client {
	struct store *store;
	struct fw *fw;
	struct fw_platform platform;
	uint32_t session;
	char err[256];		/* why client_open() failed */
	char log[4096];		/* lines of the firmware, as far as they fit */
};

struct request {
	struct fw_req req;
	struct tlv_writer w;
	sem_t done;
	enum fw_result result;
	uint32_t status;
	uint8_t in[512];
	uint8_t out[16384];
};

/* Starts the card of the store @path, with a context and a session; false with c->err. */
bool client_open(struct client *c, const char *path);
/* The same with another secret than CLIENT_SECRET. */
bool client_open_with(struct client *c, const char *path, const void *secret, size_t len);
void client_close(struct client *c);
/* Another session, after the last one has ended: by a wipe, with the context. */
bool client_session(struct client *c);

/*
 * Logs the test's user in, after bringing a fresh card that far: whatever was
 * done of that before a crash is not done again. Returns a status.
 */
uint32_t client_login(struct client *c);

/* Logs out, and the officer in, or the test's user again. Returns a status. */
uint32_t client_officer(struct client *c);
uint32_t client_user(struct client *c);

/* A request; the caller adds TLVs to r->w, sends, and looks at the reply. */
void client_begin(struct client *c, struct request *r, uint16_t opcode);
void client_put_text(struct request *r, uint32_t tag, const char *text);
uint32_t client_send(struct client *c, struct request *r);
bool client_find(const struct request *r, uint32_t tag, struct tlv *t);
uint64_t client_u64(const struct request *r, uint32_t tag);
uint32_t client_u32(const struct request *r, uint32_t tag);

/* About a user; @password NULL: without. */
void client_begin_user(struct client *c, struct request *r, uint16_t opcode, uint32_t type,
		       const char *name, const char *password);

/* A KEY_GEN_SYM or RSA KEY_GEN_PAIR whose id is the label. */
void client_begin_sym(struct client *c, struct request *r, uint32_t type, uint32_t len,
		      const char *label);
void client_begin_rsa(struct client *c, struct request *r, const char *label);

/* Status of a command that takes a handle: KEY_ATTRS (all), KEY_DELETE. */
uint32_t client_attrs(struct client *c, struct request *r, uint64_t handle);
uint32_t client_delete(struct client *c, struct request *r, uint64_t handle);

#endif /* CRASH_CLIENT_H */
