#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# judge.sh - runs in the guest when the tests have ended: what the debug kernel has found.
# Takes the driver out at the end, as only then DMA memory that was left behind is seen.
debugfs=/sys/kernel/debug
mount -t debugfs debugfs $debugfs 2> /dev/null
rc=0 n=0

result() { # result WHAT FILE: an empty file is good
    n=$((n + 1))
    if [ -s "$2" ]; then
        echo "not ok $n kernel: $1"
        sed 's/^/#   /' "$2"
        rc=1
    else
        echo "ok $n kernel: $1"
    fi
}

# An object is a leak only when it is old enough, and still one when it is looked for again.
# Of functions of a driver that was taken out only the address is left: modules lie behind the
# kernel, from 0xffffffffa0000000 on or, with another layout, from 0xffffffffc0000000 on.
leaks() {
    sleep 6
    echo scan > $debugfs/kmemleak || { echo "kmemleak has turned itself off"; return; }
    sleep 1
    echo scan > $debugfs/kmemleak
    awk '/^unreferenced/ { if (bad) print all; all = ""; bad = 0 }
         { all = all $0 "\n" }
         /\[hsm\]|\] 0xffffffff[a-f][0-9a-f]*$|^    0xffffffff[a-f][0-9a-f]*$/ { bad = 1 }
         END { if (bad) print all }' $debugfs/kmemleak
}

unload() {
    local end=$((SECONDS + 10))
    grep -q '^hsm ' /proc/modules || return
    until rmmod hsm 2> /tmp/rmmod; do
        [ $SECONDS -lt $end ] || { cat /tmp/rmmod; return; }
        sleep 0.2
    done
}

asleep() {
    grep -q '^ debug_locks: *1' /proc/lockdep_stats || echo "lockdep has turned itself off"
    dmesg | grep -E 'kmemleak: .*disabled|ODEBUG: Out of memory|DMA-API: .*(out of memory|disabled)'
}

leaks > /tmp/leaks 2>&1
result "kmemleak finds nothing of the driver's" /tmp/leaks
unload > /tmp/unload 2>&1
result "the driver can be taken out" /tmp/unload
/opt/test/splats.sh > /tmp/splats 2>&1
result "no complaint in the log" /tmp/splats
asleep > /tmp/asleep
result "what should complain is awake" /tmp/asleep
exit $rc
