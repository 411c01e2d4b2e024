#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# guest-unplug.sh ROUNDS - asks the host to take the card away while it is busy; every
# caller must be told, nothing may hang, and the card must work when it is back.
fail() {
    echo "round $n: $*"
    cat /tmp/churn
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

gone() { ! [ -e "$1" ]; }
back() {
    [ -e /dev/hsm0 ] && return
    plugs=$((plugs + 1))
    [ $((plugs % 10)) = 1 ] && echo plug >&3
    return 1
}

exec 3>&1
n=0
while [ "$n" -lt "$1" ]; do
    : > /tmp/churn
    hsm_load churn >> /tmp/churn 2>&1 &
    pid=$!
    until_true 100 grep -q running /tmp/churn || fail "the load did not start"
    usleep $((n * 997 % 60000))
    echo unplug
    until_true 200 gone /proc/$pid || fail "callers still wait"
    wait $pid || fail "callers were not told"
    until_true 100 gone /dev/hsm0 || fail "the node is still there"
    plugs=0
    until_true 200 back || fail "the card did not come back"
    n=$((n + 1))
done
key_mgmt_util singlecmd loginHSM -u CU -s example_user -p example_pwd findKey -l nothing > /tmp/churn || fail "no login"
echo "$n rounds"
