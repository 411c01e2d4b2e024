// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hsm_fault.c - a card that breaks its word: the timeout ladder, rung by rung.
 */
#include <signal.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "hsm_threads.h"

/* The timeout ladder, with faults that the host makes; without hw_random, which would take them. */
FIXTURE(fault) {
	int fd;
	uint32_t session;
	long resets;
};

FIXTURE_SETUP(fault)
{
	if (!getenv("HSM_HOST"))
		SKIP(return, "needs the host");
	ASSERT_EQ(module_reload("hwrng=0 abort_timeout_ms=500"), 0);
	self->fd = hsm_open_login(&self->session);
	ASSERT_GE(self->fd, 0);
	self->resets = hsm_attr_number("resets");
}

FIXTURE_TEARDOWN(fault)
{
	EXPECT_EQ(host_fault("none"), 0);
	close(self->fd);
	EXPECT_EQ(module_reload(""), 0);
}

static int64_t nop_within(int fd, uint32_t timeout_ms)
{
	static struct msg m;

	msg_init(&m, HSM_CMD_NOP, 0);
	m.timeout_ms = timeout_ms;
	return msg_run(fd, &m);
}

TEST_F(fault, lost_interrupt)
{
	uint64_t start = now_ms();

	ASSERT_EQ(host_fault("drop-irq:1"), 0);
	EXPECT_EQ(nop_within(self->fd, 10000), 0);
	EXPECT_LT(now_ms() - start, 3000);
	EXPECT_EQ(hsm_attr_number("lost_interrupts"), 1);
	EXPECT_EQ(hsm_attr_number("resets"), self->resets);
}

TEST_F(fault, stuck_command_is_aborted)
{
	ASSERT_EQ(host_fault("stuck:1"), 0);
	EXPECT_EQ(nop_within(self->fd, 300), -ETIMEDOUT);
	EXPECT_EQ(hsm_attr_number("timeouts"), 1);
	EXPECT_EQ(hsm_attr_number("resets"), self->resets);
	EXPECT_EQ(cmd_nop(self->fd), 0);
}

TEST_F(fault, stuck_command_of_a_killed_process)
{
	int status;
	pid_t pid;

	ASSERT_EQ(host_fault("stuck:1"), 0);
	pid = fork();
	if (!pid)
		_exit((int)cmd_nop(self->fd));
	sleep_ms(100);
	kill(pid, SIGKILL);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(WTERMSIG(status), SIGKILL);
	EXPECT_EQ(cmd_nop(self->fd), 0);
	EXPECT_EQ(hsm_attr_number("resets"), self->resets);
}

/* Nothing but a reset brings a command back whose completion never comes. */
static void lost_for_good(struct __test_metadata *_metadata, int fd, const char *fault,
			  long resets, long stale)
{
	ASSERT_EQ(host_fault(fault), 0);
	EXPECT_EQ(nop_within(fd, 300), -ETIMEDOUT);
	EXPECT_EQ(hsm_attr_number("resets"), resets + 1);
	EXPECT_EQ(hsm_attr_number("stale_completions"), stale);
	EXPECT_EQ(cmd_nop(fd), -ESTALE);
	fd = hsm_open();
	ASSERT_GE(fd, 0);
	EXPECT_EQ(cmd_nop(fd), 0);
	close(fd);
}

TEST_F(fault, lost_completion)
{
	lost_for_good(_metadata, self->fd, "drop-cqe:1", self->resets, 0);
}

/*
 * A caller can choose commands that outlive their abort: however often that makes a reset
 * needed, the card lives on. 10 resets by the fault of the card would be allowed.
 */
TEST_F_TIMEOUT(fault, no_blame_for_late_commands, 120)
{
	int i, fd;

	for (i = 0; i < 12; i++) {
		fd = hsm_open();
		ASSERT_GE(fd, 0);
		ASSERT_EQ(cmd_nop(fd), 0);
		ASSERT_EQ(host_fault("drop-cqe:1"), 0);
		EXPECT_EQ(nop_within(fd, 10), -ETIMEDOUT);
		close(fd);
	}
	EXPECT_EQ(hsm_attr_number("resets"), self->resets + i);
	fd = hsm_open();
	ASSERT_GE(fd, 0);
	EXPECT_EQ(cmd_nop(fd), 0);
	close(fd);
}

TEST_F(fault, completion_of_an_unknown_command)
{
	lost_for_good(_metadata, self->fd, "bad-cid:1", self->resets, 1);
}

TEST_F(fault, completion_of_an_old_command)
{
	lost_for_good(_metadata, self->fd, "stale-cid:1", self->resets, 1);
}

TEST_F(fault, completion_too_long)
{
	ASSERT_EQ(host_fault("long-out:1"), 0);
	EXPECT_EQ(cmd_nop(self->fd), -EIO);
	EXPECT_EQ(cmd_nop(self->fd), 0);
}

TEST_HARNESS_MAIN
