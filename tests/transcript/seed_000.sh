# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The page of genSymKey, its first form: every example, on a fresh card.

begin "000: generate an AES key"
login example_user
say 'genSymKey -t 31 -s 32 -l aes256'

begin "000: create a session key"
say 'genSymKey -t 31 -s 24 -l tmpAES -id wrap01 -nex -sess'

begin "000: return quickly"
say 'genSymKey -t 16 -s 512 -l IT_test_key -min_srv 1 -timeout 1'

begin "000: the loop of a script"
logout
for i in {1..30};
	do "$BIN/key_mgmt_util" Cfm3Util singlecmd loginHSM -u CU -s example_user -p example_pwd genSymKey -l aes -t 31 -s 32 -min_srv 1 -timeout 1;
done >loop;
echo "$i times"
grep -c 'Symmetric Key Created.  Key Handle:' loop
total -l aes

begin "000: create and examine a key"
login example_user
say 'genSymKey -t 21 -s 24 -l 3DES_shared -id IT-02 -u 4,5'
H=$(handle)
say "getKeyInfo -k $H"
say "getAttribute -o $H -a 512 -attr_$H"
cat "attr_$H"
logout
