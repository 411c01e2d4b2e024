# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Finding, looking at and deleting keys, as their owner and as somebody else.

begin "findSingleKey"
me findSingleKey -k 6
me findSingleKey -k 252136

begin "findKey: the filters"
me genSymKey -t 31 -s 16 -l filters -id f1 -u 4,5 >/dev/null
A=$(handle)
me genSymKey -t 16 -s 20 -l filters -id f2 -u 4 >/dev/null
G=$(handle)
me getAttribute -o "$A" -a 371 -out k >/dev/null
KCV=$(sed -n 2p k)
found() {
	me findKey "$@" | sed -n "/^Total/p; s/^$A, $G\$/A G/p; s/^$A\$/A/p; s/^$G\$/G/p"
}
found -l filters
found -l filters -t 31
found -l filters -t 16
found -l filters -c 4
found -l filters -c 2
found -l filters -sess 0
found -l filters -sess 1
found -id f2
found -l filters -u 4
found -l filters -u 4,5
found -l filters -u 6
found -kcv "$KCV" -l filters
found -l filter
found -id nosuch

begin "findKey: a shared key is found by the other user"
as user5 findKey -l filters | sed -n '/^Total/p'
as user6 findKey -l filters | sed -n '/^Total/p'

begin "deleteKey: only the owner"
as user4 deleteKey -k "$A" >shared
sed "s/ $A\$/ A/" shared
as user6 deleteKey -k "$A" >hidden
sed "s/ $A\$/ A/" hidden
me deleteKey -k "$A" | sed "s/ $A\$/ A/"
me deleteKey -k "$A" | sed "s/ $A\$/ A/"

begin "deleteKey: one key of a pair leaves the other"
me genRSAKeyPair -m 2048 -e 65537 -l half >/dev/null
me deleteKey -k "$(pair_handle private)" >/dev/null
me findKey -l half | sed -n '/^Total/p'

begin "deleteKey: no such key"
me deleteKey -k 252126

begin "getAttribute: what the key has not"
me getAttribute -o 6 -a 288 -out none
ls none 2>/dev/null

begin "getKeyInfo: no such key"
me getKeyInfo -k 252126

begin "commands need a login"
kmu singlecmd genSymKey -t 31 -s 32 -l nobody | sed -n '/^Command/,$p'
kmu singlecmd findKey | sed -n '/^Command/,$p'

begin "two sessions do not see each other's session keys"
kmu <<END | grep '^Total'
loginHSM -u CU -s example_user -p example_pwd
genSymKey -t 31 -s 32 -l mine -sess
findKey -l mine
logoutHSM
loginHSM -u CU -s example_user -p example_pwd
findKey -l mine
END
