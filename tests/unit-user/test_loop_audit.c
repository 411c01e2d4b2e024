// SPDX-License-Identifier: GPL-2.0-or-later
/* test_loop_audit.c - exported audit logs: what they look like, and that no edit passes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../userspace/hsm_audit/log.h"
#include "loop_fixture.h"

#define EDITS	10000
#define HEAD	HSM_AUDIT_FILE_HEAD
#define WHY	256

static const uint8_t nonces[3][HSM_NONCE_LEN] = { { 1 }, { 2 }, { 3 } };

/* The log, an older export of it, and that of another card. */
enum { NOW, OLDER, OTHER, FILES };
static struct hsm_bytes files[FILES];
static struct hsm_bytes root;

static void log_in_officer(struct hsm *on, uint32_t session)
{
	ok(hsm_login(on, session, HSM_USER_PCO, "admin", PW("admin_pwd"), &res));
}

static void make_events(struct hsm *on, uint32_t session, unsigned int n)
{
	uint32_t id;

	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(hsm_user_create(on, session, HSM_USER_CU, "alice", PW("alice_pwd"),
						 &id, &res), HSM_RV_USER_EXISTS);
}

static int setup(void **state)
{
	int rc = loop_setup(state);

	if (rc)
		return rc;
	log_in_officer(h, sess);
	make_events(h, sess, 20);
	ok(hsm_audit_export(h, sess, nonces[OTHER], &files[OTHER], &res));
	loop_teardown(state);
	rc = loop_setup(state);
	if (rc)
		return rc;
	log_in_officer(h, sess);
	ok(hsm_audit_export(h, sess, nonces[OLDER], &files[OLDER], &res));
	make_events(h, sess, 20);
	ok(hsm_audit_export(h, sess, nonces[NOW], &files[NOW], &res));
	return hsm_cert(h, HSM_CERT_MANUFACTURER_ROOT, &root, &res);
}

static int teardown(void **state)
{
	for (size_t i = 0; i < FILES; i++)
		hsm_bytes_clear(&files[i]);
	hsm_bytes_clear(&root);
	return loop_teardown(state);
}

static const char *judge(const uint8_t *p, size_t len, const struct expected *want)
{
	static char why[WHY];
	struct log log;
	const char *wrong = log_parse(&log, p, len);

	return wrong ? wrong : log_check(&log, want, why, sizeof(why));
}

static struct expected all_known(void)
{
	return (struct expected){
		.root = { root.p, root.len }, .serial = "LOOP0001", .nonce = nonces[NOW],
	};
}

static void good(void **state)
{
	struct expected want = all_known();
	struct log older, other;

	(void)state;
	assert_null(judge(files[NOW].p, files[NOW].len, &want));
	assert_null(judge(files[OTHER].p, files[OTHER].len, &(struct expected){ .nonce = NULL }));
	assert_null(log_parse(&older, files[OLDER].p, files[OLDER].len));
	want.older = &older;
	assert_null(judge(files[NOW].p, files[NOW].len, &want));
	assert_null(log_parse(&other, files[OTHER].p, files[OTHER].len));
	want.older = &other;
	assert_string_equal(judge(files[NOW].p, files[NOW].len, &want),
			    "the older export is not the beginning of this one");
	want = all_known();
	want.serial = "LOOP0002";
	assert_string_equal(judge(files[NOW].p, files[NOW].len, &want),
			    "the log is of the card LOOP0001, not LOOP0002");
	want = all_known();
	assert_string_equal(judge(files[OLDER].p, files[OLDER].len, &want),
			    "the log was not exported with this nonce");
	want.nonce = nonces[OTHER];
	assert_string_equal(judge(files[OTHER].p, files[OTHER].len, &want),
			    "the manufacturer root in the file is not the one given");
}

/* A file that is edited. */
struct edited {
	uint8_t *p;
	size_t len, room;
};

static size_t below(size_t n)
{
	return n ? (size_t)random() % n : 0;
}

static void cut_out(struct edited *e, size_t at, size_t len)
{
	memmove(e->p + at, e->p + at + len, e->len - at - len);
	e->len -= len;
}

static void put_in(struct edited *e, size_t at, const uint8_t *p, size_t len)
{
	memmove(e->p + at + len, e->p + at, e->len - at);
	memcpy(e->p + at, p, len);
	e->len += len;
}

static uint32_t records(const struct edited *e)
{
	uint32_t n;

	memcpy(&n, e->p + 12, 4);
	return n;
}

static void set_records(struct edited *e, uint32_t n)
{
	memcpy(e->p + 12, &n, 4);
}

static void flip(struct edited *e)
{
	for (size_t n = 1 + below(3); n; n--)
		e->p[below(e->len)] ^= (uint8_t)(1u << below(8));
}

/* Half of them whole records, with the count made right. */
static void delete(struct edited *e)
{
	size_t n = records(e), first = below(n), len = 1 + below(n - first > 3 ? 3 : n - first);

	if (random() % 2) {
		first = below(e->len);
		cut_out(e, first, 1 + below(e->len - first > 64 ? 64 : e->len - first));
		return;
	}
	cut_out(e, HEAD + first * REC_LEN, len * REC_LEN);
	set_records(e, (uint32_t)(n - len));
}

static void insert(struct edited *e)
{
	const struct hsm_bytes *from = &files[random() % FILES];
	size_t n = records(e), at = below(n + 1);
	uint8_t noise[64];

	if (random() % 2) {
		for (size_t i = 0; i < sizeof(noise); i++)
			noise[i] = (uint8_t)random();
		put_in(e, below(e->len + 1), noise, 1 + below(sizeof(noise)));
		return;
	}
	put_in(e, HEAD + at * REC_LEN, from->p + HEAD + below(20) * REC_LEN, REC_LEN);
	set_records(e, (uint32_t)n + 1);
}

static void swap(struct edited *e)
{
	size_t n = records(e), a = HEAD + below(n) * REC_LEN, b = HEAD + below(n) * REC_LEN;
	uint8_t keep[REC_LEN];

	memcpy(keep, e->p + a, REC_LEN);
	memcpy(e->p + a, e->p + b, REC_LEN);
	memcpy(e->p + b, keep, REC_LEN);
}

/* Of the records with what follows them left, or of the file. */
static void truncate(struct edited *e)
{
	size_t n = records(e), keep = below(n);

	if (random() % 2) {
		e->len = below(e->len);
		return;
	}
	cut_out(e, HEAD + keep * REC_LEN, (n - keep) * REC_LEN);
	set_records(e, (uint32_t)keep);
}

static void take_over(struct edited *e, const struct hsm_bytes *from)
{
	memcpy(e->p, from->p, from->len);
	e->len = from->len;
}

/* A piece of another export in the same place, or another export with a piece of this one. */
static void splice(struct edited *e)
{
	const struct hsm_bytes *from = &files[random() % 2 ? OLDER : OTHER];
	size_t shorter = from->len < e->len ? from->len : e->len, at = below(shorter);
	size_t tail = below(shorter);

	switch (random() % 4) {
	case 0:
		memcpy(e->p + at, from->p + at, 1 + below(shorter - at));
		break;
	case 1:
		memcpy(e->p + e->len - tail, from->p + from->len - tail, tail);
		break;
	case 2:
		take_over(e, from);
		memcpy(e->p + at, files[NOW].p + at, 1 + below(shorter - at));
		break;
	default:
		take_over(e, from);
		memcpy(e->p + e->len - tail, files[NOW].p + files[NOW].len - tail, tail);
		break;
	}
}

static bool unchanged(const struct edited *e)
{
	return e->len == files[NOW].len && !memcmp(e->p, files[NOW].p, e->len);
}

static void no_edit_passes(void **state)
{
	static void (*const kinds[])(struct edited *) = {
		flip, delete, insert, swap, truncate, splice,
	};
	const struct expected want = all_known();
	struct edited e = { .room = 1 << 20 };
	unsigned int seed = 20261, n = 0;

	(void)state;
	srandom(seed);
	e.p = malloc(e.room);
	assert_non_null(e.p);
	while (n < EDITS) {
		unsigned int kind = (unsigned int)(random() % 6);

		take_over(&e, &files[NOW]);
		kinds[kind](&e);
		if (unchanged(&e))
			continue;
		n++;
		if (!judge(e.p, e.len, &want))
			fail_msg("edit %u (kind %u, seed %u) was not noticed", n, kind, seed);
	}
	free(e.p);
}

/* A name of a card that would move the cursor is shown to nobody. */
static void serial_is_text(void **state)
{
	const struct expected want = { .serial = "LOOP0001" };
	struct log log;
	char why[WHY];

	(void)state;
	assert_null(log_parse(&log, files[NOW].p, files[NOW].len));
	log.head.serial[0] = '\r';
	assert_non_null(log_check(&log, &want, why, sizeof(why)));
	assert_null(strchr(why, '\r'));
	log.head.serial[0] = 'L';
	memset(log.head.serial + 8, 'x', sizeof(log.head.serial) - 8);
	assert_non_null(log_check(&log, &want, why, sizeof(why)));
}

/* The vendor's pages show these. */
static const struct shown {
	struct hsm_audit_rec rec;
	const char *text;
} shown[] = {
	{ { .time_us = 1513717277140812, .sequence = 1, .reboot = 0xe8, .opcode = 0x1d,
	    .session = 0x1004001 },
	  "Time: 12/19/17 21:01:17.140812, usecs:1513717277140812\n"
	  "Sequence No : 0x1\n"
	  "Reboot counter : 0xe8\n"
	  "Command Type(hex) : CN_MGMT_CMD (0x0)\n"
	  "Opcode : CN_GEN_PSWD_ENC_KEY (0x1d)\n"
	  "Session Handle : 0x1004001\n"
	  "Response : 0:HSM Return: SUCCESS\n"
	  "Log type : MINIMAL_LOG_ENTRY (0)\n" },
	{ { .time_us = 1513717277174902, .sequence = 2, .reboot = 0xe8, .opcode = 0xfc,
	    .session = 0x1004001, .log_type = 2, .user_type = 5, .user_name = "app_user" },
	  "Time: 12/19/17 21:01:17.174902, usecs:1513717277174902\n"
	  "Sequence No : 0x2\n"
	  "Reboot counter : 0xe8\n"
	  "Command Type(hex) : CN_MGMT_CMD (0x0)\n"
	  "Opcode : CN_CREATE_APPLIANCE_USER (0xfc)\n"
	  "Session Handle : 0x1004001\n"
	  "Response : 0:HSM Return: SUCCESS\n"
	  "Log type : MGMT_USER_DETAILS_LOG (2)\n"
	  "User Name : app_user\n"
	  "User Type : CN_APPLIANCE_USER (5)\n" },
	{ { .time_us = 1516815699037255, .sequence = 4, .reboot = 0x107, .opcode = 0xd,
	    .session = 0xc008002, .status = 157, .log_type = 2, .user_type = 1,
	    .user_name = "ExampleUser" },
	  "Time: 01/24/18 17:41:39.037255, usecs:1516815699037255\n"
	  "Sequence No : 0x4\n"
	  "Reboot counter : 0x107\n"
	  "Command Type(hex) : CN_MGMT_CMD (0x0)\n"
	  "Opcode : CN_LOGIN (0xd)\n"
	  "Session Handle : 0xc008002\n"
	  "Response : 157:HSM Error: user isn't initialized or user with this name doesn't exist\n"
	  "Log type : MGMT_USER_DETAILS_LOG (2)\n"
	  "User Name : ExampleUser\n"
	  "User Type : CN_CRYPTO_USER (1)\n" },
	{ { .time_us = 1516754370328334, .sequence = 1, .reboot = 0x107, .opcode = 0x17,
	    .session = 0xc008004, .log_type = 1, .handle = 262152 },
	  "Time: 01/24/18 00:39:30.328334, usecs:1516754370328334\n"
	  "Sequence No : 0x1\n"
	  "Reboot counter : 0x107\n"
	  "Command Type(hex) : CN_MGMT_CMD (0x0)\n"
	  "Opcode : CN_GENERATE_KEY (0x17)\n"
	  "Session Handle : 0xc008004\n"
	  "Response : 0:HSM Return: SUCCESS\n"
	  "Log type : MGMT_KEY_DETAILS_LOG (1)\n"
	  "Priv/Secret Key Handle : 262152\n"
	  "Public Key Handle : 0\n" },
	/* A name that tries to look like a record of its own. */
	{ { .time_us = 0, .opcode = 0xd, .log_type = 2, .user_type = 1, .status = 163,
	    .user_name = "a\nTime: \x1b[2J\\" },
	  "Time: 01/01/70 00:00:00.000000, usecs:0\n"
	  "Sequence No : 0x0\n"
	  "Reboot counter : 0x0\n"
	  "Command Type(hex) : CN_MGMT_CMD (0x0)\n"
	  "Opcode : CN_LOGIN (0xd)\n"
	  "Session Handle : 0x0\n"
	  "Response : 163:HSM Error: RET_USER_LOGIN_FAILURE\n"
	  "Log type : MGMT_USER_DETAILS_LOG (2)\n"
	  "User Name : a\\x0aTime: \\x1b[2J\\x5c\n"
	  "User Type : CN_CRYPTO_USER (1)\n" },
};

static void as_the_pages_show(void **state)
{
	char text[1024];
	FILE *f;

	(void)state;
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		memset(text, 0, sizeof(text));
		f = fmemopen(text, sizeof(text), "w");
		assert_non_null(f);
		log_print(f, &shown[i].rec);
		fclose(f);
		assert_string_equal(text, shown[i].text);
	}
}

/* A log of many records takes several replies. */
static void long_log(void **state)
{
	struct hsm_bytes file;
	const struct expected want = { .nonce = nonces[NOW] };

	(void)state;
	make_events(h, sess, 600);
	ok(hsm_audit_export(h, sess, nonces[NOW], &file, &res));
	assert_true(file.len > HSM_MSG_MAX);
	assert_null(judge(file.p, file.len, &want));
	hsm_bytes_clear(&file);
	ok(hsm_logout(h, sess, &res));
	login_alice();
	assert_int_equal(hsm_audit_export(h, sess, nonces[NOW], &file, &res),
			 HSM_RV_NOT_AUTHORIZED);
	assert_null(file.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good), cmocka_unit_test(no_edit_passes),
		cmocka_unit_test(serial_is_text),
		cmocka_unit_test(as_the_pages_show), cmocka_unit_test(long_log),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
