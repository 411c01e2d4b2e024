// SPDX-License-Identifier: LGPL-2.1-or-later
/* api_wrap.c - wrapped keys, unwrap templates, wrapping for the host. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "envelope.h"
#include "msg.h"

static void wrap_put(struct msg *m, uint64_t wrap_handle, const struct hsm_wrap *w)
{
	msg_u64(m, HSM_TAG_WRAP_HANDLE, wrap_handle);
	msg_u32(m, HSM_TAG_WRAP_MECHANISM, w->mechanism);
	msg_maybe(m, HSM_TAG_IV, w->iv, w->iv_len);
}

/* What only keys of the card take. */
static void wrap_put_key(struct msg *m, uint64_t wrap_handle, const struct hsm_wrap *w)
{
	const uint8_t yes = 1;

	wrap_put(m, wrap_handle, w);
	msg_maybe_u32(m, HSM_TAG_HASH, w->hash);
	msg_maybe(m, HSM_TAG_AAD, w->aad, w->aad_len);
	msg_maybe_u32(m, HSM_TAG_GCM_TAG_LEN, w->tag_len);
	if (w->no_header)
		msg_bytes(m, HSM_TAG_NO_HEADER, &yes, sizeof(yes));
}

int hsm_key_wrap(struct hsm *h, uint32_t session, uint64_t handle, uint64_t wrap_handle,
		 const struct hsm_wrap *w, struct hsm_bytes *wrapped, struct hsm_bytes *iv,
		 struct hsm_result *res)
{
	struct msg m;

	msg_begin(&m, h, HSM_CMD_KEY_WRAP, session, 2 * REPLY_ROOM);
	msg_u64(&m, HSM_TAG_HANDLE, handle);
	wrap_put_key(&m, wrap_handle, w);
	return msg_finish_bytes(&m, HSM_TAG_DATA, wrapped, iv, res);
}

int hsm_key_unwrap(struct hsm *h, uint32_t session, uint64_t wrap_handle,
		   const struct hsm_wrap *w, const void *wrapped, size_t len,
		   const struct hsm_key_spec *spec, uint64_t *handle, struct hsm_result *res)
{
	struct msg m;

	msg_begin(&m, h, HSM_CMD_KEY_UNWRAP, session, REPLY_ROOM);
	wrap_put_key(&m, wrap_handle, w);
	msg_maybe_u32(&m, HSM_TAG_TEMPLATE, w->templ);
	msg_bytes(&m, HSM_TAG_DATA, wrapped, len);
	msg_spec(&m, spec);
	return msg_finish_handle(&m, handle, res);
}

int hsm_template(struct hsm *h, uint32_t session, const struct hsm_attr *attrs, size_t n_attrs,
		 uint32_t *templ, struct hsm_result *res)
{
	const struct reply_field fields[] = {
		{ HSM_TAG_TEMPLATE, 4, true, msg_put32, templ },
	};
	struct msg m;

	*templ = 0;
	msg_begin(&m, h, HSM_CMD_TEMPLATE, session, REPLY_ROOM);
	msg_attrs(&m, attrs, n_attrs);
	return msg_finish(&m, fields, ARRAY_LEN(fields), res);
}

static int put_point(void *dst, const uint8_t *value, size_t len)
{
	memcpy(dst, value, len);
	return 0;
}

/* The card's transport key of this power-on. */
static int transport_key(struct hsm *h, uint32_t session, uint8_t point[POINT_LEN],
			 struct hsm_result *res)
{
	const struct reply_field fields[] = {
		{ HSM_TAG_POINT, POINT_LEN, true, put_point, point },
	};
	struct msg m;

	msg_begin(&m, h, HSM_CMD_TRANSPORT_KEY, session, REPLY_ROOM);
	return msg_finish(&m, fields, ARRAY_LEN(fields), res);
}

static int host_wrap(struct hsm *h, uint32_t session, uint64_t wrap_handle,
		     const struct hsm_wrap *w, const struct envelope *e, const void *plain,
		     size_t len, struct hsm_bytes *wrapped, struct hsm_result *res)
{
	uint8_t card[POINT_LEN], sealed[HSM_HOST_WRAP_MAX + TAG_LEN];
	struct msg m;
	int rc;

	rc = transport_key(h, session, card, res);
	if (rc)
		return rc;
	msg_begin(&m, h, HSM_CMD_HOST_WRAP, session, 2 * REPLY_ROOM);
	rc = envelope_seal(e, card, plain, len, sealed);
	if (rc && !m.err)
		m.err = rc;
	wrap_put(&m, wrap_handle, w);
	msg_bytes(&m, HSM_TAG_POINT, e->point, POINT_LEN);
	msg_bytes(&m, HSM_TAG_DATA, sealed, len + TAG_LEN);
	return msg_finish_bytes(&m, HSM_TAG_DATA, wrapped, NULL, res);
}

/* Refused before anything is sent: reports @rc as the outcome. */
static int not_sent(int rc, struct hsm_result *res)
{
	*res = (struct hsm_result){ .rc = rc, .bad_tag = HSM_NO_TAG };
	return rc;
}

int hsm_host_wrap(struct hsm *h, uint32_t session, uint64_t wrap_handle,
		  const struct hsm_wrap *w, const void *plain, size_t len,
		  struct hsm_bytes *wrapped, struct hsm_result *res)
{
	struct hsm_result local;
	struct envelope e;
	int rc;

	if (!res)
		res = &local;
	*wrapped = (struct hsm_bytes){ 0 };
	if (!len || len > HSM_HOST_WRAP_MAX)
		return not_sent(-EINVAL, res);
	rc = envelope_begin(&e, HSM_CMD_HOST_WRAP, session, wrap_handle);
	if (rc)
		return not_sent(rc, res);
	rc = host_wrap(h, session, wrap_handle, w, &e, plain, len, wrapped, res);
	envelope_end(&e);
	return rc;
}

/* Opens what the card sealed for us; the plaintext is the caller's. */
static int take_plain(const struct envelope *e, const uint8_t card[POINT_LEN],
		      const struct hsm_bytes *sealed, struct hsm_bytes *plain)
{
	int rc;

	if (sealed->len <= TAG_LEN)
		return -EPROTO;
	plain->p = malloc(sealed->len - TAG_LEN);
	if (!plain->p)
		return -ENOMEM;
	plain->len = sealed->len - TAG_LEN;
	rc = envelope_open(e, card, sealed->p, sealed->len, plain->p);
	if (rc)
		hsm_bytes_clear(plain);
	return rc;
}

static int host_unwrap(struct hsm *h, uint32_t session, uint64_t wrap_handle,
		       const struct hsm_wrap *w, const struct envelope *e, const void *wrapped,
		       size_t len, struct hsm_bytes *plain, struct hsm_result *res)
{
	uint8_t card[POINT_LEN];
	struct hsm_bytes sealed = { 0 };
	const struct reply_field fields[] = {
		{ HSM_TAG_POINT, POINT_LEN, true, put_point, card },
		{ HSM_TAG_DATA, 0, true, msg_put_bytes, &sealed },
	};
	struct msg m;

	msg_begin(&m, h, HSM_CMD_HOST_UNWRAP, session, 2 * REPLY_ROOM);
	wrap_put(&m, wrap_handle, w);
	msg_bytes(&m, HSM_TAG_POINT, e->point, POINT_LEN);
	msg_bytes(&m, HSM_TAG_DATA, wrapped, len);
	if (!msg_finish(&m, fields, ARRAY_LEN(fields), res))
		res->rc = take_plain(e, card, &sealed, plain);
	hsm_bytes_clear(&sealed);
	return res->rc;
}

int hsm_host_unwrap(struct hsm *h, uint32_t session, uint64_t wrap_handle,
		    const struct hsm_wrap *w, const void *wrapped, size_t len,
		    struct hsm_bytes *plain, struct hsm_result *res)
{
	struct hsm_result local;
	struct envelope e;
	int rc;

	if (!res)
		res = &local;
	*plain = (struct hsm_bytes){ 0 };
	rc = envelope_begin(&e, HSM_CMD_HOST_UNWRAP, session, wrap_handle);
	if (rc)
		return not_sent(rc, res);
	rc = host_unwrap(h, session, wrap_handle, w, &e, wrapped, len, plain, res);
	envelope_end(&e);
	return rc;
}
