# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# genSymKey, beside what the seeds have of it.

begin "genSymKey: types and sizes"
for k in "31 16" "31 24" "31 32" "21 24" "16 1" "16 3583" "18 16"; do
	# shellcheck disable=SC2086 # two words
	set -- $k
	me genSymKey -t "$1" -s "$2" -l "size" >/dev/null
	me getAttribute -o "$(handle)" -a 353 -out len >/dev/null
	echo "$k $(sed -n 2p len)"
done
total -l size

begin "genSymKey: a key without extras, and all of its attributes"
me genSymKey -t 31 -s 32 -l kept -id kept-1
me getAttribute -o "$(handle)" -a 512 -out attrs
cat attrs

begin "genSymKey: not extractable"
me getAttribute -o "$(new genSymKey -t 31 -s 32 -l nex -nex)" -a 354 -out x >/dev/null
cat x

begin "genSymKey: a session key dies with its session"
login example_user
say 'genSymKey -t 31 -s 24 -l tmpAES -id tmp01 -nex -sess' >/dev/null
say 'findKey -l tmpAES -id tmp01 -sess 1' | sed -n '/^Total/p'
logout
total -id tmp01

begin "genSymKey: the ID is unique"
me genSymKey -t 21 -s 24 -l other -id kept-1
me genRSAKeyPair -m 2048 -e 65537 -l other -id kept-1
total -l other

begin "genSymKey: shared, with a quorum"
K=$(new genSymKey -t 31 -s 32 -l quorum -u 4,5 -u 6 -m_value 4)
me getKeyInfo -k "$K" | sed "s/ $K\$/ K/"

begin "genSymKey: one card is no cluster of two"
me genSymKey -t 16 -s 20 -l two -min_srv 2
total -l two

begin "genSymKey: sizes wrong for the type"
bad genSymKey -t 31 -s 20 -l wrong
bad genSymKey -t 21 -s 16 -l wrong
bad genSymKey -t 18 -s 257 -l wrong
bad genSymKey -t 16 -s 3584 -l wrong
bad genSymKey -t 31 -s 0 -l wrong

begin "genSymKey: key type 99"
bad genSymKey -t 99 -s 32 -l wrong

begin "genSymKey: users to share with"
bad genSymKey -t 31 -s 32 -l wrong -u 99
bad genSymKey -t 31 -s 32 -l wrong -u 3
bad genSymKey -t 31 -s 32 -l wrong -u 4,3
bad genSymKey -t 31 -s 32 -l wrong -u 2
bad genSymKey -t 31 -s 32 -l wrong -u 4,4
bad genSymKey -t 31 -s 32 -l wrong -u user4

begin "genSymKey: m_value above users + 1"
bad genSymKey -t 31 -s 32 -l wrong -u 4 -m_value 3
bad genSymKey -t 31 -s 32 -l wrong -m_value 2
bad genSymKey -t 31 -s 32 -l wrong -u 4 -m_value 9

begin "genSymKey: timeout without min_srv"
bad genSymKey -t 31 -s 32 -l wrong -timeout 1
bad genSymKey -t 31 -s 32 -l wrong -min_srv 0

begin "genSymKey: nothing was made of what was wrong"
total -l wrong
