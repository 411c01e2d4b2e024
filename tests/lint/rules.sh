#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# rules.sh - our own rules: who may include what, sizes, banned calls, SPDX lines,
# left-overs. Prints each offence as file:line and ends with a status.
set -uo pipefail

cd "$(dirname "$(realpath "$0")")/../.." || exit 1
bad=0

# forbid TEXT PATTERN FILE...: no line of the files may match.
forbid() {
    local text=$1 pattern=$2 hits
    shift 2
    [ $# -gt 0 ] || return 0
    hits=$(grep -nHE "$pattern" "$@" 2>/dev/null) || return 0
    printf '%s\n' "$hits" | sed "s|\$|   <- $text|"
    bad=1
}

mapfile -t sources < <(git ls-files --cached --others --exclude-standard -- '*.c' '*.h')
mapfile -t scripts < <(git ls-files --cached --others --exclude-standard -- '*.sh' '.ci/run' '*Makefile' '*.awk' '*Kbuild' '*meson.build')
mapfile -t firmware < <(ls qemu-device/firmware/*.[ch])
mapfile -t pure < <(find qemu-device/firmware -name '*.[ch]' ! -name 'crypto*' ! -name 'secmem.*' ! -name 'selftest.*')
mapfile -t store < <(ls qemu-device/store/*.[ch] qemu-device/cluster/*.[ch])
mapfile -t device < <(ls qemu-device/hw/misc/hsm/*.[ch])
mapfile -t driver < <(ls kernel-driver/*.[ch])
mapfile -t lib < <(ls userspace/libhsm/*.[ch])
mapfile -t tools < <(ls userspace/common/*.[ch] userspace/key_mgmt_util/*.[ch] userspace/hsm_activate/*.[ch])

inc='^#[[:space:]]*include[[:space:]]*[<"]'
forbid "an ABI header includes only <linux/types.h>, <linux/ioctl.h> and its other half" \
    "$inc(.*)[>\"]" <(grep -hvE "$inc(linux/types\.h>|linux/ioctl\.h>|hsm_(signed|cluster)\.h\")" \
    qemu-device/include/hsm/hsm_hw.h qemu-device/include/hsm/hsm_cmd.h qemu-device/include/hsm/hsm_signed.h qemu-device/include/hsm/hsm_cluster.h kernel-driver/include/uapi/linux/hsm.h)
forbid "the firmware knows no QEMU, no hardware ABI" "$inc(qemu/|hw/|.*hsm_hw\.h)" "${firmware[@]}"
forbid "only crypto*.c includes OpenSSL" "${inc}openssl/" "${pure[@]}" "${store[@]}"
forbid "the firmware has no files, clocks or threads of its own" \
    "$inc(pthread|threads|fcntl|unistd|time|sys/.*|stdio_ext|dirent)\.h" "${pure[@]}"
forbid "a store or a cluster engine knows nothing of what it keeps" "$inc.*(hsm_cmd|object|user|crypto)\.h" "${store[@]}"
forbid "the device does not read messages" "$inc.*hsm_cmd\.h" "${device[@]}"
forbid "the driver does not read messages" "$inc.*hsm_cmd\.h" "${driver[@]}"
forbid "libhsm knows neither hardware nor firmware" "$inc.*(hsm_hw|fw)\.h" "${lib[@]}"
forbid "tools include hsm.h alone" "$inc.*(hsm_hw|fw|conn|msg|linux/hsm)\.h" "${tools[@]}"
forbid "nothing includes tests" "${inc}.*tests/" "${firmware[@]}" "${store[@]}" "${device[@]}" "${driver[@]}" "${lib[@]}" "${tools[@]}"

forbid "banned call" '\b(strcpy|strcat|sprintf|vsprintf|gets|tmpnam|mktemp|alloca|system|popen)[[:space:]]*\(' "${sources[@]}"
forbid "left-over" '\b(TOD[O]|FIXM[E]|XX[X])\b' "${sources[@]}" "${scripts[@]}"
forbid "the path of a machine" '(^|[^a-z])/(wor[k]|far[m]|roo[t])/' "${sources[@]}" "${scripts[@]}" README.md docs/*.md qemu-device/docs/*

for f in "${sources[@]}" "${scripts[@]}"; do
    [ -e "$f" ] || continue
    head -n 4 "$f" | grep -q 'SPDX-License-Identifier:' || { echo "$f:1: no SPDX line"; bad=1; }
done
for f in "${sources[@]}"; do
    [ -e "$f" ] || continue
    n=$(wc -l < "$f")
    [ "$n" -le 500 ] || { echo "$f: $n lines, more than 500"; bad=1; }
done
# A function whose body is one flat table or list may be longer: none is, so none is excepted.
long=$(printf '%s\n' "${sources[@]}" | grep '\.c$' | ctags --fields=+ne -o - --c-kinds=f -L - 2>/dev/null |
       awk -F'\t' '{ l = e = 0
                     for (i = 4; i <= NF; i++) {
                         if ($i ~ /^line:/) l = substr($i, 6)
                         if ($i ~ /^end:/) e = substr($i, 5)
                     }
                     if (e - l + 1 > 60) print $2 ":" l ": " $1 " has " e - l + 1 " lines, more than 60" }')
[ -z "$long" ] || { echo "$long"; bad=1; }

# defines FILE NAME: a function, or one with test_ before it, or a test of the kernel's harness; a
# name that C cannot have (hsm/ring/noise) as a string; of a script a function or the word of a case.
defines() {
    local name=${2//./\\.} head='^[a-z][a-zA-Z0-9_ *]*[ *]'
    case $1:$name in
        *.sh:*) grep -qE "^$name\(\)|^ *([a-z_-]+ *\| *)*$name( *\| *[a-z_-]+)*\)" "$1" ;;
        *:*[/-]*) grep -qF "\"$name\"" "$1" ;;
        *) grep -qE "$head(test_)?$name\([^;]*\$|^TEST(_F)?\(([a-z_]+, *)?$name\)" "$1" ;;
    esac
}

# docs/security.md names files, and tests as `tests/FILE NAME...`: all of them are there.
while IFS=: read -r line words; do
    read -r file names <<< "${words//\`/}"
    for at in "$file" "qemu-device/$file"; do
        [ ! -f "$at" ] || break
    done
    [ -f "$at" ] || { echo "docs/security.md:$line: there is no $file"; bad=1; continue; }
    for name in $names; do
        defines "$at" "$name" || { echo "docs/security.md:$line: there is no $name in $file"; bad=1; }
    done
done < <(grep -noE '`[a-z-]+/[^` ]*\.[a-z]+[^`]*`' docs/security.md)
exit $bad
