// SPDX-License-Identifier: GPL-2.0-or-later
/* test_attest.c - -attest against a connection that lies: FAIL, and no key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <endian.h>
#include <openssl/pem.h>

#include "conn.h"
#include "conn_loop.h"
#include "kmu.h"
#include "measure.h"
#include "msg.h"

#define PW(p)	p, sizeof(p) - 1
#define FILES	"/tmp/hsm-attest-XXXXXX"

/* A transport in front of that of a real card. */
struct liar {
	struct hsm *real;
	struct hsm *other;	/* a card of somebody else */
	/* Whether the request with this opcode goes to the other card. */
	bool (*elsewhere)(uint16_t opcode);
	/* Changes the reply to it. */
	void (*twist)(uint16_t opcode, uint8_t *rep, size_t *len);
	unsigned int makers;	/* commands that make keys which came through */
};

static struct liar liar;
static struct loop_card *cards[2];
static struct hsm *real, *other;
static struct kmu kmu;
static char folder[] = FILES, sha256_path[64], root_path[64];

static uint16_t opcode_of(const void *msg)
{
	uint16_t wire;

	memcpy(&wire, msg, sizeof(wire));
	return le16toh(wire);
}

static bool makes_keys(uint16_t opcode)
{
	return opcode == HSM_CMD_KEY_GEN_SYM || opcode == HSM_CMD_KEY_GEN_PAIR ||
	       opcode == HSM_CMD_KEY_UNWRAP;
}

static int lie(void *conn, const void *in, size_t in_len, void *out, size_t *out_len,
	       uint32_t timeout_ms, uint64_t cookie)
{
	const uint16_t opcode = opcode_of(in);
	struct hsm *to = liar.elsewhere && liar.elsewhere(opcode) ? liar.other : liar.real;
	int rc = to->ops->exec(to->conn, in, in_len, out, out_len, timeout_ms, cookie);

	(void)conn;
	liar.makers += makes_keys(opcode);
	if (!rc && liar.twist)
		liar.twist(opcode, out, out_len);
	return rc;
}

static int lie_cancel(void *conn, uint64_t cookie)
{
	(void)conn;
	(void)cookie;
	return 0;
}

static void lie_close(void *conn)
{
	(void)conn;
}

static const struct hsm_conn_ops lies = {
	.exec = lie, .cancel = lie_cancel, .close = lie_close,
};

static void ok(int rc)
{
	if (rc)
		fail_msg("%d: %s", rc, hsm_strerror(rc));
}

static struct hsm *new_card(unsigned int i)
{
	struct hsm *h;
	char err[256];

	cards[i] = loop_card_new(NULL, 0, err, sizeof(err));
	assert_non_null(cards[i]);
	ok(loop_connect(cards[i], false, &h));
	return h;
}

static void login(struct hsm *h)
{
	uint32_t id;

	ok(hsm_session_open(h, &kmu.session, NULL));
	ok(hsm_login(h, kmu.session, HSM_USER_PRECO, "admin", PW("password"), NULL));
	ok(hsm_user_password(h, kmu.session, HSM_USER_PRECO, "admin", PW("admin_pwd"), NULL));
	ok(hsm_logout(h, kmu.session, NULL));
	ok(hsm_login(h, kmu.session, HSM_USER_PCO, "admin", PW("admin_pwd"), NULL));
	ok(hsm_user_create(h, kmu.session, HSM_USER_CU, "alice", PW("alice_pwd"), &id, NULL));
	ok(hsm_logout(h, kmu.session, NULL));
	ok(hsm_login(h, kmu.session, HSM_USER_CU, "alice", PW("alice_pwd"), NULL));
}

/* Publishes what this program, in which the firmware runs, loads. */
static void publish(void)
{
	uint8_t sha256[32];
	FILE *f = fopen(sha256_path, "w");

	assert_true(f && measure_self(NULL, sha256));
	for (size_t i = 0; i < sizeof(sha256); i++)
		fprintf(f, "%02x", sha256[i]);
	fprintf(f, "\n");
	fclose(f);
	setenv(HSM_MEASUREMENT_ENV, sha256_path, 1);
	unsetenv(HSM_ROOT_ENV);
}

/* Pins the root of the real card. */
static void pin_root(void)
{
	struct hsm_bytes der;
	const uint8_t *p;
	X509 *x;
	FILE *f;

	ok(hsm_cert(real, HSM_CERT_MANUFACTURER_ROOT, &der, NULL));
	p = der.p;
	x = d2i_X509(NULL, &p, (long)der.len);
	f = fopen(root_path, "w");
	assert_true(f && x && PEM_write_X509(f, x));
	fclose(f);
	X509_free(x);
	hsm_bytes_clear(&der);
	setenv(HSM_ROOT_ENV, root_path, 1);
}

static int setup(void **state)
{
	(void)state;
	real = new_card(0);
	other = new_card(1);
	login(real);
	memset(&liar, 0, sizeof(liar));
	liar.real = real;
	liar.other = other;
	ok(hsm_open_conn(&lies, &liar, &kmu.hsm));
	publish();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	hsm_close(kmu.hsm);
	hsm_close(real);
	hsm_close(other);
	loop_card_free(cards[0]);
	loop_card_free(cards[1]);
	return 0;
}

static int connected(void *ctx)
{
	(void)ctx;
	return CLI_OK;
}

/* Runs a line of the tool; what it prints is kept. */
static int run(const char *text, char *said, size_t room)
{
	static const struct cli_cmd *const cmds[] = { &row_gen_sym, &row_gen_ecc, NULL };
	const struct cli_tool tool = {
		.name = "test", .echo = "Command: ", .cmds = cmds, .ctx = &kmu,
		.connect = connected,
	};
	FILE *f = tmpfile();
	int out = dup(STDOUT_FILENO), rc;
	char line[256];
	size_t n;

	snprintf(line, sizeof(line), "%s", text);
	fflush(stdout);
	dup2(fileno(f), STDOUT_FILENO);
	rc = cli_line(&tool, line);
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	close(out);
	rewind(f);
	n = fread(said, 1, room - 1, f);
	said[n] = '\0';
	fclose(f);
	return rc;
}

static uint32_t keys_on_card(void)
{
	struct hsm_card card;

	ok(hsm_card_info(real, &card, NULL));
	return card.keys;
}

#define GEN_SYM	"genSymKey -t 31 -s 32 -l key -attest"
#define GEN_ECC	"genECCKeyPair -i 2 -l pair -attest"

/* FAIL, with @why; @made keys came into being, and none is left. */
static void fails(const char *line, const char *why, unsigned int made)
{
	char said[2048];

	liar.makers = 0;
	assert_int_equal(run(line, said, sizeof(said)), CLI_FAILED);
	if (!strstr(said, "\tAttestation Check : [FAIL]") || !strstr(said, why))
		fail_msg("%s", said);
	assert_null(strstr(said, "PASS"));
	assert_int_equal(liar.makers, made);
	assert_int_equal(keys_on_card(), 0);
}

static void honest(void **state)
{
	char said[2048];

	(void)state;
	pin_root();
	assert_int_equal(run(GEN_SYM, said, sizeof(said)), CLI_OK);
	assert_non_null(strstr(said, "\tAttestation Check : [PASS]"));
	assert_int_equal(run(GEN_ECC, said, sizeof(said)), CLI_OK);
	assert_non_null(strstr(said, "\tAttestation Check : [PASS]"));
	assert_int_equal(keys_on_card(), 3);
}

/* The first statement again and again. */
static uint8_t kept[HSM_MSG_MAX];
static size_t kept_len;

static void replay(uint16_t opcode, uint8_t *rep, size_t *len)
{
	if (opcode != HSM_CMD_ATTEST)
		return;
	if (!kept_len) {
		memcpy(kept, rep, *len);
		kept_len = *len;
	}
	memcpy(rep, kept, kept_len);
	*len = kept_len;
}

static void replayed(void **state)
{
	struct hsm_attest a;

	(void)state;
	kept_len = 0;
	liar.twist = replay;
	ok(hsm_attest_begin(&a));
	ok(hsm_attest(kmu.hsm, 0, NULL, 0, &a, NULL));
	fails(GEN_SYM, "another question", 0);
	fails(GEN_ECC, "another question", 0);
}

/* Offset and length of the value of @tag in a reply; false without it. */
static bool find(const uint8_t *rep, size_t len, uint32_t tag, size_t *at, size_t *n)
{
	const uint8_t *pos = rep + sizeof(struct hsm_msg_rep), *value;
	size_t left = len - sizeof(struct hsm_msg_rep);
	uint32_t t;

	while (msg_next(&pos, &left, &t, &value, n) > 0) {
		*at = (size_t)(value - rep);
		if (t == tag)
			return true;
	}
	return false;
}

/* The statement about a new key is that from before. */
static void replay_new(uint16_t opcode, uint8_t *rep, size_t *len)
{
	size_t at, n, to, m;

	replay(opcode, rep, len);
	if (!makes_keys(opcode) || !find(rep, *len, HSM_TAG_SIGNATURE, &to, &m))
		return;
	assert_true(find(kept, kept_len, HSM_TAG_SIGNATURE, &at, &n));
	memcpy(rep + to, kept + at, m < n ? m : n);
}

static void new_key_replayed(void **state)
{
	(void)state;
	kept_len = 0;
	liar.twist = replay_new;
	fails(GEN_SYM, "not signed by the card", 1);
	kept_len = 0;
	fails(GEN_ECC, "not signed by the card", 1);
}

static void strip(uint16_t opcode, uint8_t *rep, size_t *len)
{
	size_t at, n;
	const uint32_t none = htole32(HSM_TAG_DATA);

	if (makes_keys(opcode) && find(rep, *len, HSM_TAG_ATTESTATION, &at, &n))
		memcpy(rep + at - sizeof(struct hsm_tlv), &none, sizeof(none));
}

static void new_key_without_statement(void **state)
{
	(void)state;
	liar.twist = strip;
	fails(GEN_SYM, "not the known form", 1);
	fails(GEN_ECC, "not the known form", 1);
}

/* The key is shown with other attributes than it has. */
static void soften(uint16_t opcode, uint8_t *rep, size_t *len)
{
	size_t at, n;

	if (opcode == HSM_CMD_KEY_ATTRS && find(rep, *len, HSM_ATTR_EXTRACTABLE, &at, &n))
		rep[at] ^= 1;
}

static void new_key_is_another(void **state)
{
	(void)state;
	liar.twist = soften;
	fails(GEN_SYM, "not about these keys", 1);
	fails(GEN_ECC, "not about these keys", 1);
}

static bool hardware_elsewhere(uint16_t opcode)
{
	static bool second;

	if (opcode != HSM_CMD_CERT)
		return false;
	second = !second;
	return second;	/* the hardware certificate is asked for first */
}

static void other_hardware(void **state)
{
	(void)state;
	liar.elsewhere = hardware_elsewhere;
	fails(GEN_SYM, "not by the manufacturer root", 0);
}

static bool certs_elsewhere(uint16_t opcode)
{
	return opcode == HSM_CMD_CERT;
}

static void other_chain(void **state)
{
	(void)state;
	liar.elsewhere = certs_elsewhere;
	fails(GEN_SYM, "not signed by the card", 0);
}

/* All that a card says of itself, in its own words. */
static bool card_elsewhere(uint16_t opcode)
{
	return opcode == HSM_CMD_CERT || opcode == HSM_CMD_ATTEST;
}

static void other_card(void **state)
{
	(void)state;
	liar.elsewhere = card_elsewhere;
	pin_root();
	fails(GEN_SYM, "not by the manufacturer root", 0);
	unsetenv(HSM_ROOT_ENV);
	/* Without the root it is found when the key is there. */
	fails(GEN_SYM, "not signed by the card", 1);
}

static void unknown_firmware(void **state)
{
	FILE *f = fopen(sha256_path, "w");

	(void)state;
	fprintf(f, "# another\n%064d\n", 7);
	fclose(f);
	fails(GEN_SYM, "none that was published", 0);
	unlink(sha256_path);
	fails(GEN_SYM, "No such file or directory", 0);
}

#define SIGNATURE_MAX	72	/* bytes; they differ in length */

static size_t flip_at;

static void flip(uint16_t opcode, uint8_t *rep, size_t *len)
{
	size_t at, n, skip = flip_at;

	if (opcode != HSM_CMD_ATTEST)
		return;
	assert_true(find(rep, *len, HSM_TAG_ATTESTATION, &at, &n));
	if (skip >= n) {
		skip -= n;
		assert_true(find(rep, *len, HSM_TAG_SIGNATURE, &at, &n));
	}
	rep[at + (skip < n ? skip : n - 1)] ^= 1;
}

/* Every byte of the statement and its signature, before any key is made. */
static void flipped_bytes(void **state)
{
	(void)state;
	liar.twist = flip;
	for (flip_at = 0; flip_at < sizeof(struct hsm_attestation) + SIGNATURE_MAX; flip_at++)
		fails(GEN_SYM, "", 0);
}

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(sha256_path, sizeof(sha256_path), "%s/sha256", folder);
	snprintf(root_path, sizeof(root_path), "%s/root.pem", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(sha256_path);
	unlink(root_path);
	return rmdir(folder);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(honest), T(replayed), T(new_key_replayed), T(new_key_without_statement),
		T(new_key_is_another), T(other_hardware), T(other_chain), T(other_card),
		T(unknown_firmware), T(flipped_bytes),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
