#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh - `make bench`: the card beside its peers. Once: stores of many keys and how a card
# starts on them, and what the time of a refusal tells. Then rounds, each of the host's own
# programs, of one boot of one guest with a fresh key store, of one guest with cards of few and
# many keys, and of clusters; what is reported is the median of the rounds.
#
# Into $BUILD/bench: results (each line as a program printed it), ratios, performance.md and
# performance/*.svg; PUBLISH=1 copies the page into docs/. BENCH_SECS= is the length of each
# measurement (1), BENCH_ROUNDS= how often (3), CPUS= the guest's processors (1, so that the
# card has the other core), BENCH_FIND= and BENCH_START= how many keys the cards have that are
# searched (100 to 100,000) and started (0 to 1,000,000), BENCH_WAIT= the seconds to wait at most
# for a quiet machine (120).
set -euo pipefail

here=$(dirname "$(realpath "$0")")
top=$(realpath "$here/../..")
build=${BUILD:-$top/build}
out=$build/bench
secs=${BENCH_SECS:-1} rounds=${BENCH_ROUNDS:-3}
export CPUS=${CPUS:-1} LAYERS=$out/bench.cpio TIMEOUT=1800
callers="1 2 4 8 16 32"
found=${BENCH_FIND:-100 1000 10000 100000} started=${BENCH_START:-0 10000 100000 1000000}

prepare() {
    make -s -C "$top/userspace" O="$build/guest" static
    make --no-print-directory -C "$here" O="$out" GUEST="$build/guest" HOST="$build/host" > /dev/null
    rm -rf "$out/root" "$out"/*.db*
    install -D -t "$out/root/opt/bench" "$out"/bench_hsm "$out"/bench_use "$out"/bench_nvme \
        "$out"/bench_edu "$out"/bench_p11 "$here"/guest.sh "$here"/find.sh
    openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$out/root/opt/bench/rsa.pem" 2> /dev/null
    install -D -t "$out/root/usr/bin" "$(command -v softhsm2-util)"
    install -D -t "$out/root/usr/lib/softhsm" "$(find /usr/lib -name libsofthsm2.so -type f -print -quit)"
    "$top/images/rootfs.sh" layer "$out/bench.cpio" "$out/root"
}

# Each number once, in order.
each() { printf '%s\n' "$@" | sort -nu; }

native() {
    local mode n
    echo "# native, on the host"
    echo "R bench=host mode=processors n=$(nproc)"
    "$out/bench_commit" fdatasync "$out" "$secs"
    "$out/bench_commit" sqlite "$out" "$secs" "$key_bytes"
    for n in $(each 1 "$(nproc)"); do
        "$out/bench_native" genrsa $n $((secs * 3))
        for mode in rsa2048-verify p384-sign gcm-1k gcm-56k gcm-64k wrap; do
            "$out/bench_native" $mode $n "$secs"
        done
    done
    for mode in rsa2048-sign p256-sign; do
        for n in $(each $callers "$(nproc)"); do
            "$out/bench_native" $mode "$n" "$secs"
        done
    done
}

# By how much a key and the audit record of its making let a store grow: into $key_bytes.
growth() {
    local few many
    few=$(each $found $started | head -n 1)
    many=$(each $found $started | tail -n 1)
    [ "$few" != "$many" ] || { echo "BENCH_FIND= and BENCH_START= are all $few: how a store grows is not seen" >&2; exit 2; }
    key_bytes=$((($(stat -c %s "$out/$many.db") - $(stat -c %s "$out/$few.db")) / (many - few)))
    echo "R bench=store mode=growth bytes=$key_bytes"
}

# How a card starts on none, many and very many keys; of these some are searched later.
stores() {
    local n
    echo "# key stores, on the host"
    for n in $found $started; do
        [ -e "$out/$n.db" ] || "$out/bench_store" fill "$out/$n.db" "$n"
    done
    growth
    for n in $started; do
        "$out/bench_store" start "$out/$n.db"
        [[ " $found " = *" $n "* ]] || rm -f "$out/$n.db"*
    done
    n=0
    for keys in $found; do
        mv "$out/$keys.db" "$out/many.db.$n"
        n=$((n + 1))
    done
    mv "$out/many.db.0" "$out/many.db"
}

# What the time of a refusal tells; this is a test only for who reads it.
oracles() {
    echo "# padding oracles, on the host: |t| > 10 would say that the clock tells right padding (a) from wrong (b)"
    "$out/bench_oracle" "$secs"
}

guest() { # guest SCRIPT
    printf '#!/bin/sh\nBENCH_SECS=%s KEYS="%s" bash /opt/bench/%s\n' "$secs" "$found" "$1" > "$out/script.sh"
    "$top/images/run.sh" script "$out/script.sh"
}

card() {
    echo "# in the guest, $CPUS processor(s)"
    rm -f "$out"/store.db*
    KEYSTORE=$out/store.db QEMU_EXTRA="${QEMU_EXTRA:-} -blockdev driver=null-co,node-name=null0,size=67108864,read-zeroes=on
            -device nvme,serial=bench,drive=null0 -device edu" guest guest.sh
}

# Each on its own, all in one guest; secret and serial are those of bench_store.
many_keys() {
    echo "# one key of $found, in the guest"
    NODES=$(wc -w <<< "$found") CLUSTERS=$(sed 's/[0-9]\+/1/g; s/ /,/g' <<< "$found") ACTIVATE=no \
        KEYSTORE=$out/many.db HSM_PROPS=${HSM_PROPS:+$HSM_PROPS,}serial=LOOP0001,secret=bench \
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

measure() {
    local round
    machine_info
    oracles
    stores
    for ((round = 1; round <= rounds; round++)); do
        echo "# round $round of $rounds"
        round_info
        native
        card
        many_keys
        clusters
    done
    end_info
}

# shellcheck source=../cluster/etcd.sh
. "$here/../cluster/etcd.sh"
# shellcheck source=info.sh
. "$here/info.sh"
trap 'etcd_down "$out/cluster"; rm -f "$out"/*.db*' EXIT
[[ $secs =~ ^[1-9][0-9]*$ ]] || { echo "BENCH_SECS=$secs is not a number of seconds" >&2; exit 2; }
[[ $rounds =~ ^[1-9][0-9]*$ ]] || { echo "BENCH_ROUNDS=$rounds is not a number of rounds" >&2; exit 2; }
prepare
measure | tee "$out/results"
"$here/page.sh" "$out/results" "$out"
cat "$out/ratios"
echo "the page: $out/performance.md"
[ -z "${PUBLISH:-}" ] || "$here/page.sh" "$out/results" "$out" "$top/docs"
