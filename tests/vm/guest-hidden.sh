#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# guest-hidden.sh - a password is typed with -hpswd in both tools, on a terminal; then it
# may be nowhere but in the card. It is put together here, so that this file has it not.
secret=hidden_
secret=${secret}Pa55
cfg=/opt/cloudhsm/etc/cloudhsm_mgmt_util.cfg

fail() {
    echo "$*"
    exit 1
}

at_cmu() {
    { echo "$secret"; cat; } | hsm_pty cloudhsm_mgmt_util "$cfg" || fail "cloudhsm_mgmt_util"
}

at_kmu() {
    { echo "$secret"; cat; } | hsm_pty key_mgmt_util || fail "key_mgmt_util"
}

export TERM=vt100
at_cmu << 'END'
aws-cloudhsm>
loginHSM CO admin admin_pwd
aws-cloudhsm>
createUser CU hidden -hpswd
(y/n)?
y
Enter password:
*
Re-enter password:
*
Creating User hidden
loginHSM CU hidden -hpswd
Enter password:
*
aws-cloudhsm>
quit
END
at_cmu << 'END'
aws-cloudhsm>
loginHSM CU hidden -hpswd
Enter password:
*
loginHSM success
quit
END
at_kmu << 'END'
Command:
loginHSM -u CU -s hidden -hpswd
Enter password:
*
returned: 0x00
exit
END
sync
printf '%s\n' "$secret" | grep -rlF -f - / --exclude-dir=proc --exclude-dir=sys --exclude-dir=dev && fail "in a file"
dmesg | { ! grep -F "$secret"; } || fail "in the kernel's log"
echo "nowhere"
