#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# first-run.sh - the guest's part of `make run` without a terminal: a first session.
key_mgmt_util <<'EOF'
loginHSM -u CU -s example_user -p example_pwd
genSymKey -t 31 -s 32 -l aes256
findKey -l aes256
logoutHSM
exit
EOF
