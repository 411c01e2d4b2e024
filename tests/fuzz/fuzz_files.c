// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_files.c - files that the tools read: keys in PEM, wrapped keys, approvals, the
 * configurations of cloudhsm_mgmt_util and of an etcd cluster, published measurements. An input
 * is the number of a reader (1 byte) and the file.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "approval.h"
#include "attrs.h"
#include "cmu.h"
#include "etcd_config.h"
#include "fake_key.h"
#include "fuzzing.h"
#include "hostwrap.h"
#include "infile.h"
#include "pem.h"

/* What was read from PEM is PEM again. */
static void encode_again(const char *name, struct hsm_bytes *der)
{
	struct hsm_bytes text;

	must(pem_encode(name, der, &text) && text.len > der->len, "a key that cannot be encoded");
	hsm_bytes_clear(&text);
	hsm_bytes_clear(der);
}

static void read_private(const char *path, struct hsm_bytes *file)
{
	struct hsm_bytes der;
	EVP_PKEY *key;
	uint64_t handle;
	uint32_t type;

	(void)path;
	if (!pem_private_key(file, &key)) {
		fake_handle(key, &handle);
		EVP_PKEY_free(key);
	}
	if (pem_private_der(file, &der, &type))
		must(!der.p, "bytes in spite of an error");
	else
		encode_again("PRIVATE KEY", &der);
}

static void read_public(const char *path, struct hsm_bytes *file)
{
	struct hsm_bytes der;

	(void)path;
	if (pem_public_der(file, &der))
		must(!der.p, "bytes in spite of an error");
	else
		encode_again("PUBLIC KEY", &der);
}

static void read_wrapped(const char *path, struct hsm_bytes *file)
{
	static uint8_t bytes[32] = "a wrapping key";
	const struct hsm_bytes key = { bytes, 16 + file->len % 3 * 8 };
	struct hsm_bytes out, back;

	(void)path;
	if (hostunwrap(&key, file, &out))
		hsm_bytes_clear(&out);
	if (!hostwrap(&key, file, &out)) {
		must(file->len < HOSTWRAP_MIN && !out.p, "a file cannot be wrapped");
		return;
	}
	must(hostunwrap(&key, &out, &back) && back.len == file->len &&
	     !memcmp(back.p, file->p, back.len), "what was wrapped is not what it was");
	hsm_bytes_clear(&out);
	hsm_bytes_clear(&back);
}

static void read_approval(const char *path, struct hsm_bytes *file)
{
	struct approvals f;
	char error[256] = "";

	(void)file;
	must(approval_read(path, &f, error, sizeof(error)) || *error, "wrong without a word");
	must(f.n <= HSM_M_VALUE_MAX && f.tokens.len <= HSM_TOKEN_FILE_MAX, "too much was read");
	approval_free(&f);
}

/* What the tool has to say of a fault is of no interest here. */
static int nowhere, errors;

static void read_cmu(const char *path, struct hsm_bytes *file)
{
	struct cmu cmu = { 0 };
	int rc;

	(void)file;
	dup2(nowhere, STDERR_FILENO);
	rc = cmu_config_read(&cmu, path);
	dup2(errors, STDERR_FILENO);
	if (!rc)
		must(cmu.n && cmu.n <= CMU_SERVERS_MAX && *cmu.servers[0].name,
		     "servers that are none");
	cmu_config_free(&cmu);
}

static void read_etcd(const char *path, struct hsm_bytes *file)
{
	struct etcd_config cfg;
	char err[256] = "";

	(void)file;
	if (etcd_config_read(&cfg, path, err, sizeof(err))) {
		must(*err, "wrong without a word");
		return;
	}
	must(cfg.n_endpoints && cfg.n_endpoints <= ETCD_ENDPOINTS_MAX && cfg.prefix[0] == '/' &&
	     cfg.prefix[strlen(cfg.prefix) - 1] == '/', "a configuration that is none");
	must(cfg.lease_s && cfg.timeout_ms, "times that are none");
	etcd_config_free(&cfg);
}

static void read_trust(const char *path, struct hsm_bytes *file)
{
	struct hsm_trust trust = { 0 };
	char err[256] = "";

	(void)file;
	if (hsm_trust_files(&trust, path, path, err, sizeof(err)))
		must(trust.measurements.len && trust.measurements.len % HSM_DIGEST_LEN == 0,
		     "measurements that are none");
	hsm_trust_clear(&trust);
}

static void (*const readers[])(const char *path, struct hsm_bytes *file) = {
	read_private, read_public, read_wrapped, read_approval, read_cmu, read_etcd, read_trust,
};

/* A file that others can name: as long as a token. */
#define TOKEN_FD	100

static void make_token(void)
{
	static const uint8_t token[sizeof(struct hsm_token)];
	int fd = memfd_create("token", MFD_CLOEXEC);

	must(fd >= 0 && write(fd, token, sizeof(token)) == sizeof(token) &&
	     dup2(fd, TOKEN_FD) == TOKEN_FD, "no token");
	close(fd);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	hush();
	make_token();
	nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	errors = dup(STDERR_FILENO);
	must(nowhere >= 0 && errors >= 0, "no /dev/null");
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	uint8_t reader = input_u8(&in) % COUNT(readers);
	const char *path = input_file(in.p, in.left);
	struct hsm_bytes file;
	char why[80] = "";

	if (in_load(path, 1, PEM_FILE_MAX, &file, why, sizeof(why))) {
		readers[reader](path, &file);
		hsm_bytes_clear(&file);
	}
	return 0;
}
