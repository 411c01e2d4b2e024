// SPDX-License-Identifier: LGPL-2.1-or-later
/* api_crypt.c - what is done with keys: whole, in parts, from a stream. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "msg.h"

static void crypt_put(struct msg *m, const struct hsm_crypt *c)
{
	msg_u32(m, HSM_TAG_USE, c->use);
	msg_u32(m, HSM_TAG_MECHANISM, c->mechanism);
	if (c->handle)
		msg_u64(m, HSM_TAG_HANDLE, c->handle);
	msg_maybe_u32(m, HSM_TAG_HASH, c->hash);
	msg_maybe(m, HSM_TAG_IV, c->iv, c->iv_len);
	msg_maybe(m, HSM_TAG_AAD, c->aad, c->aad_len);
	msg_maybe_u32(m, HSM_TAG_GCM_TAG_LEN, c->tag_len);
}

/* Room for the answer of @len bytes of data; it grows if it must. */
static size_t room_for(size_t len)
{
	return len + 1024 < REPLY_ROOM ? REPLY_ROOM : HSM_MSG_MAX;
}

/* The result is in SIGNATURE after SIGN, else in DATA; VERIFY has none. */
static int crypt_finish(struct msg *m, struct hsm_bytes *out, struct hsm_bytes *iv,
			struct hsm_result *res)
{
	struct hsm_bytes unasked = { 0 };
	const struct reply_field fields[] = {
		{ HSM_TAG_DATA, 0, false, msg_put_bytes, out },
		{ HSM_TAG_SIGNATURE, 0, false, msg_put_bytes, out },
		{ HSM_TAG_IV, 0, false, msg_put_bytes, iv ? iv : &unasked },
	};
	int rc;

	*out = (struct hsm_bytes){ 0 };
	if (iv)
		*iv = (struct hsm_bytes){ 0 };
	rc = msg_finish(m, fields, ARRAY_LEN(fields), res);
	hsm_bytes_clear(&unasked);
	if (!rc)
		return 0;
	hsm_bytes_clear(out);
	if (iv)
		hsm_bytes_clear(iv);
	return rc;
}

int hsm_crypt(struct hsm *h, uint32_t session, const struct hsm_crypt *c, const void *data,
	      size_t len, struct hsm_bytes *out, struct hsm_bytes *iv, struct hsm_result *res)
{
	struct msg m;

	msg_begin(&m, h, HSM_CMD_CRYPT, session, room_for(len));
	msg_check(&m, len <= HSM_CRYPT_MAX);
	crypt_put(&m, c);
	msg_bytes(&m, HSM_TAG_DATA, data, len);
	msg_maybe(&m, HSM_TAG_SIGNATURE, c->signature, c->signature_len);
	return crypt_finish(&m, out, iv, res);
}

int hsm_crypt_init(struct hsm *h, uint32_t session, const struct hsm_crypt *c,
		   uint32_t *operation, struct hsm_bytes *iv, struct hsm_result *res)
{
	struct hsm_bytes made = { 0 };
	const struct reply_field fields[] = {
		{ HSM_TAG_OPERATION, 4, true, msg_put32, operation },
		{ HSM_TAG_IV, 0, false, msg_put_bytes, &made },
	};
	struct msg m;
	int rc;

	*operation = 0;
	msg_begin(&m, h, HSM_CMD_CRYPT_INIT, session, REPLY_ROOM);
	crypt_put(&m, c);
	rc = msg_finish(&m, fields, ARRAY_LEN(fields), res);
	if (rc || !iv)
		hsm_bytes_clear(&made);
	if (iv)
		*iv = made;
	return rc;
}

int hsm_crypt_update(struct hsm *h, uint32_t session, uint32_t operation, const void *data,
		     size_t len, struct hsm_bytes *out, struct hsm_result *res)
{
	struct msg m;

	msg_begin(&m, h, HSM_CMD_CRYPT_UPDATE, session, room_for(len));
	msg_check(&m, len <= HSM_CRYPT_MAX);
	msg_u32(&m, HSM_TAG_OPERATION, operation);
	msg_bytes(&m, HSM_TAG_DATA, data, len);
	return crypt_finish(&m, out, NULL, res);
}

int hsm_crypt_final(struct hsm *h, uint32_t session, uint32_t operation, const void *signature,
		    size_t signature_len, struct hsm_bytes *out, struct hsm_result *res)
{
	struct msg m;

	msg_begin(&m, h, HSM_CMD_CRYPT_FINAL, session, REPLY_ROOM);
	msg_u32(&m, HSM_TAG_OPERATION, operation);
	msg_maybe(&m, HSM_TAG_SIGNATURE, signature, signature_len);
	return crypt_finish(&m, out, NULL, res);
}

/* Where the data of a stream comes from, and the part of it that is at hand. */
struct source {
	hsm_read_fn read;
	void *opaque;
	uint8_t *buf;		/* HSM_CRYPT_MAX bytes */
	size_t len;
	bool end;		/* nothing follows what is in @buf */
};

/* The next part, as large as it can be. 0 or -errno. */
static int source_fill(struct source *s)
{
	for (s->len = 0; !s->end && s->len < HSM_CRYPT_MAX;) {
		ssize_t n = s->read(s->opaque, s->buf + s->len, HSM_CRYPT_MAX - s->len);

		if (n < 0)
			return (int)n;
		s->end = !n;
		s->len += (size_t)n;
	}
	return 0;
}

/* The caller's data ended in an error: the operation must not stay open. */
static int abandon(struct hsm *h, uint32_t session, uint32_t operation, int err,
		   struct hsm_bytes *out, struct hsm_result *res)
{
	hsm_crypt_final(h, session, operation, NULL, 0, out, res);
	hsm_bytes_clear(out);
	*res = (struct hsm_result){ .rc = err, .bad_tag = HSM_NO_TAG };
	return err;
}

static int stream_parts(struct hsm *h, uint32_t session, const struct hsm_crypt *c,
			struct source *s, struct hsm_bytes *out, struct hsm_result *res)
{
	uint32_t operation;
	int rc;

	rc = hsm_crypt_init(h, session, c, &operation, NULL, res);
	while (!rc && s->len) {
		rc = hsm_crypt_update(h, session, operation, s->buf, s->len, out, res);
		hsm_bytes_clear(out);
		if (rc)
			return rc;
		rc = source_fill(s);
		if (rc)
			return abandon(h, session, operation, rc, out, res);
	}
	if (rc)
		return rc;
	return hsm_crypt_final(h, session, operation, c->signature, c->signature_len, out, res);
}

int hsm_crypt_stream(struct hsm *h, uint32_t session, const struct hsm_crypt *c,
		     hsm_read_fn read, void *opaque, struct hsm_bytes *out,
		     struct hsm_result *res)
{
	struct source s = { .read = read, .opaque = opaque, .buf = malloc(HSM_CRYPT_MAX) };
	struct hsm_result local;
	int rc;

	if (!res)
		res = &local;
	*out = (struct hsm_bytes){ 0 };
	*res = (struct hsm_result){ .bad_tag = HSM_NO_TAG };
	/* What a cipher gives part by part would be lost. */
	if (c->use == HSM_USE_ENCRYPT || c->use == HSM_USE_DECRYPT)
		rc = -EINVAL;
	else
		rc = s.buf ? source_fill(&s) : -ENOMEM;
	if (rc)
		res->rc = rc;
	else if (s.end)
		rc = hsm_crypt(h, session, c, s.buf, s.len, out, NULL, res);
	else
		rc = stream_parts(h, session, c, &s, out, res);
	if (s.buf)
		explicit_bzero(s.buf, HSM_CRYPT_MAX);
	free(s.buf);
	return rc;
}
