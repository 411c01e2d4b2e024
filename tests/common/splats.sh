#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# splats.sh - runs in a guest: what the kernel has logged that only a bug makes it log, each
# from its first line to the end of its trace, or 80 lines.
#
#   splats.sh pattern   the extended regular expression that such a first line matches
#
# Faults that the IOMMU reports are none; of DMA API debugging, what it says of itself at boot;
# nor that proc is to remove a file of an interrupt that is not there: the kernel makes these
# without a look at whether it could, and takes them all away.
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
irq_files='(smp|effective)_affinity(_list)?|affinity_hint|node|spurious'
dmesg | awk -v first="$pattern" -v spared="name '($irq_files)'\$" '
    $0 ~ first && !left && !(/remove_proc_entry/ && before ~ spared) { left = 80 }
    left { print; left-- }
    /---\[ end trace/ { left = 0 }
    { before = $0 }'
