/* SPDX-License-Identifier: GPL-2.0-or-later */
/* loop_fixture.h - a fresh card of the real firmware for each test, with two users. */
#ifndef LOOP_FIXTURE_H
#define LOOP_FIXTURE_H

#include "conn_loop.h"
#include "hsm.h"

#define PW(p)	p, sizeof(p) - 1

extern struct loop_card *card;
extern struct hsm *h;			/* a connection to it */
extern uint32_t sess;			/* a session of that, nobody logged in */
extern struct hsm_result res;

/* cmocka's setup and teardown: users 3 (alice) and 4 (bob). */
int loop_setup(void **state);
int loop_teardown(void **state);
/* The same with alice logged in. */
int loop_setup_alice(void **state);

/* Fails the test unless @rc is 0. */
void ok(int rc);

void login_alice(void);

/* An AES-256 key, that of @users, too. */
int gen_aes(const char *label, bool session_key, const uint32_t *users, size_t n,
	    uint64_t *handle);

/* Keys with role attributes on top of those of their birth, 0 ends the list. */
uint64_t gen_sym(uint32_t type, uint32_t len, const uint32_t *roles);
int gen_rsa(struct hsm *on, uint32_t in, uint32_t bits, uint64_t *pub, uint64_t *priv,
	    struct hsm_result *r);
void gen_ec(uint32_t curve, uint64_t *pub, uint64_t *priv);

/* The check value of a key. */
void kcv_of(uint64_t handle, uint8_t kcv[3]);

#endif /* LOOP_FIXTURE_H */
