# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# syncKey and syncUser between two cards that are no clones of one another: each makes its
# own masking key, so what one masks the other does not open.
# cards: 1,1

activate "$(card 1)"
cmu_config "${HSM_DEVICE:-/dev/hsm0}" "$(card 1)" >two.cfg
# shellcheck disable=SC2034 # cmu reads it
CFG=$PWD/two.cfg
me genSymKey -t 31 -s 32 -l sync >/dev/null

begin "syncKey: not of one cluster"
cmu_as CU example_user example_pwd <<'END' | sed 1d
server 0
syncKey 6 1
syncKey 999999 1
exit
getKeyInfo 6
END

begin "syncKey: from and to where"
cmu_as CU example_user example_pwd <<'END' | sed 1d | brief
syncKey 6 1
server 1
syncKey 6 1
syncKey 6 2
syncKey 6
END

begin "syncUser: not of one cluster"
cmu_as CO officer officer_pwd <<'END' | sed 1d
server 0
syncUser 6 1
syncUser 99 1
END

begin "syncUser: not for crypto users"
cmu_as CU example_user example_pwd <<'END' | sed 1d
server 0
syncUser 6 1
END

begin "two servers: one after the other"
cmu_as CO officer officer_pwd <<'END' | sed 1d
setMValue 3 2
y
getMValue 3
findAllKeys 3 0
END

begin "two servers: one token file, one signature, for both"
signer CO officer officer_pwd >/dev/null
cmu_login CO officer officer_pwd
cmu_say 'getToken 3 officer both.token'
wc -c <both.token
openssl dgst -sha256 -sign officer.key -out both.sig both.token
approval_file both.token 2:officer:both.sig >both.txt
cmu_say 'approveToken both.txt'
cmu_say listTokens
cmu_say delToken
cmu_logout

begin "two servers: in server mode one"
cmu_as CO officer officer_pwd <<'END' | sed 1d
server 1
findAllKeys 3 0
getMValue 3
getToken 3 officer one.token
exit
END
wc -c <one.token
