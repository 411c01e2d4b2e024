// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * client.c - a client of the soak: opens the card, does what it thinks of, and starts again
 * when the card went away. It may be killed at any moment; what it noted before is to be
 * found at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <hsm.h>

#include "soak.h"

#define PART 3000

struct client {
	struct soak *s;
	uint64_t seed;
	struct hsm *h;
	uint32_t session;
	bool gone;
};

struct soak *soak_map(void)
{
	int fd = open(SOAK_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct soak *s = MAP_FAILED;

	if (fd >= 0 && !ftruncate(fd, sizeof(*s)))
		s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	return s == MAP_FAILED ? NULL : s;
}

static uint32_t dice(struct client *c, uint32_t sides)
{
	return soak_dice(&c->seed, sides);
}

static bool in(int rc, const int *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (rc == list[i])
			return true;
	}
	return false;
}

/* Counts what came of a command; true for success. */
static bool ok(struct client *c, const char *what, int rc)
{
	static const int away[] = {
		-ESTALE, -ENODEV, -EIO, -ETIMEDOUT, -ECANCELED, -EINTR, -ENOENT, -ENXIO,
	};
	static const int others[] = {
		HSM_RV_BAD_HANDLE, HSM_RV_LOGIN_FAILURE, HSM_RV_USER_LOCKED, HSM_RV_USER_EXISTS,
		HSM_RV_USER_UNKNOWN, HSM_RV_USER_LOGGED_IN,
	};

	if (!rc)
		atomic_fetch_add(&c->s->done, 1);
	else if (in(rc, others, sizeof(others) / sizeof(others[0])))
		atomic_fetch_add(&c->s->refused, 1);
	else if (in(rc, away, sizeof(away) / sizeof(away[0])))
		atomic_fetch_add(&c->s->gone, 1);
	else if (!atomic_fetch_add(&c->s->wrong, 1))
		snprintf(c->s->text, sizeof(c->s->text), "%s: %s (%d)", what, hsm_strerror(rc), rc);
	if (rc == HSM_RV_USER_LOCKED)
		atomic_fetch_add(&c->s->locked, 1);
	c->gone = c->gone || rc < 0;
	return !rc;
}

static int gen_aes(struct client *c, bool token, uint64_t *handle)
{
	static const uint32_t type = HSM_KEY_AES, len = 32;
	const uint8_t is_token = token, yes = 1;
	const struct hsm_attr attrs[] = {
		{ HSM_ATTR_KEY_TYPE, 4, &type }, { HSM_ATTR_VALUE_LEN, 4, &len },
		{ HSM_ATTR_LABEL, 4, "soak" }, { HSM_ATTR_TOKEN, 1, &is_token },
		{ HSM_ATTR_WRAP, 1, &yes }, { HSM_ATTR_UNWRAP, 1, &yes },
	};
	const struct hsm_key_spec spec = { .attrs = attrs, .n_attrs = 6 };

	return hsm_key_gen_sym(c->h, c->session, &spec, handle, NULL);
}

static void make(struct client *c)
{
	unsigned int n = dice(c, SOAK_KEYS);
	unsigned long long none = 0;
	uint64_t handle;

	if (c->s->keys[n] || !ok(c, "genSymKey", gen_aes(c, true, &handle)))
		return;
	if (!atomic_compare_exchange_strong(&c->s->keys[n], &none, handle))
		ok(c, "deleteKey", hsm_key_delete(c->h, c->session, handle, NULL));
}

static void remove_key(struct client *c)
{
	uint64_t handle = atomic_exchange(&c->s->keys[dice(c, SOAK_KEYS)], 0);

	if (handle)
		ok(c, "deleteKey", hsm_key_delete(c->h, c->session, handle, NULL));
}

static void encrypt(struct client *c)
{
	static const uint8_t data[4096];
	struct hsm_crypt crypt = { .use = HSM_USE_ENCRYPT, .mechanism = HSM_CKM_AES_GCM };
	struct hsm_bytes out = { NULL, 0 }, iv = { NULL, 0 };

	if (!ok(c, "genSymKey", gen_aes(c, false, &crypt.handle)))
		return;
	ok(c, "encrypt", hsm_crypt(c->h, c->session, &crypt, data, sizeof(data), &out, &iv, NULL));
	hsm_bytes_clear(&out);
	hsm_bytes_clear(&iv);
	ok(c, "deleteKey", hsm_key_delete(c->h, c->session, crypt.handle, NULL));
}

static void digest_in_parts(struct client *c)
{
	static const uint8_t data[PART];
	const struct hsm_crypt crypt = { .use = HSM_USE_DIGEST, .mechanism = HSM_CKM_SHA256 };
	struct hsm_bytes out = { NULL, 0 };
	uint32_t operation;
	bool good = ok(c, "init", hsm_crypt_init(c->h, c->session, &crypt, &operation, NULL, NULL));

	for (uint32_t i = dice(c, 4); good && i--;)
		good = ok(c, "update", hsm_crypt_update(c->h, c->session, operation, data, PART,
							NULL, NULL));
	if (good)
		ok(c, "final", hsm_crypt_final(c->h, c->session, operation, NULL, 0, &out, NULL));
	hsm_bytes_clear(&out);
}

static void sign(struct client *c)
{
	static const uint32_t type = HSM_KEY_EC, curve = HSM_CURVE_PRIME256V1;
	static const uint8_t token;
	const struct hsm_attr attrs[] = {
		{ HSM_ATTR_KEY_TYPE, 4, &type }, { HSM_TAG_CURVE, 4, &curve },
		{ HSM_ATTR_LABEL, 4, "pair" }, { HSM_ATTR_TOKEN, 1, &token },
	};
	const struct hsm_key_spec spec = { .attrs = attrs, .n_attrs = 4 };
	struct hsm_crypt crypt = { .use = HSM_USE_SIGN, .mechanism = HSM_CKM_ECDSA_SHA256 };
	struct hsm_bytes out = { NULL, 0 };
	uint64_t pub;

	if (!ok(c, "genECCKeyPair",
		hsm_key_gen_pair(c->h, c->session, &spec, &pub, &crypt.handle, NULL)))
		return;
	ok(c, "sign", hsm_crypt(c->h, c->session, &crypt, "text", 4, &out, NULL, NULL));
	hsm_bytes_clear(&out);
}

static void mask(struct client *c)
{
	uint64_t handle = c->s->keys[dice(c, SOAK_KEYS)];
	struct hsm_bytes out = { NULL, 0 };

	if (handle)
		ok(c, "mask", hsm_key_mask(c->h, c->session, handle, &out, NULL));
	hsm_bytes_clear(&out);
}

static void set_label(struct client *c)
{
	const struct hsm_attr label = { HSM_ATTR_LABEL, 4, dice(c, 2) ? "soak" : "SOAK" };
	uint64_t handle = c->s->keys[dice(c, SOAK_KEYS)];

	if (handle)
		ok(c, "setAttribute", hsm_key_set_attrs(c->h, c->session, handle, &label, 1, NULL));
}

static void look(struct client *c)
{
	struct hsm_user *users = NULL;
	uint8_t buf[256];
	size_t n;

	ok(c, "random", hsm_random(c->h, buf, sizeof(buf), NULL));
	ok(c, "listUsers", hsm_user_list(c->h, c->session, &users, &n, NULL));
	hsm_free(users);
}

/* On a connection of its own, as that user; 0 or what went wrong. */
static int as(struct client *c, uint32_t type, const char *name, const char *password,
	      struct client *other)
{
	int rc;

	*other = (struct client){ .s = c->s };
	rc = hsm_open(NULL, &other->h);
	if (!rc)
		rc = hsm_session_open(other->h, &other->session, NULL);
	if (!rc)
		rc = hsm_login(other->h, other->session, type, name, password, strlen(password),
			       NULL);
	return rc;
}

static void guess(struct client *c)
{
	struct client other;

	ok(c, "login", as(c, HSM_USER_CU, "victim", dice(c, 3) ? "wrong_pwd" : "victim_pwd", &other));
	hsm_close(other.h);
}

/* Unlocks, reads what an officer may, makes users and takes them away. */
static void be_officer(struct client *c)
{
	struct hsm_bytes records = { NULL, 0 };
	const char *name = dice(c, 2) ? "dora" : "emil";
	struct client o;
	uint32_t id;

	if (!ok(c, "login", as(c, HSM_USER_CO, "admin", "admin_pwd", &o))) {
		hsm_close(o.h);
		return;
	}
	ok(c, "changePswd", hsm_user_password(o.h, o.session, HSM_USER_CU, "victim", "victim_pwd",
					      10, NULL));
	ok(c, "audit", hsm_audit_read(o.h, o.session, dice(c, 500), &records, NULL));
	hsm_bytes_clear(&records);
	if (dice(c, 2))
		ok(c, "createUser", hsm_user_create(o.h, o.session, HSM_USER_CU, name, "some_pwd", 8, &id,
						    NULL));
	else
		ok(c, "deleteUser", hsm_user_delete(o.h, o.session, HSM_USER_CU, name, NULL));
	hsm_close(o.h);
}

static void work(struct client *c)
{
	static void (*const what[])(struct client *c) = {
		make, make, make, remove_key, remove_key, encrypt, encrypt, digest_in_parts, sign,
		mask, set_label, look, look, guess, be_officer,
	};

	for (uint32_t n = dice(c, 100); n && !c->gone; n--)
		what[dice(c, sizeof(what) / sizeof(what[0]))](c);
}

void client_main(struct soak *s, uint64_t seed)
{
	struct client c = { .s = s, .seed = seed };

	for (;;) {
		struct client mine;
		bool in_time = ok(&c, "login", as(&c, HSM_USER_CU, "example_user", "example_pwd",
						  &mine));

		mine.seed = c.seed;
		if (in_time)
			work(&mine);
		else
			usleep(20000);
		c.seed = mine.seed;
		hsm_close(mine.h);
	}
}

int client_check(struct soak *s, unsigned int *n)
{
	static const uint32_t all = HSM_ATTR_ALL;
	struct client c = { .s = s }, mine;
	int bad = 0;

	*n = 0;
	if (as(&c, HSM_USER_CU, "example_user", "example_pwd", &mine))
		bad++;
	for (unsigned int i = 0; !bad && i < SOAK_KEYS; i++) {
		struct hsm_attrs *attrs = NULL;

		if (!s->keys[i])
			continue;
		bad += hsm_key_attrs(mine.h, mine.session, s->keys[i], &all, 1, &attrs, NULL) ||
		       !hsm_attrs_get(attrs, HSM_ATTR_KCV);
		hsm_free(attrs);
		++*n;
	}
	hsm_close(mine.h);
	return bad;
}

int client_victim(void)
{
	struct client c = { NULL }, o;
	int rc = as(&c, HSM_USER_CO, "admin", "admin_pwd", &o);
	uint32_t id;

	if (!rc)
		rc = hsm_user_create(o.h, o.session, HSM_USER_CU, "victim", "victim_pwd", 10, &id,
				     NULL);
	hsm_close(o.h);
	return rc;
}

int client_audit(const char *path)
{
	static const uint8_t nonce[HSM_NONCE_LEN] = { 1 };
	struct client c = { NULL }, o;
	struct hsm_bytes file = { NULL, 0 };
	FILE *f = fopen(path, "we");
	int rc = as(&c, HSM_USER_CO, "admin", "admin_pwd", &o);

	if (!rc)
		rc = hsm_audit_export(o.h, o.session, nonce, &file, NULL);
	if (!f || (!rc && fwrite(file.p, 1, file.len, f) != file.len))
		rc = -EIO;
	if (f && fclose(f))
		rc = -EIO;
	hsm_bytes_clear(&file);
	hsm_close(o.h);
	return rc;
}
