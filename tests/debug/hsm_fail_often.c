// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hsm_fail_often.c - a share of all that the driver asks the kernel for fails, in every
 * thread and in its own work as well, while files are opened, used, closed and reset.
 */
#include "kselftest_harness.h"
#include "hsm_faults.h"
#include "hsm_ways.h"

#define THREADS 3
#define PERCENT "7"

static atomic_bool stop;
static atomic_uint good, failed, odd;

static void count(int64_t rv)
{
	static const int errs[] = { -ENOMEM, -EFAULT, -ESTALE, -EIO, -ENODEV, -ECANCELED };

	if (rv >= 0) {
		atomic_fetch_add(&good, 1);
		return;
	}
	atomic_fetch_add(&failed, 1);
	for (size_t i = 0; i < ARRAY_SIZE(errs); i++)
		if (rv == errs[i])
			return;
	printf("# odd: %s\n", strerror((int)-rv));
	atomic_fetch_add(&odd, 1);
}

static int big_reply(int fd)
{
	static __thread struct msg m;

	msg_init(&m, HSM_CMD_RANDOM, 0);
	msg_add32(&m, HSM_TAG_LEN, 30000);
	m.room = 40000;
	return msg_exec(fd, &m);
}

static void *use(void *arg)
{
	(void)arg;
	while (!atomic_load(&stop)) {
		int fd = hsm_open();

		count(fd < 0 ? -errno : 0);
		if (fd < 0)
			continue;
		for (int i = 0; i < 8; i++)
			count(i & 1 ? big_reply(fd) : cmd_nop(fd));
		close(fd);
	}
	return NULL;
}

TEST(often)
{
	pthread_t tid[THREADS];
	int hang = 0;

	if (!faults_ready())
		SKIP(return, "a kernel without fault injection");
	ASSERT_TRUE(faults_through_driver());
	for (int i = 0; i < THREADS; i++)
		ASSERT_EQ(pthread_create(&tid[i], NULL, use, NULL), 0);
	faults_set("probability", PERCENT);
	for (int i = 0; i < 10; i++) {
		sleep_ms(1000);
		go_reset();
	}
	faults_set("probability", "0");
	atomic_store(&stop, true);
	for (int i = 0; i < THREADS; i++)
		hang += !join_by(tid[i], now_ms() + 20000);
	EXPECT_EQ(hang, 0);
	printf("# %u calls did, %u failed\n", atomic_load(&good), atomic_load(&failed));
	EXPECT_GT(atomic_load(&good), 0);
	EXPECT_GT(atomic_load(&failed), 0);
	EXPECT_EQ(atomic_load(&odd), 0);
	EXPECT_TRUE(works(hsm_open_wait()));
}

TEST_HARNESS_MAIN
