// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hsm_away.c - cards that are reset or taken away under commands in flight and open
 * files: every caller gets an error, nothing hangs, and what comes back works.
 */
#include "kselftest_harness.h"
#include "hsm_ways.h"

/* Threads that keep the card busy, half with long commands, until something fails. */
#define CREW 8

struct crew {
	struct lone l[CREW];
	atomic_int ready;
	atomic_bool stop;
};

static struct crew crew;

static void *crew_main(void *arg)
{
	struct lone *l = arg;
	bool busy = l->cookie & 1;

	atomic_fetch_add(&crew.ready, 1);
	do {
		l->rv = busy ? cmd_gen_rsa(l->fd, l->session, 4096, 1, 0) : cmd_nop(l->fd);
	} while (l->rv >= 0 && !atomic_load(&crew.stop));
	return NULL;
}

static bool crew_start(void)
{
	memset(&crew, 0, sizeof(crew));
	for (int i = 0; i < CREW; i++) {
		crew.l[i].cookie = (uint64_t)i;
		crew.l[i].fd = hsm_open_login(&crew.l[i].session);
		if (crew.l[i].fd < 0)
			return false;
	}
	for (int i = 0; i < CREW; i++)
		pthread_create(&crew.l[i].tid, NULL, crew_main, &crew.l[i]);
	while (atomic_load(&crew.ready) < CREW)
		sleep_ms(1);
	sleep_ms(20);
	return true;
}

/* True if every thread came back in time, with that error. */
static bool crew_end(int err)
{
	uint64_t end = now_ms() + 20000;
	bool good = true;

	for (int i = 0; i < CREW; i++) {
		if (!join_by(crew.l[i].tid, end)) {
			printf("# thread %d hangs\n", i);
			return false;
		}
		if (crew.l[i].rv != err) {
			printf("# thread %d: %lld, not %d\n", i, (long long)crew.l[i].rv, err);
			good = false;
		}
	}
	return good;
}

static void crew_close(void)
{
	for (int i = 0; i < CREW; i++)
		close(crew.l[i].fd);
}

FIXTURE(away) {
	int fd;
};

FIXTURE_VARIANT(away) {
	int (*go)(void);
	int (*back)(void);
	int err;
	bool host;
};

FIXTURE_VARIANT_ADD(away, controller_reset) {
	.go = go_reset, .back = back_nothing, .err = -ESTALE,
};

FIXTURE_VARIANT_ADD(away, function_reset) {
	.go = go_flr, .back = back_nothing, .err = -ESTALE,
};

FIXTURE_VARIANT_ADD(away, bus_error) {
	.go = go_error, .back = back_nothing, .err = -ESTALE, .host = true,
};

FIXTURE_VARIANT_ADD(away, unbind) {
	.go = go_unbind, .back = back_bind, .err = -ENODEV,
};

FIXTURE_VARIANT_ADD(away, remove) {
	.go = go_remove, .back = back_rescan, .err = -ENODEV,
};

FIXTURE_VARIANT_ADD(away, unplug) {
	.go = go_unplug, .back = back_plug, .err = -ENODEV, .host = true,
};

FIXTURE_SETUP(away)
{
	if (variant->host && !getenv("HSM_HOST"))
		SKIP(return, "needs the host");
	ASSERT_EQ(hsm_pci(pci, sizeof(pci)), 0);
	self->fd = hsm_open_wait();
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(cmd_nop(self->fd), 0);
}

FIXTURE_TEARDOWN(away)
{
	close(self->fd);
}

static void away_once(struct __test_metadata *_metadata, int (*go)(void), int (*back)(void),
		      int err)
{
	int witness = hsm_open_wait();
	struct pollfd p = { .fd = witness };
	uint64_t start;

	ASSERT_GE(witness, 0);
	ASSERT_TRUE(crew_start());
	start = now_ms();
	ASSERT_EQ(go(), 0);
	ASSERT_TRUE(crew_end(err));
	EXPECT_LT(now_ms() - start, 20000);
	EXPECT_EQ(poll(&p, 1, 0), 1);
	EXPECT_EQ(p.revents, POLLHUP | POLLERR);
	EXPECT_EQ(cmd_nop(witness), err);
	ASSERT_EQ(back(), 0);
	EXPECT_EQ(cmd_nop(witness), err);
	crew_close();
	close(witness);
}

TEST_F_TIMEOUT(away, with_commands_in_flight, 3600)
{
	uint32_t session;
	int fd, loops = hsm_loops();

	for (int i = 0; i < loops; i++) {
		away_once(_metadata, variant->go, variant->back, variant->err);
		fd = hsm_open_wait();
		ASSERT_GE(fd, 0);
		EXPECT_EQ(cmd_session(fd, &session), HSM_RV_SUCCESS);
		EXPECT_EQ(cmd_login(fd, session), HSM_RV_SUCCESS);
		close(fd);
	}
}

FIXTURE(module) {
	int fd;
};

FIXTURE_SETUP(module)
{
	self->fd = hsm_open_wait();
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(cmd_nop(self->fd), 0);
}

FIXTURE_TEARDOWN(module)
{
	close(self->fd);
}

/* The file that was open all the time pins the module; the card itself does not. */
TEST_F_TIMEOUT(module, module_reload_in_a_loop, 1800)
{
	EXPECT_EQ(module_remove(), -EAGAIN);
	ASSERT_EQ(hsm_pci(pci, sizeof(pci)), 0);
	for (int i = 0; i < hsm_loops(); i++) {
		ASSERT_TRUE(crew_start());
		EXPECT_EQ(module_remove(), -EAGAIN);
		ASSERT_EQ(go_unbind(), 0);
		ASSERT_TRUE(crew_end(-ENODEV));
		EXPECT_EQ(module_remove(), -EAGAIN);
		crew_close();
		close(self->fd);
		ASSERT_EQ(module_reload(""), 0);
		self->fd = hsm_open_wait();
		ASSERT_EQ(cmd_nop(self->fd), 0);
	}
}

/* Without the driver the card is off the bus and silent. */
TEST_F(module, unloaded_card_is_quiet)
{
	uint8_t command[6] = { 0xff };
	char path[400];
	int fd;

	ASSERT_EQ(hsm_pci(pci, sizeof(pci)), 0);
	close(self->fd);
	ASSERT_EQ(module_remove(), 0);
	EXPECT_EQ(irq_count("hsm0-"), -1);
	EXPECT_EQ(hsm_open(), -1);
	snprintf(path, sizeof(path), "%s/config", pci);
	fd = open(path, O_RDONLY);
	ASSERT_EQ(read(fd, command, sizeof(command)), sizeof(command));
	EXPECT_EQ(command[4] & 4, 0) TH_LOG("bus mastering is on");
	close(fd);
	ASSERT_EQ(module_insert(""), 0);
	self->fd = hsm_open_wait();
	EXPECT_EQ(cmd_nop(self->fd), 0);
}

TEST_HARNESS_MAIN
