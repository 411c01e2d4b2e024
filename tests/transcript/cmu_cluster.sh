# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# cards: 2
# cloudhsm_mgmt_util with the two servers of the pages, which are one cluster: what is changed
# is changed once, and each server's line is its own node's answer.

cmu_config "$(card 0)" "$(card 1)" >two.cfg
# shellcheck disable=SC2034 # cmu reads it
CFG=$PWD/two.cfg
both_as() { # cmu_as, whose login is that of two servers
	cmu_as "$@" | sed 1d
}
me genSymKey -t 31 -s 32 -l shared >/dev/null
me genSymKey -t 31 -s 32 -l alone >/dev/null

begin "cluster: the page of loginHSM and logoutHSM"
cmu <<'END'
loginHSM CO officer officer_pwd
logoutHSM
END

begin "cluster: the page of createUser, once for both"
both_as CO officer officer_pwd <<'END'
createUser CU alice alice_pwd
y
listUsers
END

begin "cluster: a refusal is each server's"
both_as CO officer officer_pwd <<'END'
createUser CU alice alice_pwd
y
I
I
createUser CU alice alice_pwd
y
A
END

begin "cluster: the page of changePswd, and of deleteUser"
both_as CO officer officer_pwd <<'END'
changePswd CU alice alice_pwd2
y
deleteUser CU alice
deleteUser CU alice
I
I
END

begin "cluster: the page of shareKey"
both_as CU example_user example_pwd <<'END'
shareKey 6 4 1
y
getKeyInfo 6
setAttribute 6 3 another
y
getAttribute 6 3
shareKey 6 4 0
y
END

begin "cluster: in server mode one server's line, and all have it"
both_as CU example_user example_pwd <<'END'
server 1
shareKey 6 5 1
y
exit
getKeyInfo 6
END

begin "cluster: the page of findAllKeys, and equal hashes"
both_as CO officer officer_pwd <<'END' | tee found
findAllKeys 3 1
END
[ "$(grep -cE '^[0-9a-f]{64}$' found)" = 2 ] && [ "$(grep -E '^[0-9a-f]{64}$' found | sort -u | wc -l)" = 1 ] && echo "one hash"

begin "cluster: a wrong password counts once"
cmu <<'END'
loginHSM CU user6 wrong_pwd
END
cmu <<'END' | sed -n '/user6/p'
listUsers
END

begin "cluster: getHSMInfo and info, the members"
cmu <<'END' | sed -n '/HSM Info/p; /^Id/,$p'
getHSMInfo
info server 0
info server 1
END
