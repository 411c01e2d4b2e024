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
# A line "# boot: HSM_PROPS=fips=on" in a script says how its VM differs, "# cards: 3,1"
# that it has a cluster of three cards, 0 to 2, and card 3 on its own. Each boot, and on the
# host each start of a tool, starts all cards of the cluster.
# "# after: NAME" lets a script run with the stores that the script NAME left, "# break: 1 2 6"
# damages record 6 of kind 2 (store.h) in the store of card 1 first.
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
    BIN=$out/bin HSM_DEVICE=$1 LOOP_STORE=$1 LOOP_CARDS=$cards LOOP_PROPS=$props \
        timeout 1200 bash "$2"
}

run_guest() {
    # shellcheck disable=SC2086 # GUEST is a command with its arguments
    timeout 1210 $guest KEYSTORE="$1" SCRIPT="$2" TIMEOUT=1200 NODES=$((${cards//,/+})) \
        CLUSTERS="$cards" "${@:3}"
}

if [ "$mode" = host ]; then
    make -s -C "$top/tests/unit-user" O="$build" "$build/kmu_host" "$build/cmu_host" \
        "$build/activate_host" "$build/attest_host" "$build/hsm_audit" "$build/spoil" >&2
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

# What "# break:" lines of the script $2 do to the store $1.
spoil() {
    local card kind id
    [ -e "$build/spoil" ] || make -s -C "$top/tests/unit-user" O="$build" "$build/spoil" >&2
    while read -r card kind id; do
        [ "$card" != 0 ] || card=
        "$build/spoil" "$1${card:+.$card}" "$kind" "$id"
    done < <(sed -n 's/^# break: //p' "$2")
}

# boot STORE BOOT NAME...: the scripts NAME in one boot.
boot() {
    local store=$out/$1.db boot=$out/$2 name words cards p f
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
    cards=$(sed -n 's/^# cards: //p' "$boot.sh" | sort -u)
    cards=${cards:-1}
    mapfile -t words < <(sed -n 's/^# boot: //p' "$boot.sh" | tr ' ' '\n')
    spoil "$store" "$boot.sh"
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
    first=$(sed -n 's/^# after: //p' "$here/$name.sh")
    [ -z "$first" ] || [ -e "$out/$first.db" ] || boot "$first" "$first" "$first"
    case $name in
    cmd_*) shared+=("$name") ;;
    again_*) again+=("$name") ;;
    *) boot "${first:-$name}" "$name" "$name" ;;
    esac
done
[ ${#shared[@]} -eq 0 ] || boot cmd cmd "${shared[@]}"
[ ${#again[@]} -eq 0 ] || boot cmd again "${again[@]}"
echo "transcript: $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
