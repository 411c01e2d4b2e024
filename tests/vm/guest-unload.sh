#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# guest-unload.sh ROUNDS - unloads the driver: refused while files are open, at once when
# they are closed by SIGKILL with commands in flight; then the card is silent.
fail() {
    echo "round $n: $*"
    dmesg | tail -n 20
    exit 1
}

n=0
while [ "$n" -lt "$1" ]; do
    : > /tmp/churn
    hsm_load churn >> /tmp/churn 2>&1 &
    pid=$!
    until grep -q running /tmp/churn || ! kill -0 $pid 2> /dev/null; do usleep 20000; done
    rmmod hsm 2> /dev/null && fail "unloaded with open files"
    kill -9 $pid || fail "the load ended: $(cat /tmp/churn)"
    wait $pid 2> /dev/null
    rmmod hsm || fail "still in use after the files were closed"
    grep -q hsm /proc/interrupts && fail "interrupts are left"
    [ -e /dev/hsm0 ] && fail "the node is left"
    insmod /opt/cloudhsm/lib/hsm.ko || fail "does not load again"
    n=$((n + 1))
done
key_mgmt_util singlecmd loginHSM -u CU -s example_user -p example_pwd findKey -l nothing > /tmp/churn || fail "no login"
grep hsm /proc/interrupts
echo "$n rounds"
