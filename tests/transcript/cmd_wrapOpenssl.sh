# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What wrapKey -noheader writes, openssl unwraps; what openssl wraps, unWrapKey takes.

mkdir ossl
head -c 32 /dev/urandom >ossl/wrapper
head -c 32 /dev/urandom >ossl/secret
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ossl/ec.key 2>/dev/null
openssl pkey -in ossl/ec.key -outform DER -out ossl/ec.der
openssl pkcs8 -topk8 -nocrypt -in ossl/ec.key -outform DER -out ossl/ec.p8
HEX=$(od -An -v -tx1 ossl/wrapper | tr -d ' \n')

aes_enc() {
	openssl enc "$@" -K "$HEX"
}

# theirs MECHANISM FILE UNWRAPPER [OPTION...]: unwraps FILE into the card and exports it again.
theirs() {
	say "unWrapKey -f $2 -w $3 -m $1 -noheader -l theirs -kc 4 -kt 31 ${*:4}" >/dev/null
	say "exSymKey -k $(handle) -w $W -out ossl/back" >/dev/null
	cmp ossl/secret ossl/back && echo "openssl to card: mechanism $1 ${*:4}"
	rm -f ossl/back
}

# ours MECHANISM WRAPPER [OPTION...]: the secret, wrapped by the card, in ossl/wrapped.
ours() {
	say "wrapKey -k $K -w $2 -m $1 -noheader -out ossl/wrapped ${*:3}" >/dev/null
}

# same MECHANISM OPTION...: ossl/plain is what openssl made of it.
same() {
	cmp ossl/secret ossl/plain && echo "card to openssl: mechanism $*"
	rm -f ossl/plain ossl/wrapped
}

login example_user
say 'genSymKey -t 31 -s 32 -l ossl_any' >/dev/null
ANY=$(handle)
say "imSymKey -f ossl/wrapper -t 31 -l ossl_wrapper -w $ANY" >/dev/null
W=$(handle)
say "imSymKey -f ossl/secret -t 31 -l ossl_secret -w $ANY" >/dev/null
K=$(handle)
say 'genRSAKeyPair -m 2048 -e 65537 -l ossl_rsa' >/dev/null
PUB=$(pair_handle public)
PRIV=$(pair_handle private)
say "exportPrivateKey -k $PRIV -w $ANY -out ossl/rsa.key" >/dev/null
say "exportPubKey -k $PUB -out ossl/rsa.pub" >/dev/null

begin "openssl: AES key wrap"
ours 4 "$W"
aes_enc -d -id-aes256-wrap -iv A6A6A6A6A6A6A6A6 -in ossl/wrapped | head -c 32 >ossl/plain
same 4
ours 5 "$W"
aes_enc -d -id-aes256-wrap -iv A6A6A6A6A6A6A6A6 -in ossl/wrapped -out ossl/plain
same 5
ours 5 "$W" -i 0102030405060708
aes_enc -d -id-aes256-wrap -iv 0102030405060708 -in ossl/wrapped -out ossl/plain
same 5 -i 0102030405060708
ours 6 "$W"
aes_enc -d -id-aes256-wrap-pad -iv A65959A6 -in ossl/wrapped -out ossl/plain
same 6
{ cat ossl/secret; printf '\010\010\010\010\010\010\010\010'; } >ossl/padded
aes_enc -id-aes256-wrap -iv A6A6A6A6A6A6A6A6 -in ossl/padded -out ossl/w4
theirs 4 ossl/w4 "$W"
aes_enc -id-aes256-wrap -iv A6A6A6A6A6A6A6A6 -in ossl/secret -out ossl/w5
theirs 5 ossl/w5 "$W"
aes_enc -id-aes256-wrap -iv 0102030405060708 -in ossl/secret -out ossl/w5iv
theirs 5 ossl/w5iv "$W" -i 0102030405060708
aes_enc -id-aes256-wrap-pad -iv A65959A6 -in ossl/secret -out ossl/w6
theirs 6 ossl/w6 "$W"

begin "openssl: RSA"
for hash in 2:sha1 3:sha256 4:sha384 5:sha512 6:sha224; do
	md=${hash#*:}
	oaep=(-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:"$md" -pkeyopt rsa_mgf1_md:"$md")
	ours 8 "$PUB" -t "${hash%:*}"
	openssl pkeyutl -decrypt -inkey ossl/rsa.key "${oaep[@]}" -in ossl/wrapped -out ossl/plain
	same 8 "$md"
	openssl pkeyutl -encrypt -pubin -inkey ossl/rsa.pub "${oaep[@]}" -in ossl/secret -out ossl/w8
	theirs 8 ossl/w8 "$PRIV" -t "${hash%:*}"
	ours 7 "$PUB" -t "${hash%:*}"
	head -c 256 ossl/wrapped | openssl pkeyutl -decrypt -inkey ossl/rsa.key "${oaep[@]}" -out ossl/temporary
	tail -c +257 ossl/wrapped >ossl/under_temporary	# OpenSSL 3.5 does not unwrap from a pipe
	openssl enc -d -id-aes256-wrap-pad -iv A65959A6 -in ossl/under_temporary \
		-K "$(od -An -v -tx1 ossl/temporary | tr -d ' \n')" -out ossl/plain
	same 7 "$md"
	{ openssl pkeyutl -encrypt -pubin -inkey ossl/rsa.pub "${oaep[@]}" -in ossl/wrapper; cat ossl/w6; } >ossl/w7
	theirs 7 ossl/w7 "$PRIV" -t "${hash%:*}"
done
ours 12 "$PUB"
openssl pkeyutl -decrypt -inkey ossl/rsa.key -in ossl/wrapped -out ossl/plain
same 12
openssl pkeyutl -encrypt -pubin -inkey ossl/rsa.pub -in ossl/secret -out ossl/w12
theirs 12 ossl/w12 "$PRIV"

begin "openssl: AES-GCM, its ciphertext (the tool does no tags)"
ours 10 "$W" -iv_file ossl/iv
head -c 32 ossl/wrapped | aes_enc -d -aes-256-ctr -iv "$(od -An -v -tx1 ossl/iv | tr -d ' \n')00000002" -out ossl/plain
same 10
ours 11 "$W"
tail -c +13 ossl/wrapped | head -c 32 |
	aes_enc -d -aes-256-ctr -iv "$(head -c 12 ossl/wrapped | od -An -v -tx1 | tr -d ' \n')00000002" -out ossl/plain
same 11

begin "openssl: private keys as PKCS #8"
say "unWrapKey -f ossl/w6 -w $W -m 6 -noheader -l theirs -kc 3 -kt 3" | sed -n '/returned/p'
aes_enc -id-aes256-wrap-pad -iv A65959A6 -in ossl/ec.p8 -out ossl/w6ec
say "unWrapKey -f ossl/w6ec -w $W -m 6 -noheader -l theirs -kc 3 -kt 3" | sed -n '/Handle/p'
E=$(handle)
say "wrapKey -k $E -w $W -m 6 -noheader -out ossl/ours" >/dev/null
aes_enc -d -id-aes256-wrap-pad -iv A65959A6 -in ossl/ours | openssl pkey -inform DER -outform DER -out ossl/ours.der
cmp ossl/ours.der ossl/ec.der && echo "the key that openssl wrapped"
logout
