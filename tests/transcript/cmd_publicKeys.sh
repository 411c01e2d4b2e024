# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# importPubKey, exportPubKey, createPublicKey.

openssl genrsa -out rsa.key 2048 2>/dev/null
openssl rsa -in rsa.key -pubout -out public.pem 2>/dev/null
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out ec.key 2>/dev/null
openssl pkey -in ec.key -pubout -out ec.pem 2>/dev/null
openssl genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:2048 \
	-pkeyopt dsa_paramgen_q_bits:256 -out dsa.param 2>/dev/null
openssl genpkey -paramfile dsa.param -out dsa.key 2>/dev/null
openssl pkey -in dsa.key -pubout -out dsa.pem 2>/dev/null

begin "importPubKey: the page"
me importPubKey -l importedPublicKey -f public.pem
K=$(handle)
me getAttribute -o "$K" -a 512 -out attrs
sed '/^OBJ_ATTR_MODULUS$/,/^OBJ_ATTR_MODULUS_BITS$/{/^OBJ/!d;}' attrs

begin "exportPubKey: the page"
me exportPubKey -k "$K" -out exported.pem
cmp exported.pem public.pem && echo "the file that was imported"
sed -n '1p;$p' exported.pem

begin "importPubKey, exportPubKey: EC and DSA"
for kind in ec dsa; do
	K=$(new importPubKey -l "imported_$kind" -f $kind.pem)
	me exportPubKey -k "$K" -out back.pem >/dev/null
	cmp back.pem $kind.pem && echo "$kind as it was"
	me getAttribute -o "$K" -a 355 -out local >/dev/null
	cat local
done

begin "importPubKey: PKCS #1, and a file with more than a key in it"
openssl rsa -in rsa.key -RSAPublicKey_out -out pkcs1.pem 2>/dev/null
sed -n 1p pkcs1.pem
K=$(new importPubKey -l imported_pkcs1 -f pkcs1.pem)
me exportPubKey -k "$K" -out back.pem >/dev/null
cmp back.pem public.pem && echo "the same key"
{ echo "a key:"; cat public.pem; } >more.pem
me importPubKey -l imported_more -f more.pem >/dev/null
[ -n "$(handle)" ] && echo "taken"

begin "exportPubKey: every generated pair, as openssl sees it"
for args in "genRSAKeyPair -m 2048 -e 65537" "genECCKeyPair -i 2" "genDSAKeyPair -m 2048"; do
	# shellcheck disable=SC2086 # words
	new_pair $args -l exported
	me exportPubKey -k "$PUB" -out gen.pem >/dev/null
	openssl asn1parse -in gen.pem | sed -n 's/.*OBJECT *://p' | tr '\n' ' '
	echo
done

begin "exportPubKey: another user's, since public keys are everybody's"
as user6 exportPubKey -k "$PUB" -out theirs.pem
cmp theirs.pem gen.pem && echo "the same"

begin "importPubKey: session key, id"
login example_user
say 'importPubKey -l pub_sess -f public.pem -id pub_sess -sess'
say 'findKey -l pub_sess -sess 1' | sed -n '/^Total/p'
say 'importPubKey -l pub_sess -f public.pem -id pub_sess -min_srv 1 -timeout 5'
logout
total -l pub_sess

begin "createPublicKey: out of a file of getAttribute, and of openssl"
me createPublicKey -l created -m attrs -e 65537
K=$(handle)
me exportPubKey -k "$K" -out created.pem >/dev/null
cmp created.pem public.pem && echo "the same key"
openssl rsa -in rsa.key -noout -modulus -out modulus.txt 2>/dev/null
K=$(new createPublicKey -l created -m modulus.txt -e 65537)
me exportPubKey -k "$K" -out created.pem >/dev/null
cmp created.pem public.pem && echo "the same key"

begin "createPublicKey: what is wrong"
bad createPublicKey -l pub_wrong -m nosuch -e 65537
: >empty
bad createPublicKey -l pub_wrong -m empty -e 65537
echo 'no modulus' >text
bad createPublicKey -l pub_wrong -m text -e 65537
echo c0ffee >short
bad createPublicKey -l pub_wrong -m short -e 65537
bad createPublicKey -l pub_wrong -m attrs -e 65538
bad createPublicKey -l pub_wrong -m attrs -e 3
bad createPublicKey -l pub_wrong -m attrs
sed 's/^0x[0-9a-f]/0x/' attrs >odd
bad createPublicKey -l pub_wrong -m odd -e 65537

begin "importPubKey: what is wrong"
bad importPubKey -l pub_wrong -f nosuch
bad importPubKey -l pub_wrong -f empty
bad importPubKey -l pub_wrong -f text
bad importPubKey -l pub_wrong -f rsa.key
bad importPubKey -l pub_wrong -f .
sed '3d' public.pem >cut.pem
bad importPubKey -l pub_wrong -f cut.pem
openssl genrsa 1024 2>/dev/null | openssl rsa -pubout -out small.pem 2>/dev/null
bad importPubKey -l pub_wrong -f small.pem
openssl genpkey -algorithm ED25519 2>/dev/null | openssl pkey -pubout -out ed.pem
bad importPubKey -l pub_wrong -f ed.pem
head -c 70000 /dev/zero | tr '\0' x >long
bad importPubKey -l pub_wrong -f long
bad importPubKey -f public.pem
bad importPubKey -l pub_wrong -f public.pem -timeout 5
total -l pub_wrong

begin "exportPubKey: what is wrong"
new_pair genRSAKeyPair -m 2048 -e 65537 -l halves
S=$(new genSymKey -t 31 -s 32 -l secret)
bad exportPubKey -k "$PRIV" -out wrong.pem
bad exportPubKey -k "$S" -out wrong.pem
bad exportPubKey -k 252126 -out wrong.pem
me deleteKey -k "$PUB" >/dev/null
bad exportPubKey -k "$PUB" -out wrong.pem
ls wrong.pem* 2>/dev/null
bad exportPubKey -k "$K" -out /nosuch/wrong.pem
bad exportPubKey -k "$K" -out .
