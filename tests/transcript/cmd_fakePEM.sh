# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# getCaviumPrivKey, IsValidKeyHandlefile.

# handle_in FILE rsa|ec: as the format has it, 8 bytes behind the first marker.
handle_in() {
	openssl "$2" -in "$1" -noout -text 2>/dev/null | tr -d ' \n:' |
		grep -o 'eafcfcee[0-9a-f]\{16\}' | head -n 1 |
		sed 's/eafcfcee\(..\)\(..\)\(..\)\(..\)\(..\)\(..\)\(..\)\(..\)/0x\8\7\6\5\4\3\2\1/'
}

begin "getCaviumPrivKey: the page"
new_pair genRSAKeyPair -m 2048 -e 65537 -l fake
RSA=$PRIV RSAPUB=$PUB
me getCaviumPrivKey -k "$RSA" -out cavKey.pem

begin "getCaviumPrivKey: openssl reads an RSA key with our modulus in it"
sed -n '1p;$p' cavKey.pem
openssl rsa -in cavKey.pem -noout -text 2>/dev/null | sed -n 1p
me exportPubKey -k "$RSAPUB" -out rsa.pem >/dev/null
openssl rsa -in cavKey.pem -pubout 2>/dev/null | cmp - rsa.pem && echo "the card's public key"
[ "$(($(handle_in cavKey.pem rsa)))" = "$RSA" ] && echo "the handle"

begin "getCaviumPrivKey: every curve, as openssl reads it"
login example_user
for i in {1..16}; do
	say "genECCKeyPair -i $i -l fake_ec -sess" >/dev/null
	PRIV=$(pair_handle private) PUB=$(pair_handle public)
	[ -n "$PRIV" ] || continue
	say "getCaviumPrivKey -k $PRIV -out ec.pem" >/dev/null
	say "exportPubKey -k $PUB -out pub.pem" >/dev/null
	openssl ec -in ec.pem -pubout 2>/dev/null | cmp - pub.pem &&
		[ "$(($(handle_in ec.pem ec)))" = "$PRIV" ] && echo "$i"
done
logout

begin "IsValidKeyHandlefile: the page"
openssl genrsa -out privateKey.pem 2048 2>/dev/null
me IsValidKeyHandlefile -f privateKey.pem
cp cavKey.pem caviumKey.pem
me IsValidKeyHandlefile -f caviumKey.pem | sed "s/: $RSA\$/: the handle/"

begin "IsValidKeyHandlefile: other keys, without a card"
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.key 2>/dev/null
openssl ec -in ec.key -out ec.trad 2>/dev/null
openssl pkcs8 -topk8 -nocrypt -in cavKey.pem -out cav.p8 2>/dev/null
for f in ec.key ec.trad ec.pem cav.p8; do
	HSM_DEVICE=/nosuch kmu singlecmd IsValidKeyHandlefile -f $f | sed '1,/^Command/d'
done | sed "s/: $RSA\$/: the handle/; s/: $PRIV\$/: the other handle/"

begin "IsValidKeyHandlefile: what is wrong"
bad IsValidKeyHandlefile -f nosuch
: >empty
bad IsValidKeyHandlefile -f empty
echo text >text
bad IsValidKeyHandlefile -f text
bad IsValidKeyHandlefile -f rsa.pem
openssl rsa -in privateKey.pem -aes128 -passout pass:secret -out locked.pem 2>/dev/null
bad IsValidKeyHandlefile -f locked.pem
sed '5d' privateKey.pem >cut.pem
bad IsValidKeyHandlefile -f cut.pem
bad IsValidKeyHandlefile

begin "getCaviumPrivKey: what is wrong"
S=$(new genSymKey -t 31 -s 32 -l fake)
bad getCaviumPrivKey -k "$RSAPUB" -out wrong.pem
bad getCaviumPrivKey -k "$S" -out wrong.pem
new_pair genDSAKeyPair -m 2048 -l fake
bad getCaviumPrivKey -k "$PRIV" -out wrong.pem
bad getCaviumPrivKey -k 252126 -out wrong.pem
as user6 getCaviumPrivKey -k "$RSA" -out wrong.pem | sed '1d'
bad getCaviumPrivKey -k "$RSA" -out /nosuch/wrong.pem
bad getCaviumPrivKey -k "$RSA"
ls wrong.pem* 2>/dev/null
