#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh - the transcript lane: runs the scripts kmu_<boot>_*.sh and compares what
# they print with their golden files.
#
#   run.sh         in the guest: one VM boot for each <boot>, all with one key store
#   run.sh host    on the host, with tools that are linked to the firmware
#
# GUEST="command" runs a script file in a guest: it gets KEYSTORE=path SCRIPT=file as
# arguments and must print what the script prints. KEEP=dir keeps the outputs there.

set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=${BUILD:-$top/build}/user-asan
mode=${1:-guest}
guest=${GUEST:-make -s -C $top guest}
out=${KEEP:-$(mktemp -d)}
mkdir -p "$out"
[ -n "${KEEP:-}" ] || trap 'rm -rf "$out"' EXIT
store=$out/store.db
rm -f "$store" "$store"*

run_host() {
	[ -x "$out/bin/key_mgmt_util" ] || {
		make -s -C "$top/tests/unit-user" O="$build" >&2
		mkdir -p "$out/bin"
		ln -sf "$build/kmu_host" "$out/bin/key_mgmt_util"
		ln -sf "$build/activate_host" "$out/bin/hsm_activate"
	}
	BIN=$out/bin HSM_DEVICE=$store bash "$1"
}

run_guest() {
	# shellcheck disable=SC2086 # GUEST is a command with its arguments
	timeout 600 $guest KEYSTORE="$store" SCRIPT="$1"
}

passed=0
failed=0
boots=$(for f in "$here"/kmu_*.sh; do basename "$f"; done | sed 's/^kmu_\([0-9]*\)_.*/\1/' | sort -nu)
for boot in $boots; do
	script=$out/boot$boot.sh
	cat "$here/lib.sh" "$here"/kmu_"$boot"_*.sh >"$script"
	cat "$here"/kmu_"$boot"_*.golden >"$out/boot$boot.golden"
	if ! "run_$mode" "$script" >"$out/boot$boot.out"; then
		echo "not ok boot $boot: the script failed"
		failed=$((failed + 1))
	fi
	awk -f "$here/compare.awk" "$out/boot$boot.golden" "$out/boot$boot.out" >"$out/boot$boot.cmp"
	sed '$d' "$out/boot$boot.cmp"
	# shellcheck disable=SC2046 # two numbers
	set -- $(tail -n 1 "$out/boot$boot.cmp")
	passed=$((passed + $1))
	failed=$((failed + $2))
done
echo "transcript: $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
