#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh [TARGET...] - builds the fuzz targets, gives each the inputs that are kept under
# corpus/, then lets them look for more, as many at a time as there are processors, for
# FUZZ_SECS seconds (300) in all, each a second at least; a third of it goes to the device
# (tests/qfuzz). FUZZ_SECS=0: only what is kept. New inputs go to $BUILD/fuzz/corpus and are
# gone on from; one that fails to $BUILD/fuzz/found. Last line: "fuzz: N passed, N failed".
# docs/fuzzing.md.
set -u

here=$(cd "$(dirname "$0")" && pwd)
out=${O:-${BUILD:-$here/../../build}/fuzz}
mkdir -p "$out/found" "$out/log" && out=$(cd "$out" && pwd) || exit 1
secs=${FUZZ_SECS:-300}
clang=${FUZZ_CLANG:-clang}
jobs=${JOBS:-$(nproc)}
passed=0
failed=0

# The product's leaks are finds as much as its overruns.
export ASAN_OPTIONS="detect_leaks=1:allocator_may_return_null=1:${ASAN_OPTIONS:-}"
export UBSAN_OPTIONS="print_stacktrace=1:${UBSAN_OPTIONS:-}"

finish() {
	echo "fuzz: $passed passed, $failed failed"
	[ "$failed" -eq 0 ]
	exit
}

make -s -j"$jobs" --no-print-directory -C "$here" O="$out" CLANG="$clang" || {
	failed=1
	finish
}
all=$#
[ $# -gt 0 ] || for src in "$here"/fuzz_*.c; do
	set -- "$@" "$(basename "$src" .c)"
done

# target NAME OPTION...: one run; what it says goes to its log.
target() {
	name=$1
	shift
	dict=$here/dict/$name.dict
	[ -e "$dict" ] && set -- -dict="$dict" "$@"
	"$out/$name" -timeout=60 -rss_limit_mb=3000 -malloc_limit_mb=1000 -print_final_stats=1 \
		-artifact_prefix="$out/found/$name-" "$@" </dev/null >"$out/log/$name" 2>&1
}

# tell NAME WHAT RESULT: its line, and of a find how to see it again.
tell() {
	log=$out/log/$1
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	if [ "$3" -eq 0 ] && [ "${runs:-0}" -gt 0 ]; then
		new=$(sed -n 's/^stat::new_units_added: *//p' "$log")
		cov=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
		printf '%-14s %-6s %s runs, %s edges, %s new inputs\n' "$1" "$2" "$runs" \
			"${cov:-?}" "${new:-0}"
		passed=$((passed + 1))
		return
	fi
	echo "$1 $2: FAILED, ${runs:-no} runs, exit status $3"
	grep -E '^fuzz: |ERROR: |SUMMARY: |runtime error: ' "$log" | head -n 5
	input=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
	[ -n "$input" ] || input=$(sed -n 's/^Running: //p' "$log" | tail -n 1)
	echo "again: $out/$1 $input	(all of it: $log)"
	failed=$((failed + 1))
}

# The first part: a run over every file that is kept, one process for each target.
for name in "$@"; do
	mkdir -p "$out/corpus/$name"
	kept=$here/corpus/$name
	if [ -z "$(ls "$kept" 2>/dev/null)" ]; then
		echo "$name kept: FAILED"
		echo "there are no inputs under $kept"
		failed=$((failed + 1))
		continue
	fi
	target "$name" -runs=0 "$kept"
	tell "$name" kept $?
done

# The second: shares of the time, in turns of as many targets as there are processors.
device=0
[ "$all" -eq 0 ] && device=1
mine=$((device ? secs * 2 / 3 : secs))
turns=$((($# + jobs - 1) / jobs))
each=$((mine / turns))
[ "$secs" -gt 0 ] && [ "$each" -eq 0 ] && each=1
if [ "$each" -gt 0 ]; then
	turn=
	for name in "$@" ''; do
		if [ -n "$name" ]; then
			target "$name" -max_total_time="$each" -max_len=4096 -use_value_profile=1 -reload=0 \
				"$out/corpus/$name" "$here/corpus/$name" &
			turn="$turn $name:$!"
		fi
		running=$(echo "$turn" | wc -w)
		[ -n "$name" ] && [ "$running" -lt "$jobs" ] && continue
		for one in $turn; do
			wait "${one#*:}"
			tell "${one%:*}" search $?
		done
		turn=
	done
fi

if [ "$device" -eq 1 ]; then
	of_it=$((secs / 3))
	[ "$secs" -gt 0 ] && [ "$of_it" -eq 0 ] && of_it=1
	"$here/../qfuzz/run.sh" "$of_it" >"$out/log/qfuzz" 2>&1
	rc=$?
	cat "$out/log/qfuzz"
	p=$(sed -n 's/^qfuzz: \([0-9]*\) passed.*/\1/p' "$out/log/qfuzz" | tail -n 1)
	f=$(sed -n 's/^qfuzz: .* \([0-9]*\) failed.*/\1/p' "$out/log/qfuzz" | tail -n 1)
	if [ "${f:-0}" -eq 0 ] && { [ "$rc" -ne 0 ] || [ "${p:-0}" -eq 0 ]; }; then
		echo "tests/qfuzz/run.sh: exit status $rc, ${p:-none} passed"
		f=1
	fi
	passed=$((passed + ${p:-0}))
	failed=$((failed + ${f:-0}))
fi
finish
