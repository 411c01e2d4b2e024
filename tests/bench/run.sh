#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh - `make bench`: the card and its peers, natively on the host, then in one boot of
# one guest on one key store, then stores of many keys, and clusters; what a reader should
# look at are the ratios. BENCH_SECS= is the length of each measurement (3), CPUS= the guest's
# processors (1, so that the card has the other core).
set -euo pipefail

here=$(dirname "$(realpath "$0")")
top=$(realpath "$here/../..")
build=${BUILD:-$top/build}
out=$build/bench
secs=${BENCH_SECS:-3}
export CPUS=${CPUS:-1} LAYERS=$out/bench.cpio TIMEOUT=1800
modes="rsa2048-sign rsa2048-verify p256-sign p384-sign gcm-1k gcm-56k gcm-64k wrap"

prepare() {
    make -s -C "$top/userspace" O="$build/guest" static
    make --no-print-directory -C "$here" O="$out" GUEST="$build/guest" HOST="$build/host" > /dev/null
    rm -rf "$out/root" "$out"/*.db*
    install -D -t "$out/root/opt/bench" "$out"/bench_hsm "$out"/bench_use "$out"/bench_nvme \
        "$out"/bench_p11 "$here"/guest.sh "$here"/find.sh
    install -D -t "$out/root/usr/bin" "$(command -v softhsm2-util)"
    install -D -t "$out/root/usr/lib/softhsm" "$(find /usr/lib -name libsofthsm2.so -type f -print -quit)"
    "$top/images/rootfs.sh" layer "$out/bench.cpio" "$out/root"
}

native() {
    local mode n
    echo "# native, on the host"
    for mode in genrsa $modes; do
        for n in 1 2; do
            "$out/bench_native" $mode $n "$secs"
        done
    done
}

# Stores of none, few, more and many keys, and how a card starts on them.
stores() {
    local n
    echo "# key stores, on the host"
    for n in 0 100 10000 100000; do
        "$out/bench_store" fill "$out/$n.db" $n
        "$out/bench_store" start "$out/$n.db"
    done
}

# What the time of a refusal tells; this is a test only for who reads it.
oracles() {
    echo "# padding oracles, on the host: |t| > 10 would say that the clock tells right padding (a) from wrong (b)"
    "$out/bench_oracle" "$secs"
}

guest() { # guest SCRIPT
    printf '#!/bin/sh\nBENCH_SECS=%s bash /opt/bench/%s\n' "$secs" "$1" > "$out/script.sh"
    "$top/images/run.sh" script "$out/script.sh"
}

card() {
    echo "# in the guest, $CPUS processor(s)"
    KEYSTORE=$out/store.db QEMU_EXTRA="${QEMU_EXTRA:-} -blockdev driver=null-co,node-name=null0,size=67108864,read-zeroes=on
            -device nvme,serial=bench,drive=null0" guest guest.sh
}

# Both cards in one guest; secret and serial are those of bench_store.
many_keys() {
    echo "# one key of 100 and of 100000, in the guest"
    mv "$out/100.db" "$out/few.db"
    mv "$out/100000.db" "$out/few.db.1"
    NODES=2 KEYSTORE=$out/few.db HSM_PROPS=${HSM_PROPS:+$HSM_PROPS,}serial=LOOP0001,secret=bench \
        QEMU_EXTRA="${QEMU_EXTRA:-} -object secret,id=bench,data=$(printf 'loop card' | base64),format=base64" \
        guest find.sh
}

# Keys of cards that agree, beside bare puts into the same etcd, whose three members, all
# stores and all cards share the processors and the disk.
clusters() {
    local dir=$out/cluster
    echo "# clusters, on the host"
    etcd_down "$dir"
    rm -rf "$dir"
    etcd_up "$dir" 3
    etcd_config "$dir" /hsm/bench/ > "$dir/cluster.json"
    "$out/bench_cluster" "$dir/cluster.json" "$dir" "$secs"
    etcd_down "$dir"
    rm -rf "$dir"
}

# shellcheck source=../cluster/etcd.sh
. "$here/../cluster/etcd.sh"
trap 'etcd_down "$out/cluster"' EXIT
prepare
{
    native
    oracles
    stores
    card
    many_keys
    clusters
} | tee "$out/results"
awk -f "$here/ratios.awk" "$out/results" | tee "$out/ratios"
rm -f "$out"/*.db*
