# shellcheck shell=bash disable=SC2034,SC2154 # run.sh and these share variables
# SPDX-License-Identifier: GPL-2.0-or-later
#
# node_loss.sh - cards die, stand still, come back, while others make keys.

# Two cards make keys at once, a third is killed.
scene_kill() {
    up kill 3 || return
    check "two cards and an hsm-node" cards 0 1
    member 2
    member_says 2 online
    tell 0 burst a 500
    tell 1 burst b 500
    sleep 1
    member_slay 2
    answer 0
    printf '%s' "$lines" > "$work/kill.keys"
    check "a node is killed: every key of one card is made" is "500 0x0"
    answer 1
    printf '%s' "$lines" >> "$work/kill.keys"
    check "and of the other" is "500 0x0"
    check "all are there, no handle twice" has_all 0 "$work/kill.keys"
    ask 0 create late
    check "the dead node is named" like "^0x0 0:0x0 1:0x0 2:$unavailable$"
    member 2
    check "it comes back" member_says 2 online
    check "and catches up" together 0 1 2
    down
}

# A card is killed in the middle of its own creates: what it acknowledged is with the others.
scene_kill_maker() {
    local line
    up kill_maker 1 || return
    cards 0 1
    tell 0 burst a 1000
    : > "$work/kill_maker.keys"
    while read -r -t 20 line <&"${card_out[0]}" && echo "$line" >> "$work/kill_maker.keys"; do
        [ "$(wc -l < "$work/kill_maker.keys")" -lt 50 ] || break
    done
    slay 0
    check "a maker is killed: what it had acknowledged the other has" has_all 1 "$work/kill_maker.keys"
    check "it comes back" cards 0
    check "and both are equal" together 0 1
    down
}

# A card stands still until its lease is over.
scene_pause() {
    up pause 1 || return
    cards 0 1
    halt 1
    ask 0 create while-it-stands
    check "a card stands still: the other goes on after its lease" like "^0x0 0:0x0 1:$unavailable$"
    ask 0 members
    check "it is seen as dead" is "0:live 1:dead"
    resume 1
    ask 1 wait online 20
    check "it goes on: it is a member again" together 0 1
    ask 1 create mine
    # It may have found out just now that its lease is over.
    is_done || { ask 1 wait online 20; ask 1 create mine; }
    check "and makes keys" is_done
    down
}

vm_member() { # vm_member SCRIPT: starts a VM with node 1 that runs SCRIPT
    printf secret > "$work/$name.secret"
    printf '#!/bin/sh\n%s\n' "$1" > "$work/$name.sh"
    BUILD=$build KEYSTORE=$work/$name.1 NODES=1 CLUSTERS='' ACTIVATE=no TIMEOUT=60 GUEST_LOG=$work/$name.guest.log \
        HSM_PROPS="cluster=etcd:$config,node-id=1,serial=DRIVER-1,secret=s0" \
        QEMU_EXTRA="-object secret,id=s0,file=$work/$name.secret -pidfile $work/$name.pid" \
        "$top/images/run.sh" script "$work/$name.sh" > "$work/$name.out" 2> "$work/$name.1.log" &
}

# A VM that is switched off takes its card out of the cluster.
scene_vm_off() {
    ETCD_LEASE=60 up vm_off 1 || return
    cards 0
    vm_member 'echo off'
    wait $!
    ask 0 members
    check "its card is gone at once" is "0:live 1:dead"
    ask 0 create without
    check "and holds nobody up" is "0x0 0:0x0 1:$unavailable"
    down
}

# A whole VM with a card is killed in the middle of 1,000 creates from another.
scene_vm() {
    local i
    up vm 1 || return
    cards 0
    vm_member 'echo up; sleep 60'
    for ((i = 0; i < 600; i++)); do
        ! grep -q up "$work/vm.out" || break
        sleep 0.1
    done
    ask 0 members
    check "a card in a VM is a member" is "0:live 1:live"
    tell 0 burst k 1000
    sleep 1
    kill -9 "$(cat "$work/vm.pid")"
    answer 0
    printf '%s' "$lines" > "$work/vm.keys"
    check "the VM is killed: every key is made" is "1000 0x0"
    wait %% 2> /dev/null
    check "its card comes back" cards 1
    check "and catches up" together 0 1
    check "with every key" has_all 1 "$work/vm.keys"
    down
}

forget_node() { # forget_node NODE STATUS
    local rc=0
    reply=$("$node" --forget "$1" --cluster "etcd:$config" 2>&1) || rc=$?
    [ "$rc" = "$2" ]
}

# Members go for good: struck off the list, or with what they have.
scene_forget() {
    up forget 1 || return
    cards 0 1
    member 2
    member_says 2 online
    check "a node that is alive is not struck off" forget_node 2 1
    check "and that is said" like "member 2 is alive"
    kill "${member_pid[2]}"
    check "an hsm-node leaves on SIGTERM" member_ends 2
    ask 0 create without
    check "one that left does not hold others up" like "^0x0 0:0x0 1:0x0 2:$unavailable$"
    check "it is struck off" forget_node 2 0
    check "once" forget_node 2 1
    check "of nobody else" like "member 2 is not on the list"
    ask 0 create later
    check "replies do not name it any more" is "0x0 0:0x0 1:0x0"
    quit 1
    mv "$work/forget.1" "$work/forget.kept"
    member 1
    check "a dead node is replaced by an empty card with its number" member_says 1 online
    check "which gets everything" together 0 1
    kill "${member_pid[1]}"
    member_ends 1
    mv "$work/forget.kept" "$work/forget.1"
    card 1 secret none
    check "a card of a cluster does not start on its own" like "^failed.*belongs to a cluster"
    forget_card 1
    card 1 secret leave
    ask 1 login
    ask 1 find
    check "it leaves with its keys" is 2
    quit 1
    card 1 secret none
    ask 1 login
    ask 1 create alone
    check "and is on its own" is "0x0 1:0x0"
    down
}
