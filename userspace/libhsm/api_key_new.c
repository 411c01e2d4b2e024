// SPDX-License-Identifier: LGPL-2.1-or-later
/* api_key_new.c - keys: generate, put in and get out. */
#include "msg.h"

int hsm_key_gen_sym(struct hsm *h, uint32_t session, const struct hsm_key_spec *spec,
		    uint64_t *handle, struct hsm_result *res)
{
	struct msg m;

	msg_begin(&m, h, HSM_CMD_KEY_GEN_SYM, session, REPLY_ROOM);
	msg_spec(&m, spec);
	return msg_finish_handle(&m, handle, res);
}

int hsm_key_gen_pair(struct hsm *h, uint32_t session, const struct hsm_key_spec *spec,
		     uint64_t *pub, uint64_t *priv, struct hsm_result *res)
{
	const struct reply_field fields[] = {
		{ HSM_TAG_HANDLE_PUBLIC, 8, true, msg_put64, pub },
		{ HSM_TAG_HANDLE_PRIVATE, 8, true, msg_put64, priv },
	};
	struct msg m;

	*pub = 0;
	*priv = 0;
	msg_begin(&m, h, HSM_CMD_KEY_GEN_PAIR, session, REPLY_ROOM);
	msg_spec(&m, spec);
	return msg_finish(&m, fields, ARRAY_LEN(fields), res);
}

int hsm_key_gen_pbe(struct hsm *h, uint32_t session, const struct hsm_key_spec *spec,
		    const struct hsm_pbe *pbe, uint64_t *handle, struct hsm_result *res)
{
	struct msg m;

	msg_begin(&m, h, HSM_CMD_KEY_GEN_PBE, session, REPLY_ROOM);
	msg_bytes(&m, HSM_TAG_PASSWORD, pbe->password, pbe->password_len);
	msg_bytes(&m, HSM_TAG_SALT, pbe->salt, pbe->salt_len);
	msg_u32(&m, HSM_TAG_ITERATIONS, pbe->iterations);
	msg_spec(&m, spec);
	return msg_finish_handle(&m, handle, res);
}

int hsm_key_put_public(struct hsm *h, uint32_t session, const struct hsm_key_spec *spec,
		       const void *der, size_t len, uint64_t *handle, struct hsm_result *res)
{
	struct msg m;

	msg_begin(&m, h, HSM_CMD_KEY_PUT_PUBLIC, session, REPLY_ROOM);
	msg_bytes(&m, HSM_TAG_DATA, der, len);
	msg_spec(&m, spec);
	return msg_finish_handle(&m, handle, res);
}

static int get_bytes(struct hsm *h, uint16_t opcode, uint32_t session, uint64_t handle,
		     struct hsm_bytes *out, struct hsm_result *res)
{
	struct msg m;

	msg_begin(&m, h, opcode, session, REPLY_ROOM);
	msg_u64(&m, HSM_TAG_HANDLE, handle);
	return msg_finish_bytes(&m, HSM_TAG_DATA, out, NULL, res);
}

int hsm_key_get_public(struct hsm *h, uint32_t session, uint64_t handle, struct hsm_bytes *der,
		       struct hsm_result *res)
{
	return get_bytes(h, HSM_CMD_KEY_GET_PUBLIC, session, handle, der, res);
}

int hsm_key_mask(struct hsm *h, uint32_t session, uint64_t handle, struct hsm_bytes *masked,
		 struct hsm_result *res)
{
	return get_bytes(h, HSM_CMD_KEY_MASK, session, handle, masked, res);
}

int hsm_key_unmask(struct hsm *h, uint32_t session, const void *masked, size_t len,
		   const struct hsm_key_spec *spec, uint64_t *handle, struct hsm_result *res)
{
	struct msg m;

	msg_begin(&m, h, HSM_CMD_KEY_UNMASK, session, REPLY_ROOM);
	msg_bytes(&m, HSM_TAG_DATA, masked, len);
	msg_spec(&m, spec);
	return msg_finish_handle(&m, handle, res);
}
