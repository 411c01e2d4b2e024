#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds and runs the power tests: the power goes at every call by which a card writes to its
# disk, and every such call fails. SEED=n repeats what the disk kept; POWER_ROUNDS=n draws it
# so often for each call (default 1), and above 1 tries all faults and all versions of a
# member's disk; CALL=n, FAULT=n or MEMBER_CALL=n looks at one call only. What went wrong prints
# what repeats it. A program is given half an hour for each round. Ends with "power: N passed,
# N failed".
set -u

here=$(cd "$(dirname "$0")" && pwd)
out=${O:-${BUILD:-$here/../../build}/host}
mkdir -p "$out" && out=$(cd "$out" && pwd) || exit 1
make --no-print-directory -C "$here" O="$out" || {
	echo 'power: 0 passed, 1 failed'
	exit 1
}
base=${TMPDIR:-/tmp}
[ -w /dev/shm ] && base=/dev/shm
tmp=$(mktemp -d "$base/hsm-power.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
export SEED="${SEED:-$$}"
echo "power: SEED=$SEED"
programs='power_test member_test'
[ -z "${FAULT:-}${CALL:-}" ] || programs=power_test
[ -z "${MEMBER_CALL:-}" ] || programs=member_test
for program in $programs; do
	mkdir "$tmp/$program"
	timeout -k 10 $((${POWER_ROUNDS:-1} * 1800)) "$out/power/$program" "$tmp/$program" \
		>"$tmp/$program.out" 2>&1
	rc=$?
	grep -v '^power: ' "$tmp/$program.out"
	grep '^power: ' "$tmp/$program.out"
	# One that ends badly has failed, whatever it has said or not.
	if [ $rc -ne 0 ] && ! grep -q '^power: .* [1-9][0-9]* failed' "$tmp/$program.out"; then
		echo "$program: exit status $rc"
		echo 'power: 0 passed, 1 failed'
	fi
done >"$tmp/all"
grep -v '^power: ' "$tmp/all"
awk '/^power: / { p += $2; f += $4 } END { printf "power: %d passed, %d failed\n", p, f; exit f > 0 }' "$tmp/all"
