# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# unWrapKey: what is wrong with its file, its key and its options; no answer tells more than
# that the file is not one of this key.

mkdir unwrap
login example_user
say 'genSymKey -t 31 -s 32 -l unwrap_w' >/dev/null
W=$(handle)
say 'genSymKey -t 31 -s 32 -l unwrap_other' >/dev/null
OTHER_W=$(handle)
say 'genSymKey -t 21 -s 24 -l unwrap_tdea' >/dev/null
say 'genSymKey -t 21 -s 24 -l unwrap_key' >/dev/null
K=$(handle)
say 'genSymKey -t 31 -s 16 -l unwrap_aes' >/dev/null
AES=$(handle)
say 'genRSAKeyPair -m 2048 -e 65537 -l unwrap_rsa' >/dev/null
PUB=$(pair_handle public)
PRIV=$(pair_handle private)
say 'genRSAKeyPair -m 2048 -e 65537 -l unwrap_rsa2' >/dev/null
PRIV2=$(pair_handle private)
say 'genECCKeyPair -i 2 -l unwrap_ec' >/dev/null
EC=$(pair_handle private)
say "wrapKey -k $K -w $W -out unwrap/whole -m 4" >/dev/null
say "wrapKey -k $AES -w $W -out unwrap/bare -m 6 -noheader" >/dev/null
say "wrapKey -k $EC -w $W -out unwrap/ec -m 6 -noheader" >/dev/null
say "wrapKey -k $AES -w $W -out unwrap/gcm -m 10 -noheader -iv_file unwrap/iv" >/dev/null
say "wrapKey -k $AES -w $PUB -out unwrap/oaep -m 8 -t 3" >/dev/null
say "wrapKey -k $AES -w $PUB -out unwrap/pkcs1 -m 12" >/dev/null
say 'findKey' | sed -n '/^Total/p' >unwrap/before

begin "unWrapKey: what is wrong with the file"
: >unwrap/empty
head -c 70000 /dev/zero >unwrap/long
head -c 300 /dev/urandom >unwrap/noise
for file in nosuch empty long noise bare .; do
	say "unWrapKey -f unwrap/$file -w $W -m 4"
done
say "unWrapKey -f unwrap/whole -w $W -m 4 -noheader -l unwrap_wrong -kc 4 -kt 21"

begin "unWrapKey: another key than the one that wrapped"
say "unWrapKey -f unwrap/whole -w $OTHER_W -m 4"
say "unWrapKey -f unwrap/bare -w $OTHER_W -m 6 -noheader -l unwrap_wrong -kc 4 -kt 31"
say "unWrapKey -f unwrap/oaep -w $PRIV2 -m 8 -t 3"
say "unWrapKey -f unwrap/pkcs1 -w $PRIV2 -m 12"
say "unWrapKey -f unwrap/gcm -w $OTHER_W -m 10 -noheader -l unwrap_wrong -kc 4 -kt 31 -iv_file unwrap/iv"

begin "unWrapKey: another mechanism, hash, IV than those it was wrapped with"
say "unWrapKey -f unwrap/whole -w $W -m 6"
say "unWrapKey -f unwrap/bare -w $W -m 5 -noheader -l unwrap_wrong -kc 4 -kt 31"
say "unWrapKey -f unwrap/oaep -w $PRIV -m 8 -t 2"
say "unWrapKey -f unwrap/gcm -w $W -m 10 -noheader -l unwrap_wrong -kc 4 -kt 31 -iv_file unwrap/wrong_iv"
head -c 12 /dev/urandom >unwrap/wrong_iv
say "unWrapKey -f unwrap/gcm -w $W -m 10 -noheader -l unwrap_wrong -kc 4 -kt 31 -iv_file unwrap/wrong_iv"
say "unWrapKey -f unwrap/gcm -w $W -m 10 -noheader -l unwrap_wrong -kc 4 -kt 31 -iv_file unwrap/iv -aad unwrap/iv"
head -c 11 /dev/urandom >unwrap/short_iv
say "unWrapKey -f unwrap/gcm -w $W -m 10 -noheader -l unwrap_wrong -kc 4 -kt 31 -iv_file unwrap/short_iv"

begin "unWrapKey: another type than it is"
say "unWrapKey -f unwrap/bare -w $W -m 6 -noheader -l unwrap_wrong -kc 4 -kt 21"
say "unWrapKey -f unwrap/bare -w $W -m 6 -noheader -l unwrap_wrong -kc 3 -kt 0"
say "unWrapKey -f unwrap/ec -w $W -m 6 -noheader -l unwrap_wrong -kc 3 -kt 0"
say "unWrapKey -f unwrap/ec -w $W -m 6 -noheader -l unwrap_wrong -kc 4 -kt 31"
say "unWrapKey -f unwrap/bare -w $W -m 6 -noheader -l unwrap_wrong -kc 3 -kt 31"

begin "unWrapKey: a wrapping key that is none"
say "unWrapKey -f unwrap/whole -w 252126 -m 4"
say "unWrapKey -f unwrap/whole -w $K -m 4"
say "unWrapKey -f unwrap/oaep -w $PUB -m 8 -t 3"
say "unWrapKey -f unwrap/oaep -w $W -m 8 -t 3"

begin "unWrapKey: options"
for options in "-m 4 -l x" "-m 4 -kc 4" "-m 4 -kt 21" "-m 4 -id x" "-m 4 -i 0102030405060708" "-m 4 -noheader" \
	"-m 4 -noheader -l x" "-m 4 -noheader -l x -kc 4" "-m 4 -noheader -l x -kc 2 -kt 21" \
	"-m 4 -noheader -l x -kc 4 -kt 18" "-m 4 -t 3" "-m 10 -tag_size 8" "-m 4 -m_value 1" "-m 4 -timeout 5" \
	"-m 10 -noheader -l x -kc 4 -kt 21" "-m 4 -u 3,3"; do
	say "unWrapKey -f unwrap/whole -w $W $options" | sed -n '/^Error/p'
done
logout

begin "unWrapKey: of a key that is not the caller's"
login user5
say "unWrapKey -f unwrap/whole -w $W -m 4"
logout

# Every byte of file $1 changed and missing, with options $2; how often each answer came.
spoiled() {
	spoil "unwrap/$1"
	for ((i = 0; i < BYTES; i++)); do
		echo "unWrapKey -f unwrap/$1.flip$i $2"
		echo "unWrapKey -f unwrap/$1.cut$i $2"
	done | session example_user | answers 'UnWrap[^ ]*'
	rm unwrap/"$1".*
}

begin "unWrapKey: a byte is changed, or missing: with header"
spoiled whole "-w $W -m 4"
begin "unWrapKey: a byte is changed, or missing: AES_KEY_WRAP_PAD"
spoiled bare "-w $W -m 6 -noheader -l unwrap_wrong -kc 4 -kt 31"
begin "unWrapKey: a byte is changed, or missing: AES_GCM"
spoiled gcm "-w $W -m 10 -noheader -l unwrap_wrong -kc 4 -kt 31 -iv_file unwrap/iv"
begin "unWrapKey: nothing was made"
login example_user
say 'findKey' | sed -n '/^Total/p' >unwrap/after
cmp unwrap/before unwrap/after && echo "as many keys as before"
say 'findKey -l unwrap_wrong' | sed -n '/^Total/p'
logout
