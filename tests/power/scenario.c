// SPDX-License-Identifier: GPL-2.0-or-later
/* scenario.c - a card's life: made, used, switched off and on, wiped twice. */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fw_int.h"
#include "scenario.h"
#include "shim.h"

#define CTX	1	/* the client's */
#define HANDLES	16

/* A life while it is lived. */
struct living {
	struct life *l;
	struct client c;
	struct request r;
	uint64_t handle[HANDLES], told;
	size_t n_handles;
	bool on, mended;
};

static struct mark *set_mark(struct living *v, const char *what)
{
	struct life *l = v->l;
	struct mark *m = &l->mark[l->n];

	if (!check(l->n + 1 < MARKS, "too many steps"))
		return m;
	*m = (struct mark){ .calls = shim_calls(), .told_handle = v->told };
	snprintf(m->what, sizeof(m->what), "%s", what);
	state_take(&m->state, v->c.fw);
	l->n++;
	return m;
}

/* What was refused has changed nothing; but a wrong password counts in memory all the same. */
static void unchanged(struct living *v, const char *what)
{
	const struct mark *m = &v->l->mark[v->l->n - 1];
	struct state st;

	if (get_le16(v->r.in) == HSM_CMD_LOGIN)
		return;
	state_take(&st, v->c.fw);
	check(!strcmp(st.text, m->state.text) && st.next_record == m->state.next_record,
	      "%s: failed, and the card is not as it was: %s", what, st.text);
	state_free(&st);
}

/* Whether it is the disk's fault; from then on it is that of nobody. */
static bool disk_failed(struct living *v)
{
	bool failed = shim_failures() > 0 && !v->mended;

	v->mended |= failed;
	if (failed)
		v->l->failed = v->l->n;
	return failed;
}

/* While the disk fails, and when it is back. */
static uint32_t send_again(struct living *v, const char *what)
{
	uint32_t rv;

	unchanged(v, what);
	if (v->l->forever) {
		rv = client_send(&v->c, &v->r);
		check(rv == HSM_RV_STORE_FAILED || rv == HSM_RV_NOT_LOGGED_IN,
		      "%s: again: status 0x%x", what, rv);
		unchanged(v, what);
	}
	shim_mend();
	rv = client_send(&v->c, &v->r);
	/* A login ends, whatever the log can take. */
	return rv == HSM_RV_NOT_LOGGED_IN && get_le16(v->r.in) == HSM_CMD_LOGOUT ? 0 : rv;
}

static void start(struct living *v)
{
	v->on = card_open(&v->c, v->l->dir);
	if (!v->on && disk_failed(v)) {
		check(strstr(v->c.err, "key "), "it does not start and says \"%s\"", v->c.err);
		shim_mend();
		v->on = card_open(&v->c, v->l->dir);
	}
	if (check(v->on, "the card does not start: %s", v->c.err))
		set_mark(v, "start")->restart = true;
}

static void stop(struct living *v)
{
	client_close(&v->c);
	v->on = false;
}

static void send(struct living *v, const char *what, uint32_t want)
{
	uint32_t rv = client_send(&v->c, &v->r);

	if (rv == HSM_RV_STORE_FAILED && disk_failed(v))
		rv = send_again(v, what);
	check(rv == want, "%s: status 0x%x, not 0x%x", what, rv, want);
	set_mark(v, what);
}

static void ask(struct living *v, const char *what, uint16_t opcode, uint32_t type,
		const char *name, const char *password, uint32_t want)
{
	client_begin_user(&v->c, &v->r, opcode, type, name, password);
	send(v, what, want);
}

static void logout(struct living *v)
{
	client_begin(&v->c, &v->r, HSM_CMD_LOGOUT);
	send(v, "logout", 0);
}

static void login_officer(struct living *v)
{
	ask(v, "login of the officer", HSM_CMD_LOGIN, HSM_USER_PCO, "admin", CLIENT_PASSWORD, 0);
}

static void login_user(struct living *v)
{
	ask(v, "login", HSM_CMD_LOGIN, HSM_USER_CU, CLIENT_USER, CLIENT_PASSWORD, 0);
}

static void guess(struct living *v, const char *name, uint32_t want)
{
	ask(v, "wrong password", HSM_CMD_LOGIN, HSM_USER_CU, name, "not_the_password", want);
}

static void activate(struct living *v)
{
	ask(v, "first login", HSM_CMD_LOGIN, HSM_USER_PRECO, "admin", "password", 0);
	ask(v, "password of the officer", HSM_CMD_USER_PASSWORD, HSM_USER_PRECO, "admin",
	    CLIENT_PASSWORD, 0);
	ask(v, "user", HSM_CMD_USER_CREATE, HSM_USER_CU, CLIENT_USER, CLIENT_PASSWORD, 0);
}

/* The handle of a session key may be given again after a start; the others not. */
static void told(struct living *v, uint64_t handle, bool stays)
{
	if (!check(v->n_handles < HANDLES, "too many keys"))
		return;
	v->handle[v->n_handles++] = handle;
	if (stays && handle > v->told)
		v->told = handle;
	v->l->mark[v->l->n - 1].told_handle = v->told;
}

static void send_key(struct living *v, const char *what, bool stays)
{
	send(v, what, 0);
	told(v, client_u64(&v->r, HSM_TAG_HANDLE), stays);
}

static void send_pair(struct living *v, const char *what)
{
	send(v, what, 0);
	told(v, client_u64(&v->r, HSM_TAG_HANDLE_PUBLIC), true);
	told(v, client_u64(&v->r, HSM_TAG_HANDLE_PRIVATE), true);
}

static void make_key(struct living *v, uint32_t type, uint32_t len, const char *label)
{
	client_begin_sym(&v->c, &v->r, type, len, label);
	send_key(v, label, true);
}

/* Without an id: of one that failed the key stays, to the end of its session. */
static void make_session_key(struct living *v)
{
	client_begin(&v->c, &v->r, HSM_CMD_KEY_GEN_SYM);
	tlv_put_u32(&v->r.w, HSM_ATTR_KEY_TYPE, HSM_KEY_AES);
	tlv_put_u32(&v->r.w, HSM_ATTR_VALUE_LEN, 16);
	client_put_text(&v->r, HSM_ATTR_LABEL, "session key");
	tlv_put_u8(&v->r.w, HSM_ATTR_TOKEN, 0);
	send_key(v, "session key", false);
}

static void make_rsa(struct living *v)
{
	client_begin_rsa(&v->c, &v->r, "RSA pair");
	send_pair(v, "RSA pair");
}

static void make_ec(struct living *v)
{
	client_begin(&v->c, &v->r, HSM_CMD_KEY_GEN_PAIR);
	tlv_put_u32(&v->r.w, HSM_ATTR_KEY_TYPE, HSM_KEY_EC);
	tlv_put_u32(&v->r.w, HSM_TAG_CURVE, HSM_CURVE_SECP384R1);
	client_put_text(&v->r, HSM_ATTR_LABEL, "EC pair");
	send_pair(v, "EC pair");
}

static void begin_of_key(struct living *v, uint16_t opcode, size_t i)
{
	client_begin(&v->c, &v->r, opcode);
	tlv_put_u64(&v->r.w, HSM_TAG_HANDLE, v->handle[i]);
}

static void label(struct living *v, size_t i, const char *text)
{
	begin_of_key(v, HSM_CMD_KEY_SET_ATTRS, i);
	client_put_text(&v->r, HSM_ATTR_LABEL, text);
	send(v, "label", 0);
}

static void share(struct living *v, size_t i, uint32_t user, bool on)
{
	begin_of_key(v, HSM_CMD_KEY_SHARE, i);
	tlv_put_u32(&v->r.w, HSM_TAG_SHARE_USER, user);
	tlv_put_u8(&v->r.w, HSM_TAG_SHARE, on);
	send(v, on ? "share" : "unshare", 0);
}

static void delete(struct living *v, size_t i)
{
	begin_of_key(v, HSM_CMD_KEY_DELETE, i);
	send(v, "delete", 0);
}

/* A session key becomes one that stays. */
static void keep(struct living *v, size_t i)
{
	begin_of_key(v, HSM_CMD_KEY_SET_ATTRS, i);
	tlv_put_u8(&v->r.w, HSM_ATTR_TOKEN, 1);
	send(v, "session key kept", 0);
}

static void set_m_value(struct living *v, uint32_t service, uint32_t m)
{
	client_begin(&v->c, &v->r, HSM_CMD_M_VALUE_SET);
	tlv_put_u32(&v->r.w, HSM_TAG_SERVICE, service);
	tlv_put_u32(&v->r.w, HSM_TAG_M_VALUE, m);
	send(v, "m value", 0);
}

static void make_people(struct living *v)
{
	ask(v, "second user", HSM_CMD_USER_CREATE, HSM_USER_CU, "second", "second_password", 0);
	ask(v, "second officer", HSM_CMD_USER_CREATE, HSM_USER_CO, "officer", "its_password", 0);
	ask(v, "third user", HSM_CMD_USER_CREATE, HSM_USER_CU, "third", "third_password", 0);
	logout(v);
}

static void make_keys(struct living *v)
{
	login_user(v);
	make_key(v, HSM_KEY_AES, 32, "AES key");
	make_key(v, HSM_KEY_GENERIC, 3583, "large secret");
	make_rsa(v);
	make_session_key(v);
	make_ec(v);
	make_key(v, HSM_KEY_DES3, 24, "3DES key");
}

static void change_keys(struct living *v)
{
	label(v, 0, "another label");
	share(v, 0, 4, true);
	keep(v, 4);
	delete(v, 7);
	delete(v, 2);
	card_rest();
	share(v, 0, 4, false);
	delete(v, 1);
	logout(v);
}

/* Right ones forget the wrong ones; five lock. */
static void guess_passwords(struct living *v)
{
	guess(v, CLIENT_USER, HSM_RV_LOGIN_FAILURE);
	guess(v, CLIENT_USER, HSM_RV_LOGIN_FAILURE);
	for (size_t i = 0; i < HSM_LOGIN_TRIES; i++)
		guess(v, "second", HSM_RV_LOGIN_FAILURE);
	guess(v, "second", HSM_RV_USER_LOCKED);
	ask(v, "unknown name", HSM_CMD_LOGIN, HSM_USER_CU, "nobody", "no_password",
	    HSM_RV_LOGIN_FAILURE);
	login_user(v);
	logout(v);
}

static void change_people(struct living *v)
{
	login_officer(v);
	ask(v, "password of the second", HSM_CMD_USER_PASSWORD, HSM_USER_CU, "second",
	    "new_password", 0);
	ask(v, "third user deleted", HSM_CMD_USER_DELETE, HSM_USER_CU, "third", NULL, 0);
	ask(v, "fourth user", HSM_CMD_USER_CREATE, HSM_USER_CU, "fourth", "fourth_password", 0);
	set_m_value(v, HSM_SERVICE_MISC_CO, 2);
}

/* The end of a login that nobody logged out: its records come when they come. */
static void close_context(struct living *v)
{
	struct state st;
	unsigned int ms = 0;
	uint64_t before = v->l->mark[v->l->n - 1].state.next_record;

	fw_ctx_close(v->c.fw, CTX);
	do {
		usleep(1000);
		state_take(&st, v->c.fw);
		state_free(&st);
	} while (st.next_record == before && ms++ < 30000);
	check(st.next_record != before, "the end of a login is not recorded for 30 s");
	set_mark(v, "context closed");
	fw_ctx_open(v->c.fw, CTX);
	check(client_session(&v->c), "%s", v->c.err);
}

static void before_wipe(struct living *v)
{
	struct life *l = v->l;

	if (check(l->n_wipes < WIPES, "too many wipes")) {
		needles_take(&l->needles[l->n_wipes], v->c.store);
		check(l->needles[l->n_wipes].n, "nothing to be wiped");
	}
	v->told = 0;
	v->n_handles = 0;
	l->wipe_at[l->n_wipes++] = l->n;
}

static void zeroize(struct living *v)
{
	before_wipe(v);
	client_begin(&v->c, &v->r, HSM_CMD_ZEROIZE);
	send(v, "zeroize", 0);
	check(client_session(&v->c), "%s", v->c.err);
}

static void tamper(struct living *v)
{
	unsigned int ms = 0;
	bool failed;

	before_wipe(v);
	fw_tamper(v->c.fw);
	while (atomic_load(&v->c.fw->gate) & FW_WIPING && ms++ < 5000)
		usleep(1000);
	failed = atomic_load(&v->c.fw->unwiped) && disk_failed(v);
	check(failed || (ms < 5000 && !atomic_load(&v->c.fw->unwiped)), "the store is not wiped");
	set_mark(v, "tamper");
	/* What the disk did not take is tried again when the card is stopped. */
	if (failed) {
		shim_mend();
		v->l->failed = v->l->wipe_at[v->l->n_wipes - 1] = v->l->n;
	}
}

static void first_day(struct living *v)
{
	activate(v);
	make_people(v);
	make_keys(v);
	change_keys(v);
	guess_passwords(v);
	stop(v);
}

static void second_day(struct living *v)
{
	login_user(v);
	make_key(v, HSM_KEY_AES, 16, "of the second day");
	delete(v, v->n_handles - 1);
	close_context(v);
	change_people(v);
	logout(v);
	card_rest();
	login_officer(v);
	zeroize(v);
	activate(v);
	logout(v);
	login_user(v);
	make_key(v, HSM_KEY_AES, 32, "of the new card");
	make_ec(v);
	tamper(v);
	stop(v);
}

static void third_day(struct living *v)
{
	activate(v);
	logout(v);
	login_user(v);
	make_key(v, HSM_KEY_AES, 32, "of the third card");
	logout(v);
	check(audit_copy(&v->l->audit, v->c.fw), "no audit log");
	stop(v);
}

/* The same in few steps. */
static void short_day(struct living *v)
{
	activate(v);
	logout(v);
	login_user(v);
	make_key(v, HSM_KEY_GENERIC, 3583, "large secret");
	make_session_key(v);
	make_ec(v);
	card_rest();
	label(v, 0, "another label");
	keep(v, 1);
	delete(v, 3);
	logout(v);
	guess(v, CLIENT_USER, HSM_RV_LOGIN_FAILURE);
	stop(v);
}

static void short_second_day(struct living *v)
{
	login_user(v);
	make_key(v, HSM_KEY_AES, 32, "AES key");
	logout(v);
	login_officer(v);
	zeroize(v);
	activate(v);
	logout(v);
	tamper(v);
	stop(v);
}

bool life_run(struct life *l)
{
	static void (*const days[][3])(struct living *v) = {
		{ first_day, second_day, third_day },
		{ short_day, short_second_day, third_day },
	};
	struct living *v = calloc(1, sizeof(*v));
	bool ok;

	v->l = l;
	for (size_t i = 0; i < 3 && !check_wrong(); i++) {
		start(v);
		if (v->on)
			days[l->brief][i](v);
	}
	if (v->on)
		stop(v);
	check(l->n_wipes || check_wrong(), "a life without a wipe");
	ok = !check_wrong();
	free(v);
	return ok;
}

void life_free(struct life *l)
{
	for (size_t i = 0; i < l->n; i++)
		state_free(&l->mark[i].state);
	free(l->audit.rec);
}
