# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# sign, verify: each mechanism, with openssl on the other side.

openssl genrsa -out their.rsa 2048 2>/dev/null
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out their.ec 2>/dev/null
for k in rsa ec; do openssl pkey -in their.$k -pubout -out their.$k.pem 2>/dev/null; done
echo "a message" >messageFile
head -c 300000 /dev/urandom >big
: >nothing

begin "sign: the page"
new_pair genRSAKeyPair -m 2048 -e 65537 -l signer
RSA=$PRIV RSAPUB=$PUB
me sign -f messageFile -k "$RSA" -m 1 -out signedFile

begin "verify: the page"
me verify -f messageFile -s signedFile -k "$RSAPUB" -m 1
echo "another message" >hardwarecert.crt
me verify -f hardwarecert.crt -s signedFile -k "$RSAPUB" -m 1

login example_user
say 'genECCKeyPair -i 2 -l signer' >/dev/null
EC=$(pair_handle private) ECPUB=$(pair_handle public)
say "exportPubKey -k $RSAPUB -out our.rsa.pem" >/dev/null
say "exportPubKey -k $ECPUB -out our.ec.pem" >/dev/null
say 'importPubKey -l their_rsa -f their.rsa.pem' >/dev/null
THEIRRSA=$(handle)
say 'importPubKey -l their_ec -f their.ec.pem' >/dev/null
THEIREC=$(handle)

# openssl_opts MECHANISM: hash and padding of openssl dgst.
openssl_opts() {
	local hashes=(sha1 sha256 sha384 sha512 sha224 sha1 sha256 sha384 sha512 sha224 - - - - -
		sha1 sha224 sha256 sha384 sha512)
	echo "-${hashes[$1]}"
	if [ "$1" -ge 5 ] && [ "$1" -le 9 ]; then
		echo "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest"
	fi
}

# mechanism M KIND PRIVATE THEIR-PUBLIC FILE: there and back.
mechanism() {
	local opts
	opts=$(openssl_opts "$1")
	say "sign -f $5 -k $3 -m $1 -out ours.sig" >/dev/null
	# shellcheck disable=SC2086 # options
	openssl dgst $opts -verify our.$2.pem -signature ours.sig $5
	# shellcheck disable=SC2086
	openssl dgst $opts -sign their.$2 -out theirs.sig $5
	say "verify -f $5 -s theirs.sig -k $4 -m $1" | sed -n '/Signature\|returned/p'
}
for m in {0..9}; do
	begin "sign, verify: mechanism $m"
	mechanism "$m" rsa "$RSA" "$THEIRRSA" messageFile
done
for m in {15..19}; do
	begin "sign, verify: mechanism $m"
	mechanism "$m" ec "$EC" "$THEIREC" messageFile
done
begin "sign, verify: a file larger than a message, and an empty one"
for f in big nothing; do
	mechanism 1 rsa "$RSA" "$THEIRRSA" $f
	mechanism 7 rsa "$RSA" "$THEIRRSA" $f
	mechanism 17 ec "$EC" "$THEIREC" $f
done

begin "verify: every mechanism refuses what another one signed"
say "sign -f messageFile -k $RSA -m 0 -out m0.sig" >/dev/null
say "sign -f messageFile -k $EC -m 15 -out m15.sig" >/dev/null
for m in {1..9}; do
	say "verify -f messageFile -s m0.sig -k $RSAPUB -m $m" | sed -n '/successful\|returned/p'
done
for m in {16..19}; do
	say "verify -f messageFile -s m15.sig -k $ECPUB -m $m" | sed -n '/successful\|returned/p'
done
logout

begin "verify: not a signature"
bad verify -f messageFile -s messageFile -k "$RSAPUB" -m 1
bad verify -f messageFile -s messageFile -k "$ECPUB" -m 17
head -c 255 signedFile >cut.sig
bad verify -f messageFile -s cut.sig -k "$RSAPUB" -m 1
bad verify -f messageFile -s nothing -k "$RSAPUB" -m 1
bad verify -f messageFile -s nosuch -k "$RSAPUB" -m 1
bad verify -f messageFile -s big -k "$RSAPUB" -m 1
bad verify -f nosuch -s signedFile -k "$RSAPUB" -m 1
bad verify -f . -s signedFile -k "$RSAPUB" -m 1

begin "verify: not the key for it"
bad verify -f messageFile -s signedFile -k "$RSA" -m 1
bad verify -f messageFile -s signedFile -k "$ECPUB" -m 1
bad verify -f messageFile -s signedFile -k "$RSAPUB" -m 17
bad verify -f messageFile -s signedFile -k "$THEIRRSA" -m 1
bad verify -f messageFile -s signedFile -k 252126 -m 1
bad verify -f messageFile -s signedFile -k "$RSAPUB" -m 10
bad verify -f messageFile -s signedFile -k "$RSAPUB"

begin "sign: not the key for it"
S=$(new genSymKey -t 31 -s 32 -l signer)
bad sign -f messageFile -k "$RSAPUB" -m 1 -out wrong.sig
bad sign -f messageFile -k "$S" -m 1 -out wrong.sig
bad sign -f messageFile -k "$EC" -m 1 -out wrong.sig
bad sign -f messageFile -k "$RSA" -m 17 -out wrong.sig
bad sign -f messageFile -k 252126 -m 1 -out wrong.sig
new_pair genRSAKeyPair -m 2048 -e 65537 -l signer
me deleteKey -k "$PRIV" >/dev/null
bad sign -f messageFile -k "$PRIV" -m 1 -out wrong.sig
ls wrong.sig* 2>/dev/null

begin "sign: another user, with whom the key is shared or not"
new_pair genRSAKeyPair -m 2048 -e 65537 -l signer -u 4
as user4 sign -f messageFile -k "$PRIV" -m 1 -out shared.sig
as user5 verify -f messageFile -s shared.sig -k "$PUB" -m 1
as user5 sign -f messageFile -k "$PRIV" -m 1 -out wrong.sig

begin "sign: with a quorum that nobody can give yet"
new_pair genRSAKeyPair -m 2048 -e 65537 -l signer -u 4 -m_value 2
bad sign -f messageFile -k "$PRIV" -m 1 -out wrong.sig

begin "sign: what is wrong"
bad sign -f nosuch -k "$RSA" -m 1 -out wrong.sig
bad sign -f . -k "$RSA" -m 1 -out wrong.sig
bad sign -f messageFile -k "$RSA" -m 20 -out wrong.sig
bad sign -f messageFile -k "$RSA" -m 1 -out /nosuch/wrong.sig
bad sign -f messageFile -k "$RSA" -m 1
ls wrong.sig* 2>/dev/null
