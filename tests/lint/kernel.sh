#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel.sh sparse|checkpatch - the kernel's own checks on the driver.
set -euo pipefail

top=$(realpath "$(dirname "$(realpath "$0")")/../..")
build=${BUILD:-$top/build}
series=${SERIES:-6.12}
out=$build/lint/driver

case ${1:-} in
sparse) # and W=1; any line of either is an offence
    rm -rf "$out"
    log=$(make --no-print-directory -C "$top/kernel-driver" KDIR="$KDIR" OUT="$out" W=1 C=2 \
          CF="-D__CHECK_ENDIAN__" 2>&1) || { echo "$log"; exit 1; }
    ! grep -E 'warning|error' <<< "$log"
    ;;
checkpatch)
    "$top/images/kernel.sh" source "$series"
    cd "$top"
    "$HSM_CACHE/linux-$series/source/scripts/checkpatch.pl" --no-tree --strict --terse --no-summary -q \
        --ignore LINUX_VERSION_CODE,SPDX_LICENSE_TAG -f \
        kernel-driver/*.[ch] kernel-driver/include/uapi/linux/hsm.h
    ;;
*) echo "usage: kernel.sh sparse|checkpatch" >&2; exit 2 ;;
esac
