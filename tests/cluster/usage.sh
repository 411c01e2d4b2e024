# shellcheck shell=bash disable=SC2034,SC2154 # run.sh and these share variables
# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage.sh - hsm-node told wrong things: an error that names them, and nothing is made.

wrong_words() { # wrong_words STATUS PATTERN WORD...
    local rc=0
    reply=$(timeout 10 "$node" "${@:3}" 2>&1 < /dev/null) || rc=$?
    like "$2" && [ "$rc" = "$1" ]
    check "${*:3}: $2" [ $? = 0 ]
}

scene_usage() {
    local dir=$work/usage.d
    name=usage
    mkdir "$dir"
    cd "$dir" || return
    wrong_words 2 'cluster is required' --store s
    wrong_words 2 'store is required' --cluster none
    wrong_words 2 "unrecognized option '--bogus'" --bogus
    wrong_words 2 'a word too many: x' --store s --cluster none x
    wrong_words 2 'node-id is not a number of a node: -1' --store s --cluster none --node-id -1
    wrong_words 2 'node-id is not a number of a node: 4294967295' --store s --cluster none --node-id 4294967295
    wrong_words 2 'exclude each other' --store s --cluster none --secret-file a --key-file b
    wrong_words 2 'exclude each other' --store s --cluster etcd:x --forget 1
    wrong_words 2 'faithful nor strict: lax' --store s --cluster none --policy lax
    wrong_words 2 'officer nor anyone: me' --store s --cluster none --zeroize me
    wrong_words 2 'serial has to have 1 to 31' --store s --cluster none --serial ''
    wrong_words 2 "address=''" --store s --cluster none --address ''
    wrong_words 1 "cluster='solo' is not known" --store s --cluster solo
    wrong_words 1 'needs a file' --store s --cluster etcd:
    wrong_words 1 '/nonexistent' --store s --cluster etcd:/nonexistent
    wrong_words 1 '/dev/null: is empty' --store s --cluster none --secret-file /dev/null
    wrong_words 2 'group is for the cards of one QEMU' --cluster group --store "$work/alone.db"
    wrong_words 1 'forget needs --cluster etcd:FILE' --cluster group --forget 1
    check "nothing was made" [ -z "$(ls)" ]
    echo '{"endpoints": ["http://127.0.0.1:2379"], "prefix": "hsm"}' > cluster.json
    wrong_words 1 'cluster.json: prefix is not like /hsm/name/' --store s --cluster etcd:cluster.json
    : > s
    echo x > s
    wrong_words 1 'neither --secret-file nor its key file s.key' --store s --cluster none
    cd "$here" || return
}
