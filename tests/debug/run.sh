#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh [PART...] - the driver under a kernel that watches it (images/debug.config: KASAN,
# UBSAN, lockdep, kmemleak, DMA API debugging) behind an IOMMU. The parts:
#
#   kselftest   the kselftests
#   faults      a fault injected at each place of each call, and everywhere at random
#   hostile     the card that lies
#
# After each the guest is judged by judge.sh. HSM_LOOPS= as in the kselftest lane (2);
# HSM_STRIDE= of the places of a long call only each n-th has its fault (8; 1: each has);
# LIES= and SEEDS= as in the hostile lane; HSM_KO= another hsm.ko than the one that is built here.
set -uo pipefail

here=$(dirname "$(realpath "$0")")
top=$(realpath "$here/../..")
build=${BUILD:-$top/build}
out=$build/debug
series=${SERIES:-6.12}
export HSM_CACHE=${HSM_CACHE:-$build/cache}
linux=$HSM_CACHE/linux-$series-debug
# The card is behind an IOMMU. A guest this slow has no time to spare on a loaded host, which
# is no stall of RCU's.
append="intel_iommu=on log_buf_len=4M loglevel=7 rcupdate.rcu_cpu_stall_timeout=300"
mkdir -p "$out" "$build/log"
passed=0 failed=0

die() { echo "debug: $*" >&2; echo "debug: 0 passed, 1 failed"; exit 1; }

prepare() {
    "$top/images/kernel.sh" debug "$series" || return
    make -s --no-print-directory -C "$top/kernel-driver" KDIR="$linux/kdir" OUT="$out/driver" &&
        make -s --no-print-directory -C "$here" O="$out" SERIES="$series" || return
    rm -rf "$out/root"
    install -D -m 644 "${HSM_KO:-$out/driver/hsm.ko}" "$out/root/opt/cloudhsm/lib/hsm.ko"
    install -D -m 755 "$here/judge.sh" "$out/root/opt/debug/judge.sh"
    install -D -m 755 "$top/tests/common/splats.sh" "$out/root/opt/test/splats.sh"
    install -D -t "$out/root/opt/kselftest" "$out/hsm_fail_nth" "$out/hsm_fail_often"
    MODULES=$linux/lib/modules/$(cat "$linux/release") \
        "$top/images/rootfs.sh" base "$build/image/base-$series-debug.cpio" || return
    "$top/images/rootfs.sh" layer "$out/debug.cpio" "$out/root"
}

# The guest of another lane, on this kernel.
lane() { # lane NAME COMMAND...
    local name=$1 log=$build/log/debug-$1.log rc ran p='' f='' strict=1
    shift
    # Strictly, an address is free again before DMA API debugging has crossed it out. With
    # mappings that fail half way it is taken, mapped and unmapped in between, the wrong entry
    # crossed out, and the next mapping of that page called an overlap.
    [ "$name" != faults ] || strict=0
    echo "--- $name"
    SERIES=$series-debug KERNEL=$linux/vmlinuz \
        KSELFTEST=$HSM_CACHE/linux-$series/source/tools/testing/selftests LAYERS=$out/debug.cpio \
        AFTER=/opt/debug/judge.sh APPEND_EXTRA="$append iommu.strict=$strict" HSM_LOOPS=${HSM_LOOPS:-2} \
        HSM_SLOW=${HSM_SLOW:-6} HSM_STRIDE=${HSM_STRIDE:-8} \
        QEMU_EXTRA="-device intel-iommu,intremap=off" MEM=${MEM:-1G} TIMEOUT=${TIMEOUT:-3000} \
        GUEST_LOG=$build/log/debug-$name-guest.log "$@" 2>&1 | tee "$log"
    rc=${PIPESTATUS[0]}
    # A test of the faults that does not run has failed.
    [ "$name" != faults ] || ! grep -q '# SKIP' "$log" || failed=$((failed + 1))
    read -r p f < <(sed -n 's/^[a-z]*: \([0-9]*\) passed, \([0-9]*\) failed.*/\1 \2/p' "$log" |
                    tail -n 1)
    # Of the tests, not of judge.sh. A part that ended badly without counting, or that ran
    # none, has failed once.
    ran=$(grep -E '^(not )?ok [0-9]' "$log" | grep -vcE '# SKIP|ok [0-9]+ kernel: ' || true)
    if [ -z "$p" ] || [ "$ran" = 0 ] || { [ "$rc" != 0 ] && [ "$f" = 0 ]; }; then
        echo "$name: ended with status $rc and $ran tests that ran"
        f=$((${f:-0} + 1))
    fi
    passed=$((passed + ${p:-0})) failed=$((failed + f))
}

part() {
    case $1 in
    kselftest) lane kselftest "$top/tests/kselftest/run.sh" ;;
    # One processor, as the kselftests that have the card's BAR mapped anew.
    faults) CPUS=1 TESTS="hsm_fail_nth hsm_fail_often" lane faults "$top/tests/kselftest/run.sh" ;;
    hostile) lane hostile "$top/tests/hostile/run.sh" ;;
    *) die "unknown part '$1'" ;;
    esac
}

prepare || die "the debug kernel, the driver or the tests do not build"
[ $# != 0 ] || set -- kselftest faults hostile
for p in "$@"; do part "$p"; done
echo "debug: $passed passed, $failed failed"
[ "$failed" = 0 ]
