# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# cards: 3
# The page of managing keys, made on node 2 of three. It prints the older wording everywhere.
# Its last part is cloudhsm_mgmt_util's.

HSM_DEVICE=$(card 2)
export KMU_OUTPUT=classic HSM_DEVICE
cmu_config "$(card 0)" "$(card 1)" "$(card 2)" >cmu.cfg
# shellcheck disable=SC2034 # cmu reads it
CFG=$PWD/cmu.cfg
head -c 32 /dev/urandom >aes256.key
openssl genrsa -out rsa2048.key 2048 2>/dev/null
openssl rsa -in rsa2048.key -pubout -out rsa2048.pub 2>/dev/null

begin "002: generate symmetric keys"
login example_user
say 'genSymKey -t 31 -s 32 -l aes256'
AES=$(handle)

begin "002: generate RSA key pairs"
say 'genRSAKeyPair -m 2048 -e 65537 -l rsa2048'
PUB=$(pair_handle public)
PRIV=$(pair_handle private)

begin "002: generate ECC key pairs"
say 'genECCKeyPair -i 14 -l ecc-p384'

begin "002: import secret keys"
say 'genSymKey -t 31 -s 16 -sess -l import-wrapping-key'
W=$(handle)
say "imSymKey -f aes256.key -t 31 -l aes256-imported -w $W"
IMPORTED=$(handle)
say "importPrivateKey -f rsa2048.key -l rsa2048-imported -w $W"
RSA=$(handle)

begin "002: import public keys"
say 'importPubKey -f rsa2048.pub -l rsa2048-public-imported'

begin "002: export secret keys"
say 'genSymKey -t 31 -s 16 -sess -l export-wrapping-key'
W=$(handle)
say "exSymKey -k $AES -out aes256.key.exp -w $W"
say "exportPrivateKey -k $PRIV -out rsa2048.key.exp -w $W"

begin "002: export public keys"
say "exportPubKey -k $PUB -out rsa2048.pub.exp"

begin "002: what came out is what went in, to another reader as well"
[ "$(wc -c <aes256.key.exp)" = 32 ] && echo "32 bytes"
openssl rsa -in rsa2048.key.exp -pubout -out derived.pub 2>/dev/null
cmp derived.pub rsa2048.pub.exp && echo "the exported halves belong together"
say "exSymKey -k $IMPORTED -out again.key -w $W" >/dev/null
cmp again.key aes256.key && echo "the imported key came back"
say "exportPrivateKey -k $RSA -out again.pem -w $W" >/dev/null
openssl rsa -in again.pem -pubout 2>/dev/null | cmp - rsa2048.pub && echo "the imported pair, too"

begin "002: delete keys"
say "deleteKey -k $IMPORTED"
logout

begin "002: share a key"
KEY=$(find_one -l aes256)
cmu_login CU example_user example_pwd
cmu_say "shareKey $KEY 4 1" y
cmu_say "getKeyInfo $KEY"

begin "002: unshare it, share it with several users"
cmu_say "shareKey $KEY 4 0" y
cmu_say "getKeyInfo $KEY"
cmu_say "shareKey $KEY 4,5 1" y
cmu_say "getKeyInfo $KEY"
cmu_logout
unset KMU_OUTPUT
