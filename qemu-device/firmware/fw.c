// SPDX-License-Identifier: GPL-2.0-or-later
/* fw.c - life of the firmware. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "crypto.h"
#include "fw_int.h"
#include "funnel.h"
#include "identity.h"
#include "key_cache.h"
#include "members.h"
#include "replica.h"
#include "secmem.h"
#include "store.h"
#include "transport.h"

#define LOG_LINE 256

void fw_log(struct fw *fw, enum fw_log_level level, const char *format, ...)
{
	char line[LOG_LINE];
	va_list ap;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	fw->platform.log(fw->platform.opaque, level, line);
}

static const char *check_config(const struct fw_config *cfg)
{
	size_t len = cfg->serial ? strlen(cfg->serial) : 0;

	if (!cfg->platform || cfg->platform->size < sizeof(struct fw_platform))
		return "the host's services are of another version";
	if (!cfg->store)
		return "no key store";
	if (!cfg->secret || !cfg->secret_len)
		return "the secret that seals the key store is empty";
	if (!len || len > FW_SERIAL_MAX)
		return "the serial number must have 1 to 31 characters";
	return NULL;
}

static bool make_locks(struct fw *fw)
{
	fw->lock = fw->platform.lock_new(fw->platform.opaque);
	fw->commit = fw->platform.lock_new(fw->platform.opaque);
	return fw->lock && fw->commit;
}

/* An account that no password opens, for hashing against when a name is unknown. */
static bool make_nobody(struct fw *fw)
{
	fw->nobody.iterations = USER_ITERATIONS;
	return fc_random(fw->nobody.salt, sizeof(fw->nobody.salt)) &&
	       fc_random(fw->nobody.hash, sizeof(fw->nobody.hash));
}

static bool keep_secret(struct fw *fw, const struct fw_config *cfg)
{
	fw->secret = (struct bytes){ secmem_dup(cfg->secret, cfg->secret_len), cfg->secret_len };
	return fw->secret.p;
}

static bool make_cache(struct fw *fw)
{
	fw->objects.prepared = key_cache_new(&fw->platform, fw->seed);
	return fw->objects.prepared;
}

static bool make_tables(struct fw *fw)
{
	return fc_random(&fw->seed, sizeof(fw->seed)) && index_init(&fw->contexts) &&
	       index_init(&fw->changing) &&
	       object_table_init(&fw->objects, fw->seed) && make_cache(fw) &&
	       make_nobody(fw) && transport_new_key(fw);
}

static void free_lock(struct fw *fw, void *lock)
{
	if (lock)
		fw->platform.lock_free(fw->platform.opaque, lock);
}

static void free_all(struct fw *fw)
{
	funnel_free(fw->funnel);
	quorum_free(fw);
	audit_free(fw);
	replica_free(fw);
	members_free(fw->members);
	object_table_free(&fw->objects);
	key_cache_free(fw->objects.prepared);
	transport_free(fw);
	user_table_free(&fw->users);
	index_free(&fw->contexts);
	index_free(&fw->changing);
	identity_free(fw->identity);
	seal_free(fw->seal);
	free_lock(fw, fw->lock);
	free_lock(fw, fw->commit);
	secmem_free((void *)fw->secret.p);
	secmem_free(fw);
}

static bool make_members(struct fw *fw, const struct fw_config *cfg)
{
	fw->members = members_new(cfg);
	fw->funnel = funnel_new(fw);
	return fw->members && fw->funnel;
}

static bool join(struct fw *fw, char *err, size_t err_len)
{
	if (replica_start(fw, err, err_len))
		return true;
	fw->store->ops->stop(fw->store);
	return false;
}

struct fw *fw_new(const struct fw_config *cfg, char *err, size_t err_len)
{
	const char *wrong = check_config(cfg);
	struct fw *fw;

	if (!wrong) {
		wrong = fc_selftest(NULL);
		if (wrong) {
			snprintf(err, err_len, "self-test failed: %s", wrong);
			return NULL;
		}
	}
	fw = wrong ? NULL : secmem_alloc(sizeof(*fw));
	if (!fw) {
		snprintf(err, err_len, "%s", wrong ? wrong : "out of memory");
		return NULL;
	}
	fw->platform = *cfg->platform;
	fw->store = cfg->store;
	fw->node_id = cfg->node_id;
	fw->policy = cfg->policy;
	fw->fips = cfg->fips;
	fw->open_zeroize = cfg->open_zeroize;
	memcpy(fw->serial, cfg->serial, strlen(cfg->serial));
	snprintf(err, err_len, "out of memory");
	if (make_locks(fw) && make_tables(fw) && keep_secret(fw, cfg) &&
	    make_members(fw, cfg) && replica_new(fw, cfg) &&
	    fw_load(fw, cfg->leave_cluster, err, err_len) && join(fw, err, err_len))
		return fw;
	free_all(fw);
	return NULL;
}

void fw_free(struct fw *fw)
{
	if (!fw)
		return;
	ctx_close_all(fw);
	funnel_close(fw);
	replica_stop(fw);
	funnel_look(fw);
	wipe_leftovers(fw);
	fw->store->ops->stop(fw->store);
	free_all(fw);
}

void fw_reset(struct fw *fw)
{
	ctx_close_all(fw);
	if (!fc_reseed())
		fw_log(fw, FW_LOG_ERROR, "reset: the random generator could not be seeded again");
	if (!transport_new_key(fw))
		fw_log(fw, FW_LOG_ERROR, "reset: no new transport key");
}

bool fw_random(struct fw *fw, void *buf, size_t len)
{
	return fw_gate_status(fw) != HSM_RV_CARD_TAMPERED && fc_random(buf, len);
}
