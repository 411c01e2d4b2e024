# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# lib.sh - goes before the transcript scripts. Runs in the guest (busybox sh) or on
# the host; BIN is where the tools are.

BIN=${BIN:-/opt/cloudhsm/bin}
WORK=$(mktemp -d) && cd "$WORK" || exit 1
trap 'rm -rf "$WORK"' EXIT

# Begins a case: what follows is compared with the golden file's part of that name.
begin() {
	printf '== %s\n' "$1"
}

# The tool as it is, with its exit code.
kmu() {
	"$BIN/key_mgmt_util" "$@"
	echo "exit: $?"
}

# as USER COMMAND...: one command after a login; prints from the command on, keeps it in $WORK/last.
as() {
	user=$1
	shift
	"$BIN/key_mgmt_util" singlecmd loginHSM -u CU -s "$user" -p "${user}_pwd" "$@" >all
	code=$?
	sed -n '/^Command:/,$p' all >last
	cat last
	echo "exit: $code"
}

# The same as example_user, whose password does not follow that rule.
me() {
	"$BIN/key_mgmt_util" singlecmd loginHSM -u CU -s example_user -p example_pwd "$@" >all
	code=$?
	sed -n '/^Command:/,$p' all >last
	cat last
	echo "exit: $code"
}

# Handle of the key that the last command made; of a pair: public or private.
handle() {
	sed -n 's/.*Key Created\.  Key Handle: //p' last
}

pair_handle() {
	sed -n "s/.*$1 key handle: \([0-9]*\).*/\1/p" last
}

# Digits of the modulus in a file of getAttribute, on one line, without 0x.
modulus() {
	sed -n '/^OBJ_ATTR_MODULUS$/,/^OBJ_ATTR_MODULUS_BITS$/p' "$1" | sed '/^OBJ/d' | tr -d '\n' |
		sed 's/^0x//'
}

if "$BIN/hsm_activate" -n; then
	"$BIN/hsm_activate" -p admin_pwd -u CU:example_user:example_pwd >/dev/null || exit 1
fi
"$BIN/hsm_activate" -p admin_pwd -u CU:user4:user4_pwd -u CU:user5:user5_pwd \
	-u CU:user6:user6_pwd -u CO:officer:officer_pwd >/dev/null || exit 1
