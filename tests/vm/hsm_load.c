// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hsm_load.c - work for the card while something is done to the VM.
 *
 *	hsm_load stream        makes token keys in 4 threads, prints each handle once the
 *	                       card has reported it
 *	hsm_load check FILE    every handle in FILE is a whole key of the card
 *	hsm_load churn         keeps the card busy from 4 open files until each of them got
 *	                       an error; succeeds if all were told that the card went away
 *	hsm_load tamper        the same, but what they are told is that it was tampered with
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hsm.h>

#define THREADS	4

static pthread_mutex_t print_lock = PTHREAD_MUTEX_INITIALIZER;

struct client {
	struct hsm *h;
	uint32_t session;
	int kind, rc;
	unsigned long done;
};

static int client_open(struct client *c)
{
	int rc = hsm_open(NULL, &c->h);

	if (!rc)
		rc = hsm_session_open(c->h, &c->session, NULL);
	if (!rc)
		rc = hsm_login(c->h, c->session, HSM_USER_CU, "example_user", "example_pwd", 11,
			       NULL);
	return rc;
}

static int gen_aes(struct client *c, bool token, uint64_t *handle)
{
	static const uint32_t type = HSM_KEY_AES, len = 32;
	const uint8_t is_token = token;
	const struct hsm_attr attrs[] = {
		{ HSM_ATTR_KEY_TYPE, 4, &type }, { HSM_ATTR_VALUE_LEN, 4, &len },
		{ HSM_ATTR_LABEL, 6, "stream" }, { HSM_ATTR_TOKEN, 1, &is_token },
	};
	const struct hsm_key_spec spec = { .attrs = attrs, .n_attrs = 4 };

	return hsm_key_gen_sym(c->h, c->session, &spec, handle, NULL);
}

static int gen_rsa(struct client *c)
{
	static const uint32_t type = HSM_KEY_RSA, bits = 4096;
	static const uint8_t e[] = { 1, 0, 1 }, token;
	const struct hsm_attr attrs[] = {
		{ HSM_ATTR_KEY_TYPE, 4, &type }, { HSM_ATTR_MODULUS_BITS, 4, &bits },
		{ HSM_ATTR_PUBLIC_EXPONENT, 3, e }, { HSM_ATTR_LABEL, 6, "stream" },
		{ HSM_ATTR_TOKEN, 1, &token },
	};
	const struct hsm_key_spec spec = { .attrs = attrs, .n_attrs = 5 };
	uint64_t pub, priv;

	return hsm_key_gen_pair(c->h, c->session, &spec, &pub, &priv, NULL);
}

static void *stream_main(void *arg)
{
	struct client *c = arg;
	uint64_t handle;

	while (!(c->rc = gen_aes(c, true, &handle))) {
		pthread_mutex_lock(&print_lock);
		printf("%" PRIu64 "\n", handle);
		fflush(stdout);
		pthread_mutex_unlock(&print_lock);
	}
	return NULL;
}

static int churn_once(struct client *c)
{
	uint8_t buf[4096];
	uint64_t handle;

	switch (c->kind) {
	case 0:
		return hsm_nop(c->h, NULL);
	case 1:
		return hsm_random(c->h, buf, sizeof(buf), NULL);
	case 2:
		return gen_rsa(c);
	default:
		return gen_aes(c, true, &handle);
	}
}

static void *churn_main(void *arg)
{
	struct client *c = arg;

	while (!(c->rc = churn_once(c)))
		c->done++;
	return NULL;
}

static bool told_gone(int rc)
{
	return rc == -ENODEV || rc == -ESTALE || rc == -EIO;
}

static bool told_tampered(int rc)
{
	return rc == HSM_RV_CARD_TAMPERED;
}

static int run(void *(*body)(void *), bool (*told)(int rc), bool report)
{
	struct client c[THREADS] = { { .kind = 0 }, { .kind = 1 }, { .kind = 2 }, { .kind = 3 } };
	pthread_t tid[THREADS];
	int bad = 0;

	for (int i = 0; i < THREADS; i++) {
		int rc = client_open(&c[i]);

		if (rc) {
			fprintf(stderr, "hsm_load: open: %s\n", hsm_strerror(rc));
			return 1;
		}
	}
	if (report)
		puts("running");
	fflush(stdout);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&tid[i], NULL, body, &c[i]);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(tid[i], NULL);
		if (!told(c[i].rc)) {
			fprintf(stderr, "hsm_load: client %d ended with: %s\n", i,
				hsm_strerror(c[i].rc));
			bad = 1;
		}
		hsm_close(c[i].h);
	}
	return bad;
}

static int check_one(struct client *c, uint64_t handle)
{
	static const uint32_t all = HSM_ATTR_ALL;
	struct hsm_attrs *attrs;
	int rc = hsm_key_attrs(c->h, c->session, handle, &all, 1, &attrs, NULL);

	if (!rc && (attrs->n != 17 || !hsm_attrs_get(attrs, HSM_ATTR_KCV)))
		rc = -EPROTO;
	if (rc)
		fprintf(stderr, "hsm_load: key %" PRIu64 ": %s\n", handle, hsm_strerror(rc));
	hsm_free(attrs);
	return rc;
}

static int check(const char *path)
{
	FILE *f = fopen(path, "r");
	struct client c = { 0 };
	unsigned long n = 0, bad = 0;
	uint64_t handle;
	int rc = f ? client_open(&c) : -errno;

	if (rc) {
		fprintf(stderr, "hsm_load: %s: %s\n", path, hsm_strerror(rc));
		return 1;
	}
	for (; fscanf(f, "%" SCNu64, &handle) == 1; n++)
		bad += !!check_one(&c, handle);
	fclose(f);
	printf("%lu keys checked, %lu lost\n", n, bad);
	return bad || !n;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "stream"))
		return run(stream_main, told_gone, false);
	if (argc == 2 && !strcmp(argv[1], "churn"))
		return run(churn_main, told_gone, true);
	if (argc == 2 && !strcmp(argv[1], "tamper"))
		return run(churn_main, told_tampered, true);
	if (argc == 3 && !strcmp(argv[1], "check"))
		return check(argv[2]);
	fputs("usage: hsm_load stream|churn|tamper|check FILE\n", stderr);
	return 2;
}
