# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The pages of cloudhsm_mgmt_util about keys: findAllKeys, getAttribute, setAttribute,
# listAttributes, getKeyInfo, shareKey, getCert.

begin "some keys"
new() { "$BIN/key_mgmt_util" singlecmd loginHSM -u CU -s "$1" -p "$2" "${@:3}" | sed -n '/Created/p; /handle:/p'; }
new example_user example_pwd genSymKey -t 31 -s 32 -l aes256
new example_user example_pwd genECCKeyPair -i 2 -l ecc
new user4 user4_pwd genSymKey -t 31 -s 32 -l four -u 3
new user4 user4_pwd genSymKey -t 31 -s 16 -l alone
new example_user example_pwd genSymKey -t 31 -s 32 -l aes256m2 -u 4 -m_value 2

begin "listAttributes"
cmu <<<listAttributes

begin "getAttribute: is it extractable"
cmu_as CU example_user example_pwd <<<'getAttribute 6 354'

begin "getAttribute: a label, a check value, a point, into a file"
cmu_as CU example_user example_pwd <<'END'
getAttribute 6 3
getAttribute 6 371
getAttribute 7 288
getAttribute 6 512 attr_6
END
cat attr_6

begin "setAttribute: no more decryption"
cmu_as CU example_user example_pwd <<'END'
getAttribute 6 261
setAttribute 6 261 0
y
getAttribute 6 261
END

begin "setAttribute: asks for a value that is not there"
cmu_as CU example_user example_pwd <<'END'
setAttribute 6 3
wrapping key
y
getAttribute 6 3
setAttribute 6 264
2
setAttribute 6 264
1
n
getAttribute 6 264
END

begin "setAttribute: templates"
cmu_as CU example_user example_pwd <<'END'
setAttribute 6 1073742353 354=1,256=31
y
getAttribute 6 1073742353
setAttribute 6 1073742353 none
y
getAttribute 6 1073742353
setAttribute 6 1073742353 354=2
setAttribute 6 1073742353 354
setAttribute 6 1073742354 0=4,999=1
END

begin "setAttribute: what is not right"
cmu_as CU example_user example_pwd <<'END' | brief
setAttribute 6 134 1
y
A
setAttribute 6 353 1
setAttribute 6 3 ""
setAttribute 999999 3 x
y
I
setAttribute 9 3 x
y
A
END

begin "getKeyInfo: who may use a key"
cmu_as CU example_user example_pwd <<'END'
getKeyInfo 9
getKeyInfo -k 8
getKeyInfo -k 7
getKeyInfo 11
getKeyInfo 9 info_9
END
cat info_9

begin "getKeyInfo: not yours"
cmu_as CU user5 user5_pwd <<'END' | brief
getKeyInfo 9
getKeyInfo
getKeyInfo x
END

begin "shareKey: share a key"
cmu_as CU example_user example_pwd <<'END'
getKeyInfo 8
shareKey 8 4 1
y
getKeyInfo 8
END

begin "shareKey: unshare a key"
cmu_as CU example_user example_pwd <<'END'
shareKey 8 4 0
y
getKeyInfo 8
END

begin "shareKey: several users, all or none"
cmu_as CU example_user example_pwd <<'END'
shareKey 8 4,5 1
y
shareKey 8 6,4 1
y
A
getKeyInfo 8
shareKey 8 4,5 0
y
END

begin "shareKey: asked until y or n"
cmu_as CU example_user example_pwd <<'END'
shareKey 8 4 1
yes
n
getKeyInfo 8
END

begin "shareKey: what is not right"
cmu_as CU example_user example_pwd <<'END' | brief
shareKey 7 4 1
y
A
shareKey 8 3 1
y
A
shareKey 8 7 1
y
A
shareKey 8 99 1
y
A
shareKey 9 5 1
y
A
shareKey 8 4 2
shareKey 8 4
END

begin "shareKey: a sharer does not share"
cmu_as CU user4 user4_pwd <<'END'
shareKey 11 5 1
y
A
END

begin "findAllKeys: find the keys of a user"
cmu_as CO officer officer_pwd <<'END'
findAllKeys 4 0
findAllKeys 3 0
END

begin "findAllKeys: verify that user data is synchronized"
cmu_as CO officer officer_pwd <<<'findAllKeys 3 1' | tee three
cmu_as CO officer officer_pwd <<<'findAllKeys 4 1' >four
[ "$(sed -n '/Key Hash/{n;p}' three)" = "$(sed -n '/Key Hash/{n;p}' four)" ] && echo "one hash"
cmu_as CU example_user example_pwd <<<$'shareKey 8 4 1\ny' >/dev/null
cmu_as CO officer officer_pwd <<<'findAllKeys 3 1' >changed
[ "$(sed -n '/Key Hash/{n;p}' three)" != "$(sed -n '/Key Hash/{n;p}' changed)" ] && echo "then another"

begin "findAllKeys: nobody's, everybody's, into a file"
cmu_as CO officer officer_pwd <<'END' | brief
findAllKeys 7 1
findAllKeys 99 1
findAllKeys 0 0
findAllKeys 4 0 keys
findAllKeys 4 0 none/keys
findAllKeys 4
findAllKeys 4 2
END
cat keys

begin "findAllKeys: not for crypto users"
cmu_as CU example_user example_pwd <<<'findAllKeys 3 0'

begin "getCert: in server mode"
cmu_as CO officer officer_pwd <<'END' | brief
server 0
getCert PO.crt 4
getCert card.crt 2
getCert root.crt 1
getCert x.crt 3
exit
getCert PO.crt 4
END
openssl x509 -in PO.crt -noout -subject -nameopt RFC2253
openssl verify -CAfile root.crt card.crt
ls x.crt 2>&1 | sed 's/.*: //'

begin "without a login"
cmu <<'END'
getKeyInfo 6
getAttribute 6 3
shareKey 6 4 1
y
A
findAllKeys 3 0
END

begin "trusted keys: a wrapping key, trusted by an officer"
new example_user example_pwd genSymKey -t 21 -s 24 -l trusted-3DES
new example_user example_pwd genSymKey -t 31 -s 32 -l secret
cmu_as CU example_user example_pwd <<'END' | sed '/^\*/,/^\*/d; /^cluster\|^nodes\|^ensure/d'
setAttribute 13 528 1
y
setAttribute 12 262 1
y
setAttribute 12 134 1
y
A
END
me wrapKey -k 13 -w 12 -m 9 -out wrapped

begin "trusted keys: now it wraps"
cmu_as CO officer officer_pwd <<'END' | sed '/^\*/,/^\*/d; /^cluster\|^nodes\|^ensure/d'
setAttribute 12 134 1
y
END
me wrapKey -k 13 -w 12 -m 9 -out wrapped
wc -c <wrapped

begin "trusted keys: never untrusted by its owner, nor the need for one taken back"
cmu_as CU example_user example_pwd <<'END' | sed '/^\*/,/^\*/d; /^cluster\|^nodes\|^ensure/d'
setAttribute 12 134 0
y
A
setAttribute 13 528 0
y
A
END

begin "getAuditLog: the log of a server"
NONCE=$(openssl rand -hex 32)
cmu_as CO officer officer_pwd <<END | sed "s/$NONCE/NONCE/"
getAuditLog audit.log $NONCE
getAuditLog audit2.log
END
"$BIN/hsm_audit" verify -n "$NONCE" audit.log >verified && echo "verified"
"$BIN/hsm_audit" verify -n "$NONCE" audit2.log >verified 2>&1 || echo "another nonce"
"$BIN/hsm_audit" print audit.log | grep -m 4 Opcode
{ "$BIN/hsm_audit" print audit.log >/dev/full; } 2>&1
echo "exit: $?"

begin "getAuditLog: not for crypto users, and into no bad place"
cmu_as CU example_user example_pwd <<'END' | brief
getAuditLog none.log
getAuditLog none/log
getAuditLog none.log 12
END
ls none.log 2>&1 | sed 's/.*: //'
