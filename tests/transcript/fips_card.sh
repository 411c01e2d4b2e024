# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# boot: HSM_PROPS=fips=on
# What a card in FIPS mode refuses, as documented.

begin "fips: the card says so"
kmu singlecmd loginHSM -u CU -s example_user -p example_pwd | sed -n '/FIPS/p'
me getHSMInfo | sed -n '/FIPS/p'
me getPartitionInfo | sed -n '/FIPS/p'

begin "fips: the page of genECCKeyPair, an invalid ECC curve"
me genECCKeyPair -i 1 -l ecc1

begin "fips: three curves are left"
login example_user
for i in {1..16}; do
	say "genECCKeyPair -i $i -l curve -sess" >/dev/null
	[ -z "$(pair_handle private)" ] || echo "$i"
done
say 'findKey -l curve' | sed -n '/^Total/p'
logout

begin "fips: 3DES, RC4, keys out of passwords"
bad genSymKey -t 21 -s 24 -l fips_wrong
bad genSymKey -t 18 -s 16 -l fips_wrong
bad genPBEKey -p secret_word -s 0102030405060708 -l fips_wrong
head -c 24 /dev/urandom >3des.key
W=$(new genSymKey -t 31 -s 32 -l fips)
bad imSymKey -f 3des.key -t 21 -l fips_wrong -w "$W"

begin "fips: public keys from outside"
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 2>/dev/null | openssl pkey -pubout -out p521.pem 2>/dev/null
bad importPubKey -f p521.pem -l fips_wrong

begin "fips: SHA-1 is verified, not signed"
echo "a message" >messageFile
openssl genrsa -out rsa.key 2048 2>/dev/null
openssl rsa -in rsa.key -pubout -out rsa.pem 2>/dev/null
openssl dgst -sha1 -sign rsa.key -out sha1.sig messageFile
P=$(new importPubKey -f rsa.pem -l fips)
me verify -f messageFile -s sha1.sig -k "$P" -m 0 | sed 1d
new_pair genRSAKeyPair -m 2048 -e 65537 -l fips
bad sign -f messageFile -k "$PRIV" -m 0 -out wrong.sig
bad sign -f messageFile -k "$PRIV" -m 5 -out wrong.sig
me sign -f messageFile -k "$PRIV" -m 1 -out right.sig | sed 1d
ls wrong.sig* 2>/dev/null

begin "fips: what there is of RSA and DSA"
bad genRSAKeyPair -m 1024 -e 65537 -l fips_wrong
new_pair genDSAKeyPair -m 2048 -l fips
sed -n '/returned/p' last

begin "fips: nothing was made of what was refused"
total -l fips_wrong
