# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# genECCKeyPair: its page, but for the curve that only a FIPS card refuses (fips_card.sh).

begin "genECCKeyPair: create and examine an ECC key pair"
me genECCKeyPair -i 14 -l ecc14
new_pair genECCKeyPair -i 2 -l ecc2
me getAttribute -o "$PRIV" -a 512 -out attr_ecc
cat attr_ecc

begin "genECCKeyPair: the point"
P=$(sed -n '/^OBJ_ATTR_MODULUS$/{n;p;}' attr_ecc)
case $P in
04*) echo "uncompressed, ${#P} digits" ;;
esac
me getAttribute -o "$PUB" -a 288 -out point >/dev/null
sed -n 1p point
[ "$(sed -n 2p point)" = "$P" ] && echo "the same alone, and of the public key"
me exportPubKey -k "$PUB" -out ecc.pem >/dev/null
openssl pkey -pubin -in ecc.pem -outform DER 2>/dev/null | tail -c 65 | od -An -v -tx1 | tr -d ' \n' >openssl
[ "$(cat openssl)" = "$P" ] && echo "the same to openssl"
me findKey -t 3 -m point >found
sed -n '/^Total/p' found
grep -q "^$PUB, $PRIV\$" found && echo "it finds both keys"

begin "genECCKeyPair: the public key"
me getAttribute -o "$PUB" -a 512 -out attr_pub
sed 's/^04[0-9a-f]*$/point/' attr_pub

begin "genECCKeyPair: every curve"
login example_user
for i in {1..16}; do
	say "genECCKeyPair -i $i -l curve" >/dev/null
	PUB=$(pair_handle public)
	if [ -n "$PUB" ]; then
		say "exportPubKey -k $PUB -out curve.pem" >/dev/null
		say "getAttribute -o $PUB -a 289 -out bits" >/dev/null
		echo "$i $(sed -n 2p bits)" \
			"$(openssl pkey -pubin -in curve.pem -noout -text 2>/dev/null | sed -n 's/^ASN1 OID: //p')"
	else
		sed -n '/returned/p' last
	fi
done
logout

begin "genECCKeyPair: shared, not extractable, for this session"
login example_user
say 'genECCKeyPair -i 16 -l ecc_sess -id ecc_sess -nex -u 4,5 -sess'
PRIV=$(pair_handle private)
say "getKeyInfo -k $PRIV"
say "getAttribute -o $PRIV -a 354 -out x" >/dev/null
cat x
say 'findKey -l ecc_sess -sess 1' | sed -n '/^Total/p'
logout
total -l ecc_sess

begin "genECCKeyPair: with a quorum"
new_pair genECCKeyPair -i 2 -l ecc_mv2 -u 4,6 -m_value 2
me getKeyInfo -k "$PRIV"

begin "genECCKeyPair: what is wrong"
bad genECCKeyPair -i 17 -l ecc_wrong
bad genECCKeyPair -i 0 -l ecc_wrong
bad genECCKeyPair -i P-256 -l ecc_wrong
bad genECCKeyPair -l ecc_wrong
bad genECCKeyPair -i 2
bad genECCKeyPair -i 2 -l ecc_wrong -u 3
bad genECCKeyPair -i 2 -l ecc_wrong -m_value 2
total -l ecc_wrong

begin "listECCCurveIds"
kmu singlecmd listECCCurveIds
