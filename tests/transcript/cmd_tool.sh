# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The tool itself: logins, the ways in, help.

begin "login: the ways in"
kmu singlecmd loginHSM -u CU -s example_user -p example_pwd
kmu singlecmd loginHSM -u CU -p example_pwd -s example_user logoutHSM
echo example_pwd | kmu singlecmd loginHSM -s example_user -hpswd -u CU loginStatus

begin "login: wrong password, wrong user, wrong type"
kmu singlecmd loginHSM -u CU -s example_user -p wrong_pwd findKey
kmu singlecmd loginHSM -u CU -s nobody -p wrong_pwd
kmu singlecmd loginHSM -u CO -s officer -p officer_pwd
kmu singlecmd loginHSM -u CU -s example_user -p short

begin "login: who is in"
kmu <<'END'
loginStatus
loginHSM -u CU -s example_user -hpswd
example_pwd
loginStatus
loginHSM -u CU -s user4 -p user4_pwd
logoutHSM
loginStatus
logoutHSM
END

begin "standard input: exit ends it, the first failure is the exit code"
kmu <<'END'
Error2String -r 0xa8
nosuch
Error2String -r "0xc6"
deleteKey -k 9999999
exit
Error2String -r 0xdb
END

begin "standard input: a line with a NUL byte is refused whole"
printf 'listUsers\0 -x\nError2String -r 0xa8\n' | kmu | sed -n '/^Command/,$p; /^Error/p'

begin "standard input: that cannot be read"
kmu </ 2>&1 | tail -n 2

begin "a password too long is no next command"
{
	echo loginHSM -u CU -s example_user -hpswd
	printf '%1000s\n' x | tr ' ' p
	echo Error2String -r 0xa8
} | kmu | sed -n '/^Command/p; /returned:/p; /^exit/p'

begin "lines by -c come first"
echo loginStatus | kmu -c 'loginHSM -u CU -s example_user -p example_pwd' -c '# nothing'
kmu -c quit -c loginStatus </dev/null

begin "no password is on the command line of the process"
{
	sleep 3
	echo example_pwd
} | "$BIN/key_mgmt_util" singlecmd loginHSM -u CU -s example_user -p example_pwd \
	loginHSM -u CU -s example_user -hpswd >/dev/null &
sleep 1.5
tr '\0' ' ' <"/proc/$!/cmdline" >cmdline
grep -c example_user cmdline
grep -c example_pwd cmdline
wait

begin "no password of a later line by -c either"
{
	sleep 3
	echo example_pwd
} | "$BIN/key_mgmt_util" -c 'loginHSM -u CU -s example_user -hpswd' \
	-c 'loginHSM -u CU -s user4 -p user4_pwd' >/dev/null &
sleep 1.5
tr '\0' ' ' <"/proc/$!/cmdline" >cmdline
grep -c -e -c cmdline
grep -c user4_pwd cmdline
wait

begin "the passwords of two commands: neither is shown"
me genPBEKey -p secret_word -s 0102030405060708 -i 1000 -l two_secrets | sed -n '1p; /returned/p'
kmu singlecmd loginHSM -u CU -p example_pwd genPBEKey -p secret_word -l x | grep -c secret_word

begin "no core dump holds what the tool has in memory"
login example_user
# shellcheck disable=SC2154 # login sets it
sed -n 's/^\(Max core file size  *[^ ]*  *[^ ]*\).*/\1/p' "/proc/$tool/limits"
logout

begin "Error2String"
kmu singlecmd Error2String -r 0xdb
kmu singlecmd Error2String -r 0xc6
kmu singlecmd Error2String -r 0x30000085
kmu singlecmd Error2String -r 0x12345

begin "listUsers"
me listUsers

begin "getHSMInfo"
kmu singlecmd getHSMInfo

begin "no card"
HSM_DEVICE=/nosuch/hsm0 kmu singlecmd getHSMInfo 2>/dev/null
HSM_DEVICE=/nosuch/hsm0 kmu </dev/null 2>/dev/null
HSM_DEVICE=/nosuch/hsm0 kmu singlecmd Error2String -r 0xa8

begin "wrong invocation"
kmu nosuch 2>&1
kmu singlecmd 2>&1 | head -n 1
kmu -c 2>&1 | head -n 1

KMU_OUTPUT=modern kmu singlecmd help 2>&1

begin "hsm_activate: on a card in service"
activate() {
	"$BIN/hsm_activate" "$@" 2>&1 | head -n 2
	"$BIN/hsm_activate" "$@" >/dev/null 2>&1
	echo "exit: $?"
}
activate -n
activate -p admin_pwd -u CU:user4:another_pwd
activate -p wrong_pwd
activate -p admin_pwd -u CU:bad-name:password1
activate -p admin_pwd -u XX:user9:password1 | grep -v Usage
activate -p admin_pwd -u CU:user9 | grep -v Usage
activate -p admin_pwd -n | grep -v Usage
as user4 loginStatus

begin "help"
kmu singlecmd help

begin "help: -h of every command that it lists, and of quit"
kmu singlecmd help | sed -n 's/^   \([A-Za-z0-9][A-Za-z0-9]*\)  *[A-Za-z].*/\1/p' | sed 1d >names
echo quit >>names
while read -r c; do
	begin "$c -h"
	kmu singlecmd "$c" -h
done <names
