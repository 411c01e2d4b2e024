#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# cluster.sh - a cluster of three on this machine: three members of etcd on loopback, two
# hsm-node, and a VM with the third card. With a terminal it ends at a logged-in prompt in
# the VM, else it runs a first session. All of it ends with the VM; keys and users stay in
# $BUILD/cluster.
#
# Environment: as run.sh, but for KEYSTORE and NODES; CLUSTER_DIR: instead of $BUILD/cluster.
set -euo pipefail

here=$(dirname "$(realpath "$0")")
build=${BUILD:-$(dirname "$here")/build}
dir=${CLUSTER_DIR:-$build/cluster}
nodes=()
# shellcheck source=../tests/cluster/etcd.sh
. "$here/../tests/cluster/etcd.sh"

die() { echo "cluster.sh: $*" >&2; exit 1; }
note() { echo "  CLUSTER	$*" >&2; }

last_line() { # last_line NODE
    tail -n 1 "$dir/node$1.log"
}

end() {
    local pid
    trap - EXIT
    for pid in "${nodes[@]}"; do
        kill "$pid" 2> /dev/null || true
    done
    wait "${nodes[@]}" 2> /dev/null || true
    etcd_down "$dir/etcd"
}

start_etcd() {
    local i
    command -v etcd > /dev/null || die "etcd is missing (package etcd-server)"
    command -v etcdctl > /dev/null || die "etcdctl is missing (package etcd-client)"
    if [ ! -e "$dir/etcd/up" ]; then
        rm -rf "$dir/etcd"
        etcd_up "$dir/etcd" 3 || die "etcd does not start, see $dir/etcd/e1.log"
        touch "$dir/etcd/up"
        return
    fi
    for i in 1 2 3; do
        etcd_start "$dir/etcd" "$i"
    done
    etcd_wait "$dir/etcd" || die "etcd does not start again, see $dir/etcd/e1.log"
}

# One secret for all members.
make_key() {
    [ ! -e "$dir/hsm0.db.key" ] || return 0
    (umask 077; head -c 32 /dev/urandom > "$dir/key.new")
    mv "$dir/key.new" "$dir/hsm0.db.key"
}

start_node() { # start_node NODE
    local tries
    "$build/host/hsm-node" --store "$dir/node$1.db" --key-file "$dir/hsm0.db.key" --node-id "$1" \
        --cluster "etcd:$dir/cluster.json" --address "hsm-node:$1" > "$dir/node$1.log" 2>&1 < /dev/null &
    nodes+=($!)
    for ((tries = 0; tries < 200; tries++)); do
        ! grep -q ': online' "$dir/node$1.log" || break
        kill -0 "${nodes[-1]}" 2> /dev/null || break
        sleep 0.1
    done
    grep -q ': online' "$dir/node$1.log" || die "member $1 is not online: $(last_line "$1")"
    note "$(last_line "$1")"
}

run_vm() {
    local what=(script "$here/first-run.sh")
    [ ! -t 0 ] || [ ! -t 1 ] || what=(prompt)
    NODES=1 CLUSTERS='' KEYSTORE=$dir/hsm0.db \
        HSM_PROPS="cluster=etcd:${dir//,/,,}/cluster.json,address=/dev/hsm0${HSM_PROPS:+,$HSM_PROPS}" \
        "$here/run.sh" "${what[@]}"
}

say_states() {
    local i
    for i in 1 2; do
        kill -USR1 "${nodes[$((i - 1))]}"
        sleep 0.3
        note "$(last_line "$i")"
    done
}

mkdir -p "$dir"
exec 9> "$dir/lock"
flock -n 9 || die "$dir is in use: another make cluster runs"
trap end EXIT
trap 'exit 130' INT TERM
note "etcd, three members"
start_etcd
etcd_config "$dir/etcd" /hsm/make-cluster/ > "$dir/cluster.json"
make_key
start_node 1
start_node 2
rc=0
run_vm || rc=$?
say_states
exit $rc
