// SPDX-License-Identifier: LGPL-2.1-or-later
/* api_card.c - the card itself: nop, information, certificates, random bytes, zeroize. */
#include <errno.h>
#include <string.h>

#include "msg.h"

int hsm_nop(struct hsm *h, struct hsm_result *res)
{
	struct msg m;

	msg_begin(&m, h, HSM_CMD_NOP, 0, REPLY_ROOM);
	return msg_finish(&m, NULL, 0, res);
}

#define CARD_TEXT(field) \
	{ offsetof(struct hsm_card_info, field), offsetof(struct hsm_card, field), 32 }
#define CARD_NUM(field, bytes) \
	{ offsetof(struct hsm_card_info, field), offsetof(struct hsm_card, field), bytes }

static const struct card_field {
	size_t wire;
	size_t host;
	size_t bytes;	/* 4, 8, or 32 for text */
} card_fields[] = {
	CARD_TEXT(label), CARD_TEXT(model), CARD_TEXT(serial), CARD_TEXT(manufacturer),
	CARD_TEXT(firmware_id), CARD_TEXT(build),
	CARD_NUM(node_id, 4), CARD_NUM(flags, 4), CARD_NUM(fips_state, 4), CARD_NUM(policy, 4),
	CARD_NUM(hw_major, 4), CARD_NUM(hw_minor, 4), CARD_NUM(fw_major, 4),
	CARD_NUM(fw_minor, 4),
	CARD_NUM(public_total, 8), CARD_NUM(public_free, 8), CARD_NUM(private_total, 8),
	CARD_NUM(private_free, 8),
	CARD_NUM(keys, 4), CARD_NUM(users, 4), CARD_NUM(sessions, 4), CARD_NUM(damaged, 4),
};

/* The card's text is not trusted to be terminated. */
static void card_field_put(uint8_t *dst, const uint8_t *value, size_t bytes)
{
	if (bytes == 4) {
		msg_put32(dst, value, bytes);
	} else if (bytes == 8) {
		msg_put64(dst, value, bytes);
	} else {
		memcpy(dst, value, bytes);
		dst[bytes - 1] = '\0';
	}
}

static int put_card(void *dst, const uint8_t *value, size_t len)
{
	(void)len;
	for (size_t i = 0; i < ARRAY_LEN(card_fields); i++)
		card_field_put((uint8_t *)dst + card_fields[i].host, value + card_fields[i].wire,
			       card_fields[i].bytes);
	return 0;
}

int hsm_card_info(struct hsm *h, struct hsm_card *card, struct hsm_result *res)
{
	const struct reply_field fields[] = {
		{ HSM_TAG_CARD, sizeof(struct hsm_card_info), true, put_card, card },
	};
	struct msg m;

	memset(card, 0, sizeof(*card));
	msg_begin(&m, h, HSM_CMD_CARD_INFO, 0, REPLY_ROOM);
	return msg_finish(&m, fields, ARRAY_LEN(fields), res);
}

int hsm_cert(struct hsm *h, uint32_t which, struct hsm_bytes *der, struct hsm_result *res)
{
	struct msg m;

	msg_begin(&m, h, HSM_CMD_CERT, 0, REPLY_ROOM);
	msg_u32(&m, HSM_TAG_CERT, which);
	return msg_finish_bytes(&m, HSM_TAG_DATA, der, NULL, res);
}

struct random_out {
	void *buf;
	size_t len;
};

static int put_random(void *dst, const uint8_t *value, size_t len)
{
	const struct random_out *out = dst;

	if (len != out->len)
		return -EPROTO;
	memcpy(out->buf, value, len);
	return 0;
}

int hsm_random(struct hsm *h, void *buf, size_t len, struct hsm_result *res)
{
	struct random_out out = { buf, len };
	const struct reply_field fields[] = {
		{ HSM_TAG_DATA, 0, true, put_random, &out },
	};
	struct msg m;

	msg_begin(&m, h, HSM_CMD_RANDOM, 0, REPLY_ROOM);
	msg_check(&m, len > 0 && len <= HSM_RANDOM_MAX);
	msg_u32(&m, HSM_TAG_LEN, (uint32_t)len);
	return msg_finish(&m, fields, ARRAY_LEN(fields), res);
}

int hsm_zeroize(struct hsm *h, uint32_t session, struct hsm_result *res)
{
	struct msg m;

	msg_begin(&m, h, HSM_CMD_ZEROIZE, session, REPLY_ROOM);
	return msg_finish(&m, NULL, 0, res);
}
