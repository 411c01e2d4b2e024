// SPDX-License-Identifier: GPL-2.0-or-later
/* test_conn_dev.c - what libhsm asks of the driver, over an ioctl() made here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/hsm.h>

#include "hsm.h"

#define NODE	"/dev/null"

static struct {
	int calls;
	int fd;
	int interrupts;		/* EINTR so often first */
	int error;
	uint32_t max_transfer;
	struct hsm_exec exec;
	uint8_t req[64];
	struct hsm_cancel cancel;
} drv;

static int drv_exec(struct hsm_exec *x)
{
	struct hsm_msg_rep head = { 0 };

	drv.exec = *x;
	memcpy(drv.req, (void *)(uintptr_t)x->in, x->in_len < 64 ? x->in_len : 64);
	if (drv.interrupts-- > 0) {
		errno = EINTR;
		return -1;
	}
	if (drv.error) {
		errno = drv.error;
		return -1;
	}
	memcpy(&head.opcode, drv.req, 2);
	head.length = sizeof(head);
	memcpy((void *)(uintptr_t)x->out, &head, sizeof(head));
	x->out_len = sizeof(head);
	return 0;
}

/* Stands before the C library's at link time. */
int ioctl(int fd, unsigned long nr, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, nr);
	arg = va_arg(ap, void *);
	va_end(ap);
	drv.calls++;
	drv.fd = fd;
	if (nr == HSM_IOC_EXEC)
		return drv_exec(arg);
	if (nr == HSM_IOC_CANCEL) {
		drv.cancel = *(struct hsm_cancel *)arg;
		errno = ENOENT;
		return -1;
	}
	assert_int_equal(nr, HSM_IOC_INFO);
	assert_int_equal(*(uint32_t *)arg, sizeof(struct hsm_info));
	if (drv.error) {
		errno = drv.error;
		return -1;
	}
	((struct hsm_info *)arg)->max_transfer = drv.max_transfer;
	return 0;
}

static struct hsm *h;
static struct hsm_result res;

static int setup(void **state)
{
	(void)state;
	memset(&drv, 0, sizeof(drv));
	drv.max_transfer = HSM_MSG_MAX;
	return hsm_open(NODE, &h);
}

static int teardown(void **state)
{
	(void)state;
	hsm_close(h);
	return 0;
}

static void test_exec_fields(void **state)
{
	(void)state;
	hsm_set_timeout(h, 1234);
	assert_int_equal(hsm_nop(h, &res), 0);
	assert_int_equal(drv.exec.size, sizeof(struct hsm_exec));
	assert_int_equal(drv.exec.flags, 0);
	assert_int_equal(drv.exec.in_len, 16);
	assert_int_equal(drv.exec.out_len, 4096);
	assert_int_equal(drv.exec.timeout_ms, 1234);
	assert_int_equal(drv.exec.reserved, 0);
	assert_true(drv.exec.cookie);
	assert_true(!drv.exec.reserved2[0] && !drv.exec.reserved2[1]);
	assert_int_equal(fcntl(drv.fd, F_GETFD), FD_CLOEXEC);
}

static void test_interrupted(void **state)
{
	(void)state;
	drv.interrupts = 3;
	drv.calls = 0;
	assert_int_equal(hsm_nop(h, &res), 0);
	assert_int_equal(drv.calls, 4);
}

static void test_errno_comes_through(void **state)
{
	static const int errors[] = { ENODEV, ESTALE, ETIMEDOUT, ECANCELED, EIO, EAGAIN, EMSGSIZE };

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		drv.error = errors[i];
		assert_int_equal(hsm_nop(h, &res), -errors[i]);
		assert_int_equal(res.rc, -errors[i]);
	}
}

static void test_small_driver(void **state)
{
	uint8_t buf[8];

	(void)state;
	hsm_close(h);
	drv.max_transfer = 20;
	assert_int_equal(hsm_open(NODE, &h), 0);
	assert_int_equal(hsm_nop(h, &res), 0);
	assert_int_equal(drv.exec.out_len, 20);
	drv.calls = 0;
	assert_int_equal(hsm_random(h, buf, sizeof(buf), &res), -EMSGSIZE);
	assert_int_equal(drv.calls, 0);
}

static void test_cancel(void **state)
{
	(void)state;
	hsm_nop(h, &res);
	assert_int_equal(hsm_cancel(h), 0);
	assert_int_equal(drv.cancel.size, sizeof(struct hsm_cancel));
	assert_true(drv.cancel.cookie == drv.exec.cookie);
}

/* A forked child must not speak over its parent's connection. */
static void test_fork(void **state)
{
	pid_t pid;
	int status;

	(void)state;
	pid = fork();
	if (!pid) {
		drv.calls = 0;
		if (hsm_nop(h, &res) != -EOWNERDEAD || hsm_cancel(h) != -EOWNERDEAD || drv.calls)
			_exit(1);
		hsm_close(h);
		if (hsm_open(NODE, &h) || hsm_nop(h, &res))
			_exit(2);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(hsm_nop(h, &res), 0);
}

static void test_open_errors(void **state)
{
	struct hsm *other;

	(void)state;
	assert_int_equal(hsm_open("/dev/nosuchcard", &other), -ENOENT);
	assert_null(other);
	drv.error = ENOTTY;
	assert_int_equal(hsm_open(NODE, &other), -ENOTTY);
	assert_int_equal(fcntl(drv.fd, F_GETFD), -1);	/* closed again */
}

static void test_path(void **state)
{
	struct hsm *other;

	(void)state;
	unsetenv(HSM_DEVICE_ENV);
	assert_string_equal(hsm_default_path(), "/dev/hsm0");
	setenv(HSM_DEVICE_ENV, "", 1);
	assert_string_equal(hsm_default_path(), "/dev/hsm0");
	setenv(HSM_DEVICE_ENV, NODE, 1);
	assert_string_equal(hsm_default_path(), NODE);
	assert_int_equal(hsm_open(NULL, &other), 0);
	hsm_close(other);
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_exec_fields),
		TEST(test_interrupted),
		TEST(test_errno_comes_through),
		TEST(test_small_driver),
		TEST(test_cancel),
		TEST(test_fork),
		TEST(test_open_errors),
		TEST(test_path),
	};

	return cmocka_run_group_tests_name("conn_dev", tests, NULL, NULL);
}
