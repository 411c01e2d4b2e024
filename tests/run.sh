#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh LANE... - runs the lanes of the tests, one after another.
#
# A lane is tests/LANE/run.sh; its last line is "LANE: N passed, N failed" and its exit
# status says the same. The last line here adds them up: "N passed, N failed".
set -uo pipefail

here=$(dirname "$(realpath "$0")")
build=${BUILD:-$(dirname "$here")/build}
mkdir -p "$build/log"
passed=0 failed=0

for lane in "$@"; do
    log=$build/log/$lane.log
    start=$SECONDS
    echo "=== $lane"
    "$here/$lane/run.sh" 2>&1 | tee "$log"
    rc=${PIPESTATUS[0]}
    read -r p f < <(sed -n "s/^$lane: \([0-9]*\) passed, \([0-9]*\) failed.*/\1 \2/p" "$log" | tail -n 1)
    # A lane that ended badly without counting, or counted nothing, has failed once.
    if [ -z "${p:-}" ] || { [ "$rc" != 0 ] && [ "${f:-0}" = 0 ]; } || [ "$((p + f))" = 0 ]; then
        echo "$lane: ended with status $rc and no count of its tests"
        p=${p:-0} f=$((${f:-0} + 1))
    fi
    passed=$((passed + p)) failed=$((failed + f))
    echo "=== $lane took $((SECONDS - start)) s"
    p='' f=''
done

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
