#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh [-a] [test path prefix] - builds and runs the qtests of the card; TAP on standard
# output, last line "qtest: N passed, N failed", exit status not 0 on failure. -a: QEMU with ASan and UBSan.
#
# Environment: BUILD, HSM_CACHE, QEMU_SRC as for build-qemu.sh, ROMS (SeaBIOS and ROMs).
set -euo pipefail

repo=$(dirname "$(dirname "$(dirname "$(realpath "$0")")")")
bin=${BUILD:-$repo/build}
cache=${HSM_CACHE:-$repo/build/cache}
san=()
if [ "${1:-}" = -a ]; then
    san=(-a)
    bin=$bin/asan
    shift
fi
"$repo/qemu-device/build-qemu.sh" "${san[@]}" qtest >&2
roms=${ROMS:-$cache/roms/usr/share}
if [ ! -d "$roms/seabios" ]; then
    HSM_CACHE=$cache "$repo/images/fetch.sh" deb "$cache/roms" seabios qemu-system-data >&2
fi

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
printf '#!/bin/sh\nexec "%s" -L "%s" -L "%s" "$@"\n' \
    "$bin/qemu-system-x86_64" "$roms/seabios" "$roms/qemu" > "$tmp/qemu-system-x86_64"
chmod +x "$tmp/qemu-system-x86_64"
export QTEST_QEMU_BINARY=$tmp/qemu-system-x86_64 TMPDIR=$tmp
timeout -k 5 "${TIMEOUT:-120}" "$bin/hsm-test" --tap -k ${1:+-p "/x86_64/hsm/$1"} 2> "$tmp/err" |
    tee "$tmp/tap" && rc=0 || rc=$?
[ "$rc" = 0 ] || cat "$tmp/err" >&2
passed=$(grep -c '^ok ' "$tmp/tap" || true)
failed=$(grep -c '^not ok ' "$tmp/tap" || true)
# A test that asserts ends the program before its line.
[ "$rc" = 0 ] || [ "$failed" != 0 ] || failed=1
echo "qtest: $passed passed, $failed failed"
exit "$rc"
