# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# cards: 1,1
# boot: ACTIVATE=no
# The pages of cloudhsm_mgmt_util about people, with two cards.

CARD=${HSM_DEVICE:-/dev/hsm0}
HSM_DEVICE=$(card 1) "$BIN/hsm_activate" -n >/dev/null # makes the store, on the host

begin "activate a cluster"
cmu_config server1="$(card 1)" >one.cfg
CFG=one.cfg cmu <<'END'
enable_e2e
listUsers
loginHSM PRECO admin password
changePswd PRECO admin admin_pwd
y
listUsers
quit
END

activate "$(card 1)"
cmu_config 10.0.2.9="$CARD" 10.0.3.11="$(card 1)" >two.cfg
export CFG=two.cfg

begin "start"
"$BIN/cloudhsm_mgmt_util" "$CFG" </dev/null

begin "enable end-to-end encryption"
cmu <<<enable_e2e

begin "loginHSM, logoutHSM"
cmu <<'END'
loginHSM CO admin admin_pwd
logoutHSM
END

begin "loginHSM with a hidden password"
cmu <<'END'
loginHSM CO admin -hpswd
admin_pwd
END

begin "createUser: an officer"
cmu <<'END'
loginHSM CO admin admin_pwd
createUser CO alice 391019314

y
listUsers
END

begin "createUser: a crypto user"
cmu_as CO admin admin_pwd <<'END'
createUser CU bob defaultPassword

y
END

begin "info"
cmu <<'END'
info server 0
loginHSM CU bob defaultPassword
info server 0
info server 1
END

begin "changePswd: one's own"
cmu_as CU bob defaultPassword <<'END'
changePswd CU bob newPasswerd
y
logoutHSM
loginHSM CU bob defaultPassword
loginHSM CU bob newPasswerd
END

begin "changePswd: another's"
cmu <<'END'
loginHSM CO alice 391019314
info server 0
info server 1
changePswd CO officer defaultPassword
y
changePswd CU BOB -hpswd
y
hiddenPassword
hiddenPassword
logoutHSM
loginHSM CO officer defaultPassword
logoutHSM
loginHSM CU bob hiddenPassword
END

begin "deleteUser"
cmu_as CO admin admin_pwd <<'END'
deleteUser CO alice
listUsers
END

begin "getHSMInfo"
cmu <<<getHSMInfo

begin "getHSMInfo: the numbers of the PCI device are the kernel's"
cmu <<<getHSMInfo >info
sys=
[ ! -c "$CARD" ] || sys=/sys/dev/char/$((0x$(stat -c %t "$CARD"))):$((0x$(stat -c %T "$CARD")))/device
while read -r attr name; do
	want="not available"
	[ -z "$sys" ] || printf -v want %X "$(cat "$sys/$attr")"
	got=$(sed -n "s/^\t$name *://p" info | head -n 1)
	[ "$got" = "$want" ] && echo "$name is right" || echo "$name: '$got', not '$want'"
done <<'END'
device Device ID
class Class Code
subsystem_vendor System vendor ID
subsystem_device SubSystem ID
END

begin "server mode"
cmu <<'END'
server 1

loginHSM CO admin admin_pwd
listUsers
exit
info server 0
info server 1
server 0
getHSMInfo
quit
END

begin "quit"
cmu <<<quit

begin "the locked user"
cmu <<'END'
loginHSM CU bob wrongPassword
loginHSM CU bob wrongPassword
loginHSM CU bob wrongPassword
loginHSM CU bob wrongPassword
loginHSM CU bob wrongPassword
loginHSM CU bob hiddenPassword
loginHSM CO admin admin_pwd
listUsers
changePswd CU bob hiddenPassword
y
logoutHSM
loginHSM CU bob hiddenPassword
END

begin "what is refused"
cmu_as CO admin admin_pwd <<'END'
createUser CU bob another_pwd
y
i
I
createUser CU no-name another_pwd
y
R
A
createUser CU carol short
y
A
createUser CO carol another_pwd
n
deleteUser CU nobody
R
B
deleteUser CO admin
B
changePswd CU nobody another_pwd
y
A
END

begin "what no one else may"
cmu_as CU bob hiddenPassword <<'END'
createUser CU carol another_pwd
y
A
deleteUser CU user4
B
changePswd CU user4 another_pwd
y
A
END
cmu <<'END'
createUser CU carol another_pwd
y
A
logoutHSM
END

begin "one server fails, the others follow or are rolled back"
cmu <<'END'
server 1
loginHSM CO admin admin_pwd
createUser CU dave dave_pwd
y
exit
server 0
loginHSM CO admin admin_pwd
exit
createUser CU dave dave_pwd
y
I
server 1
deleteUser CU dave
exit
deleteUser CU dave
B
listUsers
deleteUser CU dave
I
listUsers
END

begin "zeroizeHSM"
CFG=one.cfg cmu_as CO admin admin_pwd <<'END'
zeroizeHSM
n
zeroizeHSM
y
listUsers
info server 0
loginHSM PRECO admin password
END
