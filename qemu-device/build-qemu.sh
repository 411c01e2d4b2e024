#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# build-qemu.sh - QEMU with the HSM card, out of Debian's source package.
#
#   build-qemu.sh [-a] [qtest]
#   build-qemu.sh -l OUT WORD...
#   build-qemu.sh -f
#   build-qemu.sh -t
#
# Leaves $BUILD/qemu-system-x86_64, what its cards attest to in $BUILD/firmware.sha256,
# with qtest also $BUILD/hsm-test, and the path of the source tree in $BUILD/qemu-tree.
# -a: with ASan and UBSan, into $BUILD/asan instead.
# -l links the same once more, into OUT, with more words for the linker of the firmware:
# a QEMU for tests, made of what the product is made of.
# -t: also $BUILD/hostile/qemu-system-x86_64, whose card can lie (x-hostile=), for tests of
# drivers: the card's files compiled once more, the rest is the product's.
# -f: with clang, ASan, UBSan and libFuzzer, fuzz targets only: $BUILD/fuzz/qemu-fuzz-x86_64.
#
# Environment: BUILD (build), HSM_CACHE (build/cache; tree and objects live there, keyed by
# version), QEMU_SRC (your own unpacked QEMU 10.0, which is patched in place), FUZZ_CLANG
# (clang: the compiler of -f).
set -euo pipefail

here=$(dirname "$(realpath "$0")")
repo=$(dirname "$here")
out=${BUILD:-$repo/build}
cache=${HSM_CACHE:-$repo/build/cache}
fetch=$repo/images/fetch.sh
export HSM_CACHE=$cache
san=0
flags=(--target-list=x86_64-softmmu --without-default-features --without-default-devices
       --with-devices-x86_64=hsm --enable-tcg --enable-kvm --enable-slirp
       --enable-virtfs --enable-attr --enable-cap-ng --enable-trace-backends=log
       --disable-tools --disable-docs --disable-install-blobs --disable-download)

die() { echo "build-qemu.sh: $*" >&2; exit 1; }
note() { echo "  QEMU	$*" >&2; }
usage() { sed -n '4,21s/^# \{0,1\}//p' "$0" >&2; exit 2; }

# The tree that is there already, else the newest 10.0 of the package archive.
find_source() {
    if [ -n "${QEMU_SRC:-}" ]; then
        src=$(realpath "$QEMU_SRC")
        [ -f "$src/VERSION" ] || die "QEMU_SRC=$QEMU_SRC is not a QEMU source tree"
        objects=$cache/qemu-own-$(echo "$src" | cksum | cut -d' ' -f1)
        return
    fi
    find_objects
    if [ ! -f "$objects/src/VERSION" ]; then
        flock 9
        find_objects
        [ -f "$objects/src/VERSION" ] || fetch_source
        flock -s 9
    fi
    src=$objects/src
}

find_objects() {
    objects=$(find "$cache" -maxdepth 1 -name 'qemu-10.0*' -type d | sort -V | tail -n 1)
}

fetch_source() {
    local version
    version=$("$fetch" version qemu 10.0)
    [ -n "$version" ] || die "the package archive has no source of QEMU 10.0"
    objects=$cache/qemu-${version#*:}
    note "fetching $version"
    mkdir -p "$objects"
    "$fetch" src "$objects/src" qemu "$version"
}

# configure wants meson 1.5; a newer one is taken from the package archive.
find_meson() {
    local have
    have=$(meson --version 2>/dev/null || echo 0)
    if [ "$(printf '%s\n1.5.0\n' "$have" | sort -V | head -n 1)" != 1.5.0 ]; then
        [ -d "$cache/meson/usr" ] || "$fetch" deb "$cache/meson" meson
        export PYTHONPATH=$cache/meson/usr/lib/python3/dist-packages
    fi
}

grafted() {
    cmp -s "$here/patches/qemu-10.0-hsm.patch" "$src/.hsm-graft.patch" &&
        { [ "$fuzz" = 0 ] || fuzz_grafted; } &&
        cmp -s "$here/patches/hsm.mak" "$src/configs/devices/x86_64-softmmu/hsm.mak" &&
        [ "$(readlink "$src/hw/misc/hsm")" = "$here/hw/misc/hsm" ] &&
        [ "$(readlink "$src/tests/qtest/hsm")" = "$repo/tests/qtest" ]
}

fuzz_grafted() {
    cmp -s "$repo/tests/qfuzz/qemu-10.0-fuzz.patch" "$src/.hsm-fuzz.patch" &&
        [ "$(readlink "$src/tests/qtest/fuzz/hsm")" = "$repo/tests/qfuzz" ] &&
        cmp -s "$here/patches/hsm-fuzz.mak" "$src/configs/devices/x86_64-softmmu/hsm-fuzz.mak"
}

# A patch that is not the one applied before replaces it: apply PATCH APPLIED
apply() {
    ! cmp -s "$1" "$2" || return 0
    [ ! -f "$2" ] || patch -s -R -p1 -d "$src" < "$2"
    rm -f "$2"
    patch -s -N -p1 -d "$src" < "$1" || die "$1 does not fit $src: is it QEMU 10.0?"
    cp "$1" "$2"
}

graft() {
    note "grafting the card on to $src"
    apply "$here/patches/qemu-10.0-hsm.patch" "$src/.hsm-graft.patch"
    if [ "$fuzz" = 1 ]; then
        apply "$repo/tests/qfuzz/qemu-10.0-fuzz.patch" "$src/.hsm-fuzz.patch"
        ln -sfn "$repo/tests/qfuzz" "$src/tests/qtest/fuzz/hsm"
        cp "$here/patches/hsm-fuzz.mak" "$src/configs/devices/x86_64-softmmu/hsm-fuzz.mak"
    fi
    cp "$here/patches/hsm.mak" "$src/configs/devices/x86_64-softmmu/hsm.mak"
    ln -sfn "$here/hw/misc/hsm" "$src/hw/misc/hsm"
    ln -sfn "$repo/tests/qtest" "$src/tests/qtest/hsm"
    ln -sfn hsm/hsm-test.c "$src/tests/qtest/hsm-test.c"
}

# The firmware as one object that shows QEMU no names but its interfaces': both sides
# have an object_new(). seal_firmware SEALED WORD...
seal_firmware() {
    local lib=$host/libhsmfw.a sealed=$1 whole=${1%.a}.o
    shift
    [ $# -gt 0 ] || [ "$lib" -nt "$sealed" ] || return 0
    ld -r --whole-archive "$lib" --no-whole-archive "$@" -o "$whole"
    objcopy -w --keep-global-symbol='fw_*' --keep-global-symbol='store_*' \
        --keep-global-symbol='posix_*' "$whole"
    rm -f "$sealed"
    ar crs "$sealed" "$whole"
}

# The command of ninja that makes OUTPUT: command_of OUTPUT RULE...
command_of() {
    ninja -C "$build" -t compdb -x "${@:2}" | tr -d '\n' | sed 's/},/},\n/g' |
        grep "\"output\": \"$1\"" | sed 's/.*"command": "\(.*\)", *"file".*/\1/; s/\\\(.\)/\1/g'
}

# The command that linked QEMU, with another firmware: link_again OUT WORD...
link_again() {
    local to=$1 command
    shift
    mkdir -p "$(dirname "$to")"
    to=$(realpath "$to")
    seal_firmware "$to.fw.a" "$@"
    command=$(command_of qemu-system-x86_64 c_LINKER c_LINKER_RSP)
    [[ $command == *"$host/libhsmfw-card.a"* ]] || die "no command that links QEMU in $build"
    command=${command/-o qemu-system-x86_64 /-o "$(printf %q "$to.new")" }
    command=${command/"$host/libhsmfw-card.a"/"$(printf %q "$to.fw.a")"}
    (cd "$build" && bash -c "$command") || die "linking $to failed"
    mv "$to.new" "$to"
    publish "$to" "$to.sha256"
}

# Compiles the card's files, as in the product but with HSM_HOSTILE, and those that lie;
# their objects, in words of the shell, to objects_hostile. In a folder for each QEMU.
hostile_objects() {
    local any=libcommon.a.p/hw_misc_hsm_hsm-fault.c.o dir=$to/${objects##*/} first command f o
    first=$(command_of "$any" c_COMPILER)
    [[ $first == *" -c "*hsm-fault.c* ]] || die "no command that compiles the card in $build"
    mkdir -p "$dir"
    for f in "$here"/hw/misc/hsm/*.c; do
        o=$dir/$(basename "$f").o
        objects_hostile+=("$(printf %q "$o")")
        [ -n "$(find "$f" "$here"/hw/misc/hsm/*.h "$here"/include "$here"/*/*.h "$0" \
            "$build/hsm-configured" "$src/.hsm-graft.patch" -newer "$o" 2>&1)" ] || continue
        command=${first/ -c *hsm-fault.c/ -c "$(printf %q "$f")"}
        command=${command//"$any"/"$(printf %q "$o")"}
        (cd "$build" && bash -c "$command -DHSM_HOSTILE") || die "compiling $f failed"
    done
}

build_hostile() {
    local to=$out/hostile objects_hostile=() command f name
    note "building the card that lies"
    mkdir -p "$to"
    to=$(realpath "$to")
    hostile_objects
    command=$(command_of qemu-system-x86_64 c_LINKER c_LINKER_RSP)
    for f in "$here"/hw/misc/hsm/*.c; do
        name=$(basename "$f")
        command=${command//"libcommon.a.p/hw_misc_hsm_$name.o"/}
    done
    command=${command/-o qemu-system-x86_64 /-o "$(printf %q "$to/new") ${objects_hostile[*]}" }
    (cd "$build" && bash -c "$command") || die "linking $to failed"
    mv "$to/new" "$to/qemu-system-x86_64"
}

# Where the card's build finds headers and firmware; read by hw/misc/hsm/meson.build.
write_paths() {
    printf '%s\n' "$here" "$host/libhsmfw-card.a" > "$build.hsm.new"
    if cmp -s "$build.hsm.new" "$build.hsm"; then
        rm "$build.hsm.new"
    else
        mv "$build.hsm.new" "$build.hsm"
    fi
}

configure() {
    local stamp=$build/hsm-configured cc=${CC:-cc} python=python3
    [ ! -x /usr/bin/python3 ] || python=/usr/bin/python3
    ! command -v ccache > /dev/null || cc="ccache $cc"
    [ "$(cat "$stamp" 2> /dev/null)" != "$src $cc ${flags[*]}" ] || return 0
    note "configuring"
    rm -rf "$build"
    mkdir -p "$build"
    (cd "$build" && "$src/configure" --python="$python" --cc="$cc" "${flags[@]}") \
        > "$build.log" 2>&1 || { tail -n 20 "$build.log" >&2; die "configure failed: $build.log"; }
    echo "$src $cc ${flags[*]}" > "$stamp"
}

# make_targets TARGET...
make_targets() {
    note "building $*"
    ninja -C "$build" "$@" > "$build.log" 2>&1 ||
        { grep -E -A12 'FAILED|error:|ERROR' "$build.log" | cut -c1-300 | head -n 60 >&2; die "build failed: $build.log"; }
}

compile() {
    local targets=(qemu-system-x86_64)
    [ "$qtest" = 0 ] || targets+=(tests/qtest/hsm-test)
    make_targets "${targets[@]}"
    grep -A4 'hsm.*warning:' "$build.log" >&2 || true
    mkdir -p "$out"
    install_new "$build/qemu-system-x86_64"
    [ "$qtest" = 0 ] || install_new "$build/tests/qtest/hsm-test"
    echo "$src" > "$out/qemu-tree"
    publish "$out/qemu-system-x86_64" "$out/firmware.sha256"
}

# What a card in the QEMU $1 attests to, for those who check it, into $2.
publish() {
    local digest
    digest=$("$host/hsm-measure" "$1") || die "$1 cannot be measured"
    printf '# SHA-256 of what %s loads: the firmware of its cards\n%s\n' "${1##*/}" "$digest" > "$2.new"
    if cmp -s "$2.new" "$2"; then rm "$2.new"; else mv "$2.new" "$2"; fi
}

# Replaced, not overwritten: a QEMU that runs keeps its file.
install_new() {
    local to=$out/${1##*/}
    [ ! "$1" -ot "$to" ] || return 0
    cp -p "$1" "$to.new" && mv "$to.new" "$to"
}

# QEMU's own fuzzing, the part of it that is about the card.
build_fuzz() {
    # No processor runs: the BIOS is only looked for.
    mkdir -p "$build.roms"
    truncate -s 256K "$build.roms/bios-256k.bin"
    make_targets qemu-fuzz-x86_64
    install_new "$build/qemu-fuzz-x86_64"
}

qtest=0 link=() fuzz=0 hostile=0
if [ "${1:-}" = -l ]; then
    [ $# -ge 3 ] || usage
    link=("${@:2}")
    set --
fi
for arg in "$@"; do
    case $arg in
    -a) san=1 ;;
    -f) fuzz=1 ;;
    -t) hostile=1 ;;
    qtest) qtest=1 ;;
    *) usage ;;
    esac
done

# The tree is shared by those who build and taken alone to change it, so that a second
# clone cannot graft itself on to it in the middle of a build.
mkdir -p "$cache"
exec 9> "$cache/qemu.lock"
flock -s 9
find_source
find_meson
if ! grafted; then
    flock 9
    graft
    flock -s 9
fi

if [ "$fuzz" = 1 ]; then
    CC=${FUZZ_CLANG:-clang}
    cxx=${CC##*/} cxx=${CC%"$cxx"}${cxx/clang/clang++}
    flags=(--target-list=x86_64-softmmu --without-default-features --without-default-devices
           --with-devices-x86_64=hsm-fuzz --enable-kvm --enable-fuzzing --enable-asan
           --enable-ubsan --disable-tcg --disable-tools --disable-docs --disable-install-blobs
           --disable-download --disable-debug-info -Doptimization=0
           --extra-cflags=-gline-tables-only --cxx="$cxx"
           --firmwarepath="$objects/build-fuzz.roms")
    host=$out/fuzz build=$objects/build-fuzz out=$out/fuzz
elif [ "$san" = 1 ]; then
    flags+=(--enable-asan --enable-ubsan)
    host=$out/asan build=$objects/build-asan out=$out/asan
else
    host=$out/host build=$objects/build
fi
mkdir -p "$objects"
exec 8> "$build.lock"
flock 8
if [ "$fuzz" = 1 ]; then
    make -s -j"$(nproc)" -C "$repo/tests/fuzz" O="$host" CLANG="$CC" firmware >&2
else
    make -s -C "$here" O="$host" SAN="$san" >&2
fi
seal_firmware "$host/libhsmfw-card.a"
write_paths
configure
if [ "$fuzz" = 1 ]; then
    build_fuzz
    exit 0
fi
compile
[ "$hostile" = 0 ] || build_hostile
[ ${#link[@]} = 0 ] || link_again "${link[@]}"
