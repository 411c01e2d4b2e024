#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# guest.sh - the guest's part of a round of `make bench`: peers and card in turns, in one boot.
export LD_LIBRARY_PATH=/opt/cloudhsm/lib
B=/opt/bench
SECS=${BENCH_SECS:-1}
CALLERS="1 2 4 8 16 32"
nvme=$(ls /dev/nvme*n1)
softhsm=$(find / -xdev -name libsofthsm2.so | head -n 1)

mkdir -p /tmp/tokens
printf 'directories.tokendir = /tmp/tokens\nobjectstore.backend = file\nlog.level = ERROR\n' > /tmp/softhsm2.conf
export SOFTHSM2_CONF=/tmp/softhsm2.conf
softhsm2-util --init-token --free --label bench --pin 1234 --so-pin 12345678 --module "$softhsm" > /dev/null
softhsm2-util --import $B/rsa.pem --token bench --label rsa --id 01 --pin 1234 --module "$softhsm" > /dev/null
printf 'I\tguest kernel\tLinux %s\n' "$(uname -r)"
printf 'I\tSoftHSM2\t%s\n' "$(softhsm2-util --version)"

$B/bench_edu read "$SECS"
$B/bench_edu wake "$SECS"
for n in $CALLERS; do
    $B/bench_nvme "$nvme" "$n" "$SECS"
    $B/bench_hsm nop "$n" "$SECS"
done
$B/bench_hsm random 1 "$SECS"
for n in 1 16 32; do
    $B/bench_p11 "$softhsm" genaes $n "$SECS"
    $B/bench_hsm genaes $n "$SECS"
done
$B/bench_hsm genrsa 1 "$((SECS * 3))"
$B/bench_hsm genrsa 4 "$((SECS * 3))"
$B/bench_hsm isolation 1 "$SECS"

# Keys in use: the guest's own software, then SoftHSM2 and the card by more and more callers.
speed() { # speed NAME WORD...: openssl speed, in our form of line
    name=$1
    shift
    openssl speed -seconds "$SECS" -mr "$@" 2> /dev/null | awk -F: -v name="$name" '
        function line(mode, ops) { print "R bench=openssl mode=" mode " threads=1 ops_s=" ops }
        $1 == "+F2" { line("rsa2048-sign", $4); line("rsa2048-verify", $5) }
        $1 == "+F4" { line("p" $3 "-sign", $4) }
        $1 == "+H" { bytes = $2 }
        $1 == "+F" { line(name, $4 / bytes) }'
}
speed "" rsa2048 ecdsap256 ecdsap384
speed gcm-1k -evp aes-256-gcm -bytes 1024
speed gcm-56k -evp aes-256-gcm -bytes 57344
speed wrap -evp aes-256-wrap -bytes 32
for mode in rsa2048-sign p256-sign; do
    for n in $CALLERS; do
        $B/bench_p11 "$softhsm" $mode "$n" "$SECS"
        $B/bench_use $mode "$n" "$SECS"
    done
done
for mode in rsa2048-verify p384-sign gcm-1k gcm-56k wrap; do
    $B/bench_use $mode 1 "$SECS"
    $B/bench_p11 "$softhsm" $mode 4 "$SECS"
    $B/bench_use $mode 4 "$SECS"
done
$B/bench_use gcm-64k 1 "$SECS"
$B/bench_use gcm-64k 4 "$SECS"
