#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds and runs the power tests: the power goes at every call by which a card writes to its
# disk, and every such call fails. SEED=n repeats what the disk kept; POWER_ROUNDS=n draws it
# so often for each call (default 1); CALL=n or FAULT=n looks at one call only. What went wrong
# prints all three. Ends with "power: N passed, N failed".
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
[ -z "${FAULT:-}" ] || programs=power_test
for program in $programs; do
	mkdir "$tmp/$program"
	"$out/power/$program" "$tmp/$program" >"$tmp/$program.out" 2>&1
	grep -v '^power: ' "$tmp/$program.out"
	# One that ends badly without a word has failed, too.
	grep '^power: ' "$tmp/$program.out" || echo 'power: 0 passed, 1 failed'
done >"$tmp/all"
grep -v '^power: ' "$tmp/all"
awk '/^power: / { p += $2; f += $4 } END { printf "power: %d passed, %d failed\n", p, f; exit f > 0 }' "$tmp/all"
