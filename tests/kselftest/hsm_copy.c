// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hsm_copy.c - requests and replies on their way: sizes around those of a slot, pages
 * that are missing, room that is too small.
 */
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "hsm_utils.h"

FIXTURE(copy) {
	int fd;
	struct msg m;
	struct hsm_exec exec;
};

FIXTURE_SETUP(copy)
{
	self->fd = hsm_open();
	ASSERT_GE(self->fd, 0);
	msg_init(&self->m, HSM_CMD_NOP, 0);
	self->exec = (struct hsm_exec) {
		.size = sizeof(self->exec), .in_len = self->m.len, .out_len = 4096,
		.in = (uintptr_t)self->m.buf, .out = (uintptr_t)self->m.out,
	};
}

FIXTURE_TEARDOWN(copy)
{
	close(self->fd);
}

TEST_F(copy, no_room_tells_how_much)
{
	msg_init(&self->m, HSM_CMD_RANDOM, 0);
	msg_add32(&self->m, HSM_TAG_LEN, 100);
	memset(self->m.out, 0xaa, 200);
	self->m.room = 123;
	EXPECT_EQ(msg_exec(self->fd, &self->m), -ENOSPC);
	EXPECT_EQ(self->m.out_len, 124);
	EXPECT_EQ(self->m.out[0], 0xaa);
	self->m.room = 124;
	EXPECT_EQ(msg_run(self->fd, &self->m), HSM_RV_SUCCESS);
	EXPECT_EQ(self->m.out_len, 124);
	EXPECT_EQ(self->m.out[124], 0xaa);
}

static bool all_zero(const uint8_t *p, size_t n)
{
	while (n && !*p) {
		p++;
		n--;
	}
	return !n;
}

/* Replies around and above the size of a slot, at any alignment. */
TEST_F(copy, big_replies)
{
	static const uint32_t lens[] = { 4071, 4072, 4073, 4096, 8168, 40000, 65512 };
	static uint8_t out[70000];
	struct hsm_exec exec = self->exec;

	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		uint32_t n = lens[i] + 24, at = 1 + (uint32_t)i * 3;

		msg_init(&self->m, HSM_CMD_RANDOM, 0);
		msg_add32(&self->m, HSM_TAG_LEN, lens[i]);
		memset(out, 0xaa, sizeof(out));
		exec.in_len = self->m.len;
		exec.out = (uintptr_t)out + at;
		exec.out_len = n;
		ASSERT_EQ(ioctl(self->fd, HSM_IOC_EXEC, &exec), 0) TH_LOG("%u", lens[i]);
		EXPECT_EQ(exec.out_len, n);
		EXPECT_EQ(out[at - 1], 0xaa);
		EXPECT_EQ(out[at + n], 0xaa);
		EXPECT_FALSE(all_zero(out + at + n - 16, 16));
		EXPECT_NE(memcmp(out + at + n - 32, out + at + n - 16, 16), 0);
	}
}

/* A request of @n attribute numbers in turns, and the reply that answers each in its place. */
static void ask_attrs(struct __test_metadata *_metadata, int fd, uint32_t session, uint64_t key,
		      uint32_t n)
{
	static const uint32_t attrs[] = { HSM_ATTR_ENCRYPT, HSM_ATTR_SIGN, HSM_ATTR_LOCAL };
	static struct msg m;
	struct hsm_tlv tlv;

	msg_init(&m, HSM_CMD_KEY_ATTRS, session);
	msg_add64(&m, HSM_TAG_HANDLE, key);
	for (uint32_t i = 0; i < n; i++)
		msg_add32(&m, HSM_TAG_ATTR, attrs[i % 3]);
	m.room = 65536;
	ASSERT_EQ(msg_run(fd, &m), HSM_RV_SUCCESS) TH_LOG("%u bytes", m.len);
	for (uint32_t i = 0, at = 16; i < n; i++, at += 9) {
		memcpy(&tlv, m.out + at, sizeof(tlv));
		ASSERT_EQ(le32toh(tlv.tag), attrs[i % 3]) TH_LOG("%u of %u", i, n);
	}
}

TEST_F(copy, big_requests)
{
	uint32_t session, n;
	uint64_t key;
	int fd = hsm_open_login(&session);

	ASSERT_GE(fd, 0);
	ASSERT_EQ(cmd_gen_aes(fd, session, NULL, &key), HSM_RV_SUCCESS);
	/* 32 bytes of header and handle, 12 for each attribute: 4088, 4100, ... 65,528. */
	for (n = 1; n < 8; n++)
		ask_attrs(_metadata, fd, session, key, n);
	for (n = 336; n < 344; n++)
		ask_attrs(_metadata, fd, session, key, n);
	ask_attrs(_metadata, fd, session, key, 3000);
	ask_attrs(_metadata, fd, session, key, 5458);
	close(fd);
}

TEST_F(copy, buffers_that_end_early)
{
	uint8_t *page = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			     -1, 0);
	struct hsm_exec exec = self->exec;

	ASSERT_NE(page, MAP_FAILED);
	ASSERT_EQ(munmap(page + 8192, 4096), 0);
	memcpy(page + 8192 - 8, self->m.buf, 8);
	exec.in = (uintptr_t)page + 8192 - 8;
	EXPECT_EQ(ioctl(self->fd, HSM_IOC_EXEC, &exec), -1);
	EXPECT_EQ(errno, EFAULT);
	exec.in_len = 8000;
	exec.in = (uintptr_t)page + 4096;
	EXPECT_EQ(ioctl(self->fd, HSM_IOC_EXEC, &exec), -1);
	EXPECT_EQ(errno, EFAULT);

	exec = self->exec;
	exec.out = (uintptr_t)page + 8192 - 8;
	EXPECT_EQ(ioctl(self->fd, HSM_IOC_EXEC, &exec), -1);
	EXPECT_EQ(errno, EFAULT);
	exec.out = (uintptr_t)page + 4096;
	exec.out_len = 8000;
	EXPECT_EQ(ioctl(self->fd, HSM_IOC_EXEC, &exec), 0);
	msg_init(&self->m, HSM_CMD_RANDOM, 0);
	msg_add32(&self->m, HSM_TAG_LEN, 5000);
	exec.in_len = self->m.len;
	exec.out_len = 8000;
	EXPECT_EQ(ioctl(self->fd, HSM_IOC_EXEC, &exec), -1);
	EXPECT_EQ(errno, EFAULT);
}

/* Memory that is not there yet is faulted in, for request and reply. */
TEST_F(copy, buffers_not_in_memory)
{
	char name[] = "/tmp/hsm_copy.XXXXXX";
	int fd = mkstemp(name);
	struct hsm_exec exec = self->exec;
	void *in, *out;

	ASSERT_GE(fd, 0);
	unlink(name);
	ASSERT_EQ(pwrite(fd, self->m.buf, self->m.len, 0), self->m.len);
	in = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	out = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(in, MAP_FAILED);
	ASSERT_NE(out, MAP_FAILED);
	exec.in = (uintptr_t)in;
	exec.out = (uintptr_t)out;
	EXPECT_EQ(ioctl(self->fd, HSM_IOC_EXEC, &exec), 0);
	EXPECT_EQ(exec.out_len, 16);
	EXPECT_EQ(((uint8_t *)out)[4], 16);
	close(fd);
}

TEST_F(copy, out_len_cannot_be_written)
{
	struct hsm_exec *exec = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(exec, MAP_FAILED);
	*exec = self->exec;
	ASSERT_EQ(mprotect(exec, 4096, PROT_READ), 0);
	EXPECT_EQ(ioctl(self->fd, HSM_IOC_EXEC, exec), -1);
	EXPECT_EQ(errno, EFAULT);
}

TEST_HARNESS_MAIN
