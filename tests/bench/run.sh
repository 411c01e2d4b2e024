#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh - `make bench`: the card and its peers, in one boot of one guest on one key
# store; what a reader should look at are the ratios. BENCH_SECS= is the length of each
# measurement (3), CPUS= the guest's processors (1, so that the card has the other core).
set -euo pipefail

here=$(dirname "$(realpath "$0")")
top=$(realpath "$here/../..")
build=${BUILD:-$top/build}
out=$build/bench
export CPUS=${CPUS:-1} KEYSTORE=$out/store.db LAYERS=$out/bench.cpio TIMEOUT=900

make --no-print-directory -C "$here" O="$out" GUEST="$build/guest" > /dev/null
rm -rf "$out/root" "$out"/store.db*
install -D -t "$out/root/opt/bench" "$out"/bench_hsm "$out"/bench_nvme "$out"/bench_p11 "$here/guest.sh"
install -D -t "$out/root/usr/bin" "$(command -v softhsm2-util)"
install -D -t "$out/root/usr/lib/softhsm" "$(find /usr/lib -name libsofthsm2.so -type f -print -quit)"
"$top/images/rootfs.sh" layer "$out/bench.cpio" "$out/root"

echo "# native, on the host" | tee "$out/results"
for n in 1 2; do
    "$out/bench_native" $n "${BENCH_SECS:-3}" | tee -a "$out/results"
done
echo "# in the guest, $CPUS processor(s)" | tee -a "$out/results"
printf '#!/bin/sh\nBENCH_SECS=%s sh /opt/bench/guest.sh\n' "${BENCH_SECS:-3}" > "$out/script.sh"
QEMU_EXTRA="${QEMU_EXTRA:-} -blockdev driver=null-co,node-name=null0,size=67108864,read-zeroes=on
            -device nvme,serial=bench,drive=null0" \
    "$top/images/run.sh" script "$out/script.sh" | tee -a "$out/results"
awk -f "$here/ratios.awk" "$out/results" | tee "$out/ratios"
rm -f "$out"/store.db*
