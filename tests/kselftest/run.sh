#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh - the kselftest lane: the driver's tests in a guest, with an agent on the host
# for what only the host can do. HSM_LOOPS= is the number of rounds of the tests that
# take the card away (100), TESTS= which programs, CPUS= the guest's
# processors, LAYERS= more archives of the guest, AFTER= a command that judges the guest
# when they have ended.
#
# By default there are two guests: hsm_away has one processor. It has the card's BAR
# mapped anew all the time, and QEMU's multi-threaded TCG does not survive that for ever
# while another processor does MMIO (assertion in iotlb_to_section).
set -euo pipefail

here=$(dirname "$(realpath "$0")")
top=$(realpath "$here/../..")
build=${BUILD:-$top/build}
out=$build/kselftest
export HSM_CACHE=${HSM_CACHE:-$build/cache}
loops=${HSM_LOOPS:-100}
share=$(mktemp -d)
agent=
trap 'kill $agent 2> /dev/null || true; rm -rf "$share"' EXIT
mkdir -p "$build/log"

pack() {
    local t
    rm -rf "$out/root"
    for t in "$out"/hsm_*; do
        [ "$t" = "$out/hsm_host" ] || install -D -t "$out/root/opt/kselftest" "$t"
    done
    install -D -t "$out/root/opt/test" "$top/tests/common/splats.sh"
    "$top/images/rootfs.sh" layer "$out/tests.cpio" "$out/root"
}

guest() { # guest CPUS TEST...: its output on standard output
    local store=$share/store cpus=$1 plug
    shift
    rm -rf "$store" "$share/request" "$share/reply" "$share/qmp"
    mkdir "$store"
    plug='{"execute":"device_add","arguments":{"driver":"hsm-pci","id":"hsm0","bus":"rp0",'
    plug+='"keystore":"'$store'/hsm0.db"}}'
    cat > "$share/script.sh" << END
export HSM_LOOPS=$loops HSM_SLOW=${HSM_SLOW:-1} HSM_STRIDE=${HSM_STRIDE:-1} HSM_HOST=/mnt/share HSM_PLUG='$plug'
rc=0
for t in $*; do /opt/kselftest/\$t || rc=1; done
/opt/test/splats.sh | sed '1s/^/not ok kernel: /; 1!s/^/# /' | grep . && rc=1
${AFTER:+$AFTER || rc=1}
exit \$rc
END
    "$out/hsm_host" "$share/qmp" "$share" 2>> "$build/log/kselftest-host.log" &
    agent=$!
    LAYERS="$out/tests.cpio ${LAYERS:-}" SHARE=$share QMP=$share/qmp KEYSTORE=$store/hsm0.db ACTIVATE=yes NODES=1 \
        CPUS=$cpus TIMEOUT=${TIMEOUT:-$((300 + loops * 30))} "$top/images/run.sh" script "$share/script.sh" ||
        { echo "not ok guest with $*: status $?"; return 1; }
}

make -s --no-print-directory -C "$here" O="$out" >&2
pack
rm -f "$build/log/kselftest-host.log"
rc=0
if [ -n "${TESTS:-}" ]; then
    guest "${CPUS:-2}" $TESTS | tee "$share/out" || rc=1
else
    guest "${CPUS:-2}" hsm_abi hsm_copy hsm_isolation hsm_lifetime hsm_fault | tee "$share/out" || rc=1
    guest "${CPUS:-1}" hsm_away | tee -a "$share/out" || rc=1
fi

passed=$(grep -c '^ok [0-9]' "$share/out" || true)
skipped=$(grep -c '^ok [0-9].*# SKIP' "$share/out" || true)
failed=$(grep -c '^not ok' "$share/out" || true)
[ "$rc" = 0 ] || [ "$failed" != 0 ] || failed=1
echo "kselftest: $((passed - skipped)) passed, $failed failed ($skipped skipped)"
[ "$failed" = 0 ]
