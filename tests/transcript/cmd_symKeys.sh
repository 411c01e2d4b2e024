# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# imSymKey, exSymKey.

mkdir sym sym/keys
head -c 32 /dev/urandom >sym/keys/aes256-forImport.key
head -c 16 /dev/urandom >sym/aes128.key
head -c 24 /dev/urandom >sym/3des.key

# Value of one attribute of a key.
attribute() {
	say "getAttribute -o $1 -a $2 -out sym/attribute" >/dev/null
	sed -n '$p' sym/attribute
}

begin "exSymKey: a 3DES key, the page"
login example_user
say 'genSymKey -t 31 -s 32 -l wrapper' >/dev/null
W=$(handle)
say 'genSymKey -t 21 -s 24 -l 3DES_shared' >/dev/null
K=$(handle)
say "exSymKey -k $K -w $W -out sym/3DES.key"
wc -c <sym/3DES.key
stat -c %a sym/3DES.key

begin "exSymKey: the file holds the key itself"
attribute "$K" 371 >sym/kcv
{ printf '0x' && head -c 8 /dev/zero |
	openssl enc -des-ede3-ecb -nopad -K "$(od -An -tx1 sym/3DES.key | tr -d ' \n')" |
	head -c 3 | od -An -tx1 | tr -d ' \n' && echo; } >sym/openssl_kcv
cmp sym/kcv sym/openssl_kcv && echo "check value as openssl finds it"

begin "exSymKey: session-only wrapping key, the page"
say 'genSymKey -t 31 -s 32 -l AES-wrapping-key -sess' >/dev/null
S=$(handle)
say 'genSymKey -t 31 -s 32 -l exported' >/dev/null
say "exSymKey -k $(handle) -w $S -out sym/aes256_H8.key"

begin "imSymKey, exSymKey: use an external unwrapping key, the page"
say "imSymKey -f sym/keys/aes256-forImport.key -t 31 -l aes256-imported -w $W"
I=$(handle)
say 'genSymKey -t 31 -s 24 -l aes192' >/dev/null
K=$(handle)
say "exSymKey -k $K -w $I -out sym/aes192_H21.key -wk sym/keys/aes256-forImport.key"
say "exSymKey -k $K -w $I -out sym/aes192.key" >/dev/null
cmp sym/aes192.key sym/aes192_H21.key && echo "the same key without -wk"

begin "imSymKey: wrapped by this host"
say "imSymKey -f sym/aes128.key -t 31 -l by_host -w $I -wk sym/keys/aes256-forImport.key"
H=$(handle)
say "exSymKey -k $H -w $W -out sym/back -m 4" >/dev/null
cmp sym/back sym/aes128.key && echo "the key that was imported"
attribute "$H" 355

begin "imSymKey: every type and size comes back"
for args in "31 16" "31 24" "31 32" "21 24"; do
	# shellcheck disable=SC2086 # two words
	set -- $args
	head -c "$2" /dev/urandom >sym/in
	say "imSymKey -f sym/in -t $1 -l back -w $W" >/dev/null
	say "exSymKey -k $(handle) -w $W -out sym/out" >/dev/null
	cmp sym/in sym/out && echo "type $1, $2 bytes"
done

begin "imSymKey: id, session, shares"
say "imSymKey -f sym/3des.key -t 21 -l sym_sess -w $W -id sym_id -sess -min_srv 1 -timeout 5" |
	sed -n '/Key Handle/p'
say "imSymKey -f sym/3des.key -t 21 -l sym_sess -w $W -id sym_id"
say "imSymKey -f sym/3des.key -t 21 -l sym_shared -w $W -u 5,6" >/dev/null
SHARED=$(handle)
say "getKeyInfo -k $SHARED"
say "imSymKey -f sym/3des.key -t 21 -l sym_shared -w $W -u 3"

begin "imSymKey: what is wrong with the file"
say 'findKey' | sed -n '/^Total/p' >sym/before
: >sym/empty
head -c 20 /dev/urandom >sym/20
head -c 5000 /dev/urandom >sym/5000
for file in sym/nosuch sym/empty sym/20 sym/aes128.key sym/5000 sym; do
	type=31
	[ $file != sym/aes128.key ] || type=21
	say "imSymKey -f $file -w $W -t $type -l sym_wrong"
done

begin "imSymKey: what is wrong with the wrapping key"
say "imSymKey -f sym/aes128.key -w 252126 -t 31 -l sym_wrong"
say "imSymKey -f sym/aes128.key -w $SHARED -t 31 -l sym_wrong"
say "imSymKey -f sym/aes128.key -w $W -t 31 -l sym_wrong -wk sym/keys/aes256-forImport.key"
say "imSymKey -f sym/aes128.key -w $W -t 31 -l sym_wrong -wk sym/20"
say "imSymKey -f sym/aes128.key -w $W -t 31 -l sym_wrong -wk sym/nosuch"
say "imSymKey -f sym/aes128.key -w $W -t 31 -l sym_wrong -min_srv 2"
say "imSymKey -f sym/aes128.key -w $W -t 16 -l sym_wrong" | sed -n '/^Error/p'
say "imSymKey -f sym/aes128.key -w $W -t 31" | sed -n '/^Error/p'
say "imSymKey -f sym/aes128.key -w $W -t 31 -l sym_wrong -nex" | sed -n '/^Error/p'
say "imSymKey -f sym/aes128.key -w $W -t 31 -l sym_wrong -timeout 5" | sed -n '/^Error/p'

begin "imSymKey: nothing was made"
say 'findKey' | sed -n '/^Total/p' >sym/after
cmp sym/before sym/after && echo "as many keys as before"
say 'findKey -l sym_wrong' | sed -n '/^Total/p'

begin "exSymKey: what is wrong with the key"
echo "stays" >sym/old
say 'genSymKey -t 31 -s 32 -l sym_nex -nex' >/dev/null
say "exSymKey -k $(handle) -w $W -out sym/old"
say 'genSymKey -t 31 -s 32 -l sym_gone' >/dev/null
K=$(handle)
say "deleteKey -k $K" >/dev/null
say "exSymKey -k $K -w $W -out sym/old"
say 'genECCKeyPair -i 2 -l sym_pair' >/dev/null
PUB=$(pair_handle public)
PRIV=$(pair_handle private)
say "exSymKey -k $PRIV -w $W -out sym/old"
say "exSymKey -k $PUB -w $W -out sym/old"
say "exSymKey -k $W -w $W -out sym/old"
say "exSymKey -k $SHARED -w 252126 -out sym/old"
say "exSymKey -k $SHARED -w $PUB -out sym/old"
say "exSymKey -k $SHARED -w $W -out sym/old -wk sym/aes128.key"
say "exSymKey -k $SHARED -w $W -out sym/old -wk sym/nosuch"
say "exSymKey -k $SHARED -w $W -out sym/old -m 5" | sed -n '/^Error/p'
cat sym/old

begin "exSymKey: what is wrong with the file"
say "exSymKey -k $SHARED -w $W -out sym/nosuch/key"
say "exSymKey -k $SHARED -w $W -out sym"
say "exSymKey -k $SHARED -w $W -out /dev/full"
ln -s old sym/link
say "exSymKey -k $SHARED -w $W -out sym/link" >/dev/null
cmp sym/3des.key sym/old && [ -L sym/link ] && echo "a link's target is written"
stat -c %a sym/old
echo "stays" >sym/old
rm sym/link
logout

begin "exSymKey: of another user, and of one it is shared with"
login user5
say 'genSymKey -t 31 -s 32 -l sym_theirs' >/dev/null
T=$(handle)
say "exSymKey -k $SHARED -w $T -out sym/old"
say "exSymKey -k $W -w $T -out sym/old"
say "imSymKey -f sym/aes128.key -w $W -t 31 -l sym_wrong"
logout
ls sym
