#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh - the canary lane: plaintext of a key that cannot be extracted never reaches the
# guest. A QEMU for tests notes the secrets of such keys outside (canary.c). With it the
# scripts of the transcript lane run, then own.sh; what is left in the guest's memory, in
# the key stores and in all logs is searched (scan.c). Then the same with a firmware that
# leaks on purpose, which must be found. Last line: "canary: N passed, N failed".
set -uo pipefail
shopt -s nullglob

here=$(dirname "$(realpath "$0")")
top=$(realpath "$here/../..")
# shellcheck source=tests/common/result.sh
. "$top/tests/common/result.sh"
build=${BUILD:-$top/build}
out=$build/canary
product=$build/qemu-system-x86_64

prepare() {
    rm -rf "$out"
    mkdir -p "$out/share" "$out/root/opt/canary"
    make -s -C "$here" O="$out" GUEST="$build/guest" || exit 1
    cp "$out/use" "$out/root/opt/canary/"
    LD_LIBRARY_PATH=$build/guest/lib \
        "$top/images/rootfs.sh" layer "$out/canary.cpio" "$out/root" || exit 1
    for q in canary canary-leak; do
        "$top/qemu-device/build-qemu.sh" -l "$out/qemu-$q" --wrap=object_new "$out/$q.o" || exit 1
    done
}

# Neither names nor texts of the test build are in what is shipped.
product_is_clean() {
    local in_test in_product
    in_test=$(strings -a "$out/qemu-canary" | grep -c 'HSM_CANARY\|__wrap_object_new')
    in_product=$(strings -a "$product" "$build/host/libhsmfw.a" |
        grep -ci 'canary\|__wrap_object_new')
    [ "$in_test" -ge 2 ] && [ "$in_product" = 0 ]
}

# The search finds what is planted in noise, and nothing else.
scan_works() {
    local form rc=0 hex reversed
    head -c 4M /dev/urandom > "$out/noise"
    hex=$(head -c 20 /dev/urandom | od -An -v -tx1 | tr -d ' \n')
    reversed=$(echo "$hex" | sed 's/../& /g' | tr ' ' '\n' | grep . | tac | tr -d '\n')
    echo "planted $hex" > "$out/planted"
    "$out/scan" "$out/planted" "$out/noise" > /dev/null || rc=1
    plant() { # plant COMMAND...: 17 bytes that the command writes, at an odd place
        head -c 4M /dev/urandom > "$out/noise"
        "$@" | dd of="$out/noise" bs=1 seek=3000001 conv=notrunc status=none
        "$out/scan" "$out/planted" "$out/noise" > "$out/scanned" && rc=1
        grep -q "offset 3000001 has the secret of 'planted'" "$out/scanned" || rc=1
    }
    bytes() { printf "$(echo "${1:0:34}" | sed 's/../\\x&/g')"; }
    for form in "$hex" "$reversed"; do
        plant bytes "$form"
        plant printf %s "${form:0:32}"
        plant printf %s "$(echo "${form:0:32}" | tr a-f A-F)"
    done
    rm "$out/noise"
    return $rc
}

# A run has a folder for all of its files: enter NAME QEMU.
enter() {
    export CANARY_OUT=$out/$1 QEMU=$out/$2 HSM_CANARY=$out/$1/secrets
}

start() {
    enter "$@"
    mkdir -p "$CANARY_OUT/share"
    : > "$HSM_CANARY"
    : > "$CANARY_OUT/found"
    : > "$CANARY_OUT/dumps"
    ln -f "$out/scan" "$out/canary.cpio" "$CANARY_OUT/"
}

# The scripts of the transcript lane, in one boot: each on cards of its own, but cmd_*.sh
# on one. What they print is judged in their lane; here each must run to its end. Left out is
# what needs another kind of card, or to take cards away; and seed_003, for want of slots.
transcripts() {
    local t=$top/tests/transcript to=$CANARY_OUT/share/t card=1 clusters=1 first sizes name rc=0
    local names=("$t"/[!a]*.golden "$t"/again_*.golden)
    mkdir -p "$to"
    for name in "${names[@]##*/}"; do
        name=${name%.golden} first=0
        ! grep -q '^# boot:.*fips' "$t/$name.sh" || continue
        sizes=$(sed -n 's/^# cards: //p' "$t/$name.sh")
        case $name in
        cmu_cluster* | cluster_min_srv | seed_003) continue ;;
        cmd_* | again_*) ;;
        *) first=$card clusters+=,${sizes:=1} card=$((card + ${sizes//,/+})) ;;
        esac
        cat "$t/lib.sh" "$t/$name.sh" > "$to/$name.sh"
        echo "CARD_FIRST=$first HSM_DEVICE=/dev/hsm$first bash /mnt/share/t/$name.sh" \
            "> /mnt/share/t/$name.out 2>&1"
    done > "$to/all"
    echo true >> "$to/all"
    timeout 900 "$here/guest.sh" KEYSTORE="$CANARY_OUT/t.db" SCRIPT="$to/all" NODES=$card \
        CLUSTERS=$clusters > "$CANARY_OUT/transcript.log" 2>&1 || rc=1
    for name in "$to"/*.sh; do
        name=$(basename "$name" .sh)
        [ "$(grep -c '^== ' "$to/$name.out")" = "$(grep -c '^== ' "$t/$name.golden")" ] ||
            { echo "        $name.sh did not run to its end"; rc=1; }
    done
    return $rc
}

own() {
    timeout 300 "$here/guest.sh" KEYSTORE="$CANARY_OUT/own.db" SCRIPT="$here/own.sh" \
        > "$CANARY_OUT/own.log" 2>&1
}

# Everything that was written outside but the secrets themselves.
scan_files() {
    find "$CANARY_OUT" -type f ! -name secrets ! -name found ! -name scan ! -name canary.cpio \
        -print0 | xargs -0 "$out/scan" "$HSM_CANARY" >> "$CANARY_OUT/found"
}

used() { # used KIND: how many calls of that kind were answered
    sed -n "s/^used .* $1=\([0-9]*\).*/\1/p" "$CANARY_OUT/own.log" | grep . || echo 0
}

# What is left of the run that was entered: memory first, then everything outside.
judge() { # judge NAME
    [ "$(cat "$CANARY_OUT/dumps")" = $((512 << 20)) ] &&
        grep -q '^scan: [1-9][0-9]* secrets' "$CANARY_OUT/found"
    result "$1: the guest's memory was dumped and searched" $?
    ! grep -q 'has the secret of' "$CANARY_OUT/found"
    result "$1: no secret in the guest's memory" $?
    scan_files
    local rc=$?
    sed 's/^/        /' "$CANARY_OUT/found"
    result "$1: no secret in stores, outputs and logs" $rc
}

own_run() {
    local kind rc=0
    start own qemu-canary
    own
    result "keys of every type are made and used" $?
    grep -q '^made 11 keys' "$CANARY_OUT/own.log"
    result "each was made" $?
    grep -q '^took a key in' "$CANARY_OUT/own.log"
    result "a key known outside was taken in" $?
    for kind in attrs change mask wrap unwrap host encrypt decrypt sign verify parts; do
        [ "$(used $kind)" -gt 0 ] || { echo "        no call of kind $kind was answered"; rc=1; }
    done
    result "each kind of command was answered" $rc
    judge "all there is to ask"
}

# Each leak is seen where it goes to.
leak_run() {
    local leak
    start leak qemu-canary-leak
    own
    for leak in "memory:.*'canary-leak-aes256'\$" "memory:.*'canary-hex-aes128' as HEX"; do
        grep -q "$leak" "$CANARY_OUT/found"
        result "a leak on purpose is found: $leak" $?
    done
    scan_files
    grep -q "qemu.log:.*'canary-log-des3' as HEX" "$CANARY_OUT/found"
    result "a leak on purpose is found: qemu.log" $?
}

prepare
product_is_clean
result "the product has nothing of the test build" $?
scan_works
result "the search finds bytes and hex text, forwards and in reverse" $?
start transcripts qemu-canary
transcripts > "$CANARY_OUT/verdict" &
beside=$!
own_run
leak_run
wait "$beside"
rc=$?
enter transcripts qemu-canary
cat "$CANARY_OUT/verdict"
result "$(find "$CANARY_OUT/share/t" -name '*.out' | wc -l) scripts of the transcript lane run" $rc
judge "transcripts"
result_end canary
