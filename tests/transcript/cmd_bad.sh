# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Bad input: what is wrong is named, and nothing is made.

K=$(new genSymKey -t 31 -s 32 -l bad)
before=$(total)

begin "unknown command"
bad getTokens -f x
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
bad getAttribute -o "$K" -a 512
bad genRSAKeyPair -m 2048 -l x
begin "option twice"
bad genSymKey -t 31 -t 21 -s 32 -l x
begin "label of 4,000 characters"
long=$(printf '%4000s' x | tr ' ' x)
bad genSymKey -t 31 -s 32 -l "$long"
bad findKey -l "$long"
begin "empty label"
bad genSymKey -t 31 -s 32 -l ''
begin "not a number"
bad genSymKey -t 31 -s many -l x
bad Error2String -r a8
begin "password options"
kmu singlecmd loginHSM -u CU -s example_user | sed -n '/^Error/p'
kmu singlecmd loginHSM -u CU -s example_user -p example_pwd -hpswd | sed -n '/^Error/p'
kmu singlecmd loginHSM -u XX -s example_user -p example_pwd | sed -n '/^Error/p'
begin "open quote"
printf 'loginStatus "x\n' | kmu | sed -n '/^Error/p; /^exit/p'
printf "loginHSM -u CU -s example_user -p 'example_pwd\n" | kmu | sed -n '/^Command/,$p'
{ printf 'loginHSM -p example_pwd'; printf ' -x%.0s' {1..130}; echo; } | kmu | sed -n '/^Command/,$p'

begin "nothing was made"
[ "$(total)" = "$before" ] && echo "same keys"
total -l x
