/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hsm_utils.h - what the kselftests of hsm.ko share: messages, one call each for
 * what they ask of the card, sysfs, and requests to the host.
 *
 * Environment: HSM_DEVICE (/dev/hsm0), HSM_KO (/opt/cloudhsm/lib/hsm.ko), HSM_LOOPS
 * (rounds of the tests that take a card away; 3), HSM_HOST (a folder shared with the
 * host, where hsm_host listens; unset: tests that need the host are skipped), HSM_SLOW
 * (how many times slower than usual the guest is; 1).
 */
#ifndef HSM_UTILS_H
#define HSM_UTILS_H

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <hsm/hsm_cmd.h>
#include <linux/hsm.h>

#define CU_NAME		"example_user"
#define CU_PASSWORD	"example_pwd"

static inline const char *hsm_env(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value && *value ? value : otherwise;
}

static inline const char *hsm_path(void)
{
	return hsm_env("HSM_DEVICE", "/dev/hsm0");
}

static inline int hsm_loops(void)
{
	return atoi(hsm_env("HSM_LOOPS", "3"));
}

static inline int hsm_open(void)
{
	return open(hsm_path(), O_RDWR | O_CLOEXEC);
}

static inline void sleep_ms(unsigned int ms)
{
	struct timespec ts = { ms / 1000, (long)(ms % 1000) * 1000000 };

	nanosleep(&ts, NULL);
}

/* What tests give the card time by: a slow guest has more of it. */
static inline uint64_t now_ms(void)
{
	int slow = atoi(hsm_env("HSM_SLOW", "1"));
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000) /
	       (slow > 0 ? (uint64_t)slow : 1);
}

/* The harness's 30 seconds are short for a slow guest; a test that hangs is found by these. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 150

/* Opens the node, which may take its time to come back. */
static inline int hsm_open_wait(void)
{
	uint64_t end = now_ms() + 10000;
	int fd;

	while ((fd = hsm_open()) < 0 && now_ms() < end)
		sleep_ms(5);
	return fd;
}

/* A message: header and TLVs on the way there, reply on the way back. */
struct msg {
	uint8_t buf[HSM_MSG_MAX];
	uint32_t len;		/* of the request */
	uint8_t out[HSM_MSG_MAX];
	uint32_t room;		/* offered for the reply */
	uint32_t out_len;	/* as EXEC left it */
	uint32_t timeout_ms;
	uint64_t cookie;
};

static inline void msg_init(struct msg *m, uint16_t opcode, uint32_t session)
{
	struct hsm_msg_req h = {
		.opcode = htole16(opcode), .length = htole32(sizeof(h)),
		.session = htole32(session),
	};

	memcpy(m->buf, &h, sizeof(h));
	m->len = sizeof(h);
	m->room = 4096;
	m->out_len = 0;
	m->timeout_ms = 0;
	m->cookie = 0;
}

static inline void msg_add(struct msg *m, uint32_t tag, const void *value, uint32_t len)
{
	struct hsm_tlv tlv = { htole32(tag), htole32(len) };
	uint32_t all;

	memcpy(m->buf + m->len, &tlv, sizeof(tlv));
	memcpy(m->buf + m->len + sizeof(tlv), value, len);
	m->len += sizeof(tlv) + len;
	all = htole32(m->len);
	memcpy(m->buf + 4, &all, sizeof(all));
}

static inline void msg_add32(struct msg *m, uint32_t tag, uint32_t value)
{
	value = htole32(value);
	msg_add(m, tag, &value, sizeof(value));
}

static inline void msg_add64(struct msg *m, uint32_t tag, uint64_t value)
{
	value = htole64(value);
	msg_add(m, tag, &value, sizeof(value));
}

/* Delivers; 0 or -errno. */
static inline int msg_exec(int fd, struct msg *m)
{
	struct hsm_exec exec = {
		.size = sizeof(exec), .in_len = m->len, .out_len = m->room,
		.in = (uintptr_t)m->buf, .out = (uintptr_t)m->out,
		.timeout_ms = m->timeout_ms, .cookie = m->cookie,
	};
	int err = ioctl(fd, HSM_IOC_EXEC, &exec) ? -errno : 0;

	m->out_len = exec.out_len;
	return err;
}

static inline uint32_t msg_status(const struct msg *m)
{
	uint32_t status;

	memcpy(&status, m->out + 8, sizeof(status));
	return le32toh(status);
}

/* Value of the first TLV with that tag in the reply, or NULL. */
static inline const void *msg_find(const struct msg *m, uint32_t tag, uint32_t *len)
{
	uint32_t at = sizeof(struct hsm_msg_rep);
	struct hsm_tlv tlv;

	for (; at + sizeof(tlv) <= m->out_len; at += sizeof(tlv) + le32toh(tlv.len)) {
		memcpy(&tlv, m->out + at, sizeof(tlv));
		if (le32toh(tlv.tag) != tag)
			continue;
		*len = le32toh(tlv.len);
		return m->out + at + sizeof(tlv);
	}
	return NULL;
}

static inline uint64_t msg_number(const struct msg *m, uint32_t tag)
{
	uint64_t value = 0;
	uint32_t len;
	const void *p = msg_find(m, tag, &len);

	if (p && len <= sizeof(value))
		memcpy(&value, p, len);
	return le64toh(value);
}

/* Delivers and gives the card's status; a failed delivery is -errno. */
static inline int64_t msg_run(int fd, struct msg *m)
{
	int err = msg_exec(fd, m);

	return err ? err : (int64_t)msg_status(m);
}

static inline int64_t cmd_nop(int fd)
{
	static __thread struct msg m;

	msg_init(&m, HSM_CMD_NOP, 0);
	return msg_run(fd, &m);
}

static inline int64_t cmd_session(int fd, uint32_t *session)
{
	static __thread struct msg m;
	int64_t rv;

	msg_init(&m, HSM_CMD_SESSION_OPEN, 0);
	rv = msg_run(fd, &m);
	*session = rv ? 0 : (uint32_t)msg_number(&m, HSM_TAG_SESSION);
	return rv;
}

static inline int64_t cmd_session_close(int fd, uint32_t session)
{
	static __thread struct msg m;

	msg_init(&m, HSM_CMD_SESSION_CLOSE, session);
	return msg_run(fd, &m);
}

static inline int64_t cmd_login(int fd, uint32_t session)
{
	static __thread struct msg m;

	msg_init(&m, HSM_CMD_LOGIN, session);
	msg_add32(&m, HSM_TAG_USER_TYPE, HSM_USER_CU);
	msg_add(&m, HSM_TAG_USER_NAME, CU_NAME, strlen(CU_NAME));
	msg_add(&m, HSM_TAG_PASSWORD, CU_PASSWORD, strlen(CU_PASSWORD));
	return msg_run(fd, &m);
}

/* The id of the user who is logged in, 0 if nobody is; negative: -errno. */
static inline int64_t cmd_login_status(int fd)
{
	static __thread struct msg m;
	int64_t rv;

	msg_init(&m, HSM_CMD_LOGIN_STATUS, 0);
	rv = msg_run(fd, &m);
	return rv ? rv : (int64_t)msg_number(&m, HSM_TAG_USER_ID);
}

/* An AES session key; id may be NULL. */
static inline int64_t cmd_gen_aes(int fd, uint32_t session, const char *id, uint64_t *handle)
{
	static __thread struct msg m;
	int64_t rv;

	msg_init(&m, HSM_CMD_KEY_GEN_SYM, session);
	msg_add32(&m, HSM_ATTR_KEY_TYPE, HSM_KEY_AES);
	msg_add32(&m, HSM_ATTR_VALUE_LEN, 32);
	msg_add(&m, HSM_ATTR_LABEL, "kselftest", 9);
	msg_add(&m, HSM_ATTR_TOKEN, "", 1);
	if (id)
		msg_add(&m, HSM_ATTR_ID, id, strlen(id));
	rv = msg_run(fd, &m);
	*handle = rv ? 0 : msg_number(&m, HSM_TAG_HANDLE);
	return rv;
}

/* The long command of these tests: an RSA session pair. */
static inline int64_t cmd_gen_rsa(int fd, uint32_t session, uint32_t bits, uint64_t cookie,
				  uint32_t timeout_ms)
{
	static __thread struct msg m;

	msg_init(&m, HSM_CMD_KEY_GEN_PAIR, session);
	msg_add32(&m, HSM_ATTR_KEY_TYPE, HSM_KEY_RSA);
	msg_add32(&m, HSM_ATTR_MODULUS_BITS, bits);
	msg_add(&m, HSM_ATTR_PUBLIC_EXPONENT, "\1\0\1", 3);
	msg_add(&m, HSM_ATTR_LABEL, "kselftest", 9);
	msg_add(&m, HSM_ATTR_TOKEN, "", 1);
	m.cookie = cookie;
	m.timeout_ms = timeout_ms;
	return msg_run(fd, &m);
}

static inline int64_t cmd_key_class(int fd, uint32_t session, uint64_t handle)
{
	static __thread struct msg m;

	msg_init(&m, HSM_CMD_KEY_ATTRS, session);
	msg_add64(&m, HSM_TAG_HANDLE, handle);
	msg_add32(&m, HSM_TAG_ATTR, HSM_ATTR_CLASS);
	return msg_run(fd, &m);
}

static inline int64_t cmd_card_info(int fd, struct hsm_card_info *card)
{
	static __thread struct msg m;
	const void *p;
	uint32_t len;
	int64_t rv;

	msg_init(&m, HSM_CMD_CARD_INFO, 0);
	rv = msg_run(fd, &m);
	p = rv ? NULL : msg_find(&m, HSM_TAG_CARD, &len);
	if (p && len == sizeof(*card))
		memcpy(card, p, sizeof(*card));
	return rv;
}

/* A file with a session and a login; -errno or -status - 1000 if that fails. */
static inline int hsm_open_login(uint32_t *session)
{
	int fd = hsm_open();
	int64_t rv;

	if (fd < 0)
		return -errno;
	rv = cmd_session(fd, session);
	if (!rv)
		rv = cmd_login(fd, *session);
	if (!rv)
		return fd;
	close(fd);
	return rv < 0 ? (int)rv : -1000 - (int)rv;
}

static inline int hsm_cancel(int fd, uint64_t cookie, uint32_t *count)
{
	struct hsm_cancel cancel = { .size = sizeof(cancel), .cookie = cookie };
	int err = ioctl(fd, HSM_IOC_CANCEL, &cancel) ? -errno : 0;

	*count = cancel.count;
	return err;
}

/* Asks until the command has reached the card, or 5 seconds long. */
static inline int hsm_cancel_wait(int fd, uint64_t cookie, uint32_t *count)
{
	uint64_t end = now_ms() + 5000;
	int err;

	while ((err = hsm_cancel(fd, cookie, count)) == -ENOENT && now_ms() < end)
		sleep_ms(2);
	return err;
}

/* A file of a few lines; "" if it cannot be read. */
static inline const char *slurp(const char *path, char *buf, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, buf, room - 1);

	if (fd >= 0)
		close(fd);
	buf[n > 0 ? n : 0] = 0;
	buf[strcspn(buf, "\n")] = 0;
	return buf;
}

__attribute__((format(printf, 2, 3)))
static inline int spit(const char *text, const char *fmt, ...)
{
	char path[512];
	va_list ap;
	int fd, err;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return err;
}

/* An attribute of the class device. */
static inline const char *hsm_attr(const char *name, char *buf, size_t room)
{
	char path[256];

	snprintf(path, sizeof(path), "/sys/class/hsm/%s/%s", strrchr(hsm_path(), '/') + 1, name);
	return slurp(path, buf, room);
}

static inline long hsm_attr_number(const char *name)
{
	char buf[64];

	return atol(hsm_attr(name, buf, sizeof(buf)));
}

/* The folder of the card below /sys/bus/pci/devices, and its address at the end of it. */
static inline int hsm_pci(char *buf, size_t room)
{
	char link[256], to[256];
	ssize_t n;

	snprintf(link, sizeof(link), "/sys/class/hsm/%s/device", strrchr(hsm_path(), '/') + 1);
	n = readlink(link, to, sizeof(to) - 1);
	if (n < 0)
		return -errno;
	to[n] = 0;
	snprintf(buf, room, "/sys/bus/pci/devices/%s", strrchr(to, '/') + 1);
	return 0;
}

/* Sum of the counts of the interrupts whose name starts with prefix; -1: there is none. */
static inline long irq_count(const char *prefix)
{
	FILE *f = fopen("/proc/interrupts", "re");
	char line[4096], *p, *name;
	long sum = -1;

	while (f && fgets(line, sizeof(line), f)) {
		name = strrchr(line, ' ');
		if (!name || strncmp(name + 1, prefix, strlen(prefix)))
			continue;
		sum = sum < 0 ? 0 : sum;
		p = strchr(line, ':') + 1;
		for (char *end = p;; p = end) {
			long n = strtol(p, &end, 10);

			if (end == p)
				break;
			sum += n;
		}
	}
	if (f)
		fclose(f);
	return sum;
}

/* Has the host's monitor carry out a QMP command; 0, or an errno: ENOTSUP without host. */
static inline int host_ask(const char *json)
{
	const char *dir = getenv("HSM_HOST");
	char request[300], tmp[300], reply[300], buf[1024];
	uint64_t end = now_ms() + 20000;
	int fd;

	if (!dir)
		return ENOTSUP;
	snprintf(tmp, sizeof(tmp), "%s/request.tmp", dir);
	snprintf(request, sizeof(request), "%s/request", dir);
	snprintf(reply, sizeof(reply), "%s/reply", dir);
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, json, strlen(json)) < 0 || close(fd) || rename(tmp, request))
		return errno;
	while (access(reply, R_OK) && now_ms() < end)
		sleep_ms(20);
	if (!*slurp(reply, buf, sizeof(buf)))
		return ETIMEDOUT;
	unlink(reply);
	return strstr(buf, "\"error\"") ? EPROTO : 0;
}

static inline int host_fault(const char *fault)
{
	char json[256];

	snprintf(json, sizeof(json), "{\"execute\":\"qom-set\",\"arguments\":{\"path\":\"hsm0\","
		 "\"property\":\"x-fault\",\"value\":\"%s\"}}", fault);
	return host_ask(json);
}

#endif /* HSM_UTILS_H */
