#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh - the transcript lane: runs the scripts NAME.sh and compares what they print
# with NAME.golden.
#
#   run.sh [NAME...]        in the guest
#   run.sh host [NAME...]   on the host, with tools that are linked to the firmware
#
# Each script gets a card of its own, fresh: one boot of the VM. But cmd_*.sh share one
# boot, one after another, each in an empty folder, and again_*.sh run in the next boot
# with the keys that those left.
# A line "# boot: NODES=2 HSM_PROPS=fips=on" in a script says how its VM differs.
#
# GUEST="command" runs a script file in a guest: it gets KEYSTORE=path SCRIPT=file and
# those words as arguments and must print what the script prints. KEEP=dir keeps the
# outputs there.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=${BUILD:-$top/build}/user-asan
guest=${GUEST:-make -s -C $top guest}
mode=guest
[ "${1:-}" != host ] || { mode=host; shift; }
out=${KEEP:-$(mktemp -d)}
mkdir -p "$out"
[ -n "${KEEP:-}" ] || trap 'rm -rf "$out"' EXIT

# run_host STORE SCRIPT WORD...: each start of a tool is a start of the card.
run_host() {
    local word props=
    for word in "${@:3}"; do
        [ "${word%%=*}" != HSM_PROPS ] || props=${word#*=}
    done
    BIN=$out/bin HSM_DEVICE=$1 LOOP_PROPS=$props timeout 1200 bash "$2"
}

run_guest() {
    # shellcheck disable=SC2086 # GUEST is a command with its arguments
    timeout 1210 $guest KEYSTORE="$1" SCRIPT="$2" TIMEOUT=1200 "${@:3}"
}

if [ "$mode" = host ]; then
    make -s -C "$top/tests/unit-user" O="$build" "$build/kmu_host" "$build/cmu_host" \
        "$build/activate_host" "$build/attest_host" "$build/hsm_audit" >&2
    mkdir -p "$out/bin"
    ln -sf "$build/kmu_host" "$out/bin/key_mgmt_util"
    ln -sf "$build/cmu_host" "$out/bin/cloudhsm_mgmt_util"
    ln -sf "$build/activate_host" "$out/bin/hsm_activate"
    ln -sf "$build/attest_host" "$out/bin/hsm_attest"
    ln -sf "$build/hsm_audit" "$out/bin/hsm_audit"
    "$build/fw/hsm-measure" "$build"/*_host > "$out/firmware.sha256"
    export HSM_MEASUREMENT=$out/firmware.sha256
fi

rm -f "$out"/*.db*
passed=0 failed=0

# boot STORE BOOT NAME...: the scripts NAME in one boot.
boot() {
    local store=$out/$1.db boot=$out/$2 name words p f
    shift 2
    : > "$boot.golden"
    cat "$here/lib.sh" > "$boot.sh"
    for name in "$@"; do
        {
            echo "mkdir -p \"\$WORK/$name\" && cd \"\$WORK/$name\" || exit 1"
            cat "$here/$name.sh"
        } >> "$boot.sh"
        cat "$here/$name.golden" >> "$boot.golden"
    done
    echo "exit 0" >> "$boot.sh" # not the status of the last check
    mapfile -t words < <(sed -n 's/^# boot: //p' "$boot.sh" | tr ' ' '\n')
    if ! "run_$mode" "$store" "$boot.sh" "${words[@]}" > "$boot.out"; then
        echo "not ok $(basename "$boot"): the script failed"
        failed=$((failed + 1))
    fi
    awk -f "$here/compare.awk" "$boot.golden" "$boot.out" > "$boot.cmp"
    sed '$d' "$boot.cmp"
    read -r p f < <(tail -n 1 "$boot.cmp")
    echo "ok $(basename "$boot"): $p cases" >&2
    passed=$((passed + p)) failed=$((failed + f))
}

names=("$@")
[ $# -gt 0 ] || mapfile -t names < <(cd "$here" && printf '%s\n' *.golden | sed 's/\.golden$//')
shared=() again=()
for name in "${names[@]}"; do
    case $name in
    cmd_*) shared+=("$name") ;;
    again_*) again+=("$name") ;;
    *) boot "$name" "$name" "$name" ;;
    esac
done
[ ${#shared[@]} -eq 0 ] || boot cmd cmd "${shared[@]}"
[ ${#again[@]} -eq 0 ] || boot cmd again "${again[@]}"
echo "transcript: $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
