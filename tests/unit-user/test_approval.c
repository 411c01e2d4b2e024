// SPDX-License-Identifier: GPL-2.0-or-later
/* test_approval.c - the approval file: the documented one, and what may be wrong with it. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <unistd.h>

#include "approval.h"

static char folder[] = "/tmp/approval.XXXXXX";
static struct approvals f;
static char error[512];

static void put(const char *name, const char *text, size_t len)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	fclose(file);
}

static int setup(void **state)
{
	char token[sizeof(struct hsm_token)];

	(void)state;
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	if (!mkdtemp(folder) || chdir(folder))
		return -1;
	memset(token, 't', sizeof(token));
	put("officer1.token", token, sizeof(token));
	put("odd.token", token, sizeof(token) - 1);
	put("sig1", "first", 5);
	put("sig2", "second", 6);
	put("empty", "", 0);
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = {
		"officer1.token", "odd.token", "sig1", "sig2", "empty", "a.txt",
	};

	(void)state;
	approval_free(&f);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(names[i]);
	return chdir("/") || rmdir(folder);
}

static bool reads(const char *text)
{
	put("a.txt", text, strlen(text));
	*error = '\0';
	approval_free(&f);
	return approval_read("a.txt", &f, error, sizeof(error));
}

/* As the page has it, with its comments. */
#define HEAD \
	"# For \"Multi Token File Path\", type the path to the file that contains\n" \
	"# the token.\n" \
	"Multi Token File Path = officer1.token;\n"
#define TOKEN		"Token File Path = ;\n"
#define NUMBER		"\n# Total number of approvals\nNumber of Approvals = 2;\n"
#define FIRST \
	"# Approver 1\nApprover Type = 2; # 2 for CO, 1 for CU\n" \
	"Approver Name = officer1;\nApproval File = sig1;\n"
#define SECOND \
	"Approver Type = 1; # 2 for CO, 1 for CU\nApprover Name = user_1;\nApproval File = sig2;\n"

static void test_page(void **state)
{
	(void)state;
	assert_true(reads(HEAD TOKEN NUMBER FIRST SECOND));
	assert_int_equal(f.tokens.len, sizeof(struct hsm_token));
	assert_int_equal(f.n, 2);
	assert_int_equal(f.list[0].type, HSM_USER_CO);
	assert_string_equal(f.list[0].name, "officer1");
	assert_int_equal(f.list[0].signature.len, 5);
	assert_int_equal(f.list[1].type, HSM_USER_CU);
	assert_string_equal(f.list[1].name, "user_1");
	assert_memory_equal(f.list[1].signature.p, "second", 6);
}

/* Blanks, line ends of another system, and no end of the last line. */
static void test_loose(void **state)
{
	(void)state;
	assert_true(reads("Multi Token File Path=officer1.token ; \r\n\r\n"
			  "\tToken File Path =officer1.token;\r\nNumber of Approvals = 1;\r\n"
			  "Approver Type = 2;\r\nApprover Name =a;\r\nApproval File = sig1;"));
	assert_int_equal(f.n, 1);
	assert_string_equal(f.list[0].name, "a");
}

static const struct {
	const char *text;
	const char *want;	/* the whole error */
} bad[] = {
	{ "\n", "a.txt:1: Multi Token File Path is missing." },
	{ "nonsense;\n", "a.txt:1: \"nonsense;\" is not of the form <field> = <value>;" },
	{ HEAD "Token File Path = \n", "a.txt:4: Token File Path does not end with a semicolon." },
	{ HEAD NUMBER, "a.txt:6: Number of Approvals stands where Token File Path belongs." },
	{ "Multi Token File Path = ;\n", "a.txt:1: Multi Token File Path is empty." },
	{ "Multi Token File Path = none;\n",
	  "a.txt:1: Multi Token File Path: \"none\" cannot be read: No such file or directory." },
	{ "Multi Token File Path = odd.token;\n",
	  "a.txt:1: Multi Token File Path: \"odd.token\" is no token file: 127 bytes." },
	{ HEAD "Token File Path = other;\n", "a.txt:4: Token File Path is \"other\", another file "
	  "than that of the tokens: \"officer1.token\"." },
	{ HEAD TOKEN "Number of Approvals = 0;\n",
	  "a.txt:5: Number of Approvals is \"0\", not a number from 1 to 8." },
	{ HEAD TOKEN "Number of Approvals = 9;\n",
	  "a.txt:5: Number of Approvals is \"9\", not a number from 1 to 8." },
	{ HEAD TOKEN "Number of Approvals = two;\n",
	  "a.txt:5: Number of Approvals is \"two\", not a number from 1 to 8." },
	{ HEAD TOKEN NUMBER FIRST "Approver Type = CO;\n",
	  "a.txt:12: Approver Type is \"CO\", neither 2 (CO) nor 1 (CU)." },
	{ HEAD TOKEN NUMBER FIRST "Approver Type = 1;\nApprover Name = ;\n",
	  "a.txt:13: Approver Name is empty." },
	{ HEAD TOKEN NUMBER "Approver Type = 1;\nApprover Name = a234567890123456789012345678901x;",
	  "a.txt:9: Approver Name \"a234567890123456789012345678901x\" is longer than 31 "
	  "characters." },
	{ HEAD TOKEN NUMBER "Approver Type = 1;\nApprover Name = a;\nApproval File = empty;\n",
	  "a.txt:10: Approval File: \"empty\" is empty." },
	{ HEAD TOKEN NUMBER "Approver Type = 1;\nApprover Name = a;\nApproval File = a.txt;\n",
	  "a.txt:10: Approval File: \"a.txt\" is too long: more than 256 bytes." },
	{ HEAD TOKEN NUMBER FIRST, "a.txt:11: Approver Type of approval 2 is missing." },
	{ HEAD TOKEN NUMBER FIRST "Approver Type = 1;\n",
	  "a.txt:12: Approver Name of approval 2 is missing." },
	{ HEAD TOKEN NUMBER FIRST SECOND FIRST,
	  "a.txt:16: Approver Type stands after the last of 2 approvals." },
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(reads(bad[i].text));
		assert_string_equal(error, bad[i].want);
	}
	approval_free(&f);
	assert_false(approval_read("none", &f, error, sizeof(error)));
	assert_string_equal(error,
			    "The approval file \"none\" cannot be read: No such file or directory.");
	put("a.txt", "a\0b", 3);
	assert_false(approval_read("a.txt", &f, error, sizeof(error)));
	assert_string_equal(error, "The approval file \"a.txt\" is no text.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_page),
		cmocka_unit_test(test_loose),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests_name("approval", tests, setup, teardown);
}
