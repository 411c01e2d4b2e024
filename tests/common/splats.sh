#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# splats.sh - runs in a guest: what the kernel has logged that only a bug makes it log, each
# from its first line to the end of its trace, or 80 lines.
#
#   splats.sh pattern   the extended regular expression that such a first line matches
#
# Faults that the IOMMU reports are none; of DMA API debugging, what it says of itself at boot;
# nor what proc says when it is to remove a name that is not there. The driver has none: they
# are those of an interrupt, which the kernel makes without a look at whether it could.
set -uo pipefail

splats=(
    'WARNING:' 'BUG[: ]' 'INFO: ' 'Oops' 'Kernel panic' 'general protection'
    'KASAN:' 'UBSAN:' 'ODEBUG:' 'refcount_t:' 'list_(add|del) corruption'
    'suspicious RCU' 'inconsistent lock' 'circular locking' 'scheduling while atomic'
    'soft lockup' 'blocked for more than' 'nobody cared' 'unregister_netdevice'
    'DMA-API: ([^ ]+ [^ ]+: |exceeded|cacheline|debugging out)'
)

pattern=$(IFS='|'; echo "${splats[*]}")
if [ "${1:-}" = pattern ]; then
    echo "$pattern"
    exit
fi
dmesg | awk -v first="$pattern" -v spared="name '[^']*'\$" '
    $0 ~ first && !left && !(/remove_proc_entry/ && before ~ spared) { left = 80 }
    left { print; left-- }
    /---\[ end trace/ { left = 0 }
    { before = $0 }'
