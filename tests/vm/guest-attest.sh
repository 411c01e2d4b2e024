#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# guest-attest.sh WANT - -attest must say WANT, PASS or FAIL, and only a card that passes
# may have the key then.
kmu() {
    key_mgmt_util singlecmd loginHSM -u CU -s example_user -p example_pwd "$@"
}

PATH=/opt/cloudhsm/bin:$PATH
kmu genSymKey -t 31 -s 32 -l attested -attest > /tmp/said
code=$?
keys=$(kmu findKey -l attested | sed -n 's/^Total number of keys present //p')
grep -q "Attestation Check : \[$1\]" /tmp/said || { cat /tmp/said; exit 1; }
case $1 in
PASS) [ "$code $keys" = "0 1" ] ;;
FAIL) [ "$code $keys" = "1 0" ] ;;
esac
