// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * main.c - hsm_attest: has a card prove what it is and what its keys are, and checks the
 * proof elsewhere. Shares nothing with the tools that make keys but the library's check.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "evidence.h"

static int usage(const char *why)
{
	if (why)
		fprintf(stderr, "hsm_attest: %s\n", why);
	fprintf(why ? stderr : stdout,
		"Usage: hsm_attest get [-n <nonce>] [-u <CU|CO|PCO|AU>:<name>] [-k <handle>]... <file>\n"
		"       hsm_attest verify -n <nonce> [-m <firmware.sha256>] [-r <root.pem>]\n"
		"                  [-s <serial number>] [-k <handle>]... <file>\n"
		"get asks the card for a statement and writes it to the file, with the certificates\n"
		"and, for up to 2 keys (-k), their attributes; it prints the nonce. Keys take a user\n"
		"(-u), whose password is asked for.\n"
		"verify needs no card: it prints for each part of the evidence whether it holds. The\n"
		"nonce (64 hexadecimal digits) must be the one that you gave to get. -m names the\n"
		"published firmware, -r the manufacturer root; else $HSM_MEASUREMENT, $HSM_ROOT, or\n"
		"firmware.sha256 and manufacturer_root.pem of /opt/cloudhsm/etc.\n"
		"Exit codes: 0 done, or all holds; 1 failed; 2 wrong usage; 3 no card.\n");
	return why ? EXIT_USAGE : EXIT_OK;
}

int complain(int code, const char *what, const char *why)
{
	fprintf(stderr, "hsm_attest: %s: %s\n", what, why);
	return code;
}

bool parse_digest(const char *text, uint8_t out[HSM_DIGEST_LEN])
{
	char pair[3] = "";

	if (strlen(text) != 2 * HSM_DIGEST_LEN ||
	    strspn(text, "0123456789abcdefABCDEF") != 2 * HSM_DIGEST_LEN)
		return false;
	for (size_t i = 0; i < HSM_DIGEST_LEN; i++) {
		memcpy(pair, text + 2 * i, 2);
		out[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return true;
}

void print_hex(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		printf("%02x", p[i]);
	printf("\n");
}

static bool add_handle(struct options *opt, const char *text)
{
	char *end;

	if (opt->n_handles == HSM_ATTEST_KEYS_MAX || !*text ||
	    text[strspn(text, "0123456789")])
		return false;
	errno = 0;
	opt->handles[opt->n_handles++] = strtoull(text, &end, 10);
	return !errno;
}

static int take_option(struct options *opt, int letter)
{
	switch (letter) {
	case 'n':
		opt->has_nonce = parse_digest(optarg, opt->nonce);
		return opt->has_nonce ? EXIT_OK :
			usage("the nonce (-n) is not 64 hexadecimal digits");
	case 'k':
		return add_handle(opt, optarg) ? EXIT_OK :
			usage("a handle (-k) is no number, or there are more than 2");
	case 'u':
		opt->user = optarg;
		return EXIT_OK;
	case 'm':
		opt->measurement = optarg;
		return EXIT_OK;
	case 'r':
		opt->root = optarg;
		return EXIT_OK;
	case 's':
		opt->serial = optarg;
		return EXIT_OK;
	default:
		return usage("unknown option or missing value");
	}
}

static int parse(struct options *opt, int argc, char **argv, const char *letters)
{
	int letter, rc = EXIT_OK;

	while (!rc && (letter = getopt(argc, argv, letters)) != -1)
		rc = take_option(opt, letter);
	if (rc)
		return rc;
	if (optind != argc - 1)
		return usage("name one file");
	opt->file = argv[optind];
	return EXIT_OK;
}

static int run(int argc, char **argv)
{
	struct options opt = { 0 };
	const char *verb = argc > 1 ? argv[1] : "";
	int rc;

	if (!strcmp(verb, "-h"))
		return usage(NULL);
	if (!strcmp(verb, "get")) {
		rc = parse(&opt, argc - 1, argv + 1, "n:u:k:");
		if (!rc && opt.n_handles && !opt.user)
			rc = usage("keys (-k) take a user (-u)");
		return rc ? rc : run_get(&opt);
	}
	if (strcmp(verb, "verify"))
		return usage("get or verify?");
	rc = parse(&opt, argc - 1, argv + 1, "n:m:r:s:k:");
	if (!rc && !opt.has_nonce)
		rc = usage("the nonce (-n) that get was given is missing");
	return rc ? rc : run_verify(&opt);
}

int main(int argc, char **argv)
{
	int rc;

	cli_guard("hsm_attest");
	rc = run(argc, argv);
	if (fflush(stdout) || ferror(stdout))
		rc = complain(EXIT_FAILED, "standard output", "cannot be written");
	return rc;
}
