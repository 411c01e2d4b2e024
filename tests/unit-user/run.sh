#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh - builds and runs the unit tests of libhsm and the command line layer, with
# ASan and UBSan; the last line counts them.

set -u
here=$(cd "$(dirname "$0")" && pwd)
build=${BUILD:-$here/../../build}/user-asan
passed=0
failed=0

make -s -C "$here" O="$build" || exit 1
for t in "$here"/test_*.c; do
	name=$(basename "$t" .c)
	CMOCKA_MESSAGE_OUTPUT=tap timeout 300 "$build/$name" >"$build/$name.tap"
	rc=$?
	grep -E '^(not )?ok|^#' "$build/$name.tap" | sed "s/^ok [0-9]* - /ok $name: /; s/^not ok [0-9]* - /not ok $name: /"
	p=$(grep -c '^ok' "$build/$name.tap")
	f=$(grep -c '^not ok' "$build/$name.tap")
	# Killed by a sanitizer or the clock: the tests that did not report have failed.
	if [ "$rc" -ne 0 ] && [ "$f" -eq 0 ]; then
		echo "not ok $name: ended with status $rc"
		f=1
	fi
	passed=$((passed + p))
	failed=$((failed + f))
done
echo "unit-user: $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
