// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_wrap.c - KEY_WRAP. */
#include <string.h>

#include "key_numbers.h"
#include "key_use.h"
#include "reply.h"
#include "secmem.h"
#include "wrap_args.h"
#include "wrap_header.h"

struct job {
	struct wrap_args args;
	uint8_t iv[FC_GCM_IV_LEN];
	struct object *target;		/* a copy */
	struct key_hold target_key;	/* strict: for its strength */
	struct key_hold wrapper;
	bool warn;
	uint8_t *payload;
	size_t len;
};

/* Whether @o has the attributes that @tlvs, a wrap template, asks for. */
static int match_template(struct call *c, const struct object *o, struct bytes tlvs)
{
	uint8_t value[TLV_HEAD + 4];
	struct tlv_writer w;
	struct tlv_reader r;
	struct tlv t;

	tlv_read_init(&r, tlvs.p, tlvs.len);
	while (tlv_next(&r, &t)) {
		tlv_write_init(&w, value, sizeof(value));
		if (!attr_write(o, t.tag, &w) || w.full || w.len != TLV_HEAD + t.len ||
		    memcmp(value + TLV_HEAD, t.p, t.len))
			return call_bad(c, t.tag, HSM_RV_TEMPLATE_CONFLICT);
	}
	return 0;
}

static int check_target(struct call *c, const struct object *o, const struct object *wrapper)
{
	int rc = policy_key(c->ctx, o, KEY_MANAGE);

	if (!rc && o == wrapper)
		rc = HSM_RV_SELF_WRAP;
	if (!rc && key_kinds[o->kind].class == HSM_KEY_CLASS_PUBLIC)
		rc = HSM_RV_BAD_KEY_TYPE;
	if (!rc)
		rc = policy_leave(c->fw, o);
	return rc ? call_bad(c, HSM_TAG_HANDLE, rc) : 0;
}

static int check_wrapper(struct call *c, const struct job *j, const struct object *o,
			 const struct object *wrapper)
{
	int rc = policy_use(c->fw, wrapper, BIT_WRAP);

	if (!rc)
		rc = new_key_fips(c, wrapper->kind, object_curve(wrapper));
	if (!rc && object_flag(o, BIT_WRAP_WITH_TRUSTED) && !object_flag(wrapper, BIT_TRUSTED))
		rc = HSM_RV_NOT_TRUSTED;
	if (rc)
		return call_bad(c, HSM_TAG_WRAP_HANDLE, rc);
	rc = match_template(c, o, object_wrap_template(wrapper));
	return rc ? rc : wrap_args_key(c, &j->args, wrapper);
}

/* The rule of the strict policy is a warning in the faithful one: once for each key. */
static bool warns(const struct fw *fw, struct object *wrapper)
{
	return fw->policy == FW_POLICY_FAITHFUL && object_flag(wrapper, BIT_DECRYPT) &&
	       !atomic_exchange(&wrapper->warned, true);
}

/* fw.lock held: what is to be known of the two keys. */
static int look(struct call *c, struct job *j)
{
	struct object *o, *wrapper;
	int rc = key_find(c, HSM_TAG_HANDLE, KEY_SEE, &o);

	if (!rc)
		rc = key_find(c, HSM_TAG_WRAP_HANDLE, KEY_SEE, &wrapper);
	if (!rc)
		rc = check_target(c, o, wrapper);
	if (!rc)
		rc = check_wrapper(c, j, o, wrapper);
	if (!rc)
		rc = key_quorum(c, HSM_TAG_HANDLE, o, HSM_SERVICE_KEY_MGMT);
	if (!rc)
		rc = key_quorum(c, HSM_TAG_WRAP_HANDLE, wrapper, HSM_SERVICE_KEY_USE);
	if (rc)
		return rc;
	j->warn = warns(c->fw, wrapper);
	j->target = object_copy(o);
	rc = j->target ? key_hold(c, wrapper, &j->wrapper) : HSM_RV_NO_MEMORY;
	if (!rc && c->fw->policy == FW_POLICY_STRICT)
		rc = key_hold(c, o, &j->target_key);
	return rc;
}

/* What takes time: decoding, encoding. */
static int prepare(struct call *c, struct job *j)
{
	int rc = key_ready(c, &j->wrapper);

	if (!rc && c->fw->policy == FW_POLICY_STRICT) {
		rc = key_ready(c, &j->target_key);
		if (!rc && fc_key_strength(j->target_key.key) > fc_key_strength(j->wrapper.key))
			rc = call_bad(c, HSM_TAG_WRAP_HANDLE, HSM_RV_STRICT_POLICY);
	}
	if (!rc)
		rc = object_payload(j->target, &j->payload, &j->len);
	if (!rc && j->args.mech->makes_iv) {
		j->args.wrap.iv = j->iv;
		j->args.wrap.iv_len = sizeof(j->iv);
		rc = fc_random(j->iv, sizeof(j->iv)) ? 0 : HSM_RV_CRYPTO_FAILED;
	}
	return rc;
}

static bool iv_apart(const struct job *j)
{
	return j->args.mech->number == HSM_WRAP_AES_GCM;
}

static bool put_header(const struct job *j, uint8_t *out)
{
	const struct object *o = j->target;
	struct bytes label = object_label(o);
	struct wrap_header h = {
		.mechanism = (uint16_t)j->args.mech->number,
		.class = key_kinds[o->kind].class,
		.key_type = key_kinds[o->kind].key_type,
		.flags = o->flags,
		.value_len = (uint32_t)j->len,
		.hash = j->args.wrap.hash,
		.tag_len = (uint8_t)j->args.wrap.tag_len,
		.iv_len = iv_apart(j) ? sizeof(j->iv) : 0,
		.label_len = (uint8_t)label.len,
	};

	memcpy(h.iv, j->iv, h.iv_len);
	memcpy(h.kcv, o->kcv, sizeof(h.kcv));
	memcpy(h.label, label.p, label.len);
	wrap_header_encode(&h, out);
	return wrap_header_mac(out, j->payload, j->len, out + WRAP_HEADER_LEN - WRAP_HEADER_MAC_LEN);
}

static int wrap(struct call *c, struct job *j)
{
	size_t head = j->args.header ? WRAP_HEADER_LEN : 0, len = 0;
	size_t room = head + fc_wrap_room(j->wrapper.key, &j->args.wrap, j->len);
	uint8_t *out;
	int rc;

	rc = reply_begin(c, HSM_TAG_DATA, room, iv_apart(j) ? TLV_HEAD + sizeof(j->iv) : 0, &out);
	if (rc)
		return rc;
	rc = fc_wrap(j->wrapper.key, &j->args.wrap, j->payload, j->len, out + head, &len);
	if (rc == HSM_RV_DATA_LENGTH)
		call_bad(c, HSM_TAG_HANDLE, rc);
	if (!rc && head && !put_header(j, out))
		rc = HSM_RV_CRYPTO_FAILED;
	reply_end(c, out, room, rc ? 0 : head + len);
	if (!rc && iv_apart(j))
		tlv_put(&c->out, HSM_TAG_IV, j->iv, sizeof(j->iv));
	return rc;
}

static void warn(struct call *c)
{
	fw_log(c->fw, FW_LOG_WARNING,
	       "KEY_WRAP: key %llu wraps keys and may decrypt what it wrapped",
	       (unsigned long long)call_u64(c, HSM_TAG_WRAP_HANDLE));
}

int cmd_key_wrap(struct call *c)
{
	struct job j = { 0 };
	int rc = wrap_args(c, WRAPS, !call_bool(c, HSM_TAG_NO_HEADER, false), &j.args);

	if (rc)
		return rc;
	fw_lock_read(c->fw);
	rc = look(c, &j);
	fw_unlock(c->fw);
	if (j.warn)
		warn(c);
	if (!rc)
		rc = prepare(c, &j);
	if (!rc)
		rc = wrap(c, &j);
	secmem_free(j.payload);
	object_free(j.target);
	key_let_go(&j.target_key);
	key_let_go(&j.wrapper);
	return rc;
}
