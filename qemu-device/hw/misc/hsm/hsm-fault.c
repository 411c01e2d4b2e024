/*
 * HSM card: fault injection, for tests of drivers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qapi/error.h"
#include "hsm.h"
#include "trace.h"

static const char *const hsm_fault_name[] = {
    [HSM_FAULT_NONE] = "none",
    [HSM_FAULT_DROP_CQE] = "drop-cqe",
    [HSM_FAULT_DROP_IRQ] = "drop-irq",
    [HSM_FAULT_STUCK] = "stuck",
    [HSM_FAULT_SLOW] = "slow",
    [HSM_FAULT_BAD_CID] = "bad-cid",
    [HSM_FAULT_STALE_CID] = "stale-cid",
    [HSM_FAULT_LONG_OUT] = "long-out",
};

/* One of a counted fault; false: it is another one, or used up. */
bool hsm_fault_take(HsmState *s, HsmFault fault)
{
    if (s->fault != fault) {
        return false;
    }
    trace_hsm_fault_injected(hsm_fault_name[fault], s->fault_arg);
    if (!--s->fault_arg) {
        s->fault = HSM_FAULT_NONE;
    }
    return true;
}

static char *hsm_fault_get(Object *obj, Error **errp)
{
    HsmState *s = HSM_PCI(obj);

    QEMU_LOCK_GUARD(&s->lock);
    if (s->fault == HSM_FAULT_NONE) {
        return g_strdup("none");
    }
    return g_strdup_printf("%s:%u", hsm_fault_name[s->fault], s->fault_arg);
}

static bool hsm_fault_parse(const char *text, HsmFault *fault, unsigned *arg)
{
    const char *colon = strchr(text, ':');
    size_t len = colon ? colon - text : strlen(text);

    for (unsigned i = 0; i < ARRAY_SIZE(hsm_fault_name); i++) {
        if (len != strlen(hsm_fault_name[i]) ||
            strncmp(text, hsm_fault_name[i], len)) {
            continue;
        }
        *fault = i;
        *arg = 0;
        if (i == HSM_FAULT_NONE) {
            return !colon;
        }
        return colon && !qemu_strtoui(colon + 1, NULL, 10, arg) && *arg;
    }
    return false;
}

static void hsm_fault_set(Object *obj, const char *text, Error **errp)
{
    HsmState *s = HSM_PCI(obj);
    HsmFault fault;
    unsigned arg;

    if (!hsm_fault_parse(text, &fault, &arg)) {
        error_setg(errp, "x-fault: '%s' is neither 'none' nor a fault and a "
                   "number above 0, as in 'drop-cqe:1'", text);
        return;
    }
    QEMU_LOCK_GUARD(&s->lock);
    s->fault = fault;
    s->fault_arg = arg;
}

void hsm_fault_class_init(ObjectClass *oc)
{
    object_class_property_add_str(oc, "x-fault", hsm_fault_get, hsm_fault_set);
    object_class_property_set_description(oc, "x-fault",
                                          "fault injection, none or FAULT:N");
}
