#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh - `make lint`: every check, each by name. What a check prints is its offences.
set -uo pipefail

here=$(dirname "$(realpath "$0")")
top=$(realpath "$here/../..")
build=${BUILD:-$top/build}
cd "$top" || exit 1
# shellcheck source=tests/common/result.sh
. "$top/tests/common/result.sh"

check() { # check NAME COMMAND...
    local name=$1 out
    shift
    if out=$("$@" 2>&1); then
        result "$name" 0
    else
        echo "$out"
        result "$name" 1
    fi
}

qemu_checkpatch() {
    "$QEMU_TREE/scripts/checkpatch.pl" --no-tree --no-signoff --terse --no-summary -q -f \
        qemu-device/hw/misc/hsm/*.[ch] tests/qtest/*.c
}

host_flags=(-std=gnu11 -D_GNU_SOURCE -Iqemu-device/include -Iqemu-device/firmware -Iqemu-device/store
            -Iqemu-device/cluster -Iqemu-device/platform -Iuserspace/common -Iuserspace/libhsm/include -Ikernel-driver/include/uapi
            -DHSM_VERSION='""')
mapfile -t host < <(ls qemu-device/firmware/*.c qemu-device/store/*.c qemu-device/cluster/*.c \
                       qemu-device/platform/*.c qemu-device/node/*.c userspace/*/*.c)

run_cppcheck() {
    cppcheck -q --std=c11 --enable=warning,portability --inline-suppr --error-exitcode=1 \
        --suppress=missingIncludeSystem --suppress=unknownMacro -j 2 \
        "${host_flags[@]/-std=gnu11/}" "${host[@]}"
}

run_tidy() {
    clang-tidy --quiet --warnings-as-errors='*' "${host[@]}" -- "${host_flags[@]}" 2>/dev/null
}

run_shellcheck() {
    git ls-files --cached --others --exclude-standard -- '*.sh' '.ci/run' | xargs shellcheck -S warning
}

QEMU_TREE=$(cat "$build/qemu-tree" 2>/dev/null || echo "${QEMU_SRC:-}")
check "own rules" "$here/rules.sh"
check "benchmark page" "$top/tests/bench/check.sh"
check "sparse and W=1 on the driver" "$here/kernel.sh" sparse
check "checkpatch --strict on the driver" "$here/kernel.sh" checkpatch
check "QEMU's checkpatch on the device" qemu_checkpatch
check "shellcheck" run_shellcheck
check "the description for syzkaller" "$top/tests/syzkaller/check.sh"
check "cppcheck" run_cppcheck
check "clang-tidy" run_tidy
result_end lint
