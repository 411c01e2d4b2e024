#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh - the hostile lane: the driver with a card that lies, behind an IOMMU. A QEMU for
# tests (build-qemu.sh -t) has the lies; hsm_hostile.c, in the guest, judges.
# Last line: "hostile: N passed, N failed".
#
# Environment: LIES (names; all), SEEDS (rounds of each; 1), HSM_LOAD_MS (of load in each; 500),
# HSM_SLOW (how many times slower than usual the guest is; 1), LAYERS (more archives of the
# guest), AFTER (a command that judges the guest at its end), HOSTILE_QEMU (instead of the one
# that is built), SERIES and KERNEL as images/run.sh has them.
set -euo pipefail

here=$(dirname "$(realpath "$0")")
top=$(realpath "$here/../..")
# shellcheck source=tests/common/result.sh
. "$top/tests/common/result.sh"
build=${BUILD:-$top/build}
out=$build/hostile
seeds=${SEEDS:-1} slow=${HSM_SLOW:-1}
# Those that see each read of a ring move it in the guest's memory, as a BAR moves in hsm_away.
alone="refill read-twice"
# All that the card knows: the table in it.
table=$(sed -n 's/^    { "\([a-z-]*\)", \..*/\1/p' "$top/qemu-device/hw/misc/hsm/hsm-lies.c")
lies=${LIES:-$table}
share=$(mktemp -d)
agent=
trap 'kill $agent 2> /dev/null || true; rm -rf "$share"' EXIT
mkdir -p "$build/log" "$out"

pack() {
    rm -rf "$out/root"
    install -D -t "$out/root/opt/hostile" "$out/hsm_hostile"
    "$top/images/rootfs.sh" layer "$out/tests.cpio" "$out/root"
}

# The property is in the QEMU for tests and in no other.
product_is_honest() {
    local product=$build/qemu-system-x86_64
    [ -s "$product" ] || { echo "# there is no product: $product"; return 1; }
    grep -qa x-hostile "$QEMU" || { echo "# $QEMU knows no lies"; return 1; }
    ! grep -qa x-hostile "$product"
}

# The lists here and of the card are of the same lies.
table_is_read() {
    local lie rc=0
    [ "$(wc -w <<< "$table")" = "$(grep -c '^    { "' "$top/qemu-device/hw/misc/hsm/hsm-lies.c")" ] || rc=1
    for lie in $alone $lies; do
        grep -qxF -- "$lie" <<< "$table" || { echo "# the card does not know the lie '$lie'"; rc=1; }
    done
    return $rc
}

# The lies of this guest, with their seeds, in turn: words LIE...
words() {
    local seed lie
    for ((seed = 1; seed <= seeds; seed++)); do
        for lie in "$@"; do echo "$lie:$((seed + ${SEED:-0}))"; done
    done
}

guest() { # guest NAME CPUS LIE...
    local name=$1 cpus=$2 rc=0 tests
    shift 2
    [ $# -gt 0 ] || return 0
    mapfile -t tests < <(words "$@")
    rm -rf "${share:?}"/*
    mkdir "$share/store"
    cat > "$share/script.sh" << END
export HSM_HOST=/mnt/share HSM_LOAD_MS=${HSM_LOAD_MS:-500} HSM_SLOW=$slow
rc=0
/opt/hostile/hsm_hostile ${tests[*]} || rc=1
${AFTER:+$AFTER || rc=1}
exit \$rc
END
    "$out/hsm_host" "$share/qmp" "$share" 2>> "$build/log/hostile-host.log" &
    agent=$!
    GUEST_LOG=$build/log/hostile-$name.log LAYERS="$out/tests.cpio ${LAYERS:-}" SHARE=$share QMP=$share/qmp \
        KEYSTORE=$share/store/hsm0.db ACTIVATE=no NODES=1 CPUS=$cpus QEMU_EXTRA="-device intel-iommu,intremap=off" \
        APPEND_EXTRA="intel_iommu=on iommu.strict=1 ${APPEND_EXTRA:-}" \
        TIMEOUT=$(((60 + ${#tests[@]} * 15) * slow)) \
        "$top/images/run.sh" script "$share/script.sh" > "$share/out" || rc=$?
    grep -E '^(ok|not ok|#|Bail|    )' "$share/out" || true
    passed=$((passed + $(grep -c '^ok ' "$share/out" || true)))
    failed=$((failed + $(grep -c '^not ok ' "$share/out" || true)))
    # What is not said by a line of its own.
    [ "$rc" = 0 ] || grep -q '^not ok ' "$share/out" || result "the guest of $name ends well (status $rc)" 1
}

export QEMU=${HOSTILE_QEMU:-$out/qemu-system-x86_64}
[ -n "${HOSTILE_QEMU:-}" ] || "$top/qemu-device/build-qemu.sh" -t
make -s --no-print-directory -C "$here" O="$out" >&2
pack
rm -f "$build/log/hostile-host.log"
product_is_honest && rc=0 || rc=1
result "the product cannot lie" "$rc"
table_is_read && rc=0 || rc=1
result "the lies are those of the card's table" "$rc"
together=() trapped=()
for lie in $lies; do
    if [[ " $alone " == *" $lie "* ]]; then trapped+=("$lie"); else together+=("$lie"); fi
done
guest lies "${CPUS:-2}" "${together[@]}"
guest rings 1 "${trapped[@]}"
result_end hostile
