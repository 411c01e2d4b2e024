// SPDX-License-Identifier: GPL-2.0-or-later
/* test_cmu.c - the frame of cloudhsm_mgmt_util: servers in scope, answers, configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <stdio_ext.h>
#include <unistd.h>

#include "cmu.h"
#include "conn.h"

#define SERVERS	3

static struct cmu cmu;
static int saved_in, saved_out;
static char out_path[] = "/tmp/test_cmu_out_XXXXXX";

static void no_close(void *conn)
{
	(void)conn;
}

static const struct hsm_conn_ops no_card = { .close = no_close };

/* Three servers on cards that nobody asks anything. */
static int setup(void **state)
{
	static char names[SERVERS][4] = { "a", "b", "c" };

	(void)state;
	memset(&cmu, 0, sizeof(cmu));
	cmu.n = SERVERS;
	for (unsigned int i = 0; i < SERVERS; i++) {
		cmu.servers[i].index = i;
		cmu.servers[i].name = names[i];
		if (hsm_open_conn(&no_card, NULL, &cmu.servers[i].hsm))
			return -1;
	}
	cmu_set_mode(&cmu, -1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < SERVERS; i++)
		hsm_close(cmu.servers[i].hsm);
	return 0;
}

/* From here on standard input is @text and standard output a file. */
static void redirect(const char *text)
{
	FILE *in = tmpfile();
	int out;

	assert_non_null(in);
	fputs(text, in);
	rewind(in);
	saved_in = dup(STDIN_FILENO);
	saved_out = dup(STDOUT_FILENO);
	memcpy(out_path + strlen(out_path) - 6, "XXXXXX", 6);
	out = mkstemp(out_path);
	assert_true(out >= 0);
	fflush(stdout);
	dup2(fileno(in), STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	fclose(in);
	close(out);
	clearerr(stdin);
	__fpurge(stdin);
}

/* What was printed since. */
static const char *printed(void)
{
	static char text[8192];
	FILE *f;
	size_t n;

	fflush(stdout);
	dup2(saved_in, STDIN_FILENO);
	dup2(saved_out, STDOUT_FILENO);
	close(saved_in);
	close(saved_out);
	f = fopen(out_path, "r");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	unlink(out_path);
	return text;
}

/* A job that fails @fail[i] times on server i; what it did is in @log. */
static int fail[SERVERS];
static char log_text[64];

static void log_add(const char *mark, const char *name)
{
	size_t used = strlen(log_text);

	snprintf(log_text + used, sizeof(log_text) - used, "%s%s", mark, name);
}

static int probe_on(struct cmu_server *s, void *arg, struct hsm_result *res)
{
	(void)arg;
	log_add("", s->name);
	res->bad_tag = HSM_NO_TAG;
	return fail[s->index]-- > 0 ? HSM_RV_NOT_AUTHORIZED : 0;
}

static int probe_undo(struct cmu_server *s, void *arg, struct hsm_result *res)
{
	(void)arg;
	(void)res;
	log_add("-", s->name);
	return 0;
}

static int run(const char *answers, unsigned int flags, int a, int b, int c)
{
	const struct cmu_job job = {
		.op = "probe", .flags = flags, .run = probe_on, .undo = probe_undo,
	};
	int rc;

	fail[0] = a;
	fail[1] = b;
	fail[2] = c;
	*log_text = '\0';
	redirect(answers);
	rc = cmu_each(&cmu, &job);
	return rc;
}

#define FAILED(n)	"probe failed: HSM Error: The current logged in user is not authorized to do " \
			"this operation\nprobe failed on server " n "\n"
#define RIA		"\nRetry/Ignore/Abort?(R/I/A):"

static void test_all_servers(void **state)
{
	(void)state;
	assert_int_equal(run("", 0, 0, 0, 0), CLI_OK);
	assert_string_equal(printed(), "probe success on server 0(a)\nprobe success on server 1(b)\n"
			    "probe success on server 2(c)\n");
	assert_int_equal(run("", CMU_QUIET, 0, 0, 0), CLI_OK);
	assert_string_equal(printed(), "");
	assert_string_equal(log_text, "abc");
}

static void test_scope(void **state)
{
	(void)state;
	cmu_set_mode(&cmu, 1);
	assert_string_equal(cmu.prompt, "server1>");
	assert_int_equal(cmu_count(&cmu), 1);
	assert_int_equal(run("", CMU_QUIET, 0, 0, 0), CLI_OK);
	printed();
	assert_string_equal(log_text, "b");
	cmu_set_mode(&cmu, -1);
	assert_string_equal(cmu.prompt, "aws-cloudhsm>");
	hsm_close(cmu.servers[1].hsm);
	cmu.servers[1].hsm = NULL;
	assert_int_equal(cmu_count(&cmu), 2);
	assert_int_equal(run("", CMU_QUIET, 0, 0, 0), CLI_OK);
	printed();
	assert_string_equal(log_text, "ac");
}

static void test_retry(void **state)
{
	(void)state;
	assert_int_equal(run("R\nr\n", CMU_QUIET, 0, 2, 0), CLI_OK);
	assert_string_equal(printed(), FAILED("1(b)") RIA "R\n" FAILED("1(b)") RIA "r\n");
	assert_string_equal(log_text, "abbbc");
}

static void test_ignore(void **state)
{
	(void)state;
	assert_int_equal(run("I\nI\n", CMU_QUIET, 1, 0, 1), CLI_FAILED);
	printed();
	assert_string_equal(log_text, "abc");
}

static void test_abort(void **state)
{
	(void)state;
	assert_int_equal(run("?\nA\nI\n", CMU_QUIET, 0, 1, 0), CLI_FAILED);
	assert_string_equal(printed(), FAILED("1(b)") RIA "?\n" RIA "A\n");
	assert_string_equal(log_text, "ab");
	/* the end of the input is one, and so is any failure under -y */
	assert_int_equal(run("", CMU_QUIET, 1, 0, 0), CLI_FAILED);
	printed();
	assert_string_equal(log_text, "a");
	cmu.yes = true;
	assert_int_equal(run("R\n", CMU_QUIET, 1, 0, 0), CLI_FAILED);
	assert_string_equal(printed(), FAILED("0(a)"));
	assert_string_equal(log_text, "a");
}

static void test_no_ask(void **state)
{
	(void)state;
	assert_int_equal(run("R\n", CMU_QUIET | CMU_NO_ASK, 1, 0, 1), CLI_FAILED);
	assert_string_equal(printed(), FAILED("0(a)") FAILED("2(c)"));
	assert_string_equal(log_text, "abc");
}

/* Only servers where it was done, the last one first; the rest is left alone. */
static void test_roll_back(void **state)
{
	(void)state;
	assert_int_equal(run("B\n", CMU_QUIET | CMU_ROLLBACK, 0, 0, 1), CLI_FAILED);
	assert_non_null(strstr(printed(), "probe rolled back on server 1(b)\n"
			       "probe rolled back on server 0(a)\n"));
	assert_string_equal(log_text, "abc-b-a");
	assert_int_equal(run("I\nB\n", CMU_QUIET | CMU_ROLLBACK, 1, 0, 1), CLI_FAILED);
	printed();
	assert_string_equal(log_text, "abc-b");
	assert_int_equal(run("A\nB\n", CMU_QUIET | CMU_ROLLBACK, 1, 0, 0), CLI_FAILED);
	printed();
	assert_string_equal(log_text, "a");
}

static bool caution(const char *answers)
{
	bool yes;

	redirect(answers);
	yes = cmu_caution(&cmu);
	return yes;
}

static void test_caution(void **state)
{
	(void)state;
	assert_true(caution("y\n"));
	assert_non_null(strstr(printed(), "continue(y/n)?y\n"));
	assert_false(caution("n\ny\n"));
	printed();
	assert_false(caution(""));
	printed();
	assert_true(caution("yes\n\nY\ny\n"));
	assert_non_null(strstr(printed(), "Invalid option, please type 'y' or 'n'\n\nDo you want"));
	cmu.yes = true;
	assert_true(caution("n\n"));
	printed();
}

static const struct {
	const char *text;
	unsigned int servers;	/* 0: refused */
} configs[] = {
	{ "{\"servers\":[{\"name\":\"a\",\"hostname\":\"/dev/hsm0\"}]}", 1 },
	{ "{\"servers\":[{\"name\":\"a\",\"hostname\":\"/dev/hsm0\",\"port\":2225,"
	  "\"enable\":\"yes\"},{\"name\":\"b\",\"hostname\":\"/dev/hsm1\",\"enable\":\"no\"}]}", 1 },
	{ "{\"servers\":[{\"name\":\"a\",\"hostname\":\"/a\"},"
	  "{\"name\":\"b\",\"hostname\":\"/b\",\"other\":1}],\"more\":{}}", 2 },
	{ "{\"servers\":[{\"name\":\"a\",\"name\":\"b\",\"hostname\":\"/a\"}]}", 0 },
	{ "{\"servers\":[{\"name\":\"a\",\"hostname\":\"/a\",\"port\":65536}]}", 0 },
	{ "{\"servers\":[{\"name\":\"a\",\"hostname\":\"/a\",\"enable\":\"Yes\"}]}", 0 },
	{ "{\"servers\":[{\"name\":\"a'\",\"hostname\":\"/a\"}]}", 0 },
	{ "{\"servers\":[{\"name\":\"a\",\"hostname\":\"/a\\u001b[2J\"}]}", 0 },
	{ "[]", 0 },
	{ "5", 0 },
	{ "{\"servers\":[]}}", 0 },
};

static void test_config(void **state)
{
	char path[] = "/tmp/test_cmu_cfg_XXXXXX";
	int fd = mkstemp(path), err = dup(STDERR_FILENO);

	(void)state;
	assert_true(fd >= 0);
	assert_non_null(freopen("/dev/null", "w", stderr));
	for (size_t i = 0; i < COUNT(configs); i++) {
		struct cmu c = { 0 };

		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, configs[i].text, strlen(configs[i].text), 0),
				 (ssize_t)strlen(configs[i].text));
		assert_int_equal(cmu_config_read(&c, path), configs[i].servers ? CLI_OK : CLI_USAGE);
		if (configs[i].servers)
			assert_int_equal(c.n, configs[i].servers);
		cmu_config_free(&c);
	}
	fflush(stderr);
	dup2(err, STDERR_FILENO);
	close(err);
	close(fd);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all_servers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_scope, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retry, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ignore, setup, teardown),
		cmocka_unit_test_setup_teardown(test_abort, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_ask, setup, teardown),
		cmocka_unit_test_setup_teardown(test_roll_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_caution, setup, teardown),
		cmocka_unit_test(test_config),
	};

	return cmocka_run_group_tests_name("cmu", tests, NULL, NULL);
}
