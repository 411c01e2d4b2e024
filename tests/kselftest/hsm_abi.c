// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hsm_abi.c - the ioctls: what each field may hold, and the errno of each mistake.
 */
#include <linux/capability.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"
#include "hsm_utils.h"

#define UNMAPPED	8ull
#define KERNEL_ADDRESS	0xffff888000000000ull

/* One field of a good structure made bad. */
struct bad_field {
	const char *what;
	size_t offset;
	size_t len;
	uint64_t value;
	int err;
};

#define BAD(type, field, value, err) \
	{ #field " = " #value, offsetof(struct type, field), \
	  sizeof(((struct type *)0)->field), value, err }

FIXTURE(abi) {
	int fd;
	uint32_t max;
	struct msg m;
	struct hsm_exec exec;
};

FIXTURE_SETUP(abi)
{
	struct hsm_info info = { .size = sizeof(info) };

	self->fd = hsm_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(ioctl(self->fd, HSM_IOC_INFO, &info), 0);
	self->max = info.max_transfer;
	msg_init(&self->m, HSM_CMD_NOP, 0);
	self->exec = (struct hsm_exec) {
		.size = sizeof(self->exec), .in_len = self->m.len, .out_len = 4096,
		.in = (uintptr_t)self->m.buf, .out = (uintptr_t)self->m.out,
	};
}

FIXTURE_TEARDOWN(abi)
{
	close(self->fd);
}

/* Each mistake alone in a copy of @good, of @size bytes. */
static void try_bad(struct __test_metadata *_metadata, int fd, unsigned int cmd, const void *good,
		    size_t size, const struct bad_field *bad, size_t n)
{
	uint8_t buf[256];

	for (size_t i = 0; i < n; i++) {
		memcpy(buf, good, size);
		memcpy(buf + bad[i].offset, &bad[i].value, bad[i].len);
		errno = 0;
		EXPECT_EQ(ioctl(fd, cmd, buf), -1) TH_LOG("%s", bad[i].what);
		EXPECT_EQ(errno, bad[i].err) TH_LOG("%s", bad[i].what);
	}
}

TEST_F(abi, exec_fields)
{
	const struct bad_field bad[] = {
		BAD(hsm_exec, size, 0, EINVAL),
		BAD(hsm_exec, size, sizeof(struct hsm_exec) - 1, EINVAL),
		BAD(hsm_exec, size, 4097, E2BIG),
		BAD(hsm_exec, size, 0xffffffff, E2BIG),
		BAD(hsm_exec, flags, 1, EOPNOTSUPP),
		BAD(hsm_exec, flags, 0x80000000, EOPNOTSUPP),
		BAD(hsm_exec, in_len, 0, EINVAL),
		BAD(hsm_exec, in_len, self->max + 1, EMSGSIZE),
		BAD(hsm_exec, in_len, 0xffffffff, EMSGSIZE),
		BAD(hsm_exec, out_len, 0, EINVAL),
		BAD(hsm_exec, out_len, self->max + 1, EMSGSIZE),
		BAD(hsm_exec, out_len, 0xffffffff, EMSGSIZE),
		BAD(hsm_exec, out_len, 15, ENOSPC),
		BAD(hsm_exec, in, 0, EFAULT),
		BAD(hsm_exec, in, UNMAPPED, EFAULT),
		BAD(hsm_exec, in, KERNEL_ADDRESS, EFAULT),
		BAD(hsm_exec, in, ~0ull, EFAULT),
		BAD(hsm_exec, out, 0, EFAULT),
		BAD(hsm_exec, out, UNMAPPED, EFAULT),
		BAD(hsm_exec, out, KERNEL_ADDRESS, EFAULT),
		BAD(hsm_exec, reserved, 1, EINVAL),
		BAD(hsm_exec, reserved2[0], 1, EINVAL),
		BAD(hsm_exec, reserved2[1], 1, EINVAL),
	};

	ASSERT_EQ(ioctl(self->fd, HSM_IOC_EXEC, &self->exec), 0);
	self->exec.out_len = 4096;
	try_bad(_metadata, self->fd, HSM_IOC_EXEC, &self->exec, sizeof(self->exec), bad,
		ARRAY_SIZE(bad));
	EXPECT_EQ(cmd_nop(self->fd), 0);
}

TEST_F(abi, info_fields)
{
	const struct hsm_info good = { .size = sizeof(good) };
	const struct bad_field bad[] = {
		BAD(hsm_info, size, 0, EINVAL),
		BAD(hsm_info, size, sizeof(struct hsm_info) - 1, EINVAL),
		BAD(hsm_info, size, 4097, E2BIG),
		BAD(hsm_info, flags, 1, EOPNOTSUPP),
		BAD(hsm_info, flags, 0x80000000, EOPNOTSUPP),
	};

	try_bad(_metadata, self->fd, HSM_IOC_INFO, &good, sizeof(good), bad, ARRAY_SIZE(bad));
}

TEST_F(abi, restrict_fields)
{
	const struct hsm_restrict good = { .size = sizeof(good), .rights = HSM_RIGHT_CRYPTO };
	const struct bad_field bad[] = {
		BAD(hsm_restrict, size, 0, EINVAL),
		BAD(hsm_restrict, size, sizeof(struct hsm_restrict) - 1, EINVAL),
		BAD(hsm_restrict, size, 4097, E2BIG),
		BAD(hsm_restrict, flags, 1, EOPNOTSUPP),
		BAD(hsm_restrict, rights, HSM_RIGHT_ALL + 1, EINVAL),
		BAD(hsm_restrict, rights, 0x80000001, EINVAL),
		BAD(hsm_restrict, reserved, 1, EINVAL),
	};
	struct hsm_info info = { .size = sizeof(info) };

	try_bad(_metadata, self->fd, HSM_IOC_RESTRICT, &good, sizeof(good), bad, ARRAY_SIZE(bad));
	ASSERT_EQ(ioctl(self->fd, HSM_IOC_INFO, &info), 0);
	EXPECT_EQ(info.rights, HSM_RIGHT_ALL);
}

TEST_F(abi, cancel_fields)
{
	const struct hsm_cancel good = { .size = sizeof(good), .cookie = 1 };
	const struct bad_field bad[] = {
		BAD(hsm_cancel, size, 0, EINVAL),
		BAD(hsm_cancel, size, sizeof(struct hsm_cancel) - 1, EINVAL),
		BAD(hsm_cancel, size, 4097, E2BIG),
		BAD(hsm_cancel, flags, 1, EOPNOTSUPP),
		BAD(hsm_cancel, cookie, 0, EINVAL),
		BAD(hsm_cancel, cookie, 1, ENOENT),
		BAD(hsm_cancel, count, 1, EINVAL),
		BAD(hsm_cancel, reserved, 1, EINVAL),
	};

	try_bad(_metadata, self->fd, HSM_IOC_CANCEL, &good, sizeof(good), bad, ARRAY_SIZE(bad));
}

TEST_F(abi, unknown_ioctls)
{
	static const unsigned int unknown[] = {
		_IO(HSM_IOC_MAGIC, 0x04), _IO(HSM_IOC_MAGIC, 0xff), _IO(HSM_IOC_MAGIC - 1, 0x01),
		_IOWR(HSM_IOC_MAGIC, 0x01, struct hsm_exec), _IOR(HSM_IOC_MAGIC, 0x00, __u32),
		0x5401,
	};

	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		errno = 0;
		EXPECT_EQ(ioctl(self->fd, unknown[i], &self->exec), -1);
		EXPECT_EQ(errno, ENOTTY) TH_LOG("%#x", unknown[i]);
	}
}

TEST_F(abi, bad_pointers)
{
	static const unsigned int all[] = {
		HSM_IOC_INFO, HSM_IOC_EXEC, HSM_IOC_RESTRICT, HSM_IOC_CANCEL,
	};
	uint8_t *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			     -1, 0);

	ASSERT_NE(page, MAP_FAILED);
	ASSERT_EQ(munmap(page + 4096, 4096), 0);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		uint32_t size = 64;

		EXPECT_EQ(ioctl(self->fd, all[i], NULL), -1);
		EXPECT_EQ(errno, EFAULT);
		memcpy(page + 4096 - 8, &size, sizeof(size));
		EXPECT_EQ(ioctl(self->fd, all[i], page + 4096 - 8), -1);
		EXPECT_EQ(errno, EFAULT);
	}
}

/* A larger structure is taken if its unknown part is zero. */
TEST_F(abi, bigger_structs)
{
	struct {
		struct hsm_exec exec;
		uint8_t more[32];
	} big = { .exec = self->exec };
	struct {
		struct hsm_info info;
		uint8_t more[32];
	} info = { .info.size = sizeof(info) };

	big.exec.size = sizeof(big);
	EXPECT_EQ(ioctl(self->fd, HSM_IOC_EXEC, &big), 0);
	EXPECT_EQ(big.exec.out_len, 16);
	big.more[31] = 1;
	EXPECT_EQ(ioctl(self->fd, HSM_IOC_EXEC, &big), -1);
	EXPECT_EQ(errno, E2BIG);

	EXPECT_EQ(ioctl(self->fd, HSM_IOC_INFO, &info), 0);
	EXPECT_EQ(info.info.size, sizeof(struct hsm_info));
	info.info = (struct hsm_info) { .size = sizeof(info) };
	info.more[0] = 1;
	EXPECT_EQ(ioctl(self->fd, HSM_IOC_INFO, &info), -1);
	EXPECT_EQ(errno, E2BIG);
}

TEST_F(abi, info_contents)
{
	struct hsm_info info;
	char buf[64];

	memset(&info, 0xff, sizeof(info));
	info.size = sizeof(info);
	info.flags = 0;
	ASSERT_EQ(ioctl(self->fd, HSM_IOC_INFO, &info), 0);
	EXPECT_EQ(info.size, sizeof(info));
	EXPECT_EQ(info.flags, 0);
	EXPECT_EQ(info.hw_version >> 16, 1);
	EXPECT_EQ(info.features, 0);
	EXPECT_EQ(info.state, HSM_STATE_LIVE);
	EXPECT_STREQ(hsm_attr("state", buf, sizeof(buf)), "live");
	EXPECT_EQ(info.index, atoi(strrchr(hsm_path(), 'm') + 1));
	EXPECT_EQ(info.epoch, hsm_attr_number("epoch"));
	EXPECT_EQ(info.queues, hsm_attr_number("queues"));
	EXPECT_GE(info.queues, 1);
	EXPECT_EQ(info.max_transfer, hsm_attr_number("max_transfer"));
	EXPECT_GE(info.max_transfer, 65536);
	EXPECT_EQ(info.rights, HSM_RIGHT_ALL);
	EXPECT_EQ(info.reserved, 0);
	EXPECT_STREQ(hsm_attr("hw_version", buf, sizeof(buf)), "1.0");
}

TEST_F(abi, nop_reply)
{
	static const uint8_t reply[16] = { 0, 0, 0, 0, 16 };

	memset(self->m.out, 0xaa, 32);
	ASSERT_EQ(ioctl(self->fd, HSM_IOC_EXEC, &self->exec), 0);
	EXPECT_EQ(self->exec.out_len, sizeof(reply));
	EXPECT_EQ(memcmp(self->m.out, reply, sizeof(reply)), 0);
	EXPECT_EQ(self->m.out[16], 0xaa);
}

/* What the card says to a bad message is in the reply: delivery has not failed. */
TEST_F(abi, bad_message_is_delivered)
{
	self->m.buf[0] = 0xee;
	self->m.buf[1] = 0xee;
	EXPECT_EQ(msg_run(self->fd, &self->m), HSM_RV_UNKNOWN_COMMAND);
	self->m.buf[2] = 1;
	EXPECT_EQ(msg_run(self->fd, &self->m), HSM_RV_BAD_MESSAGE);
}

static int drop_sys_admin(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return -1;
	data[0].effective &= ~(1u << CAP_SYS_ADMIN);
	return (int)syscall(SYS_capset, &head, data);
}

static uint32_t rights_of(int fd)
{
	struct hsm_info info = { .size = sizeof(info) };

	return ioctl(fd, HSM_IOC_INFO, &info) ? ~0u : info.rights;
}

TEST_F(abi, rights_of_a_read_only_file)
{
	uint32_t session;
	uint64_t key;
	int fd = open(hsm_path(), O_RDONLY);

	EXPECT_EQ(rights_of(fd), HSM_RIGHT_ALL);
	close(fd);
	ASSERT_EQ(drop_sys_admin(), 0);
	fd = open(hsm_path(), O_RDONLY);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(rights_of(fd), HSM_RIGHT_CRYPTO);
	EXPECT_EQ(cmd_nop(fd), HSM_RV_SUCCESS);
	EXPECT_EQ(cmd_session(fd, &session), HSM_RV_SUCCESS);
	EXPECT_EQ(cmd_login(fd, session), HSM_RV_SUCCESS);
	EXPECT_EQ(cmd_gen_aes(fd, session, NULL, &key), HSM_RV_NO_RIGHT);
	close(fd);
	fd = hsm_open();
	EXPECT_EQ(rights_of(fd), HSM_RIGHT_ALL);
	close(fd);
}

TEST_F(abi, restrict_is_for_good)
{
	struct hsm_restrict keep = { .size = sizeof(keep) };
	uint32_t session;
	uint64_t key;
	int fd = hsm_open_login(&session);

	ASSERT_GE(fd, 0);
	ASSERT_EQ(cmd_gen_aes(fd, session, NULL, &key), HSM_RV_SUCCESS);
	keep.rights = HSM_RIGHT_CRYPTO | HSM_RIGHT_AUDIT;
	ASSERT_EQ(ioctl(fd, HSM_IOC_RESTRICT, &keep), 0);
	EXPECT_EQ(keep.rights, HSM_RIGHT_CRYPTO | HSM_RIGHT_AUDIT);
	keep.rights = HSM_RIGHT_CRYPTO | HSM_RIGHT_KEYS;
	ASSERT_EQ(ioctl(fd, HSM_IOC_RESTRICT, &keep), 0);
	EXPECT_EQ(keep.rights, HSM_RIGHT_CRYPTO);
	EXPECT_EQ(rights_of(fd), HSM_RIGHT_CRYPTO);
	EXPECT_EQ(cmd_gen_aes(fd, session, NULL, &key), HSM_RV_NO_RIGHT);
	EXPECT_EQ(cmd_nop(fd), HSM_RV_SUCCESS);
	keep.rights = 0;
	ASSERT_EQ(ioctl(fd, HSM_IOC_RESTRICT, &keep), 0);
	EXPECT_EQ(cmd_nop(fd), HSM_RV_NO_RIGHT);
	close(fd);
}

TEST_F(abi, nonblock_and_poll)
{
	struct pollfd p = { .fd = self->fd, .events = POLLIN | POLLOUT };
	int fd = open(hsm_path(), O_RDWR | O_NONBLOCK);

	ASSERT_GE(fd, 0);
	EXPECT_EQ(cmd_nop(fd), HSM_RV_SUCCESS);
	EXPECT_EQ(poll(&p, 1, 10), 0);
	close(fd);
}

TEST_F(abi, no_read_or_write)
{
	char c = 0;

	EXPECT_EQ(read(self->fd, &c, 1), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(write(self->fd, &c, 1), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(lseek(self->fd, 0, SEEK_SET), -1);
	EXPECT_EQ(errno, ESPIPE);
}

TEST_HARNESS_MAIN
