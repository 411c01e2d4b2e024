# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# etcd.sh - etcd clusters on loopback, for tests; to be sourced. Members are numbered from 1.
#
#   etcd_up DIR N           makes folder DIR, starts N members in it and waits for them
#     ETCD_TLS=1            clients speak TLS, with certificates of the CA in DIR/tls
#     ETCD_AUTH=1           users root (password rootpw) and hsm (hsmpw), which has /hsm/ only
#     ETCD_FLAGS=...        more flags of etcd, like --quota-backend-bytes=...
#   etcd_start DIR I        starts member I (again), with its data
#   etcd_kill DIR I         ends it with SIGKILL and waits until it is gone
#   etcd_pause, etcd_resume DIR I    SIGSTOP, SIGCONT
#   etcd_wait DIR [SECS]    until the cluster takes writes (20)
#   etcd_down DIR           ends all members; what is in DIR stays
#   etcd_ctl DIR ARG...     etcdctl, as root, on all members that are not paused
#   etcd_endpoints DIR      the URLs, separated by commas
#   etcd_config DIR PREFIX  prints a cluster file for cards
#
# Who sources this ends what it started: trap 'etcd_down DIR' EXIT.

etcd_port() { # etcd_port DIR I OFFSET
    echo $(($(cat "$1/base") + 2 * $2 + $3))
}

etcd_scheme() {
    if [ -d "$1/tls" ]; then echo https; else echo http; fi
}

etcd_url() { # etcd_url DIR I
    echo "$(etcd_scheme "$1")://127.0.0.1:$(etcd_port "$1" "$2" 0)"
}

etcd_endpoints() {
    local i urls=
    for ((i = 1; i <= $(cat "$1/members"); i++)); do
        urls=$urls,$(etcd_url "$1" $i)
    done
    echo "${urls#,}"
}

# A block of ports that nobody listens on, below those the kernel hands out.
etcd_pick_ports() { # etcd_pick_ports N
    local base i taken
    while :; do
        base=$((12000 + RANDOM % 18000)) taken=
        for ((i = base; i < base + 2 * $1 + 2; i++)); do
            if (exec 3<> "/dev/tcp/127.0.0.1/$i") 2> /dev/null; then taken=1; fi
        done
        [ -n "$taken" ] || { echo $base; return; }
    done
}

# No CN in the server's certificate: its gateway is a client of its own, without a user.
etcd_make_tls() { # etcd_make_tls DIR
    local tls=$1/tls who
    mkdir -p "$tls"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/O=hsm test CA" \
        -keyout "$tls/ca.key" -out "$tls/ca.pem" 2> /dev/null || return
    printf 'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth,clientAuth\n' > "$tls/server.ext"
    printf 'extendedKeyUsage=clientAuth\n' > "$tls/client.ext"
    for who in server client; do
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/O=hsm test $who" \
            -keyout "$tls/$who.key" -out "$tls/$who.csr" 2> /dev/null &&
            openssl x509 -req -in "$tls/$who.csr" -CA "$tls/ca.pem" -CAkey "$tls/ca.key" -CAcreateserial \
                -days 30 -extfile "$tls/$who.ext" -out "$tls/$who.pem" 2> /dev/null || return
    done
}

etcd_start() { # etcd_start DIR I
    local dir=$1 i=$2 n peers='' j tls=()
    n=$(cat "$dir/members")
    for ((j = 1; j <= n; j++)); do
        peers=$peers,e$j=http://127.0.0.1:$(etcd_port "$dir" $j 1)
    done
    [ ! -d "$dir/tls" ] || tls=(--client-cert-auth --trusted-ca-file="$dir/tls/ca.pem"
                                --cert-file="$dir/tls/server.pem" --key-file="$dir/tls/server.key")
    # shellcheck disable=SC2046
    env -u ETCD_TLS -u ETCD_AUTH -u ETCD_FLAGS etcd --name="e$i" --data-dir="$dir/e$i" --logger=zap \
        --listen-client-urls="$(etcd_url "$dir" "$i")" --advertise-client-urls="$(etcd_url "$dir" "$i")" \
        --listen-peer-urls="http://127.0.0.1:$(etcd_port "$dir" "$i" 1)" \
        --initial-advertise-peer-urls="http://127.0.0.1:$(etcd_port "$dir" "$i" 1)" \
        --initial-cluster="${peers#,}" --initial-cluster-token="$(cat "$dir/base")" \
        "${tls[@]}" $(cat "$dir/flags") < /dev/null >> "$dir/e$i.log" 2>&1 &
    echo $! > "$dir/e$i.pid"
    disown $!
}

etcd_signal() { # etcd_signal DIR I SIGNAL
    [ -s "$1/e$2.pid" ] && kill "-$3" "$(cat "$1/e$2.pid")" 2> /dev/null
}

etcd_pause() { etcd_signal "$1" "$2" STOP; touch "$1/e$2.paused"; }
etcd_resume() { etcd_signal "$1" "$2" CONT; rm -f "$1/e$2.paused"; }

etcd_kill() { # etcd_kill DIR I
    etcd_signal "$1" "$2" KILL
    while etcd_signal "$1" "$2" 0; do sleep 0.05; done
    rm -f "$1/e$2.pid" "$1/e$2.paused"
}

etcd_down() { # etcd_down DIR
    local i
    for ((i = 1; i <= $(cat "$1/members" 2> /dev/null || echo 0); i++)); do
        etcd_kill "$1" $i
    done
}

etcd_ctl() { # etcd_ctl DIR ARG...
    local dir=$1 i urls='' flags=()
    shift
    for ((i = 1; i <= $(cat "$dir/members"); i++)); do
        [ ! -s "$dir/e$i.pid" ] || [ -e "$dir/e$i.paused" ] || urls=$urls,$(etcd_url "$dir" $i)
    done
    [ ! -d "$dir/tls" ] || flags+=(--cacert="$dir/tls/ca.pem" --cert="$dir/tls/client.pem" --key="$dir/tls/client.key")
    [ ! -e "$dir/auth" ] || flags+=(--user=root:rootpw)
    ETCDCTL_API=3 etcdctl --endpoints="${urls#,}" --dial-timeout=2s --command-timeout=5s "${flags[@]}" "$@"
}

etcd_wait() { # etcd_wait DIR [SECS]
    local end=$((SECONDS + ${2:-20}))
    until etcd_ctl "$1" put /probe 1 > /dev/null 2>&1; do
        [ $SECONDS -lt $end ] || { echo "etcd in $1 does not take writes" >&2; return 1; }
        sleep 0.1
    done
}

etcd_enable_auth() { # etcd_enable_auth DIR
    etcd_ctl "$1" user add root:rootpw && etcd_ctl "$1" user grant-role root root &&
        etcd_ctl "$1" user add hsm:hsmpw && etcd_ctl "$1" role add hsm &&
        etcd_ctl "$1" role grant-permission --prefix hsm readwrite /hsm/ &&
        etcd_ctl "$1" user grant-role hsm hsm && etcd_ctl "$1" auth enable && touch "$1/auth"
}

etcd_up() { # etcd_up DIR N
    local i
    mkdir -p "$1" || return
    echo "$2" > "$1/members"
    etcd_pick_ports "$2" > "$1/base"
    echo "${ETCD_FLAGS:-}" > "$1/flags"
    [ -z "${ETCD_TLS:-}" ] || etcd_make_tls "$1" || return
    for ((i = 1; i <= $2; i++)); do
        etcd_start "$1" $i
    done
    etcd_wait "$1" || return
    [ -z "${ETCD_AUTH:-}" ] || etcd_enable_auth "$1" > /dev/null
}

etcd_config() { # etcd_config DIR PREFIX
    local urls
    urls=$(etcd_endpoints "$1")
    printf '{ "endpoints": [ "%s" ], "prefix": "%s"' "${urls//,/\", \"}" "$2"
    [ ! -d "$1/tls" ] || printf ', "ca": "%s/tls/ca.pem", "cert": "%s/tls/client.pem", "key": "%s/tls/client.key"' "$1" "$1" "$1"
    if [ -e "$1/auth" ]; then
        (umask 077; echo hsmpw > "$1/password")
        printf ', "user": "hsm", "password_file": "%s/password"' "$1"
    fi
    printf ', "lease_s": %s, "timeout_ms": %s }\n' "${ETCD_LEASE:-5}" "${ETCD_TIMEOUT:-5000}"
}
