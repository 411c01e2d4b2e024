# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# info.sh - what a run of `make bench` ran on, out of the system itself; to be sourced.
#
#   machine_info      at the start; waits for the machine to become quiet, BENCH_WAIT= seconds (120)
#                     at most
#   round_info        at the start of each round
#   end_info          at the end
#
# They print lines "I<TAB>what<TAB>text". Of the caller: $top, $build, $out, $secs, $rounds, CPUS.

# shellcheck disable=SC2154 # set by who sources this
LOAD_QUIET=0.5 OTHERS_QUIET=25
others=

info() { # info WHAT TEXT: the text on one line, or "unknown"
    printf 'I\t%s\t%s\n' "$1" "$(tr '\n\t' '  ' <<< "${2:-unknown}" | sed 's/  */ /g; s/^ //; s/ $//')"
}

load() { cut -d ' ' -f 1 /proc/loadavg; }
is_quiet() { awk -v max=$LOAD_QUIET '{ exit !($1 <= max) }' /proc/loadavg; }

# Jiffies of all processors: all, those without work, those that the host of this host took away.
ticks() { awk '$1 == "cpu" { for (i = 2; i <= 9; i++) all += $i; print all, $5 + $6, $9 }' /proc/stat; }

# What has passed since "ticks" printed BEFORE, in percent of all: work, and what was taken away.
ticks_since() { # ticks_since BEFORE
    awk -v a="$1" -v b="$(ticks)" 'BEGIN {
        split(a, x, " "); split(b, y, " "); all = y[1] - x[1]; taken = y[3] - x[3]
        printf "%.0f %.1f\n", 100 * (all - (y[2] - x[2]) - taken) / all, 100 * taken / all }'
}

disk_kind() {
    local number type rotational
    number=$(mountpoint -d "$(stat -c %m "$out")" 2> /dev/null) || true
    type=$(df --output=fstype "$out" | tail -n 1)
    rotational=$(cat "/sys/dev/block/$number/queue/rotational" "/sys/dev/block/$number/../queue/rotational" 2> /dev/null) || true
    echo "$type on $(basename "$(df --output=source "$out" | tail -n 1)")${rotational:+, rotational: $rotational}"
}

commit() {
    local id
    id=$(git -C "$top" rev-parse --short=12 HEAD 2> /dev/null) || return 0
    # What is generated from a run does not make the next one another.
    if [ -n "$(git -C "$top" status --porcelain -- . ':!docs/performance.md' ':!docs/performance')" ]; then
        id+=", with changes that are not committed"
    fi
    echo "$id"
}

machine_info() {
    local i
    for ((i = 0; i < ${BENCH_WAIT:-120}; i += 5)); do
        is_quiet && break
        [ $i -gt 0 ] || echo "waiting for the machine to become quiet (load $(load))" >&2
        sleep 5
    done
    began=$(date +%s) before_run=$(ticks)
    info "date" "$(date -u +%Y-%m-%d)"
    info "commit" "$(commit)"
    info "processor" "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) of them$(grep -q '^flags.* hypervisor' /proc/cpuinfo && echo ', virtual')"
    info "memory" "$(awk '$1 == "MemTotal:" { printf "%.1f GB", $2 / 1048576 }' /proc/meminfo)"
    info "disk of the key stores" "$(disk_kind)"
    info "host" "$(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release), Linux $(uname -r)"
    info "load before the run" "$(load)$(is_quiet || echo ": not a quiet machine")"
    info "QEMU" "$("$build/qemu-system-x86_64" --version | sed -n '1s/.*version //p'), ${ACCEL:-tcg}"
    info "guest" "$CPUS processor(s), ${MEM:-512M}; the card with ${HSM_PROPS:-its default properties}"
    info "OpenSSL" "$(openssl version | cut -d ' ' -f 2)"
    info "SQLite" "$("$out/bench_commit" version)"
    info "etcd" "$(etcd --version | sed -n 's/^etcd Version: //p')"
    info "compiler" "$(cc --version | head -n 1)"
    info "each measurement" "$secs s, $rounds rounds"
}

# While nothing of ours runs.
round_info() {
    local before busy
    before=$(ticks)
    sleep 1
    read -r busy _ <<< "$(ticks_since "$before")"
    others="$others $busy"
}

end_info() {
    local taken busy noisy=
    for busy in $others; do
        [ "$busy" -le $OTHERS_QUIET ] || noisy=": not a quiet machine"
    done
    read -r _ taken <<< "$(ticks_since "$before_run")"
    info "processors busy with other work before each round" "$(echo $others | sed 's/ / %, /g') %$noisy"
    info "whole run" "$((($(date +%s) - began + 30) / 60)) minutes"
    info "time that the hypervisor gave to others" "$taken %"
}
