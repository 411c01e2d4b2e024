#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# quorum-ceremony.sh - two officers put the users of a card under a quorum of two, and
# what they do then: the pages "First Time Setup for Crypto Officers", "Using Quorum
# Authentication for Crypto Officers" and "Change the Quorum Minimum Value" of the vendor's
# guide, in this order.
#
#   make guest SCRIPT=examples/quorum-ceremony.sh       with a fresh KEYSTORE=
#
# Each officer has a signing key that never is in the card, under a pass phrase; what goes
# around between them are files. Exit status 0 if the card did what the pages say.
set -u

bin=${BIN:-/opt/cloudhsm/bin}
config=${CFG:-/opt/cloudhsm/etc/cloudhsm_mgmt_util.cfg}
folder=$(mktemp -d) && cd "$folder" || exit 1
trap 'rm -rf "$folder"' EXIT
umask 077
wrong=0

step() {
	printf '== %s\n' "$1"
}

# Runs a command of the officers' desk, shown as typed.
desk() {
	printf '$ %s\n' "$*"
	"$@" || wrong=1
}

# A session stays open while keys sign outside: a token belongs to the login that got it.
# login TYPE NAME PASSWORD, then tell LINE [ANSWER...], then logout.
login() {
	local to from
	coproc CMU { exec "$bin/cloudhsm_mgmt_util" "$config"; }
	to=${CMU[1]} from=${CMU[0]}
	exec 6>&"$to" 7<&"$from"
	exec {to}>&- {from}<&-
	tell "loginHSM $1 $2 $3"
}

# Prints from the command on to its end, and keeps it in the file "said". A question that
# nobody answers ends it all.
tell() {
	local line on=
	printf '%s\n' "$@" 'help quit' >&6
	{
		while IFS= read -r -t 60 line <&7; do
			case $line in
			*'>help quit') exit 0 ;;
			aws-cloudhsm'>'*) on=1 ;;
			esac
			[ -z "$on" ] || printf '%s\n' "$line"
		done
		exit 1
	} | tee said
	[ "${PIPESTATUS[0]}" = 0 ] || { echo "no end of: ${1%% *}"; exit 1; }
}

logout() {
	exec 6>&-
	cat <&7 >/dev/null
	exec 7<&-
	wait
}

# What the last command must have said, and what it must not.
expect() {
	grep -q -e "$1" said || { echo "expected: $1"; wrong=1; }
}

# OFFICER signs the token in FILE, at a desk of their own.
approve() {
	desk openssl dgst -sha256 -sign "$1.key" -passin "file:$1.pass" -out "$2.sig.$1" "$2"
}

# The approval file of the token FILE, with the signatures of the others.
approvals() {
	local officer
	printf 'Multi Token File Path = %s;\nToken File Path = ;\n' "$1"
	printf 'Number of Approvals = %d;\n' $(($# - 1))
	for officer in "${@:2}"; do
		printf 'Approver Type = 2; # 2 for CO, 1 for CU\nApprover Name = %s;\n' "$officer"
		printf 'Approval File = %s.sig.%s;\n' "$1" "$officer"
	done
}

step "the officers"
login CO admin admin_pwd
tell 'createUser CO officer1 Officer_1_pwd' y
tell 'createUser CO officer2 Officer_2_pwd' y
logout

step "each makes a signing key and a registration token"
for who in officer1 officer2; do
	openssl rand -hex 16 >$who.pass
	desk openssl genrsa -aes256 -passout file:$who.pass -out $who.key 2048 2>openssl.out
	desk openssl rsa -in $who.key -passin file:$who.pass -pubout -out $who.pub 2>openssl.out
	desk openssl rand -out $who.reg 245
	approve $who $who.reg
done

step "each registers the key"
for who in officer1 officer2; do
	login CO $who "Officer_${who#officer}_pwd"
	tell "registerQuorumPubKey CO $who $who.reg $who.reg.sig.$who $who.pub" y
	expect 'success on server 0'
	logout
done

step "the minimum value"
login CO admin admin_pwd
tell listUsers
expect 'officer2 *YES'
tell 'setMValue 3 2' y
tell 'getMValue 3'
expect ': \[2\]'

step "an officer alone is refused"
tell 'createUser CU user1 User_1_pwd' y A
expect RET_MXN_AUTH_FAILED
logout

step "a token, signed by both"
login CO officer1 Officer_1_pwd
tell 'getToken 3 officer1 officer1.token'
approve officer1 officer1.token
approve officer2 officer1.token

step "the token is approved"
approvals officer1.token officer1 officer2 >approval.txt
desk cat approval.txt
tell 'approveToken approval.txt'
expect 'success on server 0'
tell listTokens
expect 'Current num of approvals : 2'

step "and used"
tell 'createUser CU user1 User_1_pwd' y
tell listUsers
expect 'CU *user1'

step "once"
tell 'deleteUser CU user1' I
expect RET_MXN_AUTH_FAILED
tell listTokens
expect 'Num of tokens = 0'

step "the minimum value for changing minimum values"
tell 'getMValue 3'
tell 'getMValue 4'
tell 'setMValue 4 2' y
tell 'getMValue 4'
expect ': \[2\]'

step "which takes a token from now on"
tell 'setMValue 3 3' y A
expect RET_MXN_AUTH_FAILED
tell 'getToken 4 officer1 change.token'
approve officer1 change.token
approve officer2 change.token
approvals change.token officer1 officer2 >change.txt
tell 'approveToken change.txt'
tell 'setMValue 3 3' y
tell 'getMValue 3'
expect ': \[3\]'
logout

step "the end"
[ "$wrong" = 0 ] && echo "the card did what the pages say" || echo "something went wrong"
exit "$wrong"
