// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hsm_fail_nth.c - no memory, or user memory that faults, at the first place where the
 * driver can meet it, at the second, and so on until a call meets none: every call ends
 * well or with an errno that says what happened, and the card works on.
 *
 * Environment: HSM_STRIDE=n tries but each n-th of the places beyond the first 60 of a call.
 */
#include <sys/epoll.h>

#include "kselftest_harness.h"
#include "hsm_faults.h"
#include "hsm_ways.h"

#define MAX_FAULTS 3000
#define ONE_BY_ONE 60

static int fd;

static bool prepare_nothing(void)
{
	return works(hsm_open_wait());
}

static bool prepare_open(void)
{
	fd = hsm_open_wait();
	return fd >= 0;
}

static bool prepare_used(void)
{
	return prepare_open() && cmd_nop(fd) == HSM_RV_SUCCESS;
}

/* The driver keeps pages it has used: one that has none yet must ask for them. */
static bool prepare_fresh(void)
{
	return !module_reload("ring_log2=2") && faults_through_driver() && prepare_used();
}

static bool prepare_unbound(void)
{
	return !go_unbind();
}

/* A file that was just closed holds on to the module for a moment. */
static int call_unload(void)
{
	uint64_t end = now_ms() + 10000;
	int err;

	while ((err = module_remove()) == -EAGAIN && now_ms() < end)
		sleep_ms(10);
	return err;
}

static bool prepare_unloaded(void)
{
	return !call_unload();
}

static int call_open(void)
{
	fd = hsm_open();
	return fd < 0 ? -errno : 0;
}

static int call_close(void)
{
	int err = close(fd) ? -errno : 0;

	fd = -1;
	return err;
}

/* What came back is looked at: a copy that failed and was not noticed gives EBADMSG. */
static int call_info(void)
{
	struct hsm_info info = { .size = sizeof(info) };

	if (ioctl(fd, HSM_IOC_INFO, &info))
		return -errno;
	return info.queues && info.max_transfer ? 0 : -EBADMSG;
}

static int call_restrict(void)
{
	struct hsm_restrict keep = { .size = sizeof(keep), .rights = HSM_RIGHT_ALL };

	if (ioctl(fd, HSM_IOC_RESTRICT, &keep))
		return -errno;
	return keep.rights == HSM_RIGHT_ALL ? 0 : -EBADMSG;
}

/* There is nothing to cancel. */
static int call_cancel(void)
{
	uint32_t count;
	int err = hsm_cancel(fd, 1, &count);

	return err == -ENOENT ? 0 : err;
}

/* Asks for random bytes; the reply is there, all of it. */
static int random_bytes(uint32_t len)
{
	static struct msg m;
	int err;

	msg_init(&m, HSM_CMD_RANDOM, 0);
	msg_add32(&m, HSM_TAG_LEN, len);
	memset(m.out, 0, sizeof(m.out));
	m.room = len + 24;
	err = msg_exec(fd, &m);
	if (err)
		return err;
	for (uint32_t at = 24; at + 16 <= m.out_len; at += 16)
		if (!memcmp(m.out + at, (char[16]) { 0 }, 16))
			return -EBADMSG;
	return m.out_len == len + 24 && !msg_status(&m) ? 0 : -EBADMSG;
}

static int call_exec(void)
{
	return random_bytes(64);
}

/* A reply in pages of its own. */
static int call_big_reply(void)
{
	return random_bytes(65512);
}

/* A request in pages of its own, which names too long a message: the card says so. */
static int call_big_request(void)
{
	static struct msg m;
	int err;

	msg_init(&m, HSM_CMD_NOP, 0);
	m.len = 40000;
	memset(m.out, 0, 16);
	err = msg_exec(fd, &m);
	return err || msg_status(&m) ? err : -EBADMSG;
}

static int call_watch(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int err, ep = epoll_create1(0);

	err = ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
	close(ep);
	return err;
}

static int call_load(void)
{
	return module_insert("ring_log2=2");
}

static bool then_close(int err)
{
	(void)err;
	if (fd >= 0)
		close(fd);
	fd = -1;
	return works(hsm_open_wait());
}

/* A card that was not bound is bound without the fault. */
static bool then_bind(int err)
{
	return (!err || !back_bind()) && works(hsm_open_wait());
}

static bool then_rebind(int err)
{
	return !err && !back_bind() && works(hsm_open_wait());
}

/* The module is there, perhaps without its card; or it is not, and loads without the fault. */
static bool then_load(int err)
{
	if (err && module_insert("ring_log2=2"))
		return false;
	if (access(hsm_path(), F_OK) && back_bind())
		return false;
	return works(hsm_open_wait());
}

static bool then_reload(int err)
{
	return !err && then_load(-1);
}

FIXTURE(fail) {
	int nothing;
};

FIXTURE_VARIANT(fail) {
	bool (*prepare)(void);
	int (*call)(void);
	bool (*then)(int err);
	const char *through;		/* a function of the kernel's; NULL: the driver */
	unsigned int faults;		/* at least so many places */
	int errs[6];			/* what the call may end with but 0 */
};

#define CALL(call_, prepare_, then_, faults_, ...) {						\
	.prepare = prepare_, .call = call_, .then = then_, .faults = faults_,		\
	.errs = { __VA_ARGS__ },								\
}

FIXTURE_VARIANT_ADD(fail, open) CALL(call_open, prepare_nothing, then_close, 2, -ENOMEM);
FIXTURE_VARIANT_ADD(fail, close) CALL(call_close, prepare_used, then_close, 0);
FIXTURE_VARIANT_ADD(fail, info) CALL(call_info, prepare_used, then_close, 2, -EFAULT);
FIXTURE_VARIANT_ADD(fail, restrict) CALL(call_restrict, prepare_used, then_close, 1, -EFAULT);
FIXTURE_VARIANT_ADD(fail, cancel) CALL(call_cancel, prepare_used, then_close, 1, -EFAULT);
FIXTURE_VARIANT_ADD(fail, exec) CALL(call_exec, prepare_open, then_close, 2, -EFAULT, -ENOMEM);
FIXTURE_VARIANT_ADD(fail, big_reply)
	CALL(call_big_reply, prepare_fresh, then_close, 30, -EFAULT, -ENOMEM);
FIXTURE_VARIANT_ADD(fail, big_request)
	CALL(call_big_request, prepare_fresh, then_close, 20, -EFAULT, -ENOMEM);
FIXTURE_VARIANT_ADD(fail, watch) CALL(call_watch, prepare_used, then_close, 1, -ENOMEM);
FIXTURE_VARIANT_ADD(fail, reset) CALL(go_reset, prepare_used, then_close, 0);
FIXTURE_VARIANT_ADD(fail, function_reset) CALL(go_flr, prepare_used, then_close, 0);
FIXTURE_VARIANT_ADD(fail, unbind) CALL(go_unbind, prepare_nothing, then_rebind, 0);
/* No memory for a BAR is EBUSY or EINVAL to the PCI core, for vectors ENODEV or ENOSPC. */
FIXTURE_VARIANT_ADD(fail, bind)
	CALL(back_bind, prepare_unbound, then_bind, 40, -ENOMEM, -EBUSY, -EINVAL, -ENODEV, -ENOSPC);

FIXTURE_VARIANT_ADD(fail, load) {
	.prepare = prepare_unloaded, .call = call_load, .then = then_load,
	.through = "do_one_initcall", .faults = 50, .errs = { -ENOMEM },
};

FIXTURE_VARIANT_ADD(fail, unload) {
	.prepare = prepare_nothing, .call = call_unload, .then = then_reload, .errs = { 0 },
};

FIXTURE_SETUP(fail)
{
	if (!faults_ready())
		SKIP(return, "a kernel without fault injection");
	fd = -1;
	ASSERT_EQ(hsm_pci(pci, sizeof(pci)), 0);
	/* Few slots: few places to fail. */
	ASSERT_EQ(module_reload("ring_log2=2"), 0);
	ASSERT_TRUE(variant->through ? faults_through_symbol(variant->through) :
				       faults_through_driver());
}

FIXTURE_TEARDOWN(fail)
{
	fault_arm(0);
	EXPECT_EQ(module_reload(""), 0);
}

static bool allowed(const int *errs, int err)
{
	for (int i = 0; err && i < 6; i++)
		if (errs[i] == err)
			return true;
	return !err;
}

/* How the calls with a fault ended. */
static struct {
	int err;
	unsigned int count;
} ends[8];

static void count_end(int err)
{
	int i = 0;

	while (i < 7 && ends[i].count && ends[i].err != err)
		i++;
	ends[i].err = err;
	ends[i].count++;
}

static unsigned int print_ends(unsigned int last)
{
	unsigned int places = 0;

	for (int i = 0; i < 8; i++)
		places += ends[i].count;
	printf("# %u places of %u:", places, last);
	for (int i = 0; i < 8 && ends[i].count; i++)
		printf("%s %u %s", i ? "," : "", ends[i].count,
		       ends[i].err ? strerror(-ends[i].err) : "well");
	printf("\n");
	return places;
}

/* The first places are tried one by one, of the others as many as there is time for. */
static unsigned int next_place(unsigned int n)
{
	int stride = atoi(hsm_env("HSM_STRIDE", "1"));

	return n < ONE_BY_ONE || stride < 1 ? n + 1 : n + (unsigned int)stride;
}

TEST_F_TIMEOUT(fail, at_each_place, 1800)
{
	unsigned int n, last = 0;
	bool came = true;
	int err;

	for (n = 1; came && n < MAX_FAULTS; n = next_place(n)) {
		ASSERT_TRUE(variant->prepare()) TH_LOG("before place %u", n);
		ASSERT_TRUE(fault_arm(n));
		err = variant->call();
		came = fault_came();
		if (came) {
			count_end(err);
			last = n;
		}
		EXPECT_TRUE(allowed(variant->errs, err)) TH_LOG("place %u: %s", n, strerror(-err));
		EXPECT_TRUE(came || !err) TH_LOG("without a fault: %s", strerror(-err));
		ASSERT_TRUE(variant->then(err)) TH_LOG("after place %u, which gave %d", n, err);
	}
	EXPECT_GE(print_ends(last), variant->faults);
	EXPECT_FALSE(came);
}

TEST_HARNESS_MAIN
