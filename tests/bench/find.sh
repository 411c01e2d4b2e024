#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# find.sh - in the guest: one key among few (hsm0) and among many (hsm1), in turns.
export LD_LIBRARY_PATH=/opt/cloudhsm/lib
SECS=${BENCH_SECS:-3}
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

for mode in find-label find-id; do
    HSM_DEVICE=/dev/hsm0 BENCH_NAME=few /opt/bench/bench_use $mode 1 "$SECS"
    HSM_DEVICE=/dev/hsm1 BENCH_NAME=many /opt/bench/bench_use $mode 1 "$SECS"
done
HSM_DEVICE=/dev/hsm0 BENCH_NAME=few tool
HSM_DEVICE=/dev/hsm1 BENCH_NAME=many tool
