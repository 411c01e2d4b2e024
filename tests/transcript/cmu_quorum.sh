# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The pages of quorum authentication of officers: first time set-up, tokens and approvals,
# changing the minimum value.

officers() { cmu_as CO officer officer_pwd; }

begin "set-up: two officers more"
officers <<'END'
createUser CO officer1 officer1_pwd
y
createUser CO officer2 officer2_pwd
y
listUsers
END

begin "set-up: each registers a key"
signer CO officer1 officer1_pwd
signer CO officer2 officer2_pwd

begin "set-up: they have one"
officers <<<listUsers

begin "set-up: what registers no key"
openssl genrsa -out small.key 1024 2>/dev/null
openssl rsa -in small.key -pubout -out small.pub 2>/dev/null
openssl dgst -sha256 -sign small.key -out small.sig officer1.reg
cmu_as CO officer officer_pwd <<'END' | brief | sed '/^\*/,/^\*/d; /^cluster\|^nodes\|^ensure/d'
registerQuorumPubKey CO officer officer1.reg officer2.reg.sig officer1.pub
y
A
registerQuorumPubKey CO officer officer1.reg officer1.reg.sig officer1.pub
y
A
registerQuorumPubKey CO officer1 officer1.reg officer1.reg.sig officer1.pub
y
A
registerQuorumPubKey CO officer officer1.reg small.sig small.pub
y
A
registerQuorumPubKey CO officer officer1.reg officer1.reg.sig officer1.reg
registerQuorumPubKey CO officer officer1.key officer1.reg.sig officer1.pub
registerQuorumPubKey CO officer nosuch officer1.reg.sig officer1.pub
registerQuorumPubKey AU app_user officer1.reg officer1.reg.sig officer1.pub
END

begin "set-up: the quorum minimum value"
officers <<'END'
setMValue 3 2
y
getMValue 3
END

begin "set-up: values out of bounds"
officers <<'END' | brief
setMValue 3 1
setMValue 3 9
setMValue 2 2
getMValue 5
END

begin "an officer alone cannot manage users any more"
cmu_login CO officer1 officer1_pwd
cmu_say 'createUser CU user1 password' y A

begin "get a quorum token"
cmu_say 'getToken 3 officer1 officer1.token'
wc -c <officer1.token

begin "approve the signed token"
openssl dgst -sha256 -sign officer1.key -out officer1.token.sig1 officer1.token
openssl dgst -sha256 -sign officer2.key -out officer1.token.sig2 officer1.token
approval_file officer1.token 2:officer1:officer1.token.sig1 2:officer2:officer1.token.sig2 \
	>approval.txt
cat approval.txt
cmu_say 'approveToken approval.txt'
cmu_say listTokens

begin "use the token"
cmu_say 'createUser CU user1 password' y
cmu_say listUsers

begin "it was for one use"
cmu_say 'deleteUser CU user1' I
cmu_say listTokens
cmu_logout

begin "change the minimum value: service 3 needs a token of service 4, which has no quorum yet"
officers <<'END' | sed '/^\*/,/^\*/d; /^cluster\|^nodes\|^ensure/d'
getMValue 3
getMValue 4
setMValue 3 3
y
A
getToken 4 officer x.token
A
setMValue 4 2
y
getMValue 3
getMValue 4
setMValue 4 5
y
A
END

begin "change the minimum value: with a token of service 4"
cmu_login CO officer2 officer2_pwd
cmu_say 'getToken 4 officer2 four.token'
openssl dgst -sha256 -sign officer1.key -out four.token.sig1 four.token
openssl dgst -sha256 -sign officer2.key -out four.token.sig2 four.token
approval_file four.token 2:officer1:four.token.sig1 2:officer2:four.token.sig2 >four.txt
cmu_say 'approveToken four.txt'
cmu_say 'setMValue 3 3' y
cmu_say 'getMValue 3'
cmu_say 'setMValue 3 2' y A

begin "a token is of its user and for its approvers"
cmu_say 'getToken 3 officer1 x.token'
cmu_say 'getToken 3 officer2 three.token'
openssl dgst -sha256 -sign officer1.key -out three.sig1 three.token
approval_file three.token 2:officer2:three.sig1 >three.txt
cmu_say 'approveToken three.txt' A
approval_file three.token 2:officer1:three.sig1 >three.txt
printf x >>three.token
cmu_say 'approveToken three.txt'
cmu_say 'delToken 99' A
cmu_say delToken
cmu_say listTokens
cmu_logout

begin "not for crypto users"
cmu_as CU example_user example_pwd <<'END' | sed '/^\*/,/^\*/d; /^cluster\|^nodes\|^ensure/d'
setMValue 3 2
y
A
getMValue 3
getToken 3 example_user x.token
A
listTokens
END
