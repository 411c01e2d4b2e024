# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Bad input: what is wrong is named, and nothing is made.

before=$(me findKey | sed -n '/^Total/p')

# The answer without the command and the usage, of which it only tells that it is there.
bad() {
	me "$@" >bad.out
	sed '/^Command:/d; /^Description/,$d' bad.out
	grep -q '^Description' bad.out && echo "(usage)" && tail -n 1 bad.out
}

begin "unknown command"
bad imSymKey -f x
begin "command names are case-sensitive"
bad gensymkey -t 31 -s 32 -l x
begin "unknown option"
bad genSymKey -t 31 -s 32 -l x -zz
begin "unexpected word"
bad genSymKey -t 31 -s 32 -l x y
begin "missing value"
bad genSymKey -t 31 -s 32 -l
bad genSymKey -t 31 -s -l x
bad findKey -l
begin "missing option"
bad genSymKey -t 31 -s 32
bad deleteKey
bad getAttribute -o 6 -a 512
bad genRSAKeyPair -m 2048 -l x
begin "option twice"
bad genSymKey -t 31 -t 21 -s 32 -l x
begin "label of 4,000 characters"
long=$(printf '%4000s' x | tr ' ' x)
bad genSymKey -t 31 -s 32 -l "$long"
bad findKey -l "$long"
begin "empty label"
bad genSymKey -t 31 -s 32 -l ''
begin "key type 99"
bad genSymKey -t 99 -s 32 -l x
bad findKey -t 99
begin "size wrong for the type"
bad genSymKey -t 31 -s 20 -l x
bad genSymKey -t 21 -s 16 -l x
bad genSymKey -t 16 -s 3584 -l x
bad genSymKey -t 31 -s 0 -l x
begin "RSA sizes and exponents"
bad genRSAKeyPair -m 1024 -e 65537 -l x
bad genRSAKeyPair -m 2049 -e 65537 -l x
bad genRSAKeyPair -m 4352 -e 65537 -l x
bad genRSAKeyPair -m 2048 -e 65536 -l x
bad genRSAKeyPair -m 2048 -e 65538 -l x
begin "not a number"
bad deleteKey -k abc
bad deleteKey -k 7x
bad deleteKey -k -7
bad deleteKey -k 0
bad genSymKey -t 31 -s many -l x
bad Error2String -r a8
bad findKey -kcv xyz
bad findKey -sess 2
begin "users to share with"
bad genSymKey -t 31 -s 32 -l x -u 99
bad genSymKey -t 31 -s 32 -l x -u 3
bad genSymKey -t 31 -s 32 -l x -u 4,3
bad genSymKey -t 31 -s 32 -l x -u 2
bad genSymKey -t 31 -s 32 -l x -u 4,4
bad genSymKey -t 31 -s 32 -l x -u user4
bad genRSAKeyPair -m 2048 -e 65537 -l x -u 99
begin "m_value above users + 1"
bad genSymKey -t 31 -s 32 -l x -u 4 -m_value 3
bad genSymKey -t 31 -s 32 -l x -m_value 2
bad genSymKey -t 31 -s 32 -l x -u 4 -m_value 9
begin "timeout without min_srv"
bad genSymKey -t 31 -s 32 -l x -timeout 1
bad genSymKey -t 31 -s 32 -l x -min_srv 0
begin "password options"
kmu singlecmd loginHSM -u CU -s example_user | sed -n '/^Error/p'
kmu singlecmd loginHSM -u CU -s example_user -p example_pwd -hpswd | sed -n '/^Error/p'
kmu singlecmd loginHSM -u XX -s example_user -p example_pwd | sed -n '/^Error/p'
begin "file not writable"
bad getAttribute -o 6 -a 512 -out /nosuch/dir/file
bad getAttribute -o 6 -a 512 -out /proc/nosuch
mkdir adir
bad getAttribute -o 6 -a 512 -out adir
ls -A adir
ls adir.* 2>/dev/null
begin "file that exists is replaced"
echo old >exists
me getAttribute -o 6 -a 0 -out exists >/dev/null
cat exists
begin "modulus file"
bad findKey -m nosuch
echo "not hex" >text
bad findKey -m text
: >empty
bad findKey -m empty
begin "open quote"
printf 'loginStatus "x\n' | kmu | sed -n '/^Error/p; /^exit/p'

begin "nothing was made"
[ "$(me findKey | sed -n '/^Total/p')" = "$before" ] && echo "same keys"
me findKey -l x | sed -n '/^Total/p'
