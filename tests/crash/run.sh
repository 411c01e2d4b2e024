#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds and runs the crash tests: kill -9 of a card that writes, what its store
# file gives away, and damage to it. ROUNDS=n kills n times (default 120), SEED=n
# repeats a run's moments. Ends with "crash: N passed, N failed".
set -u

here=$(cd "$(dirname "$0")" && pwd)
out=${O:-$here/../../build/host}
mkdir -p "$out" && out=$(cd "$out" && pwd) || exit 1
make --no-print-directory -C "$here" O="$out" || {
	echo 'crash: 0 passed, 1 failed'
	exit 1
}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/hsm-crash.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
"$out/crash/crash_test" "$out/crash/crash_writer" "$tmp" "${ROUNDS:-120}" "${SEED:-$$}"
