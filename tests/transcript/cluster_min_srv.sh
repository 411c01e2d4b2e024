# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# cards: 3
# -min_srv and -timeout: reached; missed because a card is gone, which withdraws the key
# everywhere; canceled.

on() {
	HSM_DEVICE=$(card "$1") "${@:2}"
}

begin "min_srv: all of them"
me genSymKey -t 31 -s 32 -l all -min_srv 3 -timeout 30

begin "min_srv: not before two have it"
me genSymKey -t 31 -s 32 -l two -min_srv 2 >/dev/null
# shellcheck disable=SC2154 # me sets it
echo "exit: $code"
[ "$(grep -c 'Node id [012] and err state 0x00000000' last)" -ge 2 ] && echo "at least two"

begin "min_srv: more than there are"
me genSymKey -t 31 -s 32 -l more -min_srv 4 -timeout 1
me genSymKey -t 31 -s 32 -l more -timeout 1 | sed '/^Description/,$d'

begin "min_srv: missed"
head -c 32 /dev/urandom >raw.key
openssl genrsa -out rsa.key 2048 2>/dev/null
openssl rsa -in rsa.key -pubout -out rsa.pub 2>/dev/null
W=$(new genSymKey -t 31 -s 32 -l wrapping)
me wrapKey -k "$(find_one -l all)" -w "$W" -out wrapped -m 4 >/dev/null
me extractMaskedObject -o "$(find_one -l all)" -out masked >/dev/null
card_down 2
me genSymKey -t 31 -s 32 -l missed -id missed-01 -min_srv 3 -timeout 1

begin "min_srv: withdrawn everywhere, its ID is free"
total -l missed
on 1 total -l missed
on 1 me genSymKey -t 31 -s 32 -l again -id missed-01 -min_srv 2 -timeout 30

begin "min_srv: missed, by each command that makes keys"
short() {
	me "$@" -min_srv 3 -timeout 1 | sed -n '/UnWrapHost\|WrapHost\|Template/d; /returned:/p; /Node id/p; /^exit/p'
}
short genECCKeyPair -i 2 -l missed
short genPBEKey -p "a long password" -s 0011223344556677 -l missed
short imSymKey -f raw.key -w "$W" -t 31 -l missed
short importPrivateKey -f rsa.key -w "$W" -l missed
short importPubKey -f rsa.pub -l missed
short unWrapKey -f wrapped -w "$W" -m 4
short insertMaskedObject -f masked
total -l missed
total -l all

# Interrupts the tool $1 and waits for it, but not for ever.
interrupt() {
	{ sleep 60; kill -KILL "$1"; } 2>/dev/null &
	kill -INT "$1"
	wait "$1"
	echo "exit: $?"
	kill $!
}

begin "min_srv: waits without -timeout, and ^C withdraws"
set -m
"$BIN/key_mgmt_util" singlecmd loginHSM -u CU -s example_user -p example_pwd \
	genSymKey -t 31 -s 32 -l waiting -min_srv 3 >wait.out &
set +m
for _ in {1..600}; do
	! grep -q '^Command:' wait.out || break
	sleep 0.1
done
sleep 2
kill -0 $! && echo "it waits"
interrupt $!
sed -n '/^Command:/,$p' wait.out
total -l waiting
on 1 total -l waiting

begin "min_srv: a script ends with the command that was canceled"
set -m
printf '%s\n' "loginHSM -u CU -s example_user -p example_pwd" \
	"genSymKey -t 31 -s 32 -l waiting -min_srv 3" "genSymKey -t 31 -s 32 -l later" |
	"$BIN/key_mgmt_util" >wait.out &
set +m
for _ in {1..600}; do
	! grep -q '^Command: genSymKey' wait.out || break
	sleep 0.1
done
sleep 1
interrupt $!
total -l later
