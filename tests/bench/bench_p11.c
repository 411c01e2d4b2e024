// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench_p11.c - AES-256 token keys of a PKCS#11 module: the peer of durable keys.
 *
 *	bench_p11 MODULE THREADS SECONDS
 *
 * The module needs a token labelled "bench" with the user PIN 1234.
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

static void *session_open(int index)
{
	CK_SESSION_HANDLE *s = need(calloc(1, sizeof(*s)));
	CK_RV rv;

	(void)index;
	check(p11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, s),
	      "C_OpenSession");
	rv = p11->C_Login(*s, CKU_USER, (CK_UTF8CHAR *)"1234", 4);
	if (rv != CKR_USER_ALREADY_LOGGED_IN)
		check(rv, "C_Login");
	return s;
}

/* Its own session stays open: closing the last would log out the others. */
static void session_done(void *state)
{
	free(state);
}

static void op_genaes(void *state)
{
	static CK_BBOOL yes = CK_TRUE;
	static CK_ULONG len = 32;
	CK_MECHANISM m = { CKM_AES_KEY_GEN, NULL, 0 };
	CK_ATTRIBUTE a[] = {
		{ CKA_TOKEN, &yes, 1 }, { CKA_PRIVATE, &yes, 1 }, { CKA_SENSITIVE, &yes, 1 },
		{ CKA_VALUE_LEN, &len, sizeof(len) }, { CKA_LABEL, "bench", 5 },
	};
	CK_OBJECT_HANDLE handle;

	check(p11->C_GenerateKey(*(CK_SESSION_HANDLE *)state, &m, a, 5, &handle), "C_GenerateKey");
}

int main(int argc, char **argv)
{
	static const struct work work = { session_open, op_genaes, session_done };

	if (argc != 4)
		die("usage: bench_p11 MODULE THREADS SECONDS");
	load(argv[1]);
	find_slot();
	run_timed("softhsm2", "genaes", atoi(argv[2]), atof(argv[3]), &work);
	return 0;
}
