# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# cards: 1,1
# boot: ACTIVATE=no
# cloudhsm_mgmt_util itself: the ways in, configurations, prefixes, answers, passwords.

activate "$(card 1)"
CARD=${HSM_DEVICE:-/dev/hsm0}
cmu_config 10.0.2.9="$CARD" >one.cfg
export CFG=one.cfg

begin "singlecmd"
"$BIN/cloudhsm_mgmt_util" one.cfg singlecmd loginHSM CO admin admin_pwd info server 0
echo "exit: $?"
cmu singlecmd loginHSM CO admin admin_pwd
cmu singlecmd listUsers
cmu singlecmd enable_e2e extra
cmu singlecmd loginHSM CO admin wrong_password listUsers
cmu singlecmd loginHSM CO admin admin_pwd quit
echo admin_pwd | cmu singlecmd loginHSM CO admin -hpswd info server 0
cmu singlecmd login CO admin admin_pwd info server 0

begin "singlecmd: a mistake in either command does not log in"
cmu singlecmd loginHSM CO admin admin_pwd nosuch | sed '/^Description/,/^exit/d'
cmu singlecmd loginHSM XX admin admin_pwd listUsers | sed '/^Description/,/^exit/d'

begin "lines by -c come first, -y answers"
cmu -y -c 'loginHSM CO admin admin_pwd' -c 'createUser CU erin erin_pwd' <<<'deleteUser CU erin'

begin "-y: a failure aborts"
cmu -y <<'END'
loginHSM CO admin admin_pwd
createUser CU user4 another_pwd
deleteUser CU nobody
END

begin "the end of the input answers no caution, and aborts"
cmu_as CO admin admin_pwd <<<'createUser CU erin erin_pwd'
printf '%s\n' 'loginHSM CO admin admin_pwd' 'createUser CU user4 another_pwd' y | cmu | tail -n 6
cmu <<<listUsers | grep -c erin

begin "prefixes"
cmu <<'END'
listU
logo
info
help listu
help li
END

begin "no answer that would do"
cmu_as CO admin admin_pwd <<'END'
createUser CU user4 another_pwd
Y
yes
y
x
RIA
r
a
END

begin "hidden passwords"
cmu_as CO admin admin_pwd <<'END'
createUser CU erin -hpswd
y
erin_pwd
other_pwd
createUser CU erin -hpswd
y
erin_pwd
erin_pwd
logoutHSM
loginHSM CU erin -hpswd
erin_pwd
END
cmu_as CO admin admin_pwd <<<'loginHSM CU erin -hpswd'

begin "no password is shown where a line is wrong"
cmu <<'END' | sed '/^Description/,/^ *-2fa/d'
loginHSM CO admin admin_pwd admin_pwd
loginHSM CO admin -hpwsd admin_pwd
loginHSM CO admin -admin_pwd
loginHSM admin admin_pwd
loginHSM CO admin admin_pwd -hpswd
loginHSM CO admin -hpswd admin_pwd
loginHMS CO admin admin_pwd
l CO admin admin_pwd
createUser 'CU admin admin_pwd
END

begin "a NUL byte in an answer is no answer, and no line is lost by it"
printf 'createUser CU frank frank_pwd\ny\0\nloginHSM CU frank -hpswd\nfrank_pwd\0\ninfo server 0\n' |
	cmu >out
grep '(y/n)\|^Enter\|^$\|^Error' out | sed 1,2d
grep -c 'Not logged in' out

begin "no password is on the command line of the process"
mkfifo answers
"$BIN/cloudhsm_mgmt_util" one.cfg singlecmd loginHSM CO admin admin_pwd changePswd CU user4 \
	new_password <answers >shown &
exec 5>answers
until grep -sq '(y/n)' shown; do sleep 0.1; done
tr '\0' ' ' <"/proc/$!/cmdline" | sed 's/^[^ ]* //'
echo
echo y >&5
exec 5>&-
wait $!
rm shown
"$BIN/cloudhsm_mgmt_util" one.cfg -c 'loginHSM CO admin admin_pwd' \
	-c 'changePswd CU user4 user4_pwd' <answers >shown &
exec 5>answers
until grep -sq '(y/n)' shown; do sleep 0.1; done
tr '\0' ' ' <"/proc/$!/cmdline" | grep -c _pwd
echo y >&5
exec 5>&-
wait $!
grep -c _pwd shown

begin "servers that are not there"
cmu_config 10.0.2.9="$CARD" 10.0.3.11=/nowhere >half.cfg
"$BIN/cloudhsm_mgmt_util" half.cfg <<'END'
info server 0
info server 1
info server 2
info servers 0
server 1
server 9
server x
listUsers
END
echo "exit: $?"
cmu_config 10.0.3.11=/nowhere >none.cfg
"$BIN/cloudhsm_mgmt_util" none.cfg <<<listUsers 2>/dev/null
echo "exit: $?"
"$BIN/cloudhsm_mgmt_util" none.cfg singlecmd help quit 2>/dev/null | tail -n 2
cmu_config 10.0.2.9="$CARD" /nowhere/a/long/path >long.cfg
"$BIN/cloudhsm_mgmt_util" long.cfg singlecmd info server 1 | sed -n '/^aws/,$p'

begin "configurations that are refused"
refused() {
	printf '%s\n' "$1" >bad.cfg
	"$BIN/cloudhsm_mgmt_util" bad.cfg </dev/null 2>&1
	echo "exit: $?"
}
refused ''
refused '{"servers": [
  {"name": "a" "hostname": "/dev/hsm0"} ] }'
refused '{"server": []}'
refused '{"servers": []}'
refused '{"servers": {}}'
refused '{"servers": [ 5 ]}'
refused '{"servers": [ {"hostname": "/dev/hsm0"} ]}'
refused '{"servers": [ {"name": 5, "hostname": "/dev/hsm0"} ]}'
refused '{"servers": [ {"name": "", "hostname": "/dev/hsm0"} ]}'
refused '{"servers": [ {"name": "a\nb", "hostname": "/dev/hsm0"} ]}'
refused '{"servers": [ {"name": "a"} ]}'
refused '{"servers": [ {"name": "a", "hostname": ""} ]}'
refused '{"servers": [ {"name": "a", "hostname": "/a"}, {"name": "a", "hostname": "/b"} ]}'
refused '{"servers": [ {"name": "a", "hostname": "/a", "port": 0} ]}'
refused '{"servers": [ {"name": "a", "hostname": "/a", "port": "x"} ]}'
refused '{"servers": [ {"name": "a", "hostname": "/a", "enable": true} ]}'
refused '{"servers": [ {"name": "a", "hostname": "/a", "enable": "no"} ]}'
"$BIN/cloudhsm_mgmt_util" nowhere.cfg 2>&1
echo "exit: $?"

begin "wrong usage"
for words in "-z" "one.cfg two.cfg" "one.cfg -c" "singlecmd"; do
	# shellcheck disable=SC2086 # words
	"$BIN/cloudhsm_mgmt_util" $words </dev/null 2>&1 | head -n 1
done
"$BIN/cloudhsm_mgmt_util" -h

begin "the older caution"
KMU_OUTPUT=classic cmu <<<'createUser CU erin erin_pwd'
KMU_OUTPUT=other "$BIN/cloudhsm_mgmt_util" 2>&1
echo "exit: $?"

begin "help"
cmu <<<help | sed -n '/^   /p' | cut -c1-25
cmu <<<'help createUser'
cmu <<<'help nosuch'

begin "a login on two servers, of which one refuses"
cmu_config 10.0.2.9="$CARD" 10.0.3.11="$(card 1)" >two.cfg
export CFG=two.cfg
cmu <<'END'
loginHSM CU example_user example_pwd
info server 0
info server 1
loginHSM CU user5 user5_pwd
logoutHSM
END
