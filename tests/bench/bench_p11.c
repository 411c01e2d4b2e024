// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench_p11.c - a PKCS#11 module: the peer of durable keys and of keys in use.
 *
 *	bench_p11 MODULE MODE THREADS SECONDS
 *
 *	genaes			AES-256 token keys
 *	rsa2048-sign, rsa2048-verify, p256-sign, p384-sign, gcm-1k, gcm-56k, wrap
 *				as in bench_use.c, with session keys; p256 and p384 sign a digest
 *
 * Every thread has a session of its own; all use the same key. The module needs a token
 * labelled "bench" with the user PIN 1234, and for RSA in it a pair labelled "rsa", to copy:
 * making one takes a guest long.
 */
#include "bench.h"

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>

static CK_FUNCTION_LIST *p11;
static CK_SLOT_ID slot;

static void check(CK_RV rv, const char *what)
{
	if (rv != CKR_OK)
		die("%s: 0x%lx", what, rv);
}

static void load(const char *path)
{
	void *so = dlopen(path, RTLD_NOW);
	CK_C_INITIALIZE_ARGS args = { .flags = CKF_OS_LOCKING_OK };
	CK_C_GetFunctionList get;

	if (!so)
		die("%s", dlerror());
	*(void **)&get = dlsym(so, "C_GetFunctionList");
	if (!get)
		die("%s: no C_GetFunctionList", path);
	check(get(&p11), "C_GetFunctionList");
	check(p11->C_Initialize(&args), "C_Initialize");
}

static void find_slot(void)
{
	CK_SLOT_ID ids[16];
	CK_TOKEN_INFO info;
	CK_ULONG n = 16;

	check(p11->C_GetSlotList(CK_TRUE, ids, &n), "C_GetSlotList");
	for (CK_ULONG i = 0; i < n; i++) {
		check(p11->C_GetTokenInfo(ids[i], &info), "C_GetTokenInfo");
		if (!memcmp(info.label, "bench ", 6)) {
			slot = ids[i];
			return;
		}
	}
	die("no token labelled bench");
}

#define GCM_MAX	57344

/* A thread and its session. */
struct user {
	CK_SESSION_HANDLE session;
	CK_BYTE iv[12], out[GCM_MAX + 64];
};

static CK_OBJECT_HANDLE pub, priv, aes[2];
static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_BYTE data[GCM_MAX], signature[512];
static CK_ULONG signature_len = sizeof(signature);

static void *session_open(int index)
{
	struct user *u = need(calloc(1, sizeof(*u)));
	CK_RV rv;

	(void)index;
	check(p11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
				 &u->session), "C_OpenSession");
	rv = p11->C_Login(u->session, CKU_USER, (CK_UTF8CHAR *)"1234", 4);
	if (rv != CKR_USER_ALREADY_LOGGED_IN)
		check(rv, "C_Login");
	return u;
}

/* Its own session stays open: closing the last would log out the others. */
static void session_done(void *state)
{
	free(state);
}

static CK_OBJECT_HANDLE gen_aes(struct user *u, CK_BBOOL token)
{
	CK_ULONG len = 32;
	CK_MECHANISM m = { CKM_AES_KEY_GEN, NULL, 0 };
	CK_ATTRIBUTE a[] = {
		{ CKA_TOKEN, &token, 1 }, { CKA_PRIVATE, &yes, 1 }, { CKA_SENSITIVE, &yes, 1 },
		{ CKA_VALUE_LEN, &len, sizeof(len) }, { CKA_LABEL, "bench", 5 },
		{ CKA_ENCRYPT, &yes, 1 }, { CKA_WRAP, &yes, 1 }, { CKA_EXTRACTABLE, &yes, 1 },
	};
	CK_OBJECT_HANDLE handle;

	check(p11->C_GenerateKey(u->session, &m, a, 8, &handle), "C_GenerateKey");
	return handle;
}

static CK_OBJECT_HANDLE session_copy(struct user *u, CK_OBJECT_CLASS what)
{
	CK_ATTRIBUTE match[] = { { CKA_CLASS, &what, sizeof(what) }, { CKA_LABEL, "rsa", 3 } };
	CK_ATTRIBUTE session_key = { CKA_TOKEN, &no, 1 };
	CK_OBJECT_HANDLE found, copy;
	CK_ULONG n;

	check(p11->C_FindObjectsInit(u->session, match, 2), "C_FindObjectsInit");
	check(p11->C_FindObjects(u->session, &found, 1, &n), "C_FindObjects");
	check(p11->C_FindObjectsFinal(u->session), "C_FindObjectsFinal");
	if (n != 1)
		die("the token has no pair labelled rsa");
	check(p11->C_CopyObject(u->session, found, &session_key, 1, &copy), "C_CopyObject");
	return copy;
}

static void make_rsa(struct user *u)
{
	CK_MECHANISM m = { CKM_SHA256_RSA_PKCS, NULL, 0 };

	pub = session_copy(u, CKO_PUBLIC_KEY);
	priv = session_copy(u, CKO_PRIVATE_KEY);
	check(p11->C_SignInit(u->session, &m, priv), "C_SignInit");
	check(p11->C_Sign(u->session, data, 32, signature, &signature_len), "C_Sign");
}

static void make_ec(struct user *u, CK_BYTE *curve, CK_ULONG len)
{
	CK_MECHANISM m = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_ATTRIBUTE open[] = {
		{ CKA_TOKEN, &no, 1 }, { CKA_VERIFY, &yes, 1 }, { CKA_EC_PARAMS, curve, len },
	};
	CK_ATTRIBUTE secret[] = {
		{ CKA_TOKEN, &no, 1 }, { CKA_PRIVATE, &yes, 1 }, { CKA_SENSITIVE, &yes, 1 },
		{ CKA_SIGN, &yes, 1 },
	};

	check(p11->C_GenerateKeyPair(u->session, &m, open, 3, secret, 4, &pub, &priv),
	      "C_GenerateKeyPair");
}

static void make_p256(struct user *u)
{
	static CK_BYTE oid[] = { 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7 };

	make_ec(u, oid, sizeof(oid));
}

static void make_p384(struct user *u)
{
	static CK_BYTE oid[] = { 6, 5, 0x2b, 0x81, 4, 0, 0x22 };

	make_ec(u, oid, sizeof(oid));
}

static void make_aes(struct user *u)
{
	aes[0] = gen_aes(u, CK_FALSE);
	aes[1] = gen_aes(u, CK_FALSE);
}

static void op_genaes(void *state)
{
	gen_aes(state, CK_TRUE);
}

static void sign(struct user *u, CK_MECHANISM_TYPE how, CK_ULONG len)
{
	CK_MECHANISM m = { how, NULL, 0 };
	CK_ULONG n = sizeof(u->out);

	check(p11->C_SignInit(u->session, &m, priv), "C_SignInit");
	check(p11->C_Sign(u->session, data, len, u->out, &n), "C_Sign");
}

static void op_sign_rsa(void *state)
{
	sign(state, CKM_SHA256_RSA_PKCS, 32);
}

static void op_sign_p256(void *state)
{
	sign(state, CKM_ECDSA, 32);
}

static void op_sign_p384(void *state)
{
	sign(state, CKM_ECDSA, 48);
}

static void op_verify_rsa(void *state)
{
	CK_MECHANISM m = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	struct user *u = state;

	check(p11->C_VerifyInit(u->session, &m, pub), "C_VerifyInit");
	check(p11->C_Verify(u->session, data, 32, signature, signature_len), "C_Verify");
}

static void gcm(struct user *u, CK_ULONG len)
{
	CK_GCM_PARAMS g = { .pIv = u->iv, .ulIvLen = 12, .ulIvBits = 96, .ulTagBits = 128 };
	CK_MECHANISM m = { CKM_AES_GCM, &g, sizeof(g) };
	CK_ULONG n = sizeof(u->out);

	u->iv[0]++;
	check(p11->C_EncryptInit(u->session, &m, aes[0]), "C_EncryptInit");
	check(p11->C_Encrypt(u->session, data, len, u->out, &n), "C_Encrypt");
}

static void op_gcm_1k(void *state)
{
	gcm(state, 1024);
}

static void op_gcm_56k(void *state)
{
	gcm(state, GCM_MAX);
}

static void op_wrap(void *state)
{
	CK_MECHANISM m = { CKM_AES_KEY_WRAP, NULL, 0 };
	struct user *u = state;
	CK_ULONG n = sizeof(u->out);

	check(p11->C_WrapKey(u->session, &m, aes[1], aes[0], u->out, &n), "C_WrapKey");
}

static const struct mode {
	const char *name;
	void (*make)(struct user *u);
	void (*op)(void *state);
} modes[] = {
	{ "genaes", NULL, op_genaes },
	{ "rsa2048-sign", make_rsa, op_sign_rsa },
	{ "rsa2048-verify", make_rsa, op_verify_rsa },
	{ "p256-sign", make_p256, op_sign_p256 },
	{ "p384-sign", make_p384, op_sign_p384 },
	{ "gcm-1k", make_aes, op_gcm_1k },
	{ "gcm-56k", make_aes, op_gcm_56k },
	{ "wrap", make_aes, op_wrap },
};

int main(int argc, char **argv)
{
	if (argc != 5)
		die("usage: bench_p11 MODULE MODE THREADS SECONDS");
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		const struct work work = { session_open, modes[i].op, session_done };

		if (strcmp(argv[2], modes[i].name))
			continue;
		load(argv[1]);
		find_slot();
		if (modes[i].make)
			modes[i].make(session_open(0));
		run_timed("softhsm2", argv[2], atoi(argv[3]), atof(argv[4]), &work);
		return 0;
	}
	die("unknown mode '%s'", argv[2]);
}
