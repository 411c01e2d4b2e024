#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh - boots the guest with its card or cards.
#
#   run.sh prompt         ends in a logged-in key_mgmt_util on this terminal
#   run.sh shell          a root shell in the guest
#   run.sh script FILE    runs FILE in the guest as root; its output on standard output,
#                         its exit status as ours, boot messages in $BUILD/guest.log
#
# Environment: KEYSTORE (file, created when missing), NODES (cards; card n > 0 has the
# store KEYSTORE.n; more than one are a cluster, sealed with the secret of its first),
# CLUSTERS (sizes of clusters that the cards form instead, as 3,3; 1: a card on its own),
# SHARE (host folder, /mnt/share in the guest), MEM, CPUS, ACCEL,
# ACTIVATE (yes|no), TIMEOUT (seconds, script), HSM_PROPS (more properties of the card),
# QEMU_EXTRA (more words for QEMU's command line), LAYERS (more initramfs archives),
# APPEND_EXTRA (more words for the kernel's), QMP (path of a socket to make), GUEST_LOG (file),
# SERIES (6.12, or 6.1), KERNEL (image).
set -euo pipefail

here=$(dirname "$(realpath "$0")")
build=${BUILD:-$(dirname "$here")/build}
: "${QEMU:=$build/qemu-system-x86_64}" "${SERIES:=6.12}"
: "${KERNEL:=${HSM_CACHE:-$build/cache}/linux-$SERIES/vmlinuz}"
: "${ROMS:=${HSM_CACHE:-$build/cache}/roms/usr/share}"
: "${KEYSTORE:=$build/keystore/hsm0.db}" "${NODES:=1}" "${SHARE:=}" "${MEM:=512M}" "${CPUS:=1}"
: "${ACCEL:=tcg}" "${ACTIVATE:=yes}" "${TIMEOUT:=600}" "${HSM_PROPS:=}" "${QEMU_EXTRA:=}"
: "${CLUSTERS:=}" "${LAYERS:=}" "${QMP:=}" "${APPEND_EXTRA:=}" "${GUEST_LOG:=$build/guest.log}"

die() { echo "run.sh: $*" >&2; exit 125; }
usage() { sed -n '4,18s/^# \{0,1\}//p' "$0" >&2; exit 125; }

mode=${1:-}
case $mode in
prompt | shell) [ $# -eq 1 ] || usage ;;
script) [ $# -eq 2 ] || usage; [ -r "$2" ] && [ ! -d "$2" ] || die "cannot read the script '$2'" ;;
*) usage ;;
esac
[[ $NODES =~ ^[1-9][0-9]*$ ]] || die "NODES=$NODES is not a number of cards"
[[ ${CLUSTERS:-1} =~ ^[1-9][0-9]*(,[1-9][0-9]*)*$ ]] || die "CLUSTERS=$CLUSTERS is not sizes of clusters, as 3,3"
[ -z "$CLUSTERS" ] || [ $((${CLUSTERS//,/+})) = "$NODES" ] || die "CLUSTERS=$CLUSTERS is not NODES=$NODES cards"
[[ $CPUS =~ ^[1-9][0-9]*$ ]] || die "CPUS=$CPUS is not a number of processors"
[[ $TIMEOUT =~ ^[1-9][0-9]*$ ]] || die "TIMEOUT=$TIMEOUT is not a number of seconds"
[[ $ACTIVATE =~ ^(yes|no)$ ]] || die "ACTIVATE=$ACTIVATE is neither yes nor no"
[ -z "$SHARE" ] || [ -d "$SHARE" ] || die "SHARE=$SHARE is not a folder"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

parts=("$build/image/base-$SERIES.cpio" "$build/image/product.cpio")
for l in $LAYERS; do parts+=("$l"); done
if [ "$mode" = script ]; then
    "$here/rootfs.sh" script "$tmp/script.cpio" "$2"
    parts+=("$tmp/script.cpio")
fi
cat "${parts[@]}" > "$tmp/initrd"

append="console=ttyS0 quiet panic=-1 hsm.mode=$mode hsm.clusters=${CLUSTERS:-$NODES}"
# A loaded host can keep the guest's timer from ticking in time for Linux's check of it.
[ "$ACCEL" != tcg ] || append+=" no_timer_check"
[ "$ACTIVATE" = no ] || append+=" hsm.activate=1"
[ ! -t 0 ] || append+=" hsm.size=$(stty size | tr ' ' x) hsm.term=${TERM:-vt100}"
append+=${APPEND_EXTRA:+ $APPEND_EXTRA}

# With AVX on, TCG runs small SSE work about ten times slower; with ERMS every memset
# goes byte by byte.
cpu=max
[ "$ACCEL" != tcg ] || cpu=max,avx=off,avx2=off,f16c=off,fma=off,erms=off,fsrm=off
args=(-nodefaults -no-user-config -display none -no-reboot
      -machine "q35,accel=$ACCEL" -cpu "$cpu" -m "$MEM" -smp "$CPUS"
      -L "$ROMS/seabios" -L "$ROMS/qemu"
      -kernel "$KERNEL" -initrd "$tmp/initrd" -append "$append"
      -chardev "file,id=log,path=$GUEST_LOG" -serial chardev:log
      -device virtio-serial-pci)
if [ "$mode" = script ]; then
    mkfifo "$tmp/out"
    args+=(-chardev "file,id=out,path=$tmp/out" -device "virtserialport,chardev=out,name=out"
           -chardev "file,id=status,path=$tmp/status" -device "virtserialport,chardev=status,name=status")
else
    args+=(-chardev "stdio,id=stdio,signal=off" -device "virtconsole,chardev=stdio")
fi

store_of() { # store_of CARD
    if [ "$1" = 0 ]; then echo "$KEYSTORE"; else echo "$KEYSTORE.$1"; fi
}

# The key file of a cluster's first card, made if neither it nor the card's store is there.
shared_key() { # shared_key STORE
    [ ! -e "$1.key" ] || return 0
    [ ! -s "$1" ] || die "keystore '$1' exists, but neither secret= nor its key file '$1.key' does"
    (umask 077; head -c 32 /dev/urandom > "$1.key.new") || die "'$1.key' cannot be made"
    mv "$1.key.new" "$1.key"
}

card() { # card CARD NODE-ID PROPS
    local store
    store=$(store_of "$1")
    args+=(-device "pcie-root-port,id=rp$1,chassis=$(($1 + 1)),slot=$(($1 + 1))"
           -device "hsm-pci,id=hsm$1,bus=rp$1,keystore=${store//,/,,},node-id=$2,serial=$(printf 'HSM%08u' "$1"),$3${HSM_PROPS:+,$HSM_PROPS}")
}

# A card whose cluster had more cards is still in it when it is alone. Who has a key file of
# its own was never in one.
cluster() { # cluster FIRST-CARD SIZE
    local i store props=cluster=none
    store=$(store_of "$1")
    if [ "$2" != 1 ] || { [ -z "$CLUSTERS" ] && [ -e "$KEYSTORE.1" ] && [ ! -e "$KEYSTORE.1.key" ]; }; then
        props=cluster=group:$1
        if [[ ,$HSM_PROPS != *,secret=* ]]; then
            shared_key "$store"
            args+=(-object "secret,id=cluster$1,file=${store//,/,,}.key")
            props+=,secret=cluster$1
        fi
    fi
    for ((i = 0; i < $2; i++)); do
        store=$(store_of $(($1 + i)))
        [ "$i" = 0 ] || [ ! -e "$store.key" ] ||
            die "'$store' is the store of a card on its own: move it and its key file away, or set CLUSTERS=1,1"
        card $(($1 + i)) "$i" "$props,address=/dev/hsm$(($1 + i))"
    done
}

mkdir -p "$(dirname "$KEYSTORE")" || die "KEYSTORE=$KEYSTORE: its folder cannot be made"
n=0
for size in $(echo "${CLUSTERS:-$NODES}" | tr , ' '); do
    cluster "$n" "$size"
    n=$((n + size))
done
[ -z "$SHARE" ] || args+=(-virtfs "local,path=${SHARE//,/,,},mount_tag=share,security_model=none")
[ -z "$QMP" ] || args+=(-qmp "unix:$QMP,server=on,wait=off")

# shellcheck disable=SC2206 # QEMU_EXTRA is words by contract
args+=($QEMU_EXTRA)

if [ "$mode" != script ]; then
    "$QEMU" "${args[@]}"
    exit
fi
rc=0
exec 4<> "$tmp/out" # so that cat sees an end even if QEMU never opens the pipe
cat "$tmp/out" 4>&- &
timeout --foreground "$TIMEOUT" "$QEMU" "${args[@]}" < /dev/null 4>&- || rc=$?
exec 4>&-
wait
[ "$rc" != 124 ] || die "the guest did not end within TIMEOUT=$TIMEOUT seconds (see $GUEST_LOG)"
[ -s "$tmp/status" ] || die "the guest ended without a status (QEMU: $rc, see $GUEST_LOG)"
exit "$(cat "$tmp/status")"
