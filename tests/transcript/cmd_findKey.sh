# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# findKey, findSingleKey, getKeyInfo, deleteKey.

A=$(new genSymKey -t 31 -s 16 -l filters -id f1 -u 4,5)
G=$(new genSymKey -t 16 -s 20 -l filters -id f2 -u 4)
me getAttribute -o "$A" -a 371 -out k >/dev/null
KCV=$(sed -n 2p k)

# found FILTER...: the total, and which of the two keys.
found() {
	me findKey "$@" | sed -n "/^Total/p; s/^$A, $G\$/A G/p; s/^$A\$/A/p; s/^$G\$/G/p"
}

begin "findKey: one key"
me findKey -id f1

begin "findKey: none"
me findKey -id nosuch

begin "findKey: the filters"
for f in "-l filters" "-l filters -t 31" "-l filters -t 16" "-l filters -c 4" "-l filters -c 2" \
	"-l filters -sess 0" "-l filters -sess 1" "-id f2" "-l filters -u 4" "-l filters -u 4,5" \
	"-l filters -u 3" "-l filters -u 3,4" "-l filters -u 6" "-kcv $KCV -l filters" "-l filter" \
	"-l Filters" "-id nosuch" "-l filters -u 4 -u 5"; do
	echo "$f" | sed "s/$KCV/KCV/"
	# shellcheck disable=SC2086 # words
	found $f
done

begin "findKey: an unknown user can use nothing, not even public keys"
total -u 99
total -u 3,99
total -c 2 -u 99

begin "findKey: by class, of a pair"
new_pair genECCKeyPair -i 2 -l classes
for c in 2 3 4; do
	me findKey -l classes -c $c | sed -n "/^Total/p; s/^$PUB\$/public/p; s/^$PRIV\$/private/p"
done

begin "findKey: a shared key is found by the other user, a public key by all"
as user5 findKey -l filters | sed -n '/^Total/p'
as user6 findKey -l filters | sed -n '/^Total/p'
as user6 findKey -l classes | sed -n '/^Total/p'

begin "findKey: two sessions do not see each other's session keys"
login example_user
say 'genSymKey -t 31 -s 32 -l sessions -sess' >/dev/null
say 'findKey -l sessions' | sed -n '/^Total/p'
say 'logoutHSM' >/dev/null
say 'loginHSM -u CU -s example_user -p example_pwd' >/dev/null
say 'findKey -l sessions' | sed -n '/^Total/p'
logout

begin "findKey: what is wrong"
bad findKey -l
bad findKey -t 99
bad findKey -c 5
bad findKey -sess 2
bad findKey -kcv xyz
bad findKey -kcv 0x0102
bad findKey -u user4
bad findKey -l "$(printf '%129s' x | tr ' ' x)"

begin "findSingleKey: as its page has it"
me findSingleKey -k "$A"
me findSingleKey -k 252136
as user6 findSingleKey -k "$A"

begin "getKeyInfo: shared, not shared, public, nobody's"
me getKeyInfo -k "$A"
me getKeyInfo -k "$PRIV"
me getKeyInfo -k "$PUB"
me getKeyInfo -k 252126

begin "deleteKey: only the owner"
as user4 deleteKey -k "$A"
as user6 deleteKey -k "$A"
me deleteKey -k "$A"
me deleteKey -k "$A"

begin "deleteKey: no such key"
me deleteKey -k 252126

begin "deleteKey: one key of a pair leaves the other"
me deleteKey -k "$PRIV" >/dev/null
total -l classes

begin "deleteKey: what is wrong"
bad deleteKey
bad deleteKey -k abc
bad deleteKey -k 7x
bad deleteKey -k -7
bad deleteKey -k 0
bad deleteKey -k 18446744073709551616

begin "every command needs a login"
kmu singlecmd genSymKey -t 31 -s 32 -l nobody | sed -n '/^Command/,$p'
kmu singlecmd findKey | sed -n '/^Command/,$p'
kmu singlecmd deleteKey -k "$G" | sed -n '/^Command/,$p'
