# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# lib.sh - goes before the transcript scripts. Runs in bash, in the guest or on the
# host; BIN is where the tools are. The tools use card 0 unless HSM_DEVICE says otherwise.

BIN=${BIN:-/opt/cloudhsm/bin}
CARD=${HSM_DEVICE:-/dev/hsm0}
WORK=$(mktemp -d) && cd "$WORK" || exit 1
trap 'rm -rf "$WORK"' EXIT

# Path of card $1, from 0; of the script's own, if others have the first CARD_FIRST. On the
# host that is where its store is.
card() {
	if [ -z "${LOOP_STORE:-}" ]; then
		echo "/dev/hsm$((${CARD_FIRST:-0} + $1))"
	elif [ "$1" = 0 ]; then
		echo "$LOOP_STORE"
	else
		echo "$LOOP_STORE.$1"
	fi
}

# Card $1 goes away, for good: its slot is switched off.
card_down() {
	local address slot
	if [ -n "${LOOP_STORE:-}" ]; then
		export LOOP_DOWN=${LOOP_DOWN:+$LOOP_DOWN,}$1
		return
	fi
	address=$(basename "$(readlink -f "/sys/dev/char/$((0x$(stat -c %t "$(card "$1")"))):$((0x$(stat -c %T "$(card "$1")")))/device")")
	for slot in /sys/bus/pci/slots/*; do
		[ "$(cat "$slot/address")" != "${address%.*}" ] || echo 0 >"$slot/power"
	done
	for slot in {1..100}; do
		[ -e "$(card "$1")" ] || return
		sleep 0.1
	done
	echo "card $1 does not go away"
}

# Begins a case: what follows is compared with the golden file's part of that name.
begin() {
	printf '== %s\n' "$1"
}

# The tool as it is, with its exit code.
kmu() {
	"$BIN/key_mgmt_util" "$@"
	echo "exit: $?"
}

# run PASSWORD-OF USER COMMAND...: one command after a login; prints from the command on,
# keeps it in $WORK/last.
run() {
	"$BIN/key_mgmt_util" singlecmd loginHSM -u CU -s "$2" -p "$1" "${@:3}" >all
	code=$?
	sed -n '/^Command:/,$p' all >last
	cat last
	echo "exit: $code"
}

as() {
	run "${1}_pwd" "$@"
}

# The same as example_user, whose password does not follow that rule.
me() {
	run example_pwd example_user "$@"
}

# me(), but without the command and the usage, of which it only tells that it is there.
bad() {
	me "$@" >bad.out
	sed '/^Command:/d; /^Description/,$d' bad.out
	grep -q '^Description' bad.out && echo "(usage)" && tail -n 1 bad.out
}

# A session at the prompt: login USER, say LINE [ANSWER...], logout. On the host it has
# the card to itself.
login() {
	local password=${1}_pwd to from
	[ "$1" != example_user ] || password=example_pwd
	coproc TOOL { exec "$BIN/key_mgmt_util"; }
	# shellcheck disable=SC2153 # coproc sets TOOL_PID
	tool=$TOOL_PID
	to=${TOOL[1]} from=${TOOL[0]}
	exec 8>&"$to" 9<&"$from"	# subshells have no coproc
	exec {to}>&- {from}<&-
	say "loginHSM -u CU -s $1 -p $password" >/dev/null
}

# Prints from the command on, as typed, to its end; keeps it in $WORK/last.
say() {
	local line on=
	printf '%s\n' "$@" 'Error2String -r 0x0' >&8
	while IFS= read -r line <&9; do
		case $line in
		'Command: Error2String -r 0x0') on= ;;
		*'Error Code 00 maps to'*) break ;;
		Command:*) on=1 ;;
		esac
		[ -z "$on" ] || printf '%s\n' "$line"
	done >last
	cat last
}

logout() {
	exec 8>&-
	wait "$tool" || true	# what failed has been printed
	exec 9<&-
}

# A whole session of USER, its commands on standard input.
session() {
	local password=${1}_pwd to from
	[ "$1" != example_user ] || password=example_pwd
	{ echo "loginHSM -u CU -s $1 -p $password"; cat; } | "$BIN/key_mgmt_util"
}

# A configuration of cloudhsm_mgmt_util. Each word is a card, which gets a name of the
# pages, or NAME=CARD: then the path is NAME too, a link in this folder.
cmu_config() {
	local i=0 word name path sep=
	local names=(10.0.2.9 10.0.3.11 10.0.1.12)
	printf '{"servers": ['
	for word; do
		name=${names[i++]} path=$word
		if [[ $word == *=* ]]; then
			name=${word%%=*} path=$name
			ln -sfn "${word#*=}" "$name"
		fi
		printf '%s\n  {"name": "%s", "hostname": "%s", "port": 2225, "enable": "yes"}' "$sep" \
			"$name" "$path"
		sep=,
	done
	printf '\n]}\n'
}
cmu_config "$CARD" >"$WORK/cmu.cfg"
CFG=$WORK/cmu.cfg

# From the first command of cloudhsm_mgmt_util on.
cmu_cut() {
	sed -n '/^[a-z0-9-]*>/,$p'
}

# A whole session of cloudhsm_mgmt_util, its commands on standard input or in the words.
# shellcheck disable=SC2120 # words are for the scripts
cmu() {
	"$BIN/cloudhsm_mgmt_util" "${CFG:-$WORK/cmu.cfg}" "$@" >"$WORK/cmu.out"
	code=$?
	cmu_cut <"$WORK/cmu.out"
	echo "exit: $code"
}

# Without the usage that follows a complaint, of which it only tells that it is there.
brief() {
	awk '/^Description$/ { print "(usage)"; skip = 1 } /^[a-z0-9-]+>|^exit: / { skip = 0 } !skip'
}

# The same after a login: cmu_as TYPE USER PASSWORD; starts behind the login.
cmu_as() {
	{ echo "loginHSM $1 $2 $3"; cat; } | cmu | sed 1,2d
}

# A session that stays open: cmu_login TYPE USER PASSWORD, cmu_say LINE [ANSWER...], cmu_logout.
cmu_login() {
	local to from
	coproc CMU { exec "$BIN/cloudhsm_mgmt_util" "${CFG:-$WORK/cmu.cfg}"; }
	# shellcheck disable=SC2153 # coproc sets CMU_PID
	cmu_tool=$CMU_PID
	to=${CMU[1]} from=${CMU[0]}
	exec 6>&"$to" 7<&"$from"
	exec {to}>&- {from}<&-
	cmu_say "loginHSM $1 $2 $3" >/dev/null
}

cmu_say() {
	local line on=
	printf '%s\n' "$@" 'help exit' >&6
	while IFS= read -r -t 60 line <&7; do
		case $line in
		*'>help exit') break ;;
		aws-cloudhsm'>'* | server[0-9]*'>'*) on=1 ;;
		esac
		[ -z "$on" ] || printf '%s\n' "$line"
	done
}

cmu_logout() {
	exec 6>&-
	cat <&7 >/dev/null
	wait "$cmu_tool" || true
	exec 7<&-
}

# approval_file TOKEN TYPE:USER:SIGNATURE...: what approveToken takes.
approval_file() {
	printf '# Approval of %s\nMulti Token File Path = %s;\nToken File Path = ;\n\n' "$1" "$1"
	printf '# Total number of approvals\nNumber of Approvals = %d;\n' $(($# - 1))
	printf '%s\n' "${@:2}" | sed 's/\(.*\):\(.*\):\(.*\)/\nApprover Type = \1; # 2 for CO, 1 for CU\nApprover Name = \2;\nApproval File = \3;/'
}

# Makes USER.key and registers it: signer TYPE USER PASSWORD.
signer() {
	openssl genrsa -out "$2.key" 2048 2>/dev/null
	openssl rsa -in "$2.key" -pubout -out "$2.pub" 2>/dev/null
	openssl rand -out "$2.reg" 245
	openssl dgst -sha256 -sign "$2.key" -out "$2.reg.sig" "$2.reg"
	cmu_as "$1" "$2" "$3" <<END
registerQuorumPubKey $1 $2 $2.reg $2.reg.sig $2.pub
y
END
}

# answers OP: of what a session printed, how often each outcome of Cfm..OP and each error came.
answers() {
	sed -n "s/^[[:blank:]]*\(Cfm[23]$1 returned\)/\1/p; s/^\(Error: [^(]*\)(.*\" /\1/p" | sort | uniq -c
}

# spoil FILE: FILE.flip<i> has a bit of byte i changed, FILE.cut<i> is its first i bytes,
# for each of its BYTES.
spoil() {
	local hex all i byte
	hex=$(od -An -v -tx1 "$1" | tr -d ' \n')
	BYTES=$((${#hex} / 2))
	# shellcheck disable=SC2001 # no pattern of the shell has a group
	all=$(sed 's/../\\x&/g' <<<"$hex")
	for ((i = 0; i < BYTES; i++)); do
		printf -v byte '\\x%02x' $((0x${hex:2 * i:2} ^ 1))
		# shellcheck disable=SC2059 # the bytes are the format
		printf "${all:0:4 * i}$byte${all:4 * i + 4}" >"$1.flip$i"
		# shellcheck disable=SC2059
		printf "${all:0:4 * i}" >"$1.cut$i"
	done
}

# Handle of the key that the last command made; of a pair: public or private.
handle() {
	sed -n 's/.*Key Created\.  Key Handle: //p; s/.*Unwrapped\.  Key Handle: //p; s/^Public Key Handle: //p' last
}

pair_handle() {
	sed -n "s/.*$1 key handle: \([0-9]*\).*/\1/p" last
}

# The handle of the one key that matches, quietly.
find_one() {
	me findKey "$@" >/dev/null
	sed -n '/^[1-9][0-9]*$/p' last
}

# The handle of a new key, quietly.
new() {
	me "$@" >/dev/null
	handle
}

# Makes a pair quietly: PUB and PRIV.
# shellcheck disable=SC2034 # for the scripts
new_pair() {
	me "$@" >/dev/null
	PUB=$(pair_handle public)
	PRIV=$(pair_handle private)
}

# Total of findKey.
total() {
	me findKey "$@" | sed -n '/^Total/p'
}

# Digits of the modulus in a file of getAttribute, on one line, without 0x.
modulus() {
	sed -n '/^OBJ_ATTR_MODULUS$/,/^OBJ_ATTR_MODULUS_BITS$/p' "$1" | sed '/^OBJ/d' | tr -d '\n' |
		sed 's/^0x//'
}

# The card $1 with the users of the examples.
activate() {
	if HSM_DEVICE=$1 "$BIN/hsm_activate" -n; then
		HSM_DEVICE=$1 "$BIN/hsm_activate" -p admin_pwd -u CU:example_user:example_pwd \
			>/dev/null || exit 1
	fi
	HSM_DEVICE=$1 "$BIN/hsm_activate" -p admin_pwd -u CU:user4:user4_pwd -u CU:user5:user5_pwd \
		-u CU:user6:user6_pwd -u CO:officer:officer_pwd >/dev/null || exit 1
}

activate "$CARD"
