# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# genRSAKeyPair, beside what seed 004 has of it.

begin "genRSAKeyPair: a private key and all of its attributes"
new_pair genRSAKeyPair -m 2048 -e 65537 -l rsa_attrs
[ "$PRIV" -gt "$PUB" ] && echo "public handle first"
me getAttribute -o "$PRIV" -a 512 -out private
sed '/^OBJ_ATTR_MODULUS$/,/^OBJ_ATTR_MODULUS_BITS$/{/^OBJ/!d;}' private
me getAttribute -o "$PUB" -a 512 -out public >/dev/null
[ "$(modulus private)" = "$(modulus public)" ] && echo "same modulus"

begin "genRSAKeyPair: the modulus finds both keys"
me findKey -t 0 -m public >found
sed -n '/Total/p' found
grep -q "^$PUB, $PRIV\$" found && echo "both handles"
echo "0x$(modulus public)" >m4.txt
me findKey -c 3 -m m4.txt >found
sed -n '/Total/p' found
grep -q "^$PRIV\$" found && echo "the private handle"
me exportPubKey -k "$PUB" -out rsa.pem >/dev/null
openssl rsa -pubin -in rsa.pem -noout -modulus >modulus.txt 2>/dev/null
me findKey -t 0 -m modulus.txt | sed -n '/Total/p'

begin "genRSAKeyPair: a modulus file that is none"
bad findKey -m nosuch
echo "not hex" >text
bad findKey -m text
: >empty
bad findKey -m empty

begin "genRSAKeyPair: sizes"
for bits in 2304 3072 4096; do
	new_pair genRSAKeyPair -m $bits -e 65537 -l "rsa_$bits"
	me getAttribute -o "$PUB" -a 289 -out bits >/dev/null
	sed -n 2p bits
done

begin "genRSAKeyPair: -id, -u and -nex of a pair"
new_pair genRSAKeyPair -m 2048 -e 195193 -l rsa_shared -id rsa_id -u 4 -nex
me getKeyInfo -k "$PRIV"
me getKeyInfo -k "$PUB"
me getAttribute -o "$PUB" -a 290 -out e
cat e
me getAttribute -o "$PRIV" -a 354 -out x
cat x
me getAttribute -o "$PUB" -a 354 -out x >/dev/null
cat x
total -id rsa_id

begin "genRSAKeyPair: the older wording by KMU_OUTPUT=classic"
KMU_OUTPUT=classic me genRSAKeyPair -m 2048 -e 65537 -l rsa_classic
PUB=$(pair_handle public)
KMU_OUTPUT=classic me getAttribute -o "$PUB" -a 512 -out classic
me getAttribute -o "$PUB" -a 512 -out modern >/dev/null
cmp classic modern && echo "same file"

begin "genRSAKeyPair: sizes and exponents that are wrong"
bad genRSAKeyPair -m 1024 -e 65537 -l rsa_wrong
bad genRSAKeyPair -m 2049 -e 65537 -l rsa_wrong
bad genRSAKeyPair -m 4352 -e 65537 -l rsa_wrong
bad genRSAKeyPair -m 2048 -e 3 -l rsa_wrong
bad genRSAKeyPair -m 2048 -e 65538 -l rsa_wrong
bad genRSAKeyPair -m 2048 -e 65537 -l rsa_wrong -u 99
bad genRSAKeyPair -m 2048 -l rsa_wrong
total -l rsa_wrong
