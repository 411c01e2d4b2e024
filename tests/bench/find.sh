#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# find.sh - in the guest: one key among as many as each card has, in turns. KEYS: how many the
# cards have, from hsm0 on.
export LD_LIBRARY_PATH=/opt/cloudhsm/lib
SECS=${BENCH_SECS:-1}
LINES=500

# What a session of the tool with so many findKey takes: into $took, in microseconds.
session() { # session LINES
    local begin n
    {
        echo 'loginHSM -u CU -s example_user -p example_pwd'
        for ((n = 0; n < $1; n++)); do echo "findKey -l key-$((n * 7 % 100))"; done
        echo exit
    } > /tmp/lines
    begin=${EPOCHREALTIME/./}
    key_mgmt_util < /tmp/lines > /tmp/found
    took=$((${EPOCHREALTIME/./} - begin))
    [ "$(grep -c 'Total number of keys present.* 1$' /tmp/found)" = "$1" ] || { echo "findKey failed" >&2; exit 1; }
}

# The mean of the lines, without what start, login and end take: the least of three such sessions.
tool() {
    local empty n
    session 0
    empty=$took
    for n in 1 2; do
        session 0
        [ $took -ge $empty ] || empty=$took
    done
    session $LINES
    [ $took -gt $empty ] || { echo "findKey: $LINES lines took $took us, none $empty us" >&2; exit 1; }
    echo "R bench=$BENCH_NAME mode=findKey threads=1 us=$(((took - empty) / LINES)) empty_us=$empty"
}

for mode in find-label find-id tool; do
    card=0
    for n in $KEYS; do
        export HSM_DEVICE=/dev/hsm$card BENCH_NAME=keys$n
        if [ $mode = tool ]; then tool; else /opt/bench/bench_use $mode 1 "$SECS"; fi
        card=$((card + 1))
    done
done
