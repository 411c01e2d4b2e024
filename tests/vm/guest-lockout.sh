#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# guest-lockout.sh three|five|locked - wrong passwords of one account: three, each in a
# process of its own, then asks the host to cut the power; two more; locked, until an
# officer sets a new password.
fail() {
    echo "$*"
    cat /tmp/out
    exit 1
}

cfg=/opt/cloudhsm/etc/cloudhsm_mgmt_util.cfg

kmu() {
    key_mgmt_util singlecmd loginHSM -u CU -s example_user -p "$1" findKey > /tmp/out
}

cmu() {
    cloudhsm_mgmt_util "$cfg" > /tmp/out
}

wrong() {
    kmu wrong_pwd && fail "the wrong password is right"
}

count_is() {
    echo listUsers | cmu
    [ "$(awk '$3 == "example_user" { print $5 }' /tmp/out)" = "$1" ] || fail "the count is not $1"
}

case $1 in
three)
    count_is 0
    wrong
    echo 'loginHSM CU example_user wrong_pwd' | cmu
    echo 'loginHSM -u CU -s example_user -p wrong_pwd' | key_mgmt_util > /tmp/out
    count_is 3
    echo three
    sleep 60
    ;;
five)
    count_is 3
    wrong
    wrong
    count_is 5
    kmu example_pwd && fail "five wrong passwords, and the account is open"
    ;;
locked)
    count_is 5
    kmu example_pwd && fail "a reboot has opened the account"
    printf '%s\n' 'loginHSM CO admin admin_pwd' 'changePswd CU example_user another_pwd' y | cmu
    count_is 0
    kmu example_pwd && fail "the old password"
    kmu another_pwd || fail "the officer did not open the account"
    ;;
esac
exit 0
