/*
 * HSM card: the firmware's host - key store, secret, clock, log
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <sys/prctl.h>
#include <sys/resource.h>
#include "qemu/error-report.h"
#include "qapi/error.h"
#include "crypto/random.h"
#include "crypto/secret.h"
#include "system/runstate.h"
#include "system/runstate-action.h"
#include "cluster_host.h"
#include "hsm/hsm_cluster.h"
#include "hsm.h"
#include "posix.h"
#include "store.h"

#define HSM_KEY_BYTES   32
#define HSM_ERR_MAX     256
#define HSM_JOIN_MS     10000

static void hsm_log(void *opaque, enum fw_log_level level, const char *line)
{
    if (level == FW_LOG_ERROR) {
        error_report("hsm-pci: %s", line);
    } else if (level == FW_LOG_WARNING) {
        warn_report("hsm-pci: %s", line);
    } else {
        info_report("hsm-pci: %s", line);
    }
}

/* The key file beside a store that was given no secret. */
static bool hsm_key_file(HsmState *s, uint8_t *key, Error **errp)
{
    g_autofree char *path = g_strconcat(s->keystore, ".key", NULL);
    char err[HSM_ERR_MAX];
    struct stat store, file;
    bool made;

    if (stat(path, &file) && !stat(s->keystore, &store) && store.st_size) {
        error_setg(errp, "keystore '%s' exists, but neither secret= nor its "
                   "key file '%s' does", s->keystore, path);
        return false;
    }
    if (!posix_key_file(path, key, &made, err, sizeof(err))) {
        error_setg(errp, "%s", err);
        return false;
    }
    warn_report("hsm-pci: no secret= given: keystore '%s' is sealed with the "
                "%s key file '%s'", s->keystore, made ? "new" : "existing",
                path);
    return true;
}

static bool hsm_secret(HsmState *s, uint8_t **key, size_t *len, Error **errp)
{
    if (s->secret) {
        if (qcrypto_secret_lookup(s->secret, key, len, errp) < 0) {
            error_prepend(errp, "secret: ");
            return false;
        }
        if (!*len) {
            error_setg(errp, "secret '%s' is empty", s->secret);
            return false;
        }
        return true;
    }
    *len = HSM_KEY_BYTES;
    *key = g_malloc(HSM_KEY_BYTES);
    if (!s->keystore) {
        return qcrypto_random_bytes(*key, *len, errp) == 0;
    }
    return hsm_key_file(s, *key, errp);
}

static bool hsm_store_open(HsmState *s, Error **errp)
{
    char err[HSM_ERR_MAX] = "out of memory";

    s->store = s->keystore ? store_sqlite_open(s->keystore, err, sizeof(err))
                           : store_mem_open();
    if (!s->store) {
        error_setg(errp, "keystore: %s", err);
    }
    return s->store;
}

static bool hsm_cluster_open(HsmState *s, bool *leave, Error **errp)
{
    char err[POSIX_CLUSTER_ERR_MAX] = "out of memory";

    if (posix_cluster_open(s->cluster, &s->engine, leave, err, sizeof(err))) {
        return true;
    }
    error_setg(errp, "%s", err);
    return false;
}

/*
 * A card that a guest finds should be a member already: what it would answer
 * before is "unavailable". One that may not be a member must not be there.
 */
static bool hsm_cluster_join(HsmState *s, Error **errp)
{
    char why[POSIX_CLUSTER_ERR_MAX] = "";

    switch (posix_cluster_wait(s->fw, HSM_JOIN_MS, why, sizeof(why))) {
    case HSM_MEMBERSHIP_REFUSED:
        error_setg(errp, "cluster=%s: refused: %s", s->cluster, why);
        return false;
    case HSM_MEMBERSHIP_JOINING:
        warn_report("hsm-pci: cluster=%s has not let the card in within %d s, "
                    "it goes on trying: %s", s->cluster, HSM_JOIN_MS / 1000,
                    *why ? why : "no answer");
    }
    return true;
}

/*
 * QEMU ends without taking devices away. The others need not wait for the
 * card's lease to end when it is known that the card is gone.
 */
static void hsm_cluster_off(Notifier *off, void *cause)
{
    HsmState *s = container_of(off, HsmState, off);

    if (shutdown_action == SHUTDOWN_ACTION_POWEROFF) {
        s->engine->ops->stop(s->engine);
    }
}

static bool hsm_firmware_start(HsmState *s, const uint8_t *key, size_t len,
                               bool leave, Error **errp)
{
    char err[HSM_ERR_MAX] = "";
    const struct fw_config cfg = {
        .platform = &s->platform,
        .store = s->store,
        .secret = key,
        .secret_len = len,
        .serial = s->serial,
        .node_id = s->node_id,
        .policy = strcmp(s->policy, "strict") ? FW_POLICY_FAITHFUL
                                              : FW_POLICY_STRICT,
        .fips = s->fips,
        .open_zeroize = !strcmp(s->zeroize, "anyone"),
        .cluster = s->engine,
        .address = s->address,
        .leave_cluster = leave,
    };

    s->fw = fw_new(&cfg, err, sizeof(err));
    if (!s->fw) {
        error_setg(errp, "firmware: %s", err);
    }
    return s->fw && hsm_cluster_join(s, errp);
}

bool hsm_firmware_open(HsmState *s, Error **errp)
{
    uint8_t *key = NULL;
    size_t len = 0;
    bool ok, leave;

    s->platform = fw_platform_posix;
    s->platform.log = hsm_log;
    ok = hsm_cluster_open(s, &leave, errp) &&
         hsm_secret(s, &key, &len, errp) && hsm_store_open(s, errp) &&
         hsm_firmware_start(s, key, len, leave, errp);
    if (key) {
        hsm_wipe(key, len);
        g_free(key);
    }
    if (!ok) {
        hsm_firmware_close(s);
    } else if (s->engine) {
        s->off.notify = hsm_cluster_off;
        qemu_register_shutdown_notifier(&s->off);
    }
    return ok;
}

void hsm_firmware_close(HsmState *s)
{
    if (s->off.notify) {
        notifier_remove(&s->off);
        s->off.notify = NULL;
    }
    fw_free(s->fw);
    s->fw = NULL;
    posix_cluster_close(s->engine);
    s->engine = NULL;
    if (s->store) {
        s->store->ops->close(s->store);
    }
    s->store = NULL;
}

/* Of the whole process, and for good: keys in use are all over its heap. */
void hsm_forbid_core_dump(void)
{
    const struct rlimit none = { 0, 0 };

    if (setrlimit(RLIMIT_CORE, &none) || prctl(PR_SET_DUMPABLE, 0)) {
        warn_report("hsm-pci: core dumps cannot be switched off: %s",
                    strerror(errno));
    }
}
