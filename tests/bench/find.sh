#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# find.sh - in the guest: one key among as many as each card has, in turns. KEYS: how many the
# cards have, from hsm0 on.
export LD_LIBRARY_PATH=/opt/cloudhsm/lib
SECS=${BENCH_SECS:-1}
LINES=500

# What one findKey takes of a session of many, in microseconds.
tool() {
    local begin=${EPOCHREALTIME/./} n
    {
        echo 'loginHSM -u CU -s example_user -p example_pwd'
        for ((n = 0; n < LINES; n++)); do echo "findKey -l key-$((n * 7 % 100))"; done
        echo exit
    } | key_mgmt_util > /tmp/found
    n=$((${EPOCHREALTIME/./} - begin))
    [ "$(grep -c 'Total number of keys present.* 1$' /tmp/found)" = $LINES ] || { echo "findKey failed" >&2; exit 1; }
    echo "R bench=$BENCH_NAME mode=findKey threads=1 ops_s=$((LINES * 1000000 / n)) p50_us=$((n / LINES))"
}

for mode in find-label find-id tool; do
    card=0
    for n in $KEYS; do
        export HSM_DEVICE=/dev/hsm$card BENCH_NAME=keys$n
        if [ $mode = tool ]; then tool; else /opt/bench/bench_use $mode 1 "$SECS"; fi
        card=$((card + 1))
    done
done
