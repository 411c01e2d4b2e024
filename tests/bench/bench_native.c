// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench_native.c - RSA-2048 key pairs through OpenSSL, where it runs: the native
 * limit of the card's own generation.
 *
 *	bench_native THREADS SECONDS
 */
#include "bench.h"

#include <openssl/evp.h>

static void op_genrsa(void *state)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);

	(void)state;
	if (!key)
		die("RSA generation failed");
	EVP_PKEY_free(key);
}

int main(int argc, char **argv)
{
	static const struct work work = { NULL, op_genrsa, NULL };

	if (argc != 3)
		die("usage: bench_native THREADS SECONDS");
	run_timed("native", "genrsa", atoi(argv[1]), atof(argv[2]), &work);
	return 0;
}
