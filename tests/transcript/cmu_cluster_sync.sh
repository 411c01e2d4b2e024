# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# cards: 2
# after: cmu_cluster
# break: 1 2 6
# break: 1 1 5
# On the disk of card 1 the records of key 6 and of user 5 were damaged while it was off: each
# server shows what it has, and syncKey and syncUser put the records back.

cmu_config "$(card 0)" "$(card 1)" >two.cfg
# shellcheck disable=SC2034 # cmu reads it
CFG=$PWD/two.cfg
both_as() { # cmu_as, whose login is that of two servers
	cmu_as "$@" | sed 1d
}

begin "sync: what is damaged on server 1 is seen there"
both_as CU example_user example_pwd <<'END'
getKeyInfo 6
END
me findSingleKey -k 6
HSM_DEVICE=$(card 1) me findSingleKey -k 6
HSM_DEVICE=$(card 1) "$BIN/key_mgmt_util" singlecmd getHSMInfo | sed -n '/Damaged/p'
both_as CO officer officer_pwd <<'END' >hashes
findAllKeys 3 1
END
[ "$(grep -E '^[0-9a-f]{64}$' hashes | sort -u | wc -l)" = 1 ] || echo "the hashes differ"

begin "sync: the page of syncKey"
both_as CU example_user example_pwd <<'END'
server 0
syncKey 6 1
exit
getKeyInfo 6
END

begin "sync: the page of syncUser"
both_as CO officer officer_pwd <<'END'
listUsers
server 0
syncUser 5 1
exit
listUsers
END

begin "sync: what is whole is not overwritten"
both_as CU example_user example_pwd <<'END'
server 0
syncKey 6 1
END

begin "sync: equal again"
me findSingleKey -k 6
HSM_DEVICE=$(card 1) me findSingleKey -k 6
HSM_DEVICE=$(card 1) "$BIN/key_mgmt_util" singlecmd getHSMInfo | sed -n '/Damaged/p'
both_as CO officer officer_pwd <<'END' >hashes
findAllKeys 3 1
END
[ "$(grep -E '^[0-9a-f]{64}$' hashes | sort -u | wc -l)" = 1 ] && echo "one hash"
HSM_DEVICE=$(card 1) run user5_pwd user5 loginStatus

begin "sync: a server that is gone"
card_down 1
cmu_as CU example_user example_pwd <<'END'
shareKey 6 6 1
y
END
me getKeyInfo -k 6
