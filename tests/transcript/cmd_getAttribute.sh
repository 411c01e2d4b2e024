# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# getAttribute: single attributes in their forms, and what it refuses.

K=$(new genSymKey -t 21 -s 24 -l "a label" -id an-id -u 4)

begin "getAttribute: the key type, as its page has it"
me getAttribute -o "$K" -a 256 -out attribute.txt
cat attribute.txt

begin "getAttribute: a key check value alone ends without a result line"
me getAttribute -o "$K" -a 371 -out kcv
cat kcv

begin "getAttribute: every attribute by its number"
for a in 0 1 2 3 134 256 258 259 260 261 262 263 264 266 268 353 354 355 356 357 370 528; do
	me getAttribute -o "$K" -a $a -out one >/dev/null
	tr '\n' ' ' <one
	echo
done
for a in 1073742353 1073742354; do
	bad getAttribute -o "$K" -a $a -out none
done

begin "getAttribute: with whom it is shared, and with whom not"
as user4 getAttribute -o "$K" -a 3 -out theirs >/dev/null
cat theirs
rm -f theirs
as user6 getAttribute -o "$K" -a 3 -out theirs | sed '1d'

begin "getAttribute: what the key has not"
bad getAttribute -o "$K" -a 288 -out none
bad getAttribute -o "$K" -a 290 -out none
new_pair genECCKeyPair -i 2 -l no_exponent
bad getAttribute -o "$PUB" -a 290 -out none
ls none* theirs* 2>/dev/null

begin "getAttribute: what is wrong"
bad getAttribute -o 252126 -a 512 -out none
bad getAttribute -o "$K" -a 999 -out none
bad getAttribute -o "$K" -a 512
bad getAttribute -o "$K" -a 512 -out nosuch/file
bad getAttribute -o "$K" -a 512 -out /proc/nosuch
mkdir adir
bad getAttribute -o "$K" -a 512 -out adir
ls -A adir
ls adir.* nosuch* none* 2>/dev/null

begin "getAttribute: a file that exists is replaced"
echo old >exists
me getAttribute -o "$K" -a 0 -out exists >/dev/null
cat exists

begin "getAttribute: no label can forge lines of the file"
K=$(new genSymKey -t 31 -s 32 -l "$(printf 'x\nOBJ_ATTR_ID')")
me getAttribute -o "$K" -a 3 -out forged >/dev/null
cat forged

begin "listAttributes"
kmu singlecmd listAttributes | sed '1,/^Command/d'
