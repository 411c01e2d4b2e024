# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Keys that a quorum must approve the use of: the token commands of both tools.

begin "quorum: the users register the keys that they approve with"
signer CU example_user example_pwd
signer CU user6 user6_pwd
cmu <<<listUsers | grep -E ' (example_user|user6) '

sign_token() {
	openssl dgst -sha256 -sign example_user.key -out "$1.sig1" "$1"
	openssl dgst -sha256 -sign user6.key -out "$1.sig2" "$1"
	approval_file "$1" "1:example_user:$1.sig1" "1:user6:$1.sig2" >"$1.approval"
}

begin "quorum: a generic key of two users, each use approved by both"
login example_user
say 'genSymKey -t 16 -s 2048 -l generic-mV2 -m_value 2 -u 6 -attest'
H=$(handle)
say "getKeyInfo -k $H"

begin "quorum: refused without approvals"
say 'genSymKey -t 31 -s 32 -l quorum-wrap'
W=$(handle)
say "wrapKey -k $H -w $W -m 4 -out wrapped"
say "deleteKey -k $H"
ls wrapped 2>&1 | sed 's/.*: //'

begin "quorum: a token for one use"
say "getToken -s 2 -k $H -f key.token"
wc -c <key.token
say listTokens

begin "quorum: not yet approved, then by one of two"
say "wrapKey -k $H -w $W -m 4 -out wrapped"
sign_token key.token
approval_file key.token 1:user6:key.token.sig2 >one.approval
say 'approveToken -f one.approval'
say listTokens
say "wrapKey -k $H -w $W -m 4 -out wrapped"

begin "quorum: an approval counts once"
say 'approveToken -f one.approval'
say 'approveToken -f key.token.approval'

begin "quorum: approved by both, used once, refused again"
approval_file key.token 1:example_user:key.token.sig1 >two.approval
say 'approveToken -f two.approval'
say listTokens
say "wrapKey -k $H -w $W -m 4 -out wrapped"
say "wrapKey -k $H -w $W -m 4 -out wrapped2"
say listTokens

begin "quorum: a private key signs once"
say 'genRSAKeyPair -m 2048 -e 65537 -l quorum-rsa -m_value 2 -u 6' >/dev/null
PRIV=$(pair_handle private)
PUB=$(pair_handle public)
echo text >text
say "sign -f text -k $PRIV -m 1 -out text.sig"
say "getToken -s 1 -k $PRIV -f sign.token" >/dev/null
sign_token sign.token
say 'approveToken -f sign.token.approval'
say "sign -f text -k $PRIV -m 1 -out text.sig"
say "verify -f text -s text.sig -k $PUB -m 1"
say "sign -f text -k $PRIV -m 1 -out text.sig2"

begin "quorum: what is no approval"
say "getToken -s 1 -k $PRIV -f bad.token" >/dev/null
sign_token bad.token
approval_file bad.token 1:user5:bad.token.sig1 >bad.approval
say 'approveToken -f bad.approval'
approval_file bad.token 1:user6:bad.token.sig1 >bad.approval
say 'approveToken -f bad.approval'
approval_file bad.token 1:user6:bad.token.sig2 1:user6:bad.token.sig2 >bad.approval
say 'approveToken -f bad.approval'
approval_file sign.token 1:example_user:sign.token.sig1 1:user6:sign.token.sig2 >bad.approval
say 'approveToken -f bad.approval'
say listTokens

begin "quorum: tokens are deleted"
say 'delToken -t 999'
say "getToken -s 2 -k $PRIV -f more.token" >/dev/null
say listTokens | sed -n '/^Num/p'
ID=$(od -An -tu4 -j8 -N4 more.token | tr -d ' ')
say "delToken -t $ID" | sed "s/ -t .*/ -t .../"
say listTokens | sed -n '/^Num/p'
say delToken
say listTokens | sed -n '/^Num/p'

begin "quorum: a token goes with the login"
say "getToken -s 1 -k $PRIV -f gone.token" >/dev/null
sign_token gone.token
say logoutHSM
say 'loginHSM -u CU -s example_user -p example_pwd' >/dev/null
say 'approveToken -f gone.token.approval'

begin "quorum: no token where none is needed"
say "getToken -s 1 -k $W -f no.token"
say "getToken -s 3 -k $W -f no.token" | sed '/^Description/,$d'
say "getToken -s 1 -f no.token" | sed '/^Description/,$d'
say 'approveToken -f nosuch'
echo 'Multi Token File Path = nosuch;' >bad.approval
say 'approveToken -f bad.approval'
logout

begin "quorum: sharing takes a token of the tool that shares"
cmu_login CU example_user example_pwd
cmu_say "shareKey $H 5 1" y A
cmu_say "getToken 2 example_user share.token $H"
sign_token share.token
cmu_say 'approveToken share.token.approval'
cmu_say listTokens
cmu_say "shareKey $H 5 1" y
cmu_say "shareKey $H 5 0" y A
cmu_logout
