# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# wrapKey, unWrapKey.

mkdir wrap
head -c 40 /dev/urandom >wrap/aad

# Attributes of key $1 into file $2, without those that say where it comes from.
attributes() {
	say "getAttribute -o $1 -a 512 -out wrap/all" >/dev/null
	sed '/^OBJ_ATTR_LOCAL$/{N;d;}; /^OBJ_ATTR_ID$/{N;d;}
		/^OBJ_ATTR_\(ALWAYS_SENSITIVE\|NEVER_EXTRACTABLE\)$/{N;d;}' wrap/all >"$2"
}

begin "wrapKey: the page"
login example_user
say 'genSymKey -t 31 -s 32 -l wrap_aes' >/dev/null
W=$(handle)
say 'genSymKey -t 21 -s 24 -l wrap_3des' >/dev/null
DES3=$(handle)
say "wrapKey -k $DES3 -w $W -out wrap/3DES-encrypted.key -m 4"
wc -c <wrap/3DES-encrypted.key

begin "unWrapKey: with header, the page"
say "unWrapKey -f wrap/3DES-encrypted.key -w $W -m 4"
H=$(handle)

begin "unWrapKey: the header brings the attributes"
attributes "$DES3" wrap/before
attributes "$H" wrap/after
cmp wrap/before wrap/after && echo "the same attributes"
say "getAttribute -o $H -a 355 -out wrap/local" >/dev/null
cat wrap/local

begin "unWrapKey: no header, the page"
say "wrapKey -k $DES3 -w $W -out wrap/3DES.key -m 4 -noheader"
say "unWrapKey -f wrap/3DES.key -w $W -noheader -l unwrapped3DES -kc 4 -kt 21 -m 4"

say 'genRSAKeyPair -m 2048 -e 65537 -l wrap_rsa' >/dev/null
PUB=$(pair_handle public)
PRIV=$(pair_handle private)
say 'genSymKey -t 31 -s 32 -l wrap_secret' >/dev/null
AES=$(handle)
say 'genSymKey -t 16 -s 48 -l wrap_generic' >/dev/null
GENERIC=$(handle)
say 'genECCKeyPair -i 14 -l wrap_ec' >/dev/null
EC=$(pair_handle private)
say 'genDSAKeyPair -m 2048 -l wrap_dsa' >/dev/null
DSA=$(pair_handle private)
say 'genRSAKeyPair -m 2048 -e 65537 -l wrap_rsa_target' >/dev/null
RSA=$(pair_handle private)

# trip TARGET CLASS TYPE WRAPPER UNWRAPPER MECHANISM [OPTION...]: there and back, with header
# and without; tells what came of it.
trip() {
	local options="-m $6 ${*:7}" bare=
	[ "$6" != 10 ] || bare='-iv_file wrap/iv'
	say "wrapKey -k $1 -w $4 -out wrap/whole $options" >/dev/null
	say "unWrapKey -f wrap/whole -w $5 $options" >/dev/null
	[ "$(handle)" != "$1" ] && attributes "$(handle)" wrap/after
	say "wrapKey -k $1 -w $4 -out wrap/bare $options -noheader $bare" >/dev/null
	say "unWrapKey -f wrap/bare -w $5 $options -noheader -l bare -kc $2 -kt $3 $bare" >/dev/null
	say "getAttribute -o $(handle) -a 371 -out wrap/kcv_bare" >/dev/null
	attributes "$1" wrap/before
	say "getAttribute -o $1 -a 371 -out wrap/kcv" >/dev/null
	cmp wrap/before wrap/after && cmp wrap/kcv wrap/kcv_bare && echo "class $2, type $3, $options: $(
		wc -c <wrap/whole) and $(wc -c <wrap/bare) bytes"
	rm -f wrap/whole wrap/bare wrap/after wrap/kcv_bare
}

begin "wrapKey, unWrapKey: every mechanism, a 256-bit AES key"
for mechanism in 4 5 6 10 11; do
	trip "$AES" 4 31 "$W" "$W" $mechanism
done
trip "$AES" 4 31 "$W" "$W" 10 -aad wrap/aad
trip "$AES" 4 31 "$W" "$W" 11 -aad wrap/aad
for mechanism in 7 8; do
	for hash in 2 3 4 5 6; do
		trip "$AES" 4 31 "$PUB" "$PRIV" $mechanism -t $hash
	done
done
trip "$AES" 4 31 "$PUB" "$PRIV" 12

begin "wrapKey, unWrapKey: every kind of key"
trip "$GENERIC" 4 16 "$W" "$W" 4
for target in "$RSA 3 0" "$EC 3 3" "$DSA 3 1"; do
	for mechanism in 4 6 10 11; do
		# shellcheck disable=SC2086 # three words
		trip $target "$W" "$W" $mechanism
	done
	# shellcheck disable=SC2086
	trip $target "$PUB" "$PRIV" 7 -t 3
done

begin "wrapKey, unWrapKey: IVs and tags"
say "wrapKey -k $AES -w $W -out wrap/iv4 -m 4 -noheader -i 0102030405060708" | sed -n '/length/p'
say "unWrapKey -f wrap/iv4 -w $W -m 4 -noheader -l iv -kc 4 -kt 31 -i 0102030405060708" | sed -n '/Handle/p'
say "unWrapKey -f wrap/iv4 -w $W -m 4 -noheader -l iv -kc 4 -kt 31"
for mechanism in 10 11; do
	for size in 8 12 16; do
		iv=
		[ $mechanism != 10 ] || iv='-iv_file wrap/iv'
		say "wrapKey -k $AES -w $W -out wrap/tag -m $mechanism -noheader -tag_size $size $iv" |
			sed -n '/length/p'
		say "unWrapKey -f wrap/tag -w $W -m $mechanism -noheader -l tag -kc 4 -kt 31 -tag_size $size $iv" |
			sed -n '/Handle/p'
	done
done

begin "wrapKey: the IV of AES_GCM is the card's, and never the same"
say "wrapKey -k $AES -w $W -out wrap/g1 -m 10 -noheader -iv_file wrap/iv1" >/dev/null
say "wrapKey -k $AES -w $W -out wrap/g2 -m 10 -noheader -iv_file wrap/iv2" >/dev/null
wc -c <wrap/iv1
cmp -s wrap/iv1 wrap/iv2 || echo "two IVs"

begin "unWrapKey: id, session, shares, not extractable"
say "unWrapKey -f wrap/3DES-encrypted.key -w $W -m 4 -sess -nex -u 5,6 -m_value 2 -min_srv 1 -timeout 5" |
	sed -n '/Handle/p'
H=$(handle)
say "getKeyInfo -k $H"
say "getAttribute -o $H -a 1 -out wrap/one" >/dev/null
cat wrap/one
say "getAttribute -o $H -a 354 -out wrap/one" >/dev/null
cat wrap/one
say "unWrapKey -f wrap/3DES.key -w $W -m 4 -noheader -l wrap_id -kc 4 -kt 21 -id wrap_id" | sed -n '/Handle/p'
say "unWrapKey -f wrap/3DES.key -w $W -m 4 -noheader -l wrap_id -kc 4 -kt 21 -id wrap_id"

begin "wrapKey: an option that its mechanism does not have"
for options in "4 -aad wrap/aad" "4 -t 3" "5 -tag_size 12 -noheader" "6 -i 0102030405060708 -noheader" \
	"4 -iv_file wrap/iv -noheader" "8 -aad wrap/aad" "12 -t 3" "4 -i 0102030405060708" "4 -i 01 -noheader" \
	"4 -i 01020304 -noheader" "9 -i 0102030405060708 -noheader" "10 -tag_size 12" "10 -noheader" \
	"10 -noheader -iv_file wrap/x -tag_size 7" "10 -noheader -iv_file wrap/wrong" \
	"10 -noheader -iv_file ./wrap/wrong" "10 -iv_file wrap/iv" \
	"3" "13" "10 -aad wrap/nosuch"; do
	say "wrapKey -k $AES -w $W -out wrap/wrong -m $options" | sed -n '/^Error/p'
done
say "wrapKey -k $AES -w $W -out wrap/wrong" | sed -n '/^Error/p'

begin "wrapKey: what is wrong with the key"
echo "stays" >wrap/old
say 'genSymKey -t 31 -s 32 -l wrap_nex -nex' >/dev/null
say "wrapKey -k $(handle) -w $W -out wrap/old -m 4"
say "wrapKey -k $PUB -w $W -out wrap/old -m 4"
say "wrapKey -k $W -w $W -out wrap/old -m 4"
say "wrapKey -k 252126 -w $W -out wrap/old -m 4"
say 'genSymKey -t 31 -s 32 -l wrap_gone' >/dev/null
GONE=$(handle)
say "deleteKey -k $GONE" >/dev/null
say "wrapKey -k $GONE -w $W -out wrap/old -m 4"
say "wrapKey -k $AES -w $GONE -out wrap/old -m 4"
say 'genSymKey -t 16 -s 49 -l wrap_odd' >/dev/null
say "wrapKey -k $(handle) -w $W -out wrap/old -m 5"
say "wrapKey -k $RSA -w $PUB -out wrap/old -m 8"

begin "wrapKey: what is wrong with the wrapping key"
say "wrapKey -k $AES -w 252126 -out wrap/old -m 4"
say "wrapKey -k $AES -w $PUB -out wrap/old -m 4"
say "wrapKey -k $AES -w $PRIV -out wrap/old -m 8"
say "wrapKey -k $AES -w $W -out wrap/old -m 8"
say "wrapKey -k $AES -w $W -out wrap/old -m 9"
say "wrapKey -k $AES -w $DES3 -out wrap/old -m 9"
say "wrapKey -k $AES -w $GENERIC -out wrap/old -m 4"

begin "wrapKey: what is wrong with the files"
say "wrapKey -k $AES -w $W -out wrap/nosuch/key -m 4"
say "wrapKey -k $AES -w $W -out wrap -m 4"
say "wrapKey -k $AES -w $W -out wrap/wrong -m 10 -noheader -iv_file wrap/nosuch/iv"
logout

begin "wrapKey: of another user, and of one it is shared with"
session example_user <<<"unWrapKey -f wrap/3DES-encrypted.key -w $W -m 4 -u 5,6" >last
H=$(handle)
login user5
say 'genSymKey -t 31 -s 32 -l wrap_theirs' >/dev/null
T=$(handle)
say "wrapKey -k $H -w $T -out wrap/old -m 4"
say "wrapKey -k $AES -w $T -out wrap/old -m 4"
say "wrapKey -k $T -w $AES -out wrap/old -m 4"
logout
cat wrap/old
find wrap -name 'old*' -o -name 'wrong*'
