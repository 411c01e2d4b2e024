# shellcheck shell=bash disable=SC2034,SC2154 # run.sh and these share variables
# SPDX-License-Identifier: GPL-2.0-or-later
#
# lib.sh - members of clusters for the scenarios; to be sourced, with $work (a folder of our
# own), $driver and $node (the programs) set.
#
#   up NAME N FLAG...       an etcd of N members in $etcd, and $config for members
#   down                    ends it and every member
#   card I [SECRET]         starts the driver as node I on the store $work/$name.I
#   ask I WORD...           a command of driver.c; $reply is its last line, $lines the others
#   tell I WORD...          the same without waiting; answer I waits
#   quit I                  the card ends;  slay I: by SIGKILL;  halt I, resume I: STOP, CONT
#   member I [WORD...]      an hsm-node as node I, with more options; member_says I PATTERN
#                           waits for a line of it, log_says I PATTERN for one of its log
#   check TEXT COMMAND...   a line "ok TEXT" or "not ok TEXT"
#   together I...           whether these cards come to one position and hash within 20 s
card_in=() card_out=() card_pid=() member_pid=()
passed=0 failed=0 name=none
unavailable=0x30000085

say_lines() { sed 's/^/        /' <<< "$1"; }

check() {
    local text=$1
    shift
    if "$@"; then
        echo "ok      $name: $text"
        passed=$((passed + 1))
    else
        echo "not ok  $name: $text"
        echo "        last reply: $reply"
        for log in "$work/$name".*.log; do
            [ ! -e "$log" ] || { echo "        ${log##*/}:"; say_lines "$(tail -n 4 "$log")"; }
        done
        failed=$((failed + 1))
    fi
}

is() { # is WANT: the reply
    [ "$reply" = "$1" ]
}

like() { # like PATTERN: the reply
    [[ $reply =~ $1 ]]
}

up() {
    name=$1
    etcd=$work/$name.etcd
    ETCD_FLAGS="${*:3}" etcd_up "$etcd" "$2" || { check "etcd starts" false; return 1; }
    config=$work/$name.json
    (umask 077; etcd_config "$etcd" "/hsm/$name/" > "$config")
}

down() {
    local i
    for i in "${!card_pid[@]}"; do slay "$i"; done
    for i in "${!member_pid[@]}"; do member_slay "$i"; done
    etcd_down "$etcd"
}

card() {
    local pipe=$work/$name.$1.pipe w r
    rm -f "$pipe.in" "$pipe.out"
    mkfifo "$pipe.in" "$pipe.out"
    "$driver" "$work/$name.$1" "${2:-secret}" "$1" "${3:-etcd:$config}" \
        < "$pipe.in" > "$pipe.out" 2>> "$work/$name.$1.log" &
    card_pid[$1]=$!
    disown $!
    exec {w}> "$pipe.in" {r}< "$pipe.out"
    card_in[$1]=$w card_out[$1]=$r
    answer "$1"
}

answer() {
    local line
    lines=
    while IFS= read -r -t 90 line <&"${card_out[$1]}"; do
        case $line in
        "= "* | =) reply=${line#=}; reply=${reply# }; return 0 ;;
        *) lines+=$line$'\n' ;;
        esac
    done
    reply="card $1 does not answer"
    return 1
}

tell() {
    printf '%s\n' "${*:2}" >&"${card_in[$1]}"
}

ask() {
    tell "$@"
    answer "$1"
}

gone() { # gone PID: waits for its end
    local i
    for ((i = 0; i < 200; i++)); do
        kill -0 "$1" 2> /dev/null || return 0
        sleep 0.05
    done
    return 1
}

forget_card() {
    local w=${card_in[$1]} r=${card_out[$1]}
    exec {w}>&- {r}<&-
    unset "card_pid[$1]" "card_in[$1]" "card_out[$1]"
}

quit() {
    tell "$1" quit
    gone "${card_pid[$1]}" || kill -9 "${card_pid[$1]}"
    forget_card "$1"
}

slay() {
    kill -9 "${card_pid[$1]}" 2> /dev/null
    gone "${card_pid[$1]}"
    forget_card "$1"
}

halt() { kill -STOP "${card_pid[$1]}"; }
resume() { kill -CONT "${card_pid[$1]}"; }

# Starts cards I..., waits until they are online; the first makes the users if need be.
cards() {
    local i rc=0
    for i; do
        card "$i"
        ask "$i" wait online 20
        is online || rc=1
        ask "$i" login
        is_done || rc=1
    done
    return $rc
}

# The last command succeeded, and so said every node.
is_done() {
    [[ $reply =~ ^0x0( [0-9]+:0x0)*$ ]]
}

member() {
    printf '%s' "${secret:-secret}" > "$work/$name.secret"
    : > "$work/$name.$1.said"
    "$node" --store "$work/$name.$1" --secret-file "$work/$name.secret" --node-id "$1" \
        --cluster "etcd:$config" "${@:2}" >> "$work/$name.$1.said" 2>> "$work/$name.$1.log" < /dev/null &
    member_pid[$1]=$!
}

member_says() {
    local i
    for ((i = 0; i < 200; i++)); do
        reply=$(grep -E "$2" "$work/$name.$1.said" | tail -n 1)
        [ -z "$reply" ] || return 0
        sleep 0.1
    done
    reply=$(tail -n 1 "$work/$name.$1.said")
    return 1
}

log_says() {
    local i
    for ((i = 0; i < 200; i++)); do
        ! grep -qsE "$2" "$work/$name.$1.log" || return 0
        sleep 0.1
    done
    return 1
}

# Its exit status; what it said last is the reply.
member_ends() {
    local rc=0
    wait "${member_pid[$1]}" || rc=$?
    unset "member_pid[$1]"
    reply=$(tail -n 1 "$work/$name.$1.said")
    return $rc
}

member_slay() {
    kill -9 "${member_pid[$1]}" 2> /dev/null
    wait "${member_pid[$1]}" 2> /dev/null
    unset "member_pid[$1]"
}

# "position hash" of an hsm-node, or of a card.
where() {
    if [ -n "${card_pid[$1]:-}" ]; then
        ask "$1" position
        echo "$reply"
        return
    fi
    : > "$work/$name.$1.said"
    kill -USR1 "${member_pid[$1]}"
    member_says "$1" ': position ' && sed 's/.*: position \([0-9]*\) hash /\1 /' <<< "$reply"
}

together() {
    local i want got end=$((SECONDS + 20))
    while :; do
        want=$(where "$1") got=$want
        for i in "${@:2}"; do
            got=$(where "$i")
            [ "$got" = "$want" ] || break
        done
        [ "$got" != "$want" ] || return 0
        [ "$SECONDS" -lt "$end" ] || break
        sleep 0.2
    done
    reply="$want, but node $i: $got"
    return 1
}

# Every line "K HANDLE LABEL" of the file is a key that node I has, and no handle is there twice.
has_all() { # has_all I FILE
    ask "$1" handles
    comm -13 <(sed -n 's/^H //p' <<< "$lines" | sort) <(sed -n 's/^K \([0-9]*\) .*/\1/p' "$2" | sort) > "$2.missing"
    [ ! -s "$2.missing" ] && [ -z "$(sed -n 's/^K \([0-9]*\) .*/\1/p' "$2" | sort | uniq -d)" ]
}
