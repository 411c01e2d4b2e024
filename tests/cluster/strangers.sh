# shellcheck shell=bash disable=SC2034,SC2154 # run.sh and these share variables
# SPDX-License-Identifier: GPL-2.0-or-later
#
# strangers.sh - who may not be a member, and who writes what is not theirs.

# The card is refused, and says why.
refused() { # refused I PATTERN
    ask "$1" wait refused 20
    is refused || return 1
    ask "$1" state
    like "$2"
}

# In etcd's files and in what cards and etcd logged.
lies_open() { grep -rqaF -- "$1" "$etcd" "$work"/sealed.*.log; }
is_hidden() { ! lies_open "$1"; }

# Who reads etcd finds sealed records; that the search would find more is shown, too.
scene_sealed() {
    local word
    up sealed 1 || return
    cards 0 1
    ask 0 create label-of-sealed
    check "a key is made" is_done
    etcd_ctl "$etcd" put /marker value-of-marker > /dev/null
    check "the search finds what lies open" lies_open value-of-marker
    for word in label-of-sealed driver_user driver_password; do
        check "etcd and logs hold no $word" is_hidden "$word"
    done
    quit 0
    quit 1
    down
}

scene_strangers() {
    local key
    up strangers 1 || return
    cards 0 1
    ask 0 create shared
    key=$(sed -n 's/^K \([0-9]*\) .*/\1/p' <<< "$lines")
    card 2 "another secret"
    check "another secret is refused" refused 2 "another secret"
    slay 2
    rm -f "$work/strangers.2"
    card 2 secret none
    ask 2 login
    ask 2 create own
    quit 2
    card 2
    check "a card with keys of its own is refused" refused 2 "of its own|another cluster"
    ask 2 find
    slay 2
    rm -f "$work/strangers.2"
    member 3 --node-id 1
    check "a node number that is taken is refused" member_ended 3 1
    check "and it says whose it is" like "live card"
    ask 1 sign "$key"
    check "the others go on" is_done
    down
}

member_ended() { # member_ended I STATUS
    local rc=0
    member_ends "$1" || rc=$?
    [ "$rc" = "$2" ]
}

put() { # put KEY: bytes that nobody sealed
    head -c 200 /dev/urandom | base64 -w 0 | etcd_ctl "$etcd" put "/hsm/garbage/$1" > /dev/null
}

scene_garbage() {
    local key record
    up garbage 1 || return
    cards 0 1
    ask 0 create shared
    key=$(sed -n 's/^K \([0-9]*\) .*/\1/p' <<< "$lines")
    put what/is/this
    put m/notanode
    put a/4711
    put m/4711
    ask 1 create still
    check "names that are none of the cluster's change nothing" is_done
    record=$(etcd_ctl "$etcd" get --prefix --keys-only /hsm/garbage/r/2/ | head -n 1)
    put "${record#/hsm/garbage/}"
    sleep 1
    ask 0 create more
    check "a record is overwritten: nothing is changed any more" like "^0x[1-9a-f]"
    ask 0 sign "$key"
    check "a record is overwritten: keys are used" like "^0x0"
    ask 0 state
    check "a record is overwritten: the card says so" like "record"
    down
}

# An etcd that wants certificates and passwords.
scene_tls() {
    up tls 1 || return
    check "with certificate and password: a member" cards 0
    cp "$config" "$work/tls.good"
    (umask 077; echo nope > "$etcd/wrong")
    wrong "another CA" "s|$etcd/tls/ca|$work/other/tls/ca|" 'certificat'
    # TLS 1.3 tells a client that it is refused after it has begun to talk: it may see no more than the end.
    wrong "another CA's certificate" "s|$etcd/tls/client|$work/other/tls/client|g" 'certificat|alert|Broken pipe|not connected'
    wrong "no certificate" 's|"cert": "[^"]*", "key": "[^"]*", ||' 'certificat|alert|Broken pipe|not connected'
    wrong "a wrong password" 's|/password"|/wrong"|' 'password|authentication'
    wrong "a prefix of others" 's|/hsm/tls/|/others/|' 'permission|may not'
    ask 0 create still
    check "the member goes on" is_done
    down
}

wrong() { # wrong TEXT SED PATTERN
    sed "$2" "$work/tls.good" > "$config"
    rm -f "$work/tls.1.log"
    member 1
    check "$1: the reason is said" log_says 1 "$3"
    check "$1: not let in" member_says 1 'joining: .'
    member_slay 1
    rm -f "$work/tls.1"
    cp "$work/tls.good" "$config"
}
