/*
 * HSM card: the tamper sensor, a property that the machine's monitor writes
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "qapi/error.h"
#include "hsm.h"
#include "trace.h"

static char *hsm_tamper_get(Object *obj, Error **errp)
{
    return g_strdup(HSM_PCI(obj)->tamper ?: "");
}

/* The reason goes into a line of the log. */
static bool hsm_reason_good(const char *text, Error **errp)
{
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i++) {
        if (!g_ascii_isprint(text[i])) {
            error_setg(errp, "tamper: character %zu is not printable ASCII",
                       i + 1);
            return false;
        }
    }
    if (!len || len > HSM_REASON_MAX) {
        error_setg(errp, "tamper: the reason has %zu characters, use 1 to %u",
                   len, HSM_REASON_MAX);
        return false;
    }
    return true;
}

/*
 * Under the BQL, as everything that ends the firmware. Does not wait for
 * commands that run: the last of them does the work.
 */
static void hsm_tamper_set(Object *obj, const char *text, Error **errp)
{
    HsmState *s = HSM_PCI(obj);

    if (!hsm_reason_good(text, errp)) {
        return;
    }
    if (!s->fw || s->gone) {
        error_setg(errp, "tamper: the card is not there");
        return;
    }
    if (s->tamper) {
        error_setg(errp, "tamper: the card was tampered with already: %s",
                   s->tamper);
        return;
    }
    trace_hsm_tamper(text);
    warn_report("hsm-pci: card %s was tampered with: %s", s->serial, text);
    qatomic_set(&s->tamper, g_strdup(text));
    fw_tamper(s->fw);
    qemu_bh_schedule(s->event_bh);
}

void hsm_tamper_class_init(ObjectClass *oc)
{
    object_class_property_add_str(oc, "tamper", hsm_tamper_get, hsm_tamper_set);
    object_class_property_set_description(oc, "tamper",
                                          "write a reason: destroys all keys");
}
