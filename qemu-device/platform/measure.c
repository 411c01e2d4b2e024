// SPDX-License-Identifier: GPL-2.0-or-later
/* measure.c - the digest of what a program loads. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crypto_key.h"
#include "hsm/hsm_cmd.h"
#include "measure.h"

#define SELF		"/proc/self/exe"
#define BLOCK		65536u
#define SEGMENTS_MAX	256u

struct measuring {
	int fd;
	struct fc_op *op;
	const char *wrong;
};

/* All of @len bytes at @offset. */
static bool read_at(struct measuring *m, uint64_t offset, void *buf, size_t len)
{
	size_t have = 0;
	ssize_t n;

	while (have < len) {
		n = pread(m->fd, (uint8_t *)buf + have, len - have, (off_t)(offset + have));
		if (n < 0 && errno == EINTR)
			continue;
		m->wrong = n < 0 ? strerror(errno) : "it is shorter than its headers say";
		if (n <= 0)
			return false;
		have += (size_t)n;
	}
	return true;
}

static bool add_segment(struct measuring *m, const Elf64_Phdr *ph)
{
	uint64_t at = ph->p_offset, left = ph->p_filesz;
	uint8_t buf[BLOCK];
	size_t none = 0, n;

	while (left) {
		n = left < sizeof(buf) ? (size_t)left : sizeof(buf);
		if (!read_at(m, at, buf, n))
			return false;
		m->wrong = "the digest failed";
		if (fc_op_update(m->op, buf, n, NULL, &none))
			return false;
		at += n;
		left -= n;
	}
	return true;
}

static bool read_header(struct measuring *m, Elf64_Ehdr *eh)
{
	if (!read_at(m, 0, eh, sizeof(*eh)))
		return false;
	m->wrong = "it is no 64-bit little-endian ELF program";
	return !memcmp(eh->e_ident, ELFMAG, SELFMAG) && eh->e_ident[EI_CLASS] == ELFCLASS64 &&
	       eh->e_ident[EI_DATA] == ELFDATA2LSB && eh->e_phentsize == sizeof(Elf64_Phdr) &&
	       eh->e_phnum && eh->e_phnum <= SEGMENTS_MAX;
}

static bool add_segments(struct measuring *m)
{
	bool any = false;
	Elf64_Ehdr eh;
	Elf64_Phdr ph;
	uint16_t i;

	if (!read_header(m, &eh))
		return false;
	for (i = 0; i < eh.e_phnum; i++) {
		if (!read_at(m, eh.e_phoff + i * sizeof(ph), &ph, sizeof(ph)))
			return false;
		if (ph.p_type != PT_LOAD)
			continue;
		if (!add_segment(m, &ph))
			return false;
		any = true;
	}
	m->wrong = "it loads nothing";
	return any;
}

static bool measure_fd(struct measuring *m, uint8_t sha256[32])
{
	static const struct fc_params params = { .mechanism = HSM_CKM_SHA256 };
	size_t len = 0;
	bool ok;

	m->wrong = "the digest failed";
	if (fc_op_new(NULL, HSM_USE_DIGEST, &params, &m->op))
		return false;
	ok = add_segments(m) && !fc_op_final(m->op, NULL, 0, sha256, &len);
	fc_op_free(m->op);
	return ok && len == HSM_DIGEST_LEN;
}

bool measure_file(const char *path, uint8_t sha256[32], char *err, size_t err_len)
{
	struct measuring m = { .fd = open(path, O_RDONLY | O_CLOEXEC) };
	bool ok = false;

	if (m.fd < 0) {
		m.wrong = strerror(errno);
	} else {
		ok = measure_fd(&m, sha256);
		close(m.fd);
	}
	if (!ok && err_len)
		snprintf(err, err_len, "%s: cannot be measured: %s", path, m.wrong);
	return ok;
}

bool measure_self(void *opaque, uint8_t sha256[32])
{
	(void)opaque;
	return measure_file(SELF, sha256, NULL, 0);
}
