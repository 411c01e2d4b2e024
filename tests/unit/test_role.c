// SPDX-License-Identifier: GPL-2.0-or-later
/* test_role.c - every command: rights, session, and each role. */
#include <stdio.h>

#include "commands.h"

static void rights(void **state)
{
	size_t i;

	for (i = 0; i < N_COMMANDS; i++) {
		struct msg *m = valid(&commands[i], 0);

		m->req.rights = 0x1f & ~commands[i].class;
		assert_int_equal(send(*state, ctx_for(&commands[i]), m), HSM_RV_NO_RIGHT);
	}
}

static void sessions_needed(void **state)
{
	size_t i;

	for (i = 0; i < N_COMMANDS; i++) {
		struct msg *m = valid(&commands[i], 0);
		uint32_t status;

		put_le32(m->in + 8, 0);
		if (!(commands[i].flags & F_SESSION))
			continue;
		status = send(*state, ctx_for(&commands[i]), m);
		assert_int_equal(status, HSM_RV_BAD_SESSION);
	}
}

/* What the card says to one who may not. */
static uint32_t refusal(const struct expect *e, char role)
{
	if (strchr(e->roles, role))
		return 0;
	if (!strcmp(e->roles, "n"))
		return HSM_RV_ALREADY_LOGGED_IN;
	return role == 'n' ? HSM_RV_NOT_LOGGED_IN : HSM_RV_NOT_AUTHORIZED;
}

/* Own name and type, so that everyone asks for what everyone may. */
static struct msg *request_of(struct card *c, const struct expect *e, uint32_t ctx, uint32_t type,
			      const char *name)
{
	static unsigned int n;
	struct msg *m;
	char fresh[32];
	const char *p;

	if (e->opcode == HSM_CMD_SESSION_CLOSE)
		return begin(e->opcode, open_session(c, ctx));
	if (strncmp(e->required, "tn", 2))
		return valid(e, 0);
	snprintf(fresh, sizeof(fresh), "user_%u", n++);
	m = begin(e->opcode, FIRST_SESSION);
	add_u32(m, HSM_TAG_USER_TYPE, e->opcode == HSM_CMD_USER_CREATE ? HSM_USER_CU : type);
	add_text(m, HSM_TAG_USER_NAME, e->opcode == HSM_CMD_USER_CREATE ? fresh : name);
	for (p = e->required + 2; *p; p++)
		add(m, value_of(*p)->tag, value_of(*p)->bytes, value_of(*p)->len);
	return m;
}

static void check_one(struct card *c, const struct expect *e, char role, uint32_t ctx,
		      uint32_t type, const char *name)
{
	uint32_t want = refusal(e, role);
	uint32_t got = send(c, ctx, request_of(c, e, ctx, type, name));

	if (want)
		assert_int_equal(got, want);
	else if (got == HSM_RV_NOT_LOGGED_IN || got == HSM_RV_NOT_AUTHORIZED ||
		 got == HSM_RV_ALREADY_LOGGED_IN)
		fail_msg("opcode %#x, role %c: %#x", e->opcode, role, got);
	if (!got && e->opcode == HSM_CMD_LOGIN)
		logout(c, ctx);
	if (!got && e->opcode == HSM_CMD_LOGOUT)
		assert_int_equal(login(c, ctx, type, name, role == 'r' ? "password" : PASSWORD), 0);
}

/*
 * A new password comes last: it makes a PRECO a PCO. Zeroizing is a test of its own for
 * those who may.
 */
static void check_role(struct card *c, char role, uint32_t ctx, uint32_t type, const char *name)
{
	const struct expect *password = NULL;
	size_t i;

	for (i = 0; i < N_COMMANDS; i++) {
		if (commands[i].opcode == HSM_CMD_USER_PASSWORD)
			password = &commands[i];
		else if (commands[i].opcode != HSM_CMD_ZEROIZE || refusal(&commands[i], role))
			check_one(c, &commands[i], role, ctx, type, name);
	}
	check_one(c, password, role, ctx, type, name);
}

static void roles(void **state)
{
	struct card *c = *state;

	check_role(c, 'n', NOBODY, HSM_USER_CU, "bob");
	check_role(c, 'u', ALICE, HSM_USER_CU, "alice");
	check_role(c, 'o', OFFICER, HSM_USER_CO, "officer");
	check_role(c, 'p', ADMIN, HSM_USER_CO, "admin");
	check_role(c, 'a', AUDITOR, HSM_USER_AU, "app_user");
}

static void role_preco(void **state)
{
	struct card *c = *state;

	assert_int_equal(login(c, ADMIN, HSM_USER_PRECO, "admin", "password"), 0);
	check_role(c, 'r', ADMIN, HSM_USER_PRECO, "admin");
}

static void zeroize_by(struct card *c, uint32_t ctx)
{
	struct hsm_user_rec rec;

	assert_int_equal(send(c, ctx, begin(HSM_CMD_ZEROIZE, FIRST_SESSION)), 0);
	get_user(c, "admin", &rec);
	assert_int_equal(rec.type, HSM_USER_PRECO);
}

static void zeroize_as_co(void **state)
{
	zeroize_by(*state, OFFICER);
}

static void zeroize_as_pco(void **state)
{
	zeroize_by(*state, ADMIN);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_users, teardown)
	const struct CMUnitTest tests[] = {
		T(rights), T(sessions_needed), T(roles), T(zeroize_as_co), T(zeroize_as_pco),
		cmocka_unit_test_setup_teardown(role_preco, setup_fresh, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
