#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds the fuzzers and runs each for SECONDS_EACH seconds (default 20); with
# arguments only those named (fuzz_exec ...). What was found interesting is kept
# under build/fuzz/corpus and gone on from; an input that fails is kept under
# build/fuzz and named. Ends with "fuzz: N passed, N failed".
set -u

here=$(cd "$(dirname "$0")" && pwd)
out=${O:-$here/../../build/fuzz}
mkdir -p "$out" && out=$(cd "$out" && pwd) || exit 1
make --no-print-directory -C "$here" O="$out" || {
	echo 'fuzz: 0 passed, 1 failed'
	exit 1
}
[ $# -gt 0 ] || for src in "$here"/fuzz_*.c; do
	set -- "$@" "$(basename "$src" .c)"
done

passed=0
failed=0
for name in "$@"; do
	mkdir -p "$out/corpus/$name"
	if "$out/$name" -max_total_time="${SECONDS_EACH:-20}" -max_len=4096 -timeout=20 -use_value_profile=1 \
		-rss_limit_mb=4096 -print_final_stats=1 -verbosity=0 \
		-artifact_prefix="$out/$name-" "$out/corpus/$name"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
	fi
done
echo "fuzz: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
