# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# cards: 3
# Three cards of one cluster: any of them serves any command, and what one does all have.

on() { # on CARD COMMAND...: the same command over another card
	HSM_DEVICE=$(card "$1") "${@:2}"
}

begin "made on card 0, seen on card 1, used on card 2"
me genSymKey -t 31 -s 32 -l everywhere -id one-of-three
H=$(handle)
on 1 me getKeyInfo -k "$H"
head -c 32 /dev/urandom >plain
on 2 me aesWrapUnwrap -m 1 -f plain -w "$H" -out wrapped >/dev/null
on 0 me aesWrapUnwrap -m 0 -f wrapped -w "$H" -out again >/dev/null
cmp plain again && echo "what card 2 wraps card 0 unwraps"

begin "an ID is taken everywhere"
on 1 me genSymKey -t 31 -s 32 -l other -id one-of-three

begin "handles are numbered in one row"
on 2 me genSymKey -t 31 -s 16 -l row >/dev/null
A=$(handle)
on 1 me genSymKey -t 31 -s 16 -l row >/dev/null
B=$(handle)
[ "$B" -gt "$A" ] && echo "later, larger"
on 0 me findKey -l row

begin "a session key stays on its card"
HSM_DEVICE=$(card 1)
export HSM_DEVICE
login example_user
say 'genSymKey -t 31 -s 16 -l mine -sess'
say 'findKey -l mine'
logout
HSM_DEVICE=$CARD

begin "deleted on card 2, gone on card 0"
on 2 me deleteKey -k "$H"
on 0 me findSingleKey -k "$H"

begin "users and passwords are the cluster's"
cmu_config "$(card 2)" >two.cfg
CFG=$PWD/two.cfg cmu_as CO officer officer_pwd <<'END'
changePswd CU user4 another_pwd
y
END
on 1 run user4_pwd user4 loginStatus
on 1 run another_pwd user4 loginStatus

begin "wrong passwords are counted together"
for n in 0 1 2 0 1; do
	on $n "$BIN/key_mgmt_util" singlecmd loginHSM -u CU -s user5 -p wrong_pwd >/dev/null
done
on 2 run user5_pwd user5 loginStatus
"$BIN/key_mgmt_util" singlecmd loginHSM -u CU -s user5 -p user5_pwd | sed -n '/Node id/p'

begin "the members as a card knows them"
on 1 "$BIN/key_mgmt_util" singlecmd getHSMInfo | sed -n '/^Cluster/,/^$/p'

begin "a card that is gone is printed as such, and the others go on"
card_down 2
me genSymKey -t 31 -s 32 -l without
me findKey -l without

begin "the next card of the machine serves where the first is gone"
card_down 0
unset HSM_DEVICE
me genSymKey -t 31 -s 32 -l fallback | sed '/is passed over/d'
HSM_DEVICE=$(card 0) "$BIN/key_mgmt_util" singlecmd findKey >named.out
echo "exit: $?"
sed -n '/returned/p' named.out
