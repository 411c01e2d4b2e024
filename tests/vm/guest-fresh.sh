#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# guest-fresh.sh - the card is as it left the factory, and opens nothing of /mnt/share/masked.
fail() {
    echo "$*"
    cat /tmp/out
    exit 1
}

: > /tmp/out
hsm_activate -n > /tmp/out 2>&1 || fail "the card is not a fresh one"
hsm_activate -p admin_pwd -u CU:example_user:example_pwd > /tmp/out || fail "no users"
key_mgmt_util singlecmd loginHSM -u CU -s example_user -p example_pwd findKey > /tmp/out || fail "no login"
grep -q 'Total number of keys present 0' /tmp/out || fail "there are keys"
[ -s /mnt/share/masked ] || fail "no masked key of before"
key_mgmt_util singlecmd loginHSM -u CU -s example_user -p example_pwd \
    insertMaskedObject -f /mnt/share/masked > /tmp/out && fail "the masked key of before opens"
grep -q 'damaged or of another cluster' /tmp/out || fail "something else is wrong with it"
echo "a fresh card"
