# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The examples of the documented pages, in order, on a fresh store.

begin "genSymKey: an AES key, the first of the card"
kmu singlecmd loginHSM -u CU -s example_user -p example_pwd genSymKey -t 31 -s 32 -l aes256

begin "genSymKey: a session key dies with its session"
kmu <<'END'
# comments and blank lines are skipped

loginHSM -u CU -s example_user -p example_pwd
genSymKey -t 31 -s 24 -l tmpAES -id wrap01 -nex -sess
findKey -t 31 -l tmpAES -id wrap01 -sess 1
END
me findKey -id wrap01

begin "genSymKey: return quickly"
me genSymKey -t 16 -s 512 -l IT_test_key -min_srv 1 -timeout 1

begin "genSymKey: the loop of the page"
for i in {1..30}; do
	"$BIN/key_mgmt_util" Cfm3Util singlecmd loginHSM -u CU -s example_user -p example_pwd \
		genSymKey -l aes -t 31 -s 32 -min_srv 1 -timeout 1
done >loop
echo "$i"
grep -c 'Symmetric Key Created.  Key Handle:' loop
me findKey -l aes | sed -n '/Total/p'

begin "genSymKey: quorum and attestation are not there yet, and nothing is made"
me genSymKey -t 16 -s 2048 -l generic-mV2 -m_value 2 -u 6 -attest
me genSymKey -t 16 -s 2048 -l generic-mV2 -attest
me genSymKey -t 16 -s 2048 -l generic-mV2 -min_srv 2
me findKey -l generic-mV2 | sed -n '/Total/p'

begin "genSymKey: create and examine a key"
me genSymKey -t 21 -s 24 -l 3DES_shared -id IT-02 -u 4,5
H=$(handle)
me getKeyInfo -k "$H"
me getAttribute -o "$H" -a 512 "-attr_$H"
cat "attr_$H"

begin "getAttribute: one attribute"
me getAttribute -o "$H" -a 355 -out local
cat local
me getAttribute -o "$H" -a 256 -out type
cat type
me getAttribute -o "$H" -a 371 -out kcv
cat kcv
me getAttribute -o "$H" -a 3 -out label
cat label
me getAttribute -o "$H" -a 353 -out len
cat len

begin "genSymKey: the ID is unique"
me genSymKey -t 21 -s 24 -l 3DES_other -id IT-02

begin "findKey: by label, on the first key"
me findKey -l aes256

begin "getAttribute: an AES key"
me getAttribute -o 6 -a 512 -out attr_6
cat attr_6

begin "genRSAKeyPair: create and examine"
me genRSAKeyPair -m 2048 -e 65537 -l rsa_test
PUB=$(pair_handle public)
PRIV=$(pair_handle private)
[ "$PRIV" -gt "$PUB" ] && echo "public handle first"
me getAttribute -o "$PUB" -a 512 -out "attr_$PUB"
cat "attr_$PUB"

begin "genRSAKeyPair: the modulus is one of 2048 bits"
M=$(modulus "attr_$PUB")
echo "${#M} digits"
case $M in
[89a-f]*[13579bdf]) echo "top bit set, odd" ;;
esac
sed -n '/^OBJ_ATTR_MODULUS$/,/^OBJ_ATTR_MODULUS_BITS$/p' "attr_$PUB" | sed '/^OBJ/d' |
	while read -r line; do echo "${#line}"; done | tr '\n' ' '
echo

begin "genRSAKeyPair: the modulus finds both keys"
me findKey -t 0 -m "attr_$PUB" >found
sed -n '/Total/p' found
grep -q "^$PUB, $PRIV\$" found && echo "both handles"
echo "0x$M" >m4.txt
me findKey -c 3 -m m4.txt >found
sed -n '/Total/p' found
grep -q "^$PRIV\$" found && echo "the private handle"

begin "genRSAKeyPair: the private key"
me getAttribute -o "$PRIV" -a 512 -out private
sed '/^OBJ_ATTR_MODULUS$/,/^OBJ_ATTR_MODULUS_BITS$/{/^OBJ/!d;}' private
[ "$(modulus private)" = "$M" ] && echo "same modulus"

begin "genRSAKeyPair: a shared pair"
me genRSAKeyPair -m 2048 -e 65537 -l rsa_mofn -id rsa_mv2 -u 4 -m_value 2
me findKey -l rsa_mofn | sed -n '/Total/p'
me genRSAKeyPair -m 2048 -e 195193 -l rsa_shared -id rsa_id -u 4 -nex
SPUB=$(pair_handle public)
SPRIV=$(pair_handle private)
me getKeyInfo -k "$SPRIV"
me getKeyInfo -k "$SPUB"
me getAttribute -o "$SPUB" -a 290 -out e
cat e
me getAttribute -o "$SPRIV" -a 354 -out x
cat x

begin "genRSAKeyPair: the older wording by KMU_OUTPUT=classic"
export KMU_OUTPUT=classic
me genRSAKeyPair -m 2048 -e 65537 -l rsa2048
me getAttribute -o "$PUB" -a 512 -out classic
unset KMU_OUTPUT
cmp "attr_$PUB" classic && echo "same file"
