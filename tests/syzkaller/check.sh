#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# check.sh [write] - holds the description for syzkaller against the headers: the values in
# dev_hsm.txt.const, the offsets of the fields of the ioctls' structures, and that no opcode
# and no tag is left out. write: writes dev_hsm.txt.const anew.
set -euo pipefail

here=$(dirname "$(realpath "$0")")
top=$(realpath "$here/../..")
txt=$here/dev_hsm.txt
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cc=(cc -D_GNU_SOURCE -I"$top/qemu-device/include" -I"$top/kernel-driver/include/uapi")

# Every constant of the description, with the value that the headers give it.
constants() {
    grep -v '^#' "$txt" | grep -oE '\b(HSM_(IOC|RIGHT|CMD|TAG|ATTR|USER|KEY)_[A-Z0-9_]+|(AT|O)_[A-Z]+)\b' |
        sort -u
}

values() {
    {
        printf '#include <fcntl.h>\n#include <stdio.h>\n#include <linux/hsm.h>\n'
        printf '#include "hsm/hsm_cmd.h"\nint main(void)\n{\n'
        constants | sed 's/.*/\tprintf("%s = %llu\\n", "&", (unsigned long long)(&));/'
        printf '}\n'
    } > "$tmp/values.c"
    "${cc[@]}" -o "$tmp/values" "$tmp/values.c"
    echo "# Written by check.sh out of the headers."
    echo "arches = amd64"
    "$tmp/values"
}

# The structures that have the name of one of <linux/hsm.h>, as assertions about it.
layouts() {
    printf '#include <stddef.h>\n#include <linux/hsm.h>\n'
    awk '
        /^hsm_(info|exec|restrict|cancel) \{$/ { name = $1; at = 0; next }
        name && /^\}/ {
            printf "_Static_assert(sizeof(struct %s) == %d, \"%s\");\n", name, at, name
            name = ""
        }
        name {
            size = /int64|ptr64|hsm_cookie/ ? 8 : 4
            printf "_Static_assert(offsetof(struct %s, %s) == %d, \"%s.%s\");\n", name, $1, at, name, $1
            at += size * (/^\t[a-z0-9_]+\tarray\[.*, 2\]$/ ? 2 : 1)
        }' "$txt"
}

# What the header has and the description does not name.
left_out() {
    grep -oE '#define[[:space:]]+HSM_(CMD|TAG|ATTR)_[A-Z0-9_]+[[:space:]]+0x' "$top/qemu-device/include/hsm/hsm_cmd.h" |
        awk '{ print $2 }' | grep -vxF -f <(constants) || true
}

values > "$tmp/const"
if [ "${1:-}" = write ]; then
    cp "$tmp/const" "$txt.const"
fi
bad=0
diff -u "$txt.const" "$tmp/const" || bad=1
layouts > "$tmp/layouts.c"
[ "$(grep -c sizeof "$tmp/layouts.c")" = 4 ] || { echo "dev_hsm.txt: not four structures of <linux/hsm.h>"; bad=1; }
"${cc[@]}" -fsyntax-only "$tmp/layouts.c" || bad=1
missing=$(left_out)
[ -z "$missing" ] || { printf 'dev_hsm.txt lacks:\n%s\n' "$missing"; bad=1; }
exit $bad
