# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# setAttribute: its page; and what it refuses.

begin "setAttribute: the page"
login example_user
say 'genSymKey -t 31 -s 24 -l tmpAES -sess'
K=$(handle)
say 'findKey -sess 1'
say "setAttribute -o $K -a 1" 1
say 'findKey -sess 1'
say 'findKey -sess 0 -l tmpAES'
logout

begin "setAttribute: the key outlives its session"
me findKey -l tmpAES >found
grep -q "^$K\$" found && echo "found"
me getAttribute -o "$K" -a 1 -out token >/dev/null
cat token

begin "setAttribute: both keys of a pair, one after the other"
login example_user
say 'genECCKeyPair -i 2 -l tmpEC -sess -nex' >/dev/null
PUB=$(pair_handle public) PRIV=$(pair_handle private)
say "setAttribute -o $PRIV -a 1" 1 | sed -n '/returned/p'
say "setAttribute -o $PUB -a 1" 1 | sed -n '/returned/p'
logout
total -l tmpEC
echo "a message" >messageFile
me sign -f messageFile -k "$PRIV" -m 17 -out ec.sig >/dev/null
me verify -f messageFile -s ec.sig -k "$PUB" -m 17 | sed -n '/successful/p'

begin "setAttribute: what is true already, and no way back"
echo 1 | me setAttribute -o "$K" -a 1
echo 0 | me setAttribute -o "$K" -a 1
me getAttribute -o "$K" -a 1 -out token >/dev/null
cat token
login example_user
say 'genSymKey -t 31 -s 24 -l tmpStay -sess' >/dev/null
S=$(handle)
say "setAttribute -o $S -a 1" 0 | sed -n '/returned/p'
say 'findKey -l tmpStay -sess 1' | sed -n '/^Total/p'
logout

begin "setAttribute: no answer, or none that it asked for"
me setAttribute -o "$K" -a 1 </dev/null
echo 2 | me setAttribute -o "$K" -a 1
echo 11 | me setAttribute -o "$K" -a 1
printf '%300s\n' 1 | me setAttribute -o "$K" -a 1 | sed -n '/^Error/p'
echo | me setAttribute -o "$K" -a 1 | sed -n '/^Error/p'

begin "setAttribute: not the owner, no such key"
K=$(new genSymKey -t 31 -s 32 -l mine -u 4)
echo 1 | as user4 setAttribute -o "$K" -a 1 | sed '1d'
echo 1 | as user6 setAttribute -o "$K" -a 1 | sed '1d'
me deleteKey -k "$K" >/dev/null
echo 1 | bad setAttribute -o "$K" -a 1
echo 1 | bad setAttribute -o 252126 -a 1
echo 1 | bad setAttribute -o "$K" -a 3
bad setAttribute -o "$K"
bad setAttribute -a 1
