#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh - firmware, stores, platform and group under ThreadSanitizer: the unit tests that
# have threads of their own, and a load (load.c) of everything at once. Every report of a
# data race or of locks taken in two orders is a failure. SEED= (1) of the load, RACE_SECS=
# (10) for each of its scenarios. Last line: "race: N passed, N failed"
#
# OpenSSL and SQLite are not instrumented; nothing is suppressed.
set -uo pipefail

here=$(dirname "$(realpath "$0")")
build=${BUILD:-$(realpath "$here/../..")/build}
out=$build/tsan
tests="test_parallel test_soak test_group_parallel test_tamper test_tamper_stop test_cancel
       test_post_flood test_many_contexts test_platform test_crypto test_seal test_store test_kv_mem"
loads="one_card wiped a_group"
export SEED=${SEED:-1} RACE_SECS=${RACE_SECS:-10}
export TSAN_OPTIONS="detect_deadlocks=1 second_deadlock_stack=1 history_size=4 ${TSAN_OPTIONS:-}"

make -s --no-print-directory -C "$here" O="$out" TESTS="$(echo $tests)" all unit || {
    echo 'race: 0 passed, 1 failed'
    exit 1
}

# In memory where there is a place for it: the stores sync all the time.
tmp=$(mktemp -d -p /dev/shm 2> /dev/null || mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
export TMPDIR=$tmp OUT=$out
# Where addresses are more random than ThreadSanitizer's shadow allows.
fixed=
setarch -R true 2> /dev/null && fixed='setarch -R'
export FIXED=$fixed

run_all() { # run_all PROCESSES NAME...: what each says into NAME.log, its status into NAME.status
    local at=$1
    shift
    printf '%s\n' "$@" | xargs -P "$at" -I NAME bash -c '
        case NAME in
        test_*) timeout 180 $FIXED "$OUT/unit/NAME" ;;
        *) RACE_TEST=NAME timeout $((RACE_SECS * 4 + 120)) $FIXED "$OUT/race/load" ;;
        esac > "$TMPDIR/NAME.log" 2>&1
        echo $? > "$TMPDIR/NAME.status"'
}

run_all "$(nproc)" $tests
run_all "$(nproc)" $loads

passed=0 failed=0
for name in $tests $loads; do
    log=$tmp/$name.log
    cat "$log"
    ok=$(grep -c '^\[       OK \]' "$log")
    bad=$(($(grep -c '^\[ RUN      \]' "$log") - ok))
    reports=$(grep -c '^WARNING: ThreadSanitizer' "$log")
    [ "$reports" = 0 ] || echo "$name: $reports reports of ThreadSanitizer (SEED=$SEED)"
    if [ "$(cat "$tmp/$name.status")" != 0 ] || [ "$ok" = 0 ] || [ "$reports" != 0 ]; then
        echo "$name: exit status $(cat "$tmp/$name.status")"
        [ "$((bad + reports))" != 0 ] || bad=1
    fi
    passed=$((passed + ok))
    failed=$((failed + bad + reports))
done
echo "race: $passed passed, $failed failed"
[ "$failed" = 0 ]
