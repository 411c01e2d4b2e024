#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds and runs the tests of what depends on secrets, under valgrind. Ends with
# "secret: N passed, N failed".
set -u

here=$(cd "$(dirname "$0")" && pwd)
out=${O:-${BUILD:-$here/../../build}/secret}
mkdir -p "$out" && out=$(cd "$out" && pwd) || exit 1
make --no-print-directory -C "$here" O="$out" || {
	echo 'secret: 0 passed, 1 failed'
	exit 1
}

log=$out/log
timeout "${SECRET_TIMEOUT:-900}" valgrind -q --suppressions="$here/suppressions" --num-callers=12 \
	"$out/test_taint" >"$log" 2>&1
status=$?
cat "$log"
passed=$(grep -c '^\[       OK \]' "$log")
ran=$(grep -c '^\[ RUN      \]' "$log")
failed=$((ran - passed))
if [ "$status" -ne 0 ] || [ "$ran" -eq 0 ]; then
	echo "test_taint: exit status $status"
	[ "$failed" -gt 0 ] || failed=1
fi
echo "secret: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
