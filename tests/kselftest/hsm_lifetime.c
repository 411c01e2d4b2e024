// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hsm_lifetime.c - commands that end early: signals, cancel, timeouts, a full ring.
 */
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "hsm_threads.h"

#define COOKIE	0x1122334455667788ull

FIXTURE(life) {
	struct lone l;
};

FIXTURE_SETUP(life)
{
	self->l = (struct lone) { .cookie = COOKIE };
	self->l.fd = hsm_open_login(&self->l.session);
	ASSERT_GE(self->l.fd, 0);
}

FIXTURE_TEARDOWN(life)
{
	close(self->l.fd);
}

TEST_F(life, interrupts_count)
{
	long before = irq_count("hsm0-q");

	ASSERT_GE(before, 0);
	ASSERT_GE(irq_count("hsm0-event"), 0);
	for (int i = 0; i < 100; i++)
		ASSERT_EQ(cmd_nop(self->l.fd), 0);
	EXPECT_GE(irq_count("hsm0-q"), before + 50);
}

TEST_F(life, cancel_by_cookie)
{
	uint32_t count;
	int other = hsm_open();

	lone_start(&self->l);
	EXPECT_EQ(hsm_cancel(self->l.fd, COOKIE + 1, &count), -ENOENT);
	EXPECT_EQ(hsm_cancel(other, COOKIE, &count), -ENOENT);
	EXPECT_EQ(hsm_cancel_wait(self->l.fd, COOKIE, &count), 0);
	EXPECT_EQ(count, 1);
	ASSERT_TRUE(lone_join(&self->l));
	EXPECT_EQ(self->l.rv, -ECANCELED);
	EXPECT_EQ(hsm_cancel(self->l.fd, COOKIE, &count), -ENOENT);
	EXPECT_EQ(cmd_nop(self->l.fd), 0);
	close(other);
}

/* More than the card works on at a time: some wait in the card. */
TEST_F(life, cancel_many)
{
	struct lone l[8];
	uint32_t count;
	uint64_t end = now_ms() + 20000;

	for (int i = 0; i < 8; i++) {
		l[i] = self->l;
		lone_start(&l[i]);
	}
	for (int i = 0; i < 8; i++) {
		while (!atomic_load(&l[i].ended) && now_ms() < end)
			hsm_cancel(self->l.fd, COOKIE, &count);
		ASSERT_TRUE(lone_join(&l[i]));
		EXPECT_TRUE(l[i].rv == -ECANCELED || !l[i].rv);
	}
	EXPECT_EQ(l[7].rv, -ECANCELED);
	EXPECT_EQ(cmd_nop(self->l.fd), 0);
}

TEST_F(life, timeout)
{
	uint64_t start = now_ms();

	self->l.timeout_ms = 10;
	lone_start(&self->l);
	ASSERT_TRUE(lone_join(&self->l));
	EXPECT_EQ(self->l.rv, -ETIMEDOUT);
	EXPECT_LT(now_ms() - start, 3000);
	EXPECT_EQ(cmd_nop(self->l.fd), 0);
}

static atomic_int caught;

static void on_signal(int sig)
{
	atomic_fetch_add(&caught, sig == SIGUSR1);
}

static void catch_signals(int flags)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = flags };

	atomic_store(&caught, 0);
	sigaction(SIGUSR1, &sa, NULL);
}

/* Once the card has the command, a handled signal does not end the call. */
TEST_F_TIMEOUT(life, signal_after_submission, 120)
{
	catch_signals(0);
	lone_start(&self->l);
	pthread_kill(self->l.tid, SIGUSR1);
	sleep_ms(20);
	ASSERT_TRUE(join_by(self->l.tid, now_ms() + 60000));
	EXPECT_EQ(self->l.rv, HSM_RV_SUCCESS);
	EXPECT_EQ(atomic_load(&caught), 1);
}

TEST_F(life, sigkill_after_submission)
{
	uint64_t start;
	int status;
	pid_t pid = fork();

	ASSERT_GE(pid, 0);
	if (!pid) {
		cmd_gen_rsa(self->l.fd, self->l.session, 4096, 0, 0);
		_exit(0);
	}
	sleep_ms(50);
	start = now_ms();
	kill(pid, SIGKILL);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_LT(now_ms() - start, 2000);
	EXPECT_EQ(cmd_nop(self->l.fd), 0);
}

static void *nop_main(void *arg)
{
	struct lone *l = arg;

	atomic_store(&l->started, true);
	l->rv = cmd_nop(l->fd);
	atomic_store(&l->ended, true);
	return NULL;
}

/*
 * Rings of 4 entries: 3 slots, one of them the driver's. With two long commands in
 * them there is no slot left, and what waits for one can be interrupted.
 */
FIXTURE(full) {
	struct lone l[2];
	uint32_t session;
	int flags;
};

FIXTURE_SETUP(full)
{
	cpu_set_t one;

	/* Each processor has its own rings. */
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
	ASSERT_EQ(module_reload("ring_log2=2 hwrng=0"), 0);
	for (int i = 0; i < 2; i++) {
		self->l[i] = (struct lone) { .cookie = COOKIE };
		self->l[i].fd = hsm_open_login(&self->l[i].session);
		ASSERT_GE(self->l[i].fd, 0);
	}
	self->flags = fcntl(self->l[0].fd, F_GETFL);
	ASSERT_EQ(cmd_nop(self->l[0].fd), 0);
	lone_start(&self->l[0]);
	lone_start(&self->l[1]);
}

FIXTURE_TEARDOWN(full)
{
	uint32_t count;

	for (int i = 0; i < 2; i++) {
		hsm_cancel_wait(self->l[i].fd, COOKIE, &count);
		EXPECT_TRUE(lone_join(&self->l[i]));
		EXPECT_TRUE(self->l[i].rv == -ECANCELED || !self->l[i].rv);
		close(self->l[i].fd);
	}
	EXPECT_EQ(module_reload(""), 0);
}

TEST_F(full, nonblock)
{
	fcntl(self->l[0].fd, F_SETFL, self->flags | O_NONBLOCK);
	EXPECT_EQ(cmd_nop(self->l[0].fd), -EAGAIN);
}

TEST_F(full, signal_before_submission)
{
	struct lone n = { .fd = self->l[0].fd };

	catch_signals(0);
	pthread_create(&n.tid, NULL, nop_main, &n);
	sleep_ms(50);
	EXPECT_FALSE(atomic_load(&n.ended));
	pthread_kill(n.tid, SIGUSR1);
	ASSERT_TRUE(lone_join(&n));
	EXPECT_EQ(n.rv, -EINTR);
}

TEST_F(full, restart_before_submission)
{
	struct lone n = { .fd = self->l[0].fd };
	uint32_t count;

	catch_signals(SA_RESTART);
	pthread_create(&n.tid, NULL, nop_main, &n);
	sleep_ms(50);
	pthread_kill(n.tid, SIGUSR1);
	sleep_ms(50);
	EXPECT_FALSE(atomic_load(&n.ended));
	EXPECT_EQ(atomic_load(&caught), 1);
	hsm_cancel(self->l[1].fd, COOKIE, &count);
	ASSERT_TRUE(lone_join(&n));
	EXPECT_EQ(n.rv, 0);
}

static void *resets_main(void *arg)
{
	for (int i = 0; i < 40; i++) {
		int fd = open("/sys/class/hsm/hsm0/reset_controller", O_WRONLY);

		if (fd < 0 || write(fd, "1", 1) != 1)
			*(int *)arg = -1;
		close(fd);
		sleep_ms(2);
	}
	return NULL;
}

/* An open that waited for a reset finds a card that takes commands. */
TEST(first_command_after_a_reset)
{
	int failed = 0, early = 0;
	pthread_t tid;

	ASSERT_EQ(pthread_create(&tid, NULL, resets_main, &failed), 0);
	for (uint64_t end = now_ms() + 1500; now_ms() < end;) {
		long resets = hsm_attr_number("resets");
		int fd = hsm_open();

		if (fd >= 0 && cmd_nop(fd) == -ESTALE)
			early += hsm_attr_number("resets") == resets;
		close(fd);
	}
	pthread_join(tid, NULL);
	EXPECT_EQ(failed, 0);
	EXPECT_EQ(early, 0);
}

TEST_HARNESS_MAIN
