#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# guest-tamper.sh - asks the host to tamper with the card while it is busy; every caller
# must be told, also those who come later, and the driver must say so in its log.
# /mnt/share/masked is a masked key of before.
fail() {
    echo "$*"
    cat /tmp/load /tmp/out
    dmesg | tail -n 20
    exit 1
}

until_true() { # until_true TENTHS COMMAND...
    local left=$1
    shift
    while ! "$@" > /dev/null 2>&1; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || return 1
        usleep 100000
    done
}

reports() { # reports TIMES
    [ "$(dmesg | grep -c 'card reports tampering')" = "$1" ]
}

refused() {
    key_mgmt_util singlecmd loginHSM -u CU -s example_user -p example_pwd findKey > /tmp/out 2>&1 && fail "a login"
    grep -q 'Card was tampered with' /tmp/out || fail "no word about it"
}

: > /tmp/load
key_mgmt_util singlecmd loginHSM -u CU -s example_user -p example_pwd \
    genSymKey -t 31 -s 32 -l before > /tmp/out || fail "no key"
key=$(sed -n 's/.*Key Handle: //p' /tmp/out)
key_mgmt_util singlecmd loginHSM -u CU -s example_user -p example_pwd \
    extractMaskedObject -o "$key" -out /mnt/share/masked > /tmp/out || fail "no masked key"
hsm_load tamper > /tmp/load 2>&1 &
pid=$!
until_true 100 grep -q running /tmp/load || fail "the load did not start"
usleep 300000
echo tamper
wait $pid || fail "callers were told something else"
until_true 100 reports 1 || fail "the driver says nothing"
refused
head -c 16 /dev/hwrng > /tmp/random 2> /tmp/out && fail "random bytes of a tampered card"
rmmod hsm
insmod /opt/cloudhsm/lib/hsm.ko || fail "no driver"
until_true 100 reports 2 || fail "the driver does not say it again"
refused
echo "every caller was told"
