// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_info.c - NOP, CARD_INFO, RANDOM. */
#include <string.h>

#include "call.h"
#include "crypto.h"
#include "secmem.h"

#define CARD_LABEL		"hsm"
#define CARD_MODEL		"HSM-PCI virtual card"
#define CARD_MANUFACTURER	"HSM-PCI project"
#define CARD_FIRMWARE_ID	"HSM-PCI-FW-1.00"
#define CARD_BUILD		"1"
#define CARD_HW_MAJOR		1
#define CARD_HW_MINOR		0

int cmd_nop(struct call *c)
{
	(void)c;
	return HSM_RV_SUCCESS;
}

static void put_text(uint8_t to[32], const char *text)
{
	memcpy(to, text, strlen(text));
}

/* A field of the wire structure @info, which has no padding to leak. */
#define PUT32(info, field, v) \
	put_le32((info) + offsetof(struct hsm_card_info, field), (uint32_t)(v))
#define PUT64(info, field, v) \
	put_le64((info) + offsetof(struct hsm_card_info, field), (uint64_t)(v))

static void put_counts(struct fw *fw, uint8_t *info)
{
	fw_lock_read(fw);
	PUT64(info, public_total, OBJECT_BUDGET);
	PUT64(info, public_free, OBJECT_BUDGET - fw->objects.bytes);
	PUT32(info, keys, fw->objects.live);
	PUT32(info, users, fw->users.live);
	PUT32(info, sessions, fw->sessions);
	PUT32(info, damaged, fw->damaged);
	fw_unlock(fw);
}

int cmd_card_info(struct call *c)
{
	uint8_t *info = tlv_reserve(&c->out, HSM_TAG_CARD, sizeof(struct hsm_card_info));
	struct fw *fw = c->fw;
	size_t total = secmem_total(), used = secmem_used();

	memset(info, 0, sizeof(struct hsm_card_info));
	put_text(info + offsetof(struct hsm_card_info, label), CARD_LABEL);
	put_text(info + offsetof(struct hsm_card_info, model), CARD_MODEL);
	put_text(info + offsetof(struct hsm_card_info, serial), fw->serial);
	put_text(info + offsetof(struct hsm_card_info, manufacturer), CARD_MANUFACTURER);
	put_text(info + offsetof(struct hsm_card_info, firmware_id), CARD_FIRMWARE_ID);
	put_text(info + offsetof(struct hsm_card_info, build), CARD_BUILD);
	PUT32(info, node_id, fw->node_id);
	PUT32(info, fips_state, fw->fips ? 2 : 0);
	PUT32(info, policy, fw->policy);
	PUT32(info, hw_major, CARD_HW_MAJOR);
	PUT32(info, hw_minor, CARD_HW_MINOR);
	PUT32(info, fw_major, FW_VERSION_MAJOR);
	PUT32(info, fw_minor, FW_VERSION_MINOR);
	PUT64(info, private_total, total);
	PUT64(info, private_free, used < total ? total - used : 0);
	put_counts(fw, info);
	return HSM_RV_SUCCESS;
}

int cmd_random(struct call *c)
{
	uint32_t len = call_u32(c, HSM_TAG_LEN, 0);
	int rc = call_room(c, TLV_HEAD + len);
	uint8_t *p;

	if (rc)
		return rc;
	p = tlv_reserve(&c->out, HSM_TAG_DATA, len);
	return fc_random(p, len) ? HSM_RV_SUCCESS : HSM_RV_CRYPTO_FAILED;
}
