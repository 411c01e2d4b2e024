# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# cards: 1,1
# extractMaskedObject, insertMaskedObject.

mkdir mask

begin "extractMaskedObject: the page"
login example_user
say 'genSymKey -t 31 -s 32 -l mask_key -nex -u 5,6' >/dev/null
K=$(handle)
say "extractMaskedObject -o $K -out mask/maskedObj"

begin "insertMaskedObject: the page"
say 'insertMaskedObject -f mask/maskedObj'
N=$(sed -n 's/.*New Key Handle: //p' last)
[ "$N" != "$K" ] && echo "another handle"

begin "insertMaskedObject: attributes, owner and shares are those of the original"
say "getAttribute -o $K -a 512 -out mask/attrs" >/dev/null
say "getAttribute -o $N -a 512 -out mask/inserted" >/dev/null
cmp mask/attrs mask/inserted && echo "the same attributes"
say "getKeyInfo -k $N"

begin "extractMaskedObject, insertMaskedObject: every kind of key"
say 'genSymKey -t 16 -s 100 -l mask_generic' >/dev/null
handle >mask/handles
say 'genRSAKeyPair -m 2048 -e 65537 -l mask_rsa' >/dev/null
{ pair_handle public; pair_handle private; } >>mask/handles
say 'genECCKeyPair -i 14 -l mask_ec' >/dev/null
{ pair_handle public; pair_handle private; } >>mask/handles
while read -r handle; do
	say "extractMaskedObject -o $handle -out mask/obj" >/dev/null
	say "getAttribute -o $handle -a 512 -out mask/attrs" >/dev/null
	say 'insertMaskedObject -f mask/obj -min_srv 1 -timeout 5' >/dev/null
	say "getAttribute -o $(sed -n 's/.*New Key Handle: //p' last) -a 512 -out mask/inserted" >/dev/null
	cmp mask/attrs mask/inserted && sed -n 2p mask/attrs
done <mask/handles

begin "insertMaskedObject: an id is not taken twice"
say 'genSymKey -t 31 -s 32 -l mask_id -id mask_id' >/dev/null
M=$(handle)
say "extractMaskedObject -o $M -out mask/id" >/dev/null
say 'insertMaskedObject -f mask/id'
say "deleteKey -k $M" >/dev/null
say 'insertMaskedObject -f mask/id' >/dev/null
say 'findKey -id mask_id' | sed -n '/^Total/p'

begin "extractMaskedObject: what is wrong"
echo "stays" >mask/old
say 'findKey' | sed -n '/^Total/p' >mask/before
say 'extractMaskedObject -o 252126 -out mask/old'
say 'genSymKey -t 31 -s 32 -l mask_sess -sess' >/dev/null
say "extractMaskedObject -o $(handle) -out mask/old"
say "extractMaskedObject -o $K -out mask/nosuch/obj"

begin "insertMaskedObject: what is wrong"
: >mask/empty
head -c 70000 /dev/zero >mask/long
head -c 200 /dev/urandom >mask/noise
for file in nosuch empty long noise .; do
	say "insertMaskedObject -f mask/$file"
done
say 'insertMaskedObject -f mask/maskedObj -timeout 5' | sed -n '/^Error/p'

logout

begin "insertMaskedObject: a byte is changed, or missing"
spoil mask/maskedObj
for ((i = 0; i < BYTES; i++)); do
	echo "insertMaskedObject -f mask/maskedObj.flip$i"
	echo "insertMaskedObject -f mask/maskedObj.cut$i"
done | session example_user | answers InsertMaskedObject
rm mask/maskedObj.*
login example_user
say 'findKey' | sed -n '/^Total/p' >mask/after
cmp mask/before mask/after && echo "as many keys as before"
logout

begin "extractMaskedObject: of another user, and of one it is shared with"
login user5
say "extractMaskedObject -o $K -out mask/old"
say "extractMaskedObject -o $M -out mask/old"
say 'insertMaskedObject -f mask/maskedObj' | sed -n '/returned/p'
say "getKeyInfo -k $(sed -n 's/.*New Key Handle: //p' last)" | sed -n '/Owned/p'
logout
cat mask/old
ls mask/old*

begin "insertMaskedObject: another cluster"
activate "$(card 1)"
HSM_DEVICE=$(card 1) me insertMaskedObject -f mask/maskedObj
