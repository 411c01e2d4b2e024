/*
 * HSM card: PCI device, properties, life
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The card is specified in qemu-device/docs/hsm-device.rst.
 */

#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "qemu/module.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "hw/pci/msix.h"
#include "hw/pci/pci_bus.h"
#include "hw/pci/pcie.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "cluster_host.h"
#include "hsm-hostile.h"
#include "trace.h"

static const char *const hsm_stat_name[HSM_STAT_COUNT] = {
    [HSM_STAT_COMMANDS] = "commands",
    [HSM_STAT_COMPLETIONS] = "completions",
    [HSM_STAT_INTERRUPTS] = "interrupts",
    [HSM_STAT_WAKEUPS] = "wakeups",
    [HSM_STAT_DOORBELL_ERRORS] = "doorbell-errors",
    [HSM_STAT_GUEST_ERRORS] = "guest-errors",
    [HSM_STAT_ABORTS] = "aborts",
    [HSM_STAT_TIMEOUTS] = "timeouts",
    [HSM_STAT_FAULTS] = "faults",
    [HSM_STAT_RESETS] = "resets",
    [HSM_STAT_STALE] = "stale",
};

static bool hsm_one_of(const char *name, const char *value,
                       const char *const *choices, Error **errp)
{
    g_autofree char *list = NULL;

    if (g_strv_contains(choices, value)) {
        return true;
    }
    list = g_strjoinv("', '", (char **)choices);
    error_setg(errp, "%s='%s' is not known, use '%s'", name, value, list);
    return false;
}

static bool hsm_in_range(const char *name, uint32_t value, uint32_t max,
                         Error **errp)
{
    if (value >= 1 && value <= max) {
        return true;
    }
    error_setg(errp, "%s=%u is out of range, use 1 to %u", name, value, max);
    return false;
}

static bool hsm_check_serial(HsmState *s, Error **errp)
{
    size_t len;

    if (!s->serial) {
        s->serial = g_strdup_printf("HSM%08u", s->node_id);
    }
    len = strlen(s->serial);
    for (size_t i = 0; i < len; i++) {
        if (!g_ascii_isprint(s->serial[i])) {
            error_setg(errp, "serial: character %zu is not printable ASCII",
                       i + 1);
            return false;
        }
    }
    if (!len || len > HSM_SERIAL_MAX) {
        error_setg(errp, "serial has %zu characters, use 1 to %u", len,
                   HSM_SERIAL_MAX);
        return false;
    }
    return true;
}

static bool hsm_check_address(HsmState *s, Error **errp)
{
    char err[POSIX_CLUSTER_ERR_MAX];

    if (posix_address_check(s->address, err, sizeof(err))) {
        return true;
    }
    error_setg(errp, "%s", err);
    return false;
}

static bool hsm_check_transfer(HsmState *s, Error **errp)
{
    uint64_t size = s->max_transfer;

    if (is_power_of_2(size) && size >= 1u << HSM_MIN_LOG2_TRANSFER &&
        size <= 1u << HSM_MAX_LOG2_TRANSFER) {
        return true;
    }
    error_setg(errp, "max-transfer=%" PRIu64 " is not a power of two from 64K "
               "to 1M", size);
    return false;
}

static bool hsm_check_store(HsmState *s, Error **errp)
{
    static const char *const types[] = { "sqlite", "memory", NULL };

    if (!hsm_one_of("x-store", s->store_type, types, errp)) {
        return false;
    }
    if (!strcmp(s->store_type, "memory")) {
        if (s->keystore) {
            error_setg(errp, "keystore= and x-store=memory exclude each other");
            return false;
        }
    } else if (!s->keystore || !*s->keystore) {
        error_setg(errp, "keystore= is required: the file of the key store");
        return false;
    }
    return true;
}

static bool hsm_check_properties(HsmState *s, Error **errp)
{
    static const char *const policies[] = { "faithful", "strict", NULL };
    static const char *const zeroizers[] = { "officer", "anyone", NULL };

    return hsm_in_range("workers", s->n_workers, HSM_MAX_WORKERS, errp) &&
           hsm_in_range("queues", s->n_queues, HSM_MAX_QUEUES, errp) &&
           hsm_one_of("policy", s->policy, policies, errp) &&
           hsm_one_of("zeroize", s->zeroize, zeroizers, errp) &&
           hsm_check_serial(s, errp) && hsm_check_transfer(s, errp) &&
           hsm_check_address(s, errp) && hsm_check_store(s, errp);
}

/* Raised in the main loop: what sets it may itself be a register write. */
static void hsm_event_bh(void *opaque)
{
    HsmState *s = opaque;

    trace_hsm_irq(0, false);
    hsm_stat(s, HSM_STAT_INTERRUPTS);
    msix_notify(PCI_DEVICE(s), 0);
}

static bool hsm_init_pci(HsmState *s, Error **errp)
{
    PCIDevice *pdev = PCI_DEVICE(s);

    if (!pci_bus_is_express(pci_get_bus(pdev))) {
        error_setg(errp, "hsm-pci needs a PCI Express slot, as that of a "
                   "pcie-root-port");
        return false;
    }
    memory_region_init_io(&s->regs, OBJECT(s), &hsm_regs_ops, s, "hsm-regs",
                          HSM_BAR_SIZE);
    pci_register_bar(pdev, HSM_PCI_BAR, PCI_BASE_ADDRESS_SPACE_MEMORY,
                     &s->regs);
    if (pcie_endpoint_cap_init(pdev, 0x80) < 0 ||
        pci_pm_init(pdev, 0x60, errp) < 0 ||
        pcie_aer_init(pdev, PCI_ERR_VER, PCI_CONFIG_SPACE_SIZE,
                      PCI_ERR_SIZEOF, errp) < 0 ||
        msix_init_exclusive_bar(pdev, s->n_queues + 1, HSM_PCI_MSIX_BAR,
                                errp) < 0) {
        return false;
    }
    pcie_cap_deverr_init(pdev); /* without it AER cannot be switched on */
    pcie_cap_flr_init(pdev);
    for (unsigned i = 0; i <= s->n_queues; i++) {
        msix_vector_use(pdev, i);
    }
    return true;
}

static void hsm_exit_pci(HsmState *s)
{
    PCIDevice *pdev = PCI_DEVICE(s);

    if (msix_present(pdev)) {
        msix_unuse_all_vectors(pdev);
        msix_uninit_exclusive_bar(pdev);
    }
    if (pdev->exp.aer_cap) {
        pcie_aer_exit(pdev);
    }
    if (pdev->exp.exp_cap) {
        pcie_cap_exit(pdev);
    }
}

static void hsm_realize(PCIDevice *pdev, Error **errp)
{
    HsmState *s = HSM_PCI(pdev);

    if (!hsm_check_properties(s, errp)) {
        return;
    }
    if (!hsm_init_pci(s, errp) || !hsm_firmware_open(s, errp)) {
        hsm_exit_pci(s);
        return;
    }
    if (!s->core_dump) {
        hsm_forbid_core_dump();
    }
    s->event_bh = qemu_bh_new_guarded(hsm_event_bh, s,
                                      &DEVICE(s)->mem_reentrancy_guard);
    hsm_work_start(s);
    trace_hsm_realize(s->serial, s->n_workers, s->n_queues);
}

static void hsm_teardown_bh(void *opaque)
{
    HsmState *s = opaque;

    hsm_hostile_stop(s);
    hsm_work_stop(s);
    qemu_bh_delete(s->event_bh);
    hsm_firmware_close(s);
    trace_hsm_exit(s->serial);
    object_unref(s);
}

/*
 * The reset has cut workers off from the bus. Waiting for them gives up the
 * BQL, which may not be done here: an unplug comes out of a guest's write to
 * some register, whose device would refuse other processors meanwhile.
 */
static void hsm_exit(PCIDevice *pdev)
{
    HsmState *s = HSM_PCI(pdev);

    s->gone = true;
    hsm_reset(s, "unplug");
    hsm_hostile_ctrl(s);
    hsm_exit_pci(s);
    object_ref(s);
    aio_bh_schedule_oneshot(qemu_get_aio_context(), hsm_teardown_bh, s);
}

static void hsm_reset_hold(Object *obj, ResetType type)
{
    HsmState *s = HSM_PCI(obj);

    pcie_cap_deverr_reset(PCI_DEVICE(s));
    hsm_reset(s, "system or function");
    hsm_hostile_ctrl(s);
    hsm_regs_reset(s);
}

static void hsm_config_write(PCIDevice *pdev, uint32_t addr, uint32_t val,
                             int len)
{
    pci_default_write_config(pdev, addr, val, len);
    pcie_cap_flr_write_config(pdev, addr, val, len);
    pcie_aer_write_config(pdev, addr, val, len);
}

static void hsm_stat_get(Object *obj, Visitor *v, const char *name,
                         void *opaque, Error **errp)
{
    HsmState *s = HSM_PCI(obj);
    uint64_t val = qatomic_read(&s->stat[GPOINTER_TO_UINT(opaque)]);

    visit_type_uint64(v, name, &val, errp);
}

static void hsm_epoch_get(Object *obj, Visitor *v, const char *name,
                          void *opaque, Error **errp)
{
    visit_type_uint32(v, name, &HSM_PCI(obj)->epoch, errp);
}

static void hsm_instance_init(Object *obj)
{
    HsmState *s = HSM_PCI(obj);

    qemu_mutex_init(&s->lock);
    qemu_cond_init(&s->idle_cond);
    qemu_cond_init(&s->quiet_cond);
    s->contexts = g_hash_table_new(NULL, NULL);
    s->next_event_ms = UINT64_MAX;
    s->policy = g_strdup("faithful");
    s->cluster = g_strdup("none");
    s->store_type = g_strdup("sqlite");
    s->zeroize = g_strdup("officer");
    hsm_list_init(&s->ready_list);
    for (unsigned i = 0; i < HSM_CLASSES; i++) {
        hsm_list_init(&s->wait_list[i]);
    }
    hsm_list_init(&s->later_list);
    hsm_list_init(&s->done_list);
    for (unsigned i = 0; i < ARRAY_SIZE(s->worker); i++) {
        qemu_mutex_init(&s->worker[i].dma_lock);
    }
    for (unsigned i = 0; i < HSM_MAX_QUEUES; i++) {
        s->queue[i].s = s;
        s->queue[i].index = i;
        QTAILQ_INIT(&s->queue[i].live);
        hsm_list_init(&s->queue[i].held);
    }
}

static void hsm_instance_finalize(Object *obj)
{
    HsmState *s = HSM_PCI(obj);

    hsm_hostile_free(s);
    for (unsigned i = 0; i < ARRAY_SIZE(s->worker); i++) {
        qemu_mutex_destroy(&s->worker[i].dma_lock);
    }
    g_hash_table_destroy(s->contexts);
    g_free(s->tamper);
    qemu_cond_destroy(&s->quiet_cond);
    qemu_cond_destroy(&s->idle_cond);
    qemu_mutex_destroy(&s->lock);
}

static const VMStateDescription hsm_vmstate = {
    .name = TYPE_HSM_PCI,
    .unmigratable = 1,
};

static const Property hsm_properties[] = {
    DEFINE_PROP_STRING("keystore", HsmState, keystore),
    DEFINE_PROP_STRING("secret", HsmState, secret),
    DEFINE_PROP_STRING("cluster", HsmState, cluster),
    DEFINE_PROP_STRING("address", HsmState, address),
    DEFINE_PROP_STRING("policy", HsmState, policy),
    DEFINE_PROP_STRING("zeroize", HsmState, zeroize),
    DEFINE_PROP_STRING("serial", HsmState, serial),
    DEFINE_PROP_STRING("x-store", HsmState, store_type),
    DEFINE_PROP_UINT32("node-id", HsmState, node_id, 0),
    DEFINE_PROP_UINT32("workers", HsmState, n_workers, 2),
    DEFINE_PROP_UINT32("queues", HsmState, n_queues, 8),
    DEFINE_PROP_SIZE("max-transfer", HsmState, max_transfer, 64 * KiB),
    DEFINE_PROP_BOOL("fips", HsmState, fips, false),
    DEFINE_PROP_BOOL("core-dump", HsmState, core_dump, false),
};

static void hsm_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(oc);
    ResettableClass *rc = RESETTABLE_CLASS(oc);

    pc->realize = hsm_realize;
    pc->exit = hsm_exit;
    pc->config_write = hsm_config_write;
    pc->vendor_id = HSM_PCI_VENDOR_ID;
    pc->device_id = HSM_PCI_DEVICE_ID;
    pc->subsystem_vendor_id = HSM_PCI_VENDOR_ID;
    pc->subsystem_id = HSM_HW_MAJOR;
    pc->revision = HSM_HW_MINOR;
    pc->class_id = HSM_PCI_CLASS;
    rc->phases.hold = hsm_reset_hold;
    dc->desc = "Hardware security module";
    dc->vmsd = &hsm_vmstate;
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
    device_class_set_props(dc, hsm_properties);

    for (unsigned i = 0; i < HSM_STAT_COUNT; i++) {
        object_class_property_add(oc, hsm_stat_name[i], "uint64", hsm_stat_get,
                                  NULL, NULL, GUINT_TO_POINTER(i));
    }
    object_class_property_add(oc, "epoch", "uint32", hsm_epoch_get, NULL, NULL,
                              NULL);
    hsm_fault_class_init(oc);
    hsm_hostile_class_init(oc);
    hsm_tamper_class_init(oc);
}

static const TypeInfo hsm_info = {
    .name = TYPE_HSM_PCI,
    .parent = TYPE_PCI_DEVICE,
    .instance_size = sizeof(HsmState),
    .instance_init = hsm_instance_init,
    .instance_finalize = hsm_instance_finalize,
    .class_init = hsm_class_init,
    .interfaces = (InterfaceInfo[]) {
        { INTERFACE_PCIE_DEVICE },
        { }
    },
};

static void hsm_register_types(void)
{
    type_register_static(&hsm_info);
}

type_init(hsm_register_types)
