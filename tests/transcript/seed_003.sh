# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# cards: 3,3
# The page of imSymKey: every example, on node 1 of two clusters of three.

activate "$(card 3)"
HSM_DEVICE=$(card 1)
export HSM_DEVICE
head -c 32 /dev/urandom >kms.key
openssl rand -out aes256-forImport.key 32
cp aes256-forImport.key aes256.key
head -c 24 /dev/urandom >3des192.key
mkdir attributes

begin "003: share the key as it is imported"
login example_user
say 'genSymKey -t 31 -s 32 -l wrapping' >/dev/null
W=$(handle)
say "imSymKey -l aesShared -t 31 -f kms.key -w $W -u 5"
H=$(handle)
say "getKeyInfo -k $H"

begin "003: import an AES symmetric key"
say "imSymKey -f aes256.key -w $W -t 31 -l imported"
H=$(handle)
say "getAttribute -o $H -a 355 -out attributes/attr_$H"
cat "attributes/attr_$H"

begin "003: move a symmetric key between clusters, out of the first"
say 'genSymKey -t 31 -s 32 -l moving' >/dev/null
FIRST=$(handle)
say "exSymKey -k $FIRST -w $W -out aes.key"
say "getAttribute -o $FIRST -a 371 -out attr_14_kcv"
cat attr_14_kcv

# The page's key is on node 0, and its search is node 1's, where ours is made once more: a
# session key stays on its card.
begin "003: import a session key"
logout
HSM_DEVICE=$(card 0)
login example_user
say "imSymKey -f 3des192.key -w $W -t 21 -l temp -id test01 -sess -attest"
logout
HSM_DEVICE=$(card 1)
login example_user
say "imSymKey -f 3des192.key -w $W -t 21 -l temp -id test01 -sess -attest" >/dev/null
say 'findKey -t 21 -l temp -id test01 -sess 1'
logout

begin "003: move a symmetric key between clusters, into the second"
HSM_DEVICE=$(card 4)
login example_user
say 'genSymKey -t 31 -s 32 -l wrapping' >/dev/null
say "imSymKey -f aes.key -w $(handle) -t 31 -l xcluster"
H=$(handle)
say "getAttribute -o $H -a 371 -out attr_21_kcv"
cat attr_21_kcv
logout

begin "003: the check values show that the key is the same"
cmp attr_14_kcv attr_21_kcv && echo "equal"
