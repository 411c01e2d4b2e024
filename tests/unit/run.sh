#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds and runs the unit tests; with arguments only those named (test_seal ...).
# Ends with "unit: N passed, N failed", N counting single tests.
set -u

here=$(cd "$(dirname "$0")" && pwd)
out=${O:-$here/../../build/asan}
mkdir -p "$out" && out=$(cd "$out" && pwd) || exit 1
make --no-print-directory -C "$here" O="$out" || {
	echo 'unit: 0 passed, 1 failed'
	exit 1
}

# In memory where there is a place for it: the stores of the tests sync all the time.
tmp=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
export TMPDIR="$tmp"
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_stack_use_after_return=1}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}"

[ $# -gt 0 ] || for src in "$here"/test_*.c; do
	set -- "$@" "$(basename "$src" .c)"
done

# As many programs at once as there are processors; each by itself, with a time limit.
export OUT="$out/unit" LOGS="$tmp" UNIT_TIMEOUT="${UNIT_TIMEOUT:-360}"
# shellcheck disable=SC2016
printf '%s\n' "$@" | xargs -P "$(nproc)" -I NAME sh -c '
	timeout "$UNIT_TIMEOUT" "$OUT/NAME" >"$LOGS/NAME.log" 2>&1
	echo $? >"$LOGS/NAME.status"'

passed=0
failed=0
for name in "$@"; do
	log=$tmp/$name.log
	status=$(cat "$tmp/$name.status" 2>/dev/null || echo 1)
	cat "$log"
	ok=$(grep -c '^\[       OK \]' "$log")
	ran=$(grep -c '^\[ RUN      \]' "$log")
	# What was begun and is not OK has failed, was skipped, or took the program
	# down with it.
	bad=$((ran - ok))
	if [ "$status" -ne 0 ] || [ "$ran" -eq 0 ]; then
		echo "$name: exit status $status"
		[ "$bad" -gt 0 ] || bad=1
	fi
	passed=$((passed + ok))
	failed=$((failed + bad))
done
echo "unit: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
