#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh [SECS [TARGET...]] - the card under hostile guests: builds QEMU's fuzz targets,
# replays the kept inputs of each (corpus/TARGET) and fuzzes for SECS seconds in all (60;
# 0: not at all). One line for each target, last "qfuzz: N passed, N failed". An input that
# fails is kept in $BUILD/fuzz/found and named; what was found interesting is kept in
# $BUILD/fuzz/corpus and gone on from.
#
# Environment: BUILD, HSM_CACHE, QEMU_SRC, FUZZ_CLANG as for build-qemu.sh.
set -euo pipefail

here=$(dirname "$(realpath "$0")")
repo=$(dirname "$(dirname "$here")")
out=${BUILD:-$repo/build}/fuzz
secs=${1:-60}
targets=("${@:2}")
[ ${#targets[@]} -gt 0 ] || targets=(generic-fuzz-hsm hsm hsm-race)

# Of one input: a card that hangs is not waited for longer.
options=(-timeout=60 -rss_limit_mb=4096 -print_final_stats=1 -detect_leaks=0)
declare -A max_len=([generic-fuzz-hsm]=4096)

# QEMU's qtest wrappers leak; the last word counts.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
export UBSAN_OPTIONS=${UBSAN_OPTIONS:+$UBSAN_OPTIONS:}halt_on_error=1:print_stacktrace=1

# How many inputs libFuzzer has run, last.
runs() {
    sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1
}

# fuzz TARGET SECS: what libFuzzer said is in $log; $inputs is how many are kept. QEMU that
# knows no such target ends well, with its usage.
fuzz() {
    local corpus=$out/corpus/$1 kept=$here/corpus/$1 rc=0 ran
    log=$out/log/$1
    mkdir -p "$corpus" "$out/log" "$out/found"
    inputs=$(find "$kept" -type f | wc -l)
    timeout -k 10 600 "$out/qemu-fuzz-x86_64" --fuzz-target="$1" "${options[@]}" -runs=0 \
        -artifact_prefix="$out/found/$1-" "$kept" > "$log" 2>&1 || return 1
    ran=$(runs)
    if [ "$inputs" = 0 ] || [ "${ran:-0}" -lt "$inputs" ]; then
        echo "ERROR: ${ran:-0} runs of $inputs kept inputs" >> "$log"
        return 1
    fi
    [ "$2" != 0 ] || return 0
    timeout -k 10 $(($2 + 180)) "$out/qemu-fuzz-x86_64" --fuzz-target="$1" "${options[@]}" \
        -max_len="${max_len[$1]:-1024}" -max_total_time="$2" \
        -artifact_prefix="$out/found/$1-" "$corpus" "$kept" >> "$log" 2>&1 || rc=1
    return $rc
}

# What went wrong, and how to see it again.
explain() {
    local input
    grep -E 'hsm_fuzz:|ERROR: |runtime error|SUMMARY|ssertion|^ +#[0-9]+ .*hsm' "$log" | head -n 25 >&2 ||
        tail -n 20 "$log" >&2
    input=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
    [ -n "$input" ] || input=$(sed -n 's/^Running: //p' "$log" | tail -n 1)
    echo "  all of it: $log" >&2
    [ -z "$input" ] ||
        echo "  again: ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1 $out/qemu-fuzz-x86_64 --fuzz-target=$1 -runs=100 $input" >&2
}

"$repo/qemu-device/build-qemu.sh" -f >&2 || {
    echo "qfuzz: 0 passed, 1 failed"
    exit 1
}
out=$(realpath "$out")
TMPDIR=$(mktemp -d)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

passed=0 failed=0
for target in "${targets[@]}"; do
    share=$((secs / ${#targets[@]}))
    [ "$secs" = 0 ] || [ "$share" -gt 0 ] || share=1
    if fuzz "$target" "$share"; then
        echo "ok $target: $inputs kept inputs, $(runs) runs in $share s"
        passed=$((passed + 1))
    else
        echo "not ok $target"
        explain "$target"
        failed=$((failed + 1))
    fi
done
echo "qfuzz: $passed passed, $failed failed"
[ "$failed" = 0 ]
