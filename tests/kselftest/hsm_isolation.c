// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hsm_isolation.c - what one open file has on the card is its own: sessions, login,
 * session keys; and what becomes of them with fork, passing and death.
 */
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "hsm_utils.h"

FIXTURE(two) {
	int a, b;
	uint32_t sa, sb;
};

FIXTURE_SETUP(two)
{
	self->a = hsm_open_login(&self->sa);
	self->b = hsm_open_login(&self->sb);
	ASSERT_GE(self->a, 0);
	ASSERT_GE(self->b, 0);
}

FIXTURE_TEARDOWN(two)
{
	close(self->a);
	close(self->b);
}

static uint32_t card_sessions(int fd)
{
	struct hsm_card_info card = { };

	return cmd_card_info(fd, &card) ? ~0u : le32toh(card.sessions);
}

static uint32_t card_keys(int fd)
{
	struct hsm_card_info card = { };

	return cmd_card_info(fd, &card) ? ~0u : le32toh(card.keys);
}

/* A file is closed on the card a little after close(). */
static bool settles(uint32_t (*count)(int), int fd, uint32_t want)
{
	uint64_t end = now_ms() + 10000;

	while (count(fd) != want) {
		if (now_ms() > end)
			return false;
		sleep_ms(5);
	}
	return true;
}

TEST_F(two, session_of_another_file)
{
	uint32_t more;

	ASSERT_EQ(cmd_session(self->a, &more), HSM_RV_SUCCESS);
	ASSERT_NE(more, self->sb);
	EXPECT_EQ(cmd_session_close(self->b, more), HSM_RV_BAD_SESSION);
	EXPECT_EQ(cmd_session_close(self->b, 0x7fffffff), HSM_RV_BAD_SESSION);
	EXPECT_EQ(cmd_session_close(self->a, more), HSM_RV_SUCCESS);
}

TEST_F(two, session_key_of_another_file)
{
	uint64_t key;

	ASSERT_EQ(cmd_gen_aes(self->a, self->sa, NULL, &key), HSM_RV_SUCCESS);
	EXPECT_EQ(cmd_key_class(self->a, self->sa, key), HSM_RV_SUCCESS);
	EXPECT_EQ(cmd_key_class(self->b, self->sb, key), HSM_RV_BAD_HANDLE);
	EXPECT_EQ(cmd_key_class(self->b, self->sa, key),
		  self->sa == self->sb ? HSM_RV_BAD_HANDLE : HSM_RV_BAD_SESSION);
}

TEST_F(two, login_is_of_the_file)
{
	int fd = hsm_open();

	EXPECT_GT(cmd_login_status(self->a), 0);
	EXPECT_EQ(cmd_login_status(fd), 0);
	close(fd);
}

/* Runs @fn in a child; its value is the exit status. */
static int in_child(int (*fn)(void *), void *arg)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(fn(arg));
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

struct foreign {
	uint32_t session;
	uint64_t key;
};

static int use_foreign(void *arg)
{
	const struct foreign *f = arg;
	uint32_t session;
	int fd = hsm_open();

	if (cmd_login_status(fd))
		return 1;
	if (cmd_session_close(fd, f->session) != HSM_RV_BAD_SESSION)
		return 2;
	if (cmd_session(fd, &session) || cmd_login(fd, session))
		return 3;
	return cmd_key_class(fd, session, f->key) == HSM_RV_BAD_HANDLE ? 0 : 4;
}

TEST_F(two, another_process)
{
	struct foreign f;

	ASSERT_EQ(cmd_session(self->a, &f.session), HSM_RV_SUCCESS);
	ASSERT_EQ(cmd_gen_aes(self->a, f.session, NULL, &f.key), HSM_RV_SUCCESS);
	EXPECT_EQ(in_child(use_foreign, &f), 0);
	EXPECT_EQ(cmd_key_class(self->a, f.session, f.key), HSM_RV_SUCCESS);
}

static int use_inherited(void *arg)
{
	int fd = *(int *)arg;
	uint32_t session;

	return cmd_login_status(fd) > 0 && !cmd_session(fd, &session) ? 0 : 1;
}

/* The child has the same open file description, so the same context. */
TEST_F(two, fork_shares_the_context)
{
	uint64_t key;

	ASSERT_EQ(cmd_gen_aes(self->a, self->sa, NULL, &key), HSM_RV_SUCCESS);
	EXPECT_EQ(in_child(use_inherited, &self->a), 0);
	EXPECT_EQ(cmd_key_class(self->a, self->sa, key), HSM_RV_SUCCESS);
	EXPECT_GT(cmd_login_status(self->a), 0);
}

union one_fd {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

static int pass(int sock, int *fd, bool send)
{
	union one_fd u = { };
	char c = 0;
	struct iovec iov = { &c, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &u,
			    .msg_controllen = sizeof(u) };

	if (!send) {
		if (recvmsg(sock, &m, 0) != 1 || !CMSG_FIRSTHDR(&m))
			return -1;
		memcpy(fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(*fd));
		return 0;
	}
	u.head.cmsg_level = SOL_SOCKET;
	u.head.cmsg_type = SCM_RIGHTS;
	u.head.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&u.head), fd, sizeof(*fd));
	return sendmsg(sock, &m, 0) == 1 ? 0 : -1;
}

/* A descriptor that is passed carries the login along, and outlives the sender's copy. */
TEST_F(two, passed_descriptor)
{
	int sock[2], status, fd;
	pid_t pid;

	ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sock), 0);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		close(self->a);
		close(self->b);
		_exit(pass(sock[1], &fd, false) || use_inherited(&fd));
	}
	ASSERT_EQ(pass(sock[0], &self->a, true), 0);
	close(self->a);
	self->a = -1;
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, 0);
}

TEST_F(two, close_ends_sessions_and_keys)
{
	uint32_t sessions = card_sessions(self->a), keys = card_keys(self->a), session;
	uint64_t key;
	int fd = hsm_open_login(&session);

	ASSERT_GE(fd, 0);
	ASSERT_EQ(cmd_gen_aes(fd, session, "close-test", &key), HSM_RV_SUCCESS);
	EXPECT_EQ(cmd_gen_aes(self->a, self->sa, "close-test", &key), HSM_RV_ID_EXISTS);
	EXPECT_EQ(card_sessions(self->a), sessions + 1);
	EXPECT_EQ(card_keys(self->a), keys + 1);
	close(fd);
	EXPECT_TRUE(settles(card_sessions, self->a, sessions));
	EXPECT_TRUE(settles(card_keys, self->a, keys));
	EXPECT_EQ(cmd_gen_aes(self->a, self->sa, "close-test", &key), HSM_RV_SUCCESS);
}

static void make_key_and_wait(int pipe, bool busy)
{
	uint32_t session;
	uint64_t key;
	int fd = hsm_open_login(&session);

	if (fd < 0 || cmd_gen_aes(fd, session, "kill-test", &key) || write(pipe, "", 1) != 1)
		_exit(1);
	while (busy)
		cmd_gen_rsa(fd, session, 4096, 0, 0);
	pause();
	_exit(1);
}

static void kill_and_check(struct __test_metadata *_metadata, int fd, uint32_t session, bool busy)
{
	uint32_t sessions = card_sessions(fd), keys = card_keys(fd);
	uint64_t start, key;
	int pipes[2], status;
	pid_t pid;
	char c;

	ASSERT_EQ(pipe(pipes), 0);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid)
		make_key_and_wait(pipes[1], busy);
	ASSERT_EQ(read(pipes[0], &c, 1), 1);
	sleep_ms(busy ? 30 : 0);
	EXPECT_EQ(card_sessions(fd), sessions + 1);
	start = now_ms();
	kill(pid, SIGKILL);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_LT(now_ms() - start, 2000);
	EXPECT_EQ(WTERMSIG(status), SIGKILL);
	EXPECT_TRUE(settles(card_sessions, fd, sessions));
	EXPECT_TRUE(settles(card_keys, fd, keys));
	EXPECT_EQ(cmd_gen_aes(fd, session, "kill-test", &key), HSM_RV_SUCCESS);
	close(pipes[0]);
	close(pipes[1]);
}

TEST_F(two, sigkill_ends_sessions_and_keys)
{
	kill_and_check(_metadata, self->a, self->sa, false);
}

TEST_F(two, sigkill_in_a_long_command)
{
	kill_and_check(_metadata, self->a, self->sa, true);
}

TEST_F(two, contexts_are_given_back)
{
	long contexts = hsm_attr_number("contexts");
	uint64_t end = now_ms() + 10000;
	int fds[64];

	for (int i = 0; i < 64; i++) {
		fds[i] = hsm_open();
		ASSERT_GE(fds[i], 0);
		/* Some never say a word to the card. */
		if (i % 3)
			EXPECT_EQ(cmd_nop(fds[i]), 0);
	}
	EXPECT_EQ(hsm_attr_number("contexts"), contexts + 64);
	for (int i = 0; i < 64; i++)
		close(fds[i]);
	while (hsm_attr_number("contexts") != contexts && now_ms() < end)
		sleep_ms(5);
	EXPECT_EQ(hsm_attr_number("contexts"), contexts);
}

TEST_HARNESS_MAIN
