// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * main.c - hsm_audit: checks and prints exported audit logs. Needs no card, and shares no
 * code with those who write the log.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/pem.h>

#include "log.h"

#define EXIT_BAD	1
#define EXIT_USAGE	2
#define WHY_ROOM	256

struct options {
	const char *file, *root, *serial, *older;
	bool has_nonce;
	uint8_t nonce[HSM_NONCE_LEN];
};

static int usage(const char *why)
{
	if (why)
		fprintf(stderr, "hsm_audit: %s\n", why);
	fprintf(why ? stderr : stdout,
		"Usage: hsm_audit verify [-r <root.pem>] [-s <serial number>] [-n <nonce>]\n"
		"                        [-p <older export>] <file>\n"
		"       hsm_audit print [the same] <file>\n"
		"verify says whether an exported audit log is whole, in order and unchanged; print\n"
		"prints its records as well, if it is. -r is the manufacturer root that you trust:\n"
		"without it that of the file is taken, which proves nothing about whose card it was.\n"
		"-n is the nonce (64 hexadecimal digits) of the export, which shows that it is not\n"
		"an older one; -p an export from before, which has to be the beginning of this one.\n"
		"Exit codes: 0 good; 1 not; 2 wrong usage.\n");
	return why ? EXIT_USAGE : 0;
}

static int bad(const char *file, const char *why)
{
	fprintf(stderr, "hsm_audit: %s: %s\n", file, why);
	return EXIT_BAD;
}

static bool read_nonce(struct options *opt, const char *text)
{
	char pair[3] = "";
	size_t i;

	if (strlen(text) != 2 * HSM_NONCE_LEN ||
	    strspn(text, "0123456789abcdefABCDEF") != 2 * HSM_NONCE_LEN)
		return false;
	for (i = 0; i < HSM_NONCE_LEN; i++) {
		memcpy(pair, text + 2 * i, 2);
		opt->nonce[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	opt->has_nonce = true;
	return true;
}

static int parse(struct options *opt, int argc, char **argv)
{
	int letter;

	while ((letter = getopt(argc, argv, "r:s:n:p:")) != -1) {
		if (letter == 'r')
			opt->root = optarg;
		else if (letter == 's')
			opt->serial = optarg;
		else if (letter == 'p')
			opt->older = optarg;
		else if (letter != 'n')
			return usage("unknown option or missing value");
		else if (!read_nonce(opt, optarg))
			return usage("the nonce (-n) is not 64 hexadecimal digits");
	}
	if (optind != argc - 1)
		return usage("name one file");
	opt->file = argv[optind];
	return 0;
}

/* The whole file, malloc()ed; NULL with errno set. */
static uint8_t *read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "re");
	size_t room = 1 << 16, n = 0;
	uint8_t *p = f ? malloc(room) : NULL, *grown;

	while (p && !ferror(f) && !feof(f)) {
		n += fread(p + n, 1, room - n, f);
		if (n < room)
			continue;
		room *= 2;
		grown = realloc(p, room);
		if (!grown)
			free(p);
		p = grown;
	}
	if (p && ferror(f)) {
		free(p);
		p = NULL;
	}
	if (f)
		fclose(f);
	*len = n;
	return p;
}

/* The bytes that @log will point into, to be freed; NULL if it is none, which was told. */
static uint8_t *open_log(const char *path, struct log *log)
{
	size_t len;
	uint8_t *p = read_file(path, &len);
	const char *wrong = p ? log_parse(log, p, len) : strerror(errno);

	if (!wrong)
		return p;
	bad(path, wrong);
	free(p);
	return NULL;
}

/* The certificate as DER, to be freed; NULL was told. */
static unsigned char *read_root(const char *path, size_t *len)
{
	FILE *f = fopen(path, "re");
	X509 *x = f ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;
	unsigned char *der = NULL;
	int n = x ? i2d_X509(x, &der) : 0;

	if (n <= 0)
		bad(path, f ? "holds no certificate in PEM" : strerror(errno));
	if (f)
		fclose(f);
	X509_free(x);
	*len = n > 0 ? (size_t)n : 0;
	return der;
}

/* The older export is checked by itself, too, but was made with another nonce. */
static int check_older(const struct options *opt, const struct expected *want,
		       const struct log *older)
{
	struct expected by_itself = *want;
	char why[WHY_ROOM];

	by_itself.nonce = NULL;
	by_itself.older = NULL;
	if (log_check(older, &by_itself, why, sizeof(why)))
		return bad(opt->older, why);
	return 0;
}

static int check(const struct options *opt, const struct expected *want, const struct log *log)
{
	struct expected all = *want;
	char why[WHY_ROOM];
	struct log older;
	uint8_t *p = NULL;
	int rc = 0;

	if (opt->older) {
		p = open_log(opt->older, &older);
		rc = p ? check_older(opt, want, &older) : EXIT_BAD;
		all.older = &older;
	}
	if (!rc && log_check(log, &all, why, sizeof(why)))
		rc = bad(opt->file, why);
	free(p);
	return rc;
}

static int run(const struct options *opt, const struct log *log)
{
	struct expected want = {
		.serial = opt->serial, .nonce = opt->has_nonce ? opt->nonce : NULL,
	};
	unsigned char *der = NULL;
	int rc;

	if (opt->root) {
		der = read_root(opt->root, &want.root.len);
		want.root.p = der;
		if (!der)
			return EXIT_BAD;
	}
	rc = check(opt, &want, log);
	OPENSSL_free(der);
	return rc;
}

static void print_all(const struct log *log)
{
	struct hsm_audit_rec rec;
	size_t i;

	for (i = 0; i < log->n; i++) {
		log_record(log, i, &rec);
		if (i)
			putchar('\n');
		log_print(stdout, &rec);
	}
}

/* Nothing is good that nobody could read. */
static int finish(int rc)
{
	if (fflush(stdout) || ferror(stdout))
		return bad("standard output", "cannot be written");
	return rc;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	struct options opt = { 0 };
	bool print = !strcmp(verb, "print");
	struct log log;
	uint8_t *p;
	int rc;

	if (!strcmp(verb, "-h"))
		return usage(NULL);
	if (!print && strcmp(verb, "verify"))
		return usage("verify or print?");
	rc = parse(&opt, argc - 1, argv + 1);
	if (rc)
		return rc;
	p = open_log(opt.file, &log);
	if (!p)
		return EXIT_BAD;
	rc = run(&opt, &log);
	if (!rc && print)
		print_all(&log);
	else if (!rc)
		printf("%zu records of card %.31s: whole, in order, unchanged%s\n", log.n,
		       log.head.serial, opt.root ? "" : " (root taken from the file)");
	free(p);
	return finish(rc);
}
