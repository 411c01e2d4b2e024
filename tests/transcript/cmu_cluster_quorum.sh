# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# cards: 2
# Quorum on a cluster of the two servers of the pages: what is set, got and approved is the
# cluster's, so one token of it is used once.

cmu_config "$(card 0)" "$(card 1)" >two.cfg
# shellcheck disable=SC2034 # cmu reads it
CFG=$PWD/two.cfg
both_as() { # cmu_as, whose login is that of two servers
	cmu_as "$@" | sed 1d
}

begin "cluster: quorum, one token for both servers"
signer CO officer officer_pwd | sed 1d
"$BIN/hsm_activate" -p admin_pwd -u CO:officer2:officer2_pwd >/dev/null
signer CO officer2 officer2_pwd >/dev/null
both_as CO officer officer_pwd <<'END'
setMValue 3 2
y
getMValue 3
END
cmu_login CO officer officer_pwd
cmu_say 'createUser CU carol carol_pwd' y I A
cmu_say 'getToken 3 officer officer.token'
wc -c <officer.token
for o in officer officer2; do
	openssl dgst -sha256 -sign $o.key -out officer.token.$o officer.token
done
approval_file officer.token 2:officer:officer.token.officer 2:officer2:officer.token.officer2 >approval.txt
cmu_say 'approveToken approval.txt'
cmu_say listTokens
cmu_say 'createUser CU carol carol_pwd' y
cmu_say 'createUser CU dave dave_pwd' y I I
cmu_logout
