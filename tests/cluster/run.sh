#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # lib.sh and the scenes use, and set, our variables
#
# run.sh [PART...] - clusters: sim (histories on the simulator), conformance (one suite on
# every engine), kv (what a kv promises, on memory and etcd), and failures with a real etcd,
# one part for each scene_*() of etcd_loss.sh, node_loss.sh, strangers.sh, usage.sh; make_cluster,
# what `make cluster` does. SEEDS= is how many histories (10000), from FIRST= on (1). Last line: "cluster: N passed, N failed".
set -uo pipefail

here=$(dirname "$(realpath "$0")")
top=$(realpath "$here/../..")
build=${BUILD:-$top/build}
out=${O:-$build/host}
driver=$out/cluster/driver
node=$out/hsm-node
export ETCD_LEASE=2 ETCD_TIMEOUT=5000
# shellcheck source=etcd.sh
. "$here/etcd.sh"
for part in lib etcd_loss node_loss strangers usage; do
    # shellcheck source=/dev/null
    . "$here/$part.sh"
done

work=$(mktemp -d -p "${TMPDIR:-/tmp}" hsm-cluster.XXXXXX) || exit 1
etcd=$work/none
reply='' lines=''
end() {
    down
    # What is left in a shell of its own: VMs and members of scenes that were cut off.
    rm -rf "$work"
}
trap end EXIT
trap 'exit 130' INT TERM
trap '' PIPE # a card that ended is a failed check

counted() { # counted NAME PROGRAM...: a cmocka program
    local log=$work/$1.log ok ran rc=0
    name=$1
    timeout 200 "${@:2}" > "$log" 2>&1 || rc=$?
    ok=$(grep -c '^\[       OK \]' "$log")
    ran=$(grep -c '^\[ RUN      \]' "$log")
    grep -E '^\[ *(OK|FAILED) *\]' "$log"
    if [ "$rc" != 0 ] || [ "$ran" = 0 ]; then
        say_lines "$(grep -A 3 '^\[  ERROR' "$log" | head -n 40; tail -n 5 "$log")"
        [ "$ok" != "$ran" ] || ran=$((ran + 1))
    fi
    passed=$((passed + ok)) failed=$((failed + ran - ok))
}

# On all processors; what is printed of a history that fails has the seed that plays it again.
run_sim() {
    local n=${SEEDS:-10000} parts i each rc=0 pids=()
    name=sim
    parts=$(nproc)
    each=$(((n + parts - 1) / parts))
    for ((i = 0; i < parts; i++)); do
        timeout 400 "$out/cluster/sim" $((${FIRST:-1} + i * each)) "$each" > "$work/sim.$i.log" 2>&1 &
        pids+=($!)
    done
    for i in "${pids[@]}"; do
        wait "$i" || rc=1
    done
    tail -q -n 2 "$work"/sim.*.log | sed 's/^/        /'
    [ "$rc" = 0 ] || grep -h -B 40 '^sim: .* failed' "$work"/sim.*.log | head -n 100
    check "$((each * parts)) histories" [ "$rc" = 0 ]
}

# With a cluster file of a real etcd in the environment.
with_etcd() { # with_etcd NAME PROGRAM
    up "$1" 3 || return
    HSM_ETCD=$config HSM_ETCD_ENDPOINTS=$(etcd_endpoints "$etcd") counted "$1" "$2"
    down
}

run_conformance() { with_etcd conformance "$out/cluster/conformance"; }
run_kv() { with_etcd kv "$out/cluster/kv_test"; }

run_tls() { # one member, for certificates and passwords
    mkdir -p "$work/other"
    etcd_make_tls "$work/other"
    ETCD_TLS=1 ETCD_AUTH=1 scene_tls
}

# make cluster, twice: it is the same cluster again, and nothing is left running.
run_make_cluster() {
    local said=$work/make_cluster.said i
    name=make_cluster
    for i in 1 2; do
        CLUSTER_DIR=$work/made BUILD=$build timeout 120 "$top/images/cluster.sh" < /dev/null > "$said" 2> "$work/make_cluster.$i.log"
        check "run $i" [ $? = 0 ]
    done
    check "the keys of both are there" grep -qx '6, 7' "$said"
    check "of three nodes" grep -q 'Node id 2 and err state 0x00000000' "$said"
    reply=$(sed -n 's/.*hsm-node [12]: position /position /p' "$work/make_cluster.2.log" | sort | uniq -c | tr -s ' ')
    check "the other two have the same" like '^ 2 position [0-9]+ hash [0-9a-f]{64}$'
    check "nothing is left" [ -z "$(pgrep -f "$work/made/")" ]
}

make --no-print-directory -C "$here" O="$out" && make --no-print-directory -C "$top/qemu-device" O="$out" || {
    echo 'cluster: 0 passed, 1 failed'
    exit 1
}
[ $# -gt 0 ] || set -- sim conformance kv etcd_members compaction quota restore kill kill_maker pause \
    forget sealed strangers garbage tls usage vm vm_off make_cluster
for part; do
    began=$SECONDS
    if declare -F "run_$part" > /dev/null; then
        "run_$part"
    else
        "scene_$part"
    fi
    echo "        $part took $((SECONDS - began)) s"
done
echo "cluster: $passed passed, $failed failed"
[ "$failed" = 0 ]
