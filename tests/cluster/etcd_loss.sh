# shellcheck shell=bash disable=SC2034,SC2154 # run.sh and these share variables
# SPDX-License-Identifier: GPL-2.0-or-later
#
# etcd_loss.sh - members of etcd go, its disk fills up, its past is compacted, it is put back.

# "NUMBER LEADER?" of the members of etcd that answer.
etcd_roles() {
    local i
    for ((i = 1; i <= $(cat "$etcd/members"); i++)); do
        [ ! -s "$etcd/e$i.pid" ] || ETCDCTL_API=3 etcdctl --endpoints "$(etcd_url "$etcd" "$i")" \
            --command-timeout=3s endpoint status -w simple 2> /dev/null |
            awk -F ', ' -v i="$i" '{ print i, $5 }'
    done
}

etcd_leader() { etcd_roles | sed -n 's/ true//p'; }
etcd_followers() { etcd_roles | sed -n 's/ false//p'; }

etcd_start_dead() {
    local i
    for ((i = 1; i <= $(cat "$etcd/members"); i++)); do
        [ -s "$etcd/e$i.pid" ] || etcd_start "$etcd" "$i"
    done
    etcd_wait "$etcd"
}

# One, then two members of etcd die and come back.
scene_etcd_members() {
    local key began
    up etcd_members 3 || return
    check "three cards of one cluster" cards 0 1 2
    ask 1 create before
    key=$(sed -n 's/^K \([0-9]*\) .*/\1/p' <<< "$lines")
    check "a key with three nodes" is "0x0 1:0x0 0:0x0 2:0x0"
    etcd_kill "$etcd" "$(etcd_followers | head -n 1)"
    ask 0 create one-down
    check "one member of etcd down: keys are made" is_done
    etcd_kill "$etcd" "$(etcd_followers | head -n 1)"
    began=$SECONDS
    ask 2 create two-down
    check "two down: a change fails with $unavailable" like "^$unavailable"
    check "two down: within its timeout" [ $((SECONDS - began)) -le 10 ]
    ask 0 sign "$key"
    check "two down: signing goes on" is_done
    ask 1 sign "$key"
    check "two down: on another card, too" like "^0x0"
    etcd_start_dead
    ask 0 wait online 20
    check "etcd is back: the cards are" is online
    ask 1 wait online 20
    ask 2 wait online 20
    ask 0 create after
    check "etcd is back: keys are made" like "^0x0"
    check "etcd is back: all nodes at one position with one hash" together 0 1 2
    etcd_kill "$etcd" "$(etcd_leader)"
    # What the leader had on its way is nobody's, so the first may fail.
    ask 0 create without-leader
    [[ $reply != $unavailable* ]] || { ask 0 wait online 20; ask 0 create without-leader; }
    check "the leader down: keys are made" like "^0x0"
    etcd_start_dead
    check "the leader is back: all are equal" together 0 1 2
    down
}

# Compaction while a card is away, and while another stands still.
scene_compaction() {
    local revision
    up compaction 1 || return
    cards 0 1
    member 2
    member_says 2 online
    halt 1
    kill "${member_pid[2]}"
    member_ends 2
    ask 0 burst k 30
    revision=$(etcd_ctl "$etcd" endpoint status -w fields | sed -n 's/^"Revision" : //p' | head -n 1)
    etcd_ctl "$etcd" compact "$revision" > /dev/null
    check "etcd forgets its past" [ $? = 0 ]
    resume 1
    member 2
    check "a card that was away comes back" member_says 2 online
    ask 1 wait online 20
    check "all have everything" together 0 1 2
    ask 1 create later
    check "and go on" is_done
    down
}

# Others fill etcd up to its quota.
scene_quota() {
    local key i
    up quota 1 --quota-backend-bytes=$((3 << 20)) || return
    cards 0 1
    ask 0 create before
    key=$(sed -n 's/^K \([0-9]*\) .*/\1/p' <<< "$lines")
    for i in {1..40}; do
        head -c 100000 /dev/urandom | base64 -w 0 | etcd_ctl "$etcd" put "/junk/$i" > /dev/null 2>&1 || break
    done
    ask 0 create too-much
    check "a full etcd: a change fails with $unavailable" like "^$unavailable"
    check "a full etcd: the log says that it is full" grep -qiE 'full|space' "$work/quota.0.log"
    ask 1 sign "$key"
    check "a full etcd: signing goes on" is_done
    etcd_ctl "$etcd" del --prefix /junk/ > /dev/null
    etcd_ctl "$etcd" compact "$(etcd_ctl "$etcd" endpoint status -w fields | sed -n 's/^"Revision" : //p')" > /dev/null
    etcd_ctl "$etcd" defrag > /dev/null
    etcd_ctl "$etcd" alarm disarm > /dev/null
    ask 0 wait online 20
    ask 0 create again
    check "room was made: keys are" like "^0x0"
    check "room was made: all nodes are equal" together 0 1
    down
}

# The operator puts an old copy of etcd back.
scene_restore() {
    up restore 1 || return
    cards 0 1
    ask 0 create kept
    etcd_ctl "$etcd" snapshot save "$work/restore.snapshot" > /dev/null 2>&1
    ask 0 burst lost 5
    quit 0
    quit 1
    etcd_kill "$etcd" 1
    rm -rf "$etcd/e1"
    ETCDCTL_API=3 etcdctl snapshot restore "$work/restore.snapshot" --name e1 --data-dir "$etcd/e1" \
        --initial-cluster "e1=http://127.0.0.1:$(etcd_port "$etcd" 1 1)" \
        --initial-advertise-peer-urls "http://127.0.0.1:$(etcd_port "$etcd" 1 1)" > /dev/null 2>&1
    etcd_start "$etcd" 1
    etcd_wait "$etcd"
    card 0
    ask 0 wait refused 20
    check "an old copy of etcd is not taken for the cluster" is refused
    ask 0 state
    check "and the card says so" like "older than this card's"
    ask 0 login
    ask 0 find
    check "no key of the card is gone" is 6
    quit 0
    etcd_ctl "$etcd" del --prefix /hsm/restore/ > /dev/null
    check "an empty etcd gets everything from the cards" cards 0 1
    check "which are equal" together 0 1
    ask 1 find
    check "and have what they had" is 6
    down
}
