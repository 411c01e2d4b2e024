#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# rootfs.sh - initramfs archives of the guest, made without root.
#
#   rootfs.sh base OUT              busybox, bash, openssl, the kernel's modules we use, /init
#   rootfs.sh layer OUT DIR         the tree DIR and the shared libraries its programs need
#   rootfs.sh script OUT FILE       FILE as /run.sh
#
# The kernel unpacks concatenated archives one over the other, so a guest is base +
# product + script and only what changed is packed again. MODULES names the folder that
# holds modules.dep (lib/modules/RELEASE).
set -euo pipefail

here=$(dirname "$(realpath "$0")")
modules_wanted="virtio_pci virtio_console virtio_blk virtio_net virtio_rng 9p 9pnet_virtio
                nvme pcieport pci_hotplug"

die() { echo "rootfs.sh: $*" >&2; exit 1; }
what=${1:-} out=${2:-} arg=${3:-}
[ -n "$out" ] || { sed -n '4,13s/^# \{0,1\}//p' "$0" >&2; exit 2; }

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

# The libraries of a program, at the paths where the loader looks for them.
libs() {
    local lib
    { ldd "$1" 2>/dev/null || true; } | awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\// { print $1 }' |
    while read -r lib; do
        [[ -n $arg && $lib == "$arg"/* ]] && continue
        [ -e "$root$lib" ] || install -D "$(realpath "$lib")" "$root$lib"
    done
}

# Insertion order out of modules.dep, which lists what each module needs, deepest last.
module() {
    local name=$1 line path
    line=$(grep -E "/${name//[-_]/[-_]}\.ko(\.xz|\.zst)?:" "$MODULES/modules.dep" || true)
    [ -n "$line" ] || return 0
    for path in $(echo "$line" | tr -d : | tr ' ' '\n' | tac); do
        local to
        to=$root/lib/modules/$(basename "${path%.xz}")
        to=${to%.zst}
        [ -e "$to" ] && continue
        case $path in
        *.xz) xz -dc "$MODULES/$path" > "$to" ;;
        *.zst) zstd -qdc "$MODULES/$path" > "$to" ;;
        *) cp "$MODULES/$path" "$to" ;;
        esac
        basename "$to" >> "$root/lib/modules/order"
    done
}

base() {
    local m
    [ -e "${MODULES:?}/modules.dep" ] || depmod -b "${MODULES%/lib/modules/*}" "$(basename "$MODULES")"
    mkdir -p "$root"/{bin,sbin,dev,proc,sys,tmp,etc,mnt/share,root,run,var,lib/modules,opt,usr/bin}
    install "$(command -v busybox)" "$root/bin/busybox"
    install "$(command -v bash)" "$root/bin/bash"
    ln -s /bin/bash "$root/usr/bin/bash"
    ln -s /bin/busybox "$root/usr/bin/env"
    libs "$(command -v bash)"
    install "$(command -v openssl)" "$root/usr/bin/openssl"
    libs "$(command -v openssl)"
    # Debian 12 and 13 keep them in different folders, where their libraries look.
    { dpkg -L ncurses-base 2>/dev/null || true; } | grep '/terminfo/./' | while read -r m; do
        install -D -m 644 "$m" "$root$m"
    done
    install -m 755 "$here/guest-init.sh" "$root/init"
    printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n' > "$root/etc/passwd"
    printf 'root:x:0:\nhsm:x:900:\nnogroup:x:65534:\n' > "$root/etc/group"
    : > "$root/lib/modules/order"
    for m in $modules_wanted; do module "$m"; done
}

layer() {
    local f
    [ -d "$arg" ] || die "no folder '$arg'"
    arg=$(realpath "$arg")
    cp -a "$arg/." "$root/"
    while read -r f; do libs "$f"; done < <(find "$arg" -type f \( -perm -100 -o -name '*.so*' \))
}

case $what in
base) base ;;
layer) layer ;;
script) install -m 755 "$arg" "$root/run.sh" ;;
*) die "unknown part '$what'" ;;
esac
mkdir -p "$(dirname "$out")"
(cd "$root" && find . -mindepth 1 | sort | cpio --quiet -o -H newc -R 0:0) > "$out.tmp"
mv "$out.tmp" "$out"
