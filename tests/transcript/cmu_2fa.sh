# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# cards: 1,1
# boot: ACTIVATE=no
# The page of the second factor: JSON files, signatures made outside.

activate "$(card 1)"
cmu_config 10.0.2.9="${HSM_DEVICE:-/dev/hsm0}" 10.0.3.11="$(card 1)" >two.cfg
export CFG=two.cfg

key() {
	openssl genrsa -out "$1.key" 2048 2>/dev/null
	openssl rsa -in "$1.key" -pubout -out "$1.pub" 2>/dev/null
}

# What the user does with a file of digests: sign FILE KEY [PUBLIC-KEY].
sign() {
	local line digest sig pem=
	[ $# -lt 3 ] || pem=$(awk '{ printf "%s\\n", $0 }' "$3")
	while IFS= read -r line; do
		case $line in
		*'"Digest"'*)
			digest=${line#*: \"}
			openssl base64 -d -A <<<"${digest%%\"*}" >digest.bin
			sig=$(openssl pkeyutl -sign -inkey "$2" -pkeyopt digest:sha256 -in digest.bin |
				openssl base64 -A)
			;;
		*'"Signature"'*) line=${line/\"\"/\"$sig\"} ;;
		*'"PublicKey"'*) line=${line/\"\"/\"$pem\"} ;;
		esac
		printf '%s\n' "$line"
	done <"$1" >"$1.signed"
}

# The same while the tool waits: it writes the file first.
sign_soon() {
	while ! [ -s "$1" ]; do sleep 0.1; done
	sign "$@"
	printf '%s\n' "$1.signed" >&6
}

key officer1
key officer2

begin "createUser with a second factor"
cmu_login CO admin admin_pwd
rm -f authdata
printf '%s\n' 'createUser CO example_user2 password1 -2fa authdata' y >&6
sign_soon authdata officer1.key officer1.pub
cmu_say listUsers
cmu_logout
sed 's/: "[^"]*=",*$/: %base64%/' authdata

begin "loginHSM with it"
cmu_login CU nobody nobody_pwd
rm -f authdata
printf '%s\n' 'loginHSM CO example_user2 password1 -2fa authdata' >&6
sign_soon authdata officer1.key
cmu_say 'info server 0' 'info server 1'
cmu_logout
sed 's/: "[^"]*=",*$/: %base64%/' authdata

begin "loginHSM without it, or with another key"
cmu_login CU nobody nobody_pwd
cmu_say 'loginHSM CO example_user2 password1'
rm -f authdata
printf '%s\n' 'loginHSM CO example_user2 password1 -2fa authdata' >&6
sign_soon authdata officer2.key
cmu_say 'info server 0'
cmu_logout

begin "loginHSM with one, for a user without"
cmu_login CU nobody nobody_pwd
rm -f authdata
printf '%s\n' 'loginHSM CO officer officer_pwd -2fa authdata' >&6
sign_soon authdata officer2.key
cmu_say 'info server 0'
cmu_logout

begin "changePswd: another key, then none"
cmu_login CO admin admin_pwd
rm -f authdata
printf '%s\n' 'changePswd CO example_user2 password2 -2fa authdata' y >&6
sign_soon authdata officer2.key officer2.pub
cmu_say logoutHSM 'loginHSM CO example_user2 password2'
rm -f authdata
printf '%s\n' 'loginHSM CO example_user2 password2 -2fa authdata' >&6
sign_soon authdata officer2.key
cmu_say logoutHSM 'loginHSM CO admin admin_pwd' 'changePswd CO example_user2 password3' y
cmu_say listUsers logoutHSM 'loginHSM CO example_user2 password3'
cmu_logout

begin "files that are refused"
cmu_login CO admin admin_pwd
rm -f authdata
printf '%s\n' 'createUser CO example_user3 password1 -2fa authdata' y >&6
while ! [ -s authdata ]; do sleep 0.1; done
sign authdata officer1.key officer1.pub
sed 's/1\.0/2.0/' authdata.signed >version
grep -v '"Version"' authdata.signed >no_version
sed 's/BEGIN PUBLIC/BEGIN PRIVATE/' authdata.signed >no_pem
sed 's/"Signature": "[^"]*"/"Signature": "?"/' authdata.signed >no_base64
sed 's/"Digest": "..../"Digest": "AAAA/' authdata.signed >other_digest
sed 's/"Data"/"data"/' authdata.signed >no_data
sed 's/,$//' authdata.signed >no_json
sign authdata officer2.key officer1.pub
mv authdata.signed other_key
cmu_say nowhere version no_version no_pem no_base64 other_digest no_data no_json '' other_key A listUsers
cmu_logout

begin "for officers only"
cmu_login CO admin admin_pwd
rm -f authdata
printf '%s\n' 'createUser CU example_user4 password1 -2fa authdata' y >&6
sign_soon authdata officer2.key officer2.pub
cmu_say A
cmu_logout
