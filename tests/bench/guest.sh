#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# guest.sh - the guest's part of `make bench`: peers and card in turns, in one boot.
export LD_LIBRARY_PATH=/opt/cloudhsm/lib
B=/opt/bench
SECS=${BENCH_SECS:-3}
nvme=$(ls /dev/nvme*n1)
softhsm=$(find / -xdev -name libsofthsm2.so | head -n 1)

mkdir -p /tmp/tokens
printf 'directories.tokendir = /tmp/tokens\nobjectstore.backend = file\nlog.level = ERROR\n' > /tmp/softhsm2.conf
export SOFTHSM2_CONF=/tmp/softhsm2.conf
softhsm2-util --init-token --free --label bench --pin 1234 --so-pin 12345678 --module "$softhsm" > /dev/null

for n in 1 32; do
    $B/bench_nvme "$nvme" $n "$SECS"
    $B/bench_hsm nop $n "$SECS"
done
$B/bench_hsm random 1 "$SECS"
for n in 1 16 32; do
    $B/bench_p11 "$softhsm" $n "$SECS"
    $B/bench_hsm genaes $n "$SECS"
done
$B/bench_hsm genrsa 1 "$((SECS * 3))"
$B/bench_hsm genrsa 4 "$((SECS * 3))"
$B/bench_hsm isolation 1 "$SECS"
