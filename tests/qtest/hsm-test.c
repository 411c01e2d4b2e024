/*
 * QTest of the HSM card
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The card is specified in qemu-device/docs/hsm-device.rst.
 */

#include "qemu/osdep.h"
#include "hsm/hsm-lib.h"

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    hsm_add_regs_tests();
    hsm_add_ring_tests();
    hsm_add_entry_tests();
    hsm_add_exec_tests();
    hsm_add_life_tests();
    hsm_add_props_tests();
    return g_test_run();
}
