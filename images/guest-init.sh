#!/bin/busybox sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# guest-init.sh - /init of the guest: mounts, modules, the card, then what the host
# asked for on the kernel command line:
#
#   hsm.mode=script   run /run.sh (without a #! line: in bash), output to the port
#                     "out", exit status to "status"
#   hsm.mode=prompt   key_mgmt_util, logged in, on the console; then power off
#   hsm.mode=shell    a shell on the console; then power off
#   hsm.activate=1    bring a fresh card into service with the users of the examples
#   hsm.size=ROWSxCOLS  hsm.term=TERM   the host's terminal
/bin/busybox --install -s /bin
export PATH=/opt/cloudhsm/bin:/bin:/sbin:/usr/bin HOME=/root

mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /dev/shm
ip link set lo up 2> /dev/null
while read -r m; do insmod "/lib/modules/$m" || echo "guest: no module $m"; done < /lib/modules/order
mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144 share /mnt/share 2> /dev/null

option() {
    sed -n "s/.*\bhsm\.$1=\([^ ]*\).*/\1/p" /proc/cmdline
}

# The device file of the named port.
port() {
    local p
    for p in /sys/class/virtio-ports/*; do
        [ "$(cat "$p/name" 2> /dev/null)" = "$1" ] && echo "/dev/$(basename "$p")"
    done
}

# The configuration of cloudhsm_mgmt_util: all cards, under the names of their files.
cmu_config() {
    local d sep=''
    mkdir -p /opt/cloudhsm/etc
    {
        printf '{ "servers": ['
        for d in /dev/hsm*; do
            printf '%s\n  { "name": "%s", "hostname": "%s", "port": 2225, "enable": "yes" }' \
                "$sep" "${d#/dev/}" "$d"
            sep=','
        done
        printf '\n] }\n'
    } > /opt/cloudhsm/etc/cloudhsm_mgmt_util.cfg
}

card() {
    local d
    [ -e /opt/cloudhsm/lib/hsm.ko ] || return
    insmod /opt/cloudhsm/lib/hsm.ko || return
    chgrp hsm /dev/hsm* 2> /dev/null
    cmu_config
    [ "$(option activate)" = 1 ] || return
    for d in /dev/hsm*; do
        export HSM_DEVICE="$d"
        hsm_activate -n && hsm_activate -p admin_pwd -u CU:example_user:example_pwd
    done
    unset HSM_DEVICE
}

on_console() {
    local size
    size=$(option size)
    TERM=$(option term)
    [ -n "$(find /lib/terminfo /usr/share/terminfo -name "${TERM:-none}" 2> /dev/null)" ] || TERM=vt100
    export TERM
    setsid -c sh -c "[ -z '$size' ] || stty rows ${size%x*} cols ${size#*x}; exec $*" \
        < /dev/hvc0 > /dev/hvc0 2>&1
}

cd /root || exit
card
case $(option mode) in
script)
    bash -c /run.sh < /dev/null > "$(port out)" 2>&1
    echo $? > "$(port status)"
    ;;
prompt) on_console key_mgmt_util -c "'loginHSM -u CU -s example_user -p example_pwd'" ;;
shell) on_console bash -l ;;
esac
sync
poweroff -f
