#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel.sh - Debian's kernel for the guest, unpacked and not installed.
#
#   kernel.sh image SERIES     vmlinuz and modules  -> $HSM_CACHE/linux-SERIES/{vmlinuz,lib,release}
#   kernel.sh headers SERIES   headers for modules  -> $HSM_CACHE/linux-SERIES/kdir (a link)
#   kernel.sh source SERIES    kselftest, checkpatch -> $HSM_CACHE/linux-SERIES/source
#   kernel.sh debug SERIES     built out of the source with debug.config: vmlinuz, lib, release
#                              and kdir           -> $HSM_CACHE/linux-SERIES-debug
#
# SERIES is 6.12 or 6.1. What is there already is not fetched or built again; another
# debug.config makes another debug kernel. KERNEL_SRC= names a source tree of your own for it.
set -euo pipefail

here=$(dirname "$(realpath "$0")")
what=${1:?kernel.sh: image, headers, source or debug?}
series=${2:?kernel.sh: which series, 6.12 or 6.1?}
dir=${HSM_CACHE:?kernel.sh: HSM_CACHE is not set}/linux-$series
[ "$what" != debug ] || dir+=-debug
export HSM_APT=own

die() { echo "kernel.sh: $*" >&2; exit 1; }

# Debian 12 names its 6.12 packages with the series, Debian 13 without; 6.1 is Debian 12's own.
release() {
    local meta rel
    for meta in "linux-headers-$series-amd64" linux-headers-amd64; do
        rel=$(apt-cache depends "$meta" 2>/dev/null |
              sed -n "s/^ *Depends: linux-headers-\($series\.[^ ]*\)-amd64$/\1/p" | head -n 1)
        [ -z "$rel" ] || { echo "$rel"; return; }
    done
    die "the machine's apt has no Linux $series: run 'apt-get update', or give KERNEL= and KDIR="
}

fetch() { # fetch FLAG PACKAGE...: unpacks into $dir once
    local flag=$dir/.$1
    shift
    [ -e "$flag" ] && return
    echo "kernel.sh: fetching $*" >&2
    "$here/fetch.sh" deb "$dir" "$@"
    touch "$flag"
}

image() {
    fetch image "linux-image-$rel-amd64"
    ln -sfn "boot/vmlinuz-$rel-amd64" "$dir/vmlinuz"
    [ -d "$dir/lib" ] || ln -sfn usr/lib "$dir/lib"
    echo "$rel-amd64" > "$dir/release"
}

# The headers' makefiles name each other by absolute path.
headers() {
    local kdir=$dir/usr/src/linux-headers-$rel-amd64 kbuild
    if [ ! -e "$dir/.headers" ]; then
        kbuild=$(apt-cache depends "linux-headers-$rel-amd64" | sed -n 's/^ *Depends: \(linux-kbuild-.*\)$/\1/p')
        fetch headers.fetched "linux-headers-$rel-amd64" "linux-headers-$rel-common" "$kbuild"
        sed -i "s|/usr/src/linux-headers|$dir/usr/src/linux-headers|g" "$kdir/Makefile"
        ln -sfn "$dir/usr/lib/$kbuild/scripts" "$kdir/scripts"
        ln -sfn "$dir/usr/lib/$kbuild/tools" "$kdir/tools"
        for d in scripts tools; do
            ln -sfn "$dir/usr/lib/$kbuild/$d" "$dir/usr/src/linux-headers-$rel-common/$d"
        done
        touch "$dir/.headers"
    fi
    ln -sfn "$kdir" "$dir/kdir"
}

# Only what the tests and checks need of the 150 MB tarball.
source_tree() {
    [ -e "$dir/.source" ] && return
    fetch source.fetched "linux-source-$series"
    mkdir -p "$dir/source"
    tar -C "$dir/source" --strip-components=1 -xf "$dir/usr/src/linux-source-$series.tar.xz" \
        --wildcards "linux-source-$series/scripts/*" \
        "linux-source-$series/tools/testing/selftests/*.h" \
        "linux-source-$series/tools/testing/selftests/*.mk" \
        "linux-source-$series/tools/testing/selftests/kselftest*" \
        "linux-source-$series/tools/scripts/*" \
        "linux-source-$series/Documentation/dev-tools/checkpatch.rst"
    rm -f "$dir/usr/src/linux-source-$series.tar.xz"
    touch "$dir/.source"
}

# All but what no configuration of ours reads.
debug_source() { # debug_source FOLDER
    local name=linux-source-$series
    rm -f "$dir/.debug.fetched"
    fetch debug.fetched "$name"
    mkdir "$1"
    tar -C "$1" --strip-components=1 -xf "$dir/usr/src/$name.tar.xz" \
        --exclude="$name/Documentation/*.[!K]*" --exclude="$name/tools/testing/*" \
        --exclude="$name/arch/[!x]*.[chS]" --exclude="$name/arch/[!x]*.dts*" \
        --exclude="$name/drivers/gpu/*.[ch]" --exclude="$name/drivers/media/*.[ch]" \
        --exclude="$name/drivers/net/*/*.[ch]" --exclude="$name/sound/*.[ch]"
    rm -f "$dir/usr/src/$name.tar.xz"
}

debug_configure() { # debug_configure SOURCE FOLDER
    local refused
    KCONFIG_ALLCONFIG=$here/debug.config make -s -C "$1" O="$2" allnoconfig
    refused=$(grep '^CONFIG_' "$here/debug.config" | grep -vxFf "$2/.config" || true)
    [ -z "$refused" ] ||
        die "this kernel does not take from debug.config: $(echo "$refused" | xargs)"
}

# Source and configuration of the next kernel; until both are there, the last one stays.
debug_prepare() {
    local next=$dir/next
    rm -rf "$next"
    mkdir "$next"
    [ -n "${KERNEL_SRC:-}" ] || debug_source "$next/source"
    debug_configure "${KERNEL_SRC:-$next/source}" "$next/kdir"
    rm -rf "$dir/.debug" "$dir/release" "$dir/kdir"
    if [ -z "${KERNEL_SRC:-}" ]; then
        rm -rf "$dir/source"
        mv "$next/source" "$dir/source"
    fi
    # The rest of the folder names its source by path.
    mkdir "$dir/kdir"
    mv "$next/kdir/.config" "$dir/kdir/.config"
    rm -rf "$next"
}

# What a module's build does not read.
debug_trim() {
    find "$dir/kdir" -path "$dir/kdir/scripts" -prune -o -path "$dir/kdir/tools" -prune -o \
        -type f \( -name '*.o' -o -name '*.a' -o -name '*.cmd' -o -name 'vmlinux*' \
        -o -name 'bzImage' \) -print0 | xargs -0 rm -f
    [ -n "${KERNEL_SRC:-}" ] ||
        find "$dir/source" -path "$dir/source/scripts" -prune -o -type f -name '*.[cS]' -print0 |
            xargs -0 rm -f
}

debug_kernel() {
    local src=${KERNEL_SRC:-$dir/source} key rel
    key="$(sha256sum < "$here/debug.config") $src"
    if [ "$(cat "$dir/.debug" 2> /dev/null)" != "$key" ]; then
        debug_prepare
        echo "kernel.sh: building the debug kernel, ten to fifteen minutes of a processor" >&2
        make -s -C "$src" O="$dir/kdir" -j "$(nproc)" bzImage modules > "$dir/build.log" 2>&1 ||
            { tail -n 20 "$dir/build.log" >&2; die "it does not build: see $dir/build.log"; }
        cp "$dir/kdir/arch/x86/boot/bzImage" "$dir/vmlinuz"
        rel=$(cat "$dir/kdir/include/config/kernel.release")
        rm -rf "${dir:?}/lib"
        mkdir -p "$dir/lib/modules/$rel"
        touch "$dir/lib/modules/$rel/modules.dep"
        debug_trim
        echo "$rel" > "$dir/release"
        echo "$key" > "$dir/.debug"
    fi
}

mkdir -p "$dir"
exec 9> "$dir/.lock"
flock 9
case $what in
image) [ -e "$dir/release" ] || { rel=$(release); image; } ;;
headers) [ -e "$dir/.headers" ] || { rel=$(release); headers; } ;;
source) source_tree ;;
debug) debug_kernel ;;
*) die "unknown part '$what'" ;;
esac
