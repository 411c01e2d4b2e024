# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# importPrivateKey, exportPrivateKey.

mkdir priv
openssl genrsa -out priv/rsa2048.key 2048 2>/dev/null
openssl ecparam -name secp384r1 -genkey -out priv/ec.key
openssl ecparam -name secp384r1 -out priv/ec.param
head -c 32 /dev/urandom >priv/aes.key

begin "importPrivateKey: the page"
login example_user
say 'genSymKey -t 31 -s 32 -l wrapper' >/dev/null
W=$(handle)
say "importPrivateKey -f priv/rsa2048.key -l rsa2048-imported -w $W"
RSA=$(handle)

begin "exportPrivateKey: the page"
say "exportPrivateKey -k $RSA -w $W -out priv/exportKey.pem"
sed -n '1p;$p' priv/exportKey.pem
stat -c %a priv/exportKey.pem

# DSA parameters take openssl minutes in a guest: the key is one of the card's.
begin "importPrivateKey, exportPrivateKey: RSA, EC, DSA, as openssl wrote them"
say 'genDSAKeyPair -m 2048 -l priv_dsa' >/dev/null
say "exportPrivateKey -k $(pair_handle private) -w $W -out priv/card.key" >/dev/null
openssl dsa -in priv/card.key -out priv/dsa.key 2>/dev/null
for kind in rsa2048 ec dsa; do
	say "importPrivateKey -f priv/$kind.key -l priv_$kind -w $W" >priv/out
	say "exportPrivateKey -k $(handle) -w $W -out priv/back.pem" >/dev/null
	openssl pkey -in priv/$kind.key -outform DER -out priv/a.der
	openssl pkey -in priv/back.pem -outform DER -out priv/b.der
	cmp priv/a.der priv/b.der && echo "$kind: the same"
	sed -n 's/^BER encoded key length is //p' priv/out >priv/said
	openssl pkcs8 -topk8 -nocrypt -in priv/$kind.key -outform DER 2>/dev/null | wc -c >priv/bytes
	cmp priv/said priv/bytes && echo "$kind: length of the PKCS #8 structure"
done

begin "importPrivateKey: PKCS #8, and a file with more than a key in it"
openssl pkcs8 -topk8 -nocrypt -in priv/rsa2048.key -out priv/pkcs8.key
{ echo "a key:"; openssl rsa -in priv/rsa2048.key -pubout 2>/dev/null; cat priv/pkcs8.key; } >priv/more.key
say "importPrivateKey -f priv/pkcs8.key -l priv_pkcs8 -w $W" | sed -n '/Key Handle/p'
say "importPrivateKey -f priv/more.key -l priv_more -w $W" | sed -n '/Key Handle/p'

begin "importPrivateKey, exportPrivateKey: wrapped by this host"
say "imSymKey -f priv/aes.key -t 31 -l priv_wk -w $W" >/dev/null
I=$(handle)
say "importPrivateKey -f priv/ec.key -l priv_wk -w $I -wk priv/aes.key"
say "exportPrivateKey -k $(handle) -w $I -out priv/wk.pem -wk priv/aes.key"
openssl pkey -in priv/ec.key -outform DER -out priv/a.der
openssl pkey -in priv/wk.pem -outform DER -out priv/b.der
cmp priv/a.der priv/b.der && echo "the same"

begin "exportPrivateKey: a pair of the card, as openssl sees it"
say 'genRSAKeyPair -m 2048 -e 65537 -l priv_pair' >/dev/null
PUB=$(pair_handle public)
PRIV=$(pair_handle private)
say "exportPrivateKey -k $PRIV -w $W -out priv/pair.pem -m 4" >/dev/null
say "exportPubKey -k $PUB -out priv/pair.pub" >/dev/null
openssl pkey -in priv/pair.pem -check -noout
openssl pkey -in priv/pair.pem -pubout -out priv/derived.pub
cmp priv/pair.pub priv/derived.pub && echo "the halves fit"

begin "importPrivateKey: id, session, shares"
say "importPrivateKey -f priv/ec.key -l priv_sess -w $W -sess -id priv_id -min_srv 1 -timeout 5" |
	sed -n '/Key Handle/p'
say "importPrivateKey -f priv/ec.key -l priv_sess -w $W -id priv_id"
say "importPrivateKey -f priv/ec.key -l priv_shared -w $W -u 5,6 -m_value 2" >/dev/null
SHARED=$(handle)
say "getKeyInfo -k $SHARED"
say "importPrivateKey -f priv/ec.key -l priv_shared -w $W -m_value 2" | sed -n '/^Error/p'

begin "importPrivateKey: what is wrong with the file"
say 'findKey' | sed -n '/^Total/p' >priv/before
: >priv/empty
head -c 70000 /dev/zero | tr '\0' x >priv/long
openssl rsa -aes128 -passout pass:secret -traditional -in priv/rsa2048.key -out priv/pw1.key 2>/dev/null
openssl pkcs8 -topk8 -passout pass:secret -in priv/rsa2048.key -out priv/pw2.key
sed '3d' priv/pkcs8.key >priv/cut.key
openssl genpkey -algorithm ED25519 -out priv/ed.key
openssl genrsa -out priv/small.key 1024 2>/dev/null
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -pkeyopt ec_param_enc:explicit \
	-out priv/explicit.key
for file in nosuch empty long pw1.key pw2.key cut.key ed.key small.key explicit.key rsa2048.pub ec.param .; do
	[ $file != rsa2048.pub ] || openssl rsa -in priv/rsa2048.key -pubout -out priv/$file 2>/dev/null
	say "importPrivateKey -f priv/$file -l priv_wrong -w $W"
done

begin "importPrivateKey: bytes behind the key, and halves that do not fit"
for i in 1 2; do
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -outform DER -out priv/$i.der
done

# FILE: its bytes as the PEM of a private key.
as_pem() {
	echo '-----BEGIN PRIVATE KEY-----'
	openssl base64 -in "$1"
	echo '-----END PRIVATE KEY-----'
}

{ cat priv/1.der; echo; } >priv/more.der
as_pem priv/more.der >priv/more.key
say "importPrivateKey -f priv/more.key -l priv_wrong -w $W"
{ head -c $(($(wc -c <priv/1.der) - 65)) priv/1.der; tail -c 65 priv/2.der; } >priv/halves.der
as_pem priv/halves.der >priv/halves.key
say "importPrivateKey -f priv/halves.key -l priv_wrong -w $W"

begin "importPrivateKey: what is wrong with the wrapping key"
say "importPrivateKey -f priv/ec.key -l priv_wrong -w 252126"
say "importPrivateKey -f priv/ec.key -l priv_wrong -w $PUB"
say "importPrivateKey -f priv/ec.key -l priv_wrong -w $W -wk priv/aes.key"
say "importPrivateKey -f priv/ec.key -l priv_wrong -w $W -nex" | sed -n '/^Error/p'
say 'findKey' | sed -n '/^Total/p' >priv/after
cmp priv/before priv/after && echo "as many keys as before"

begin "exportPrivateKey: what is wrong"
echo "stays" >priv/old
say 'genECCKeyPair -i 2 -l priv_nex -nex' >/dev/null
say "exportPrivateKey -k $(pair_handle private) -w $W -out priv/old"
say "exportPrivateKey -k $PUB -w $W -out priv/old"
say "exportPrivateKey -k $W -w $W -out priv/old"
say "exportPrivateKey -k 252126 -w $W -out priv/old"
say "exportPrivateKey -k $SHARED -w $W -out priv/old"
say "exportPrivateKey -k $PRIV -w $PUB -out priv/old"
say "exportPrivateKey -k $PRIV -w $W -out priv/old -wk priv/aes.key"
say "exportPrivateKey -k $PRIV -w $W -out priv/nosuch/key"
say "exportPrivateKey -k $PRIV -w $W -out priv/old -m 6" | sed -n '/^Error/p'
logout

begin "exportPrivateKey: of another user"
login user5
say 'genSymKey -t 31 -s 32 -l priv_theirs' >/dev/null
T=$(handle)
say "exportPrivateKey -k $SHARED -w $T -out priv/old"
say "exportPrivateKey -k $PRIV -w $T -out priv/old"
logout
cat priv/old
ls priv/old* priv/*.pem*
