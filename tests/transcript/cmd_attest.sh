# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# -attest of every command that makes keys, and hsm_attest, with all that must not pass.

head -c 16 /dev/urandom >plain.key
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem 2>/dev/null
W=$(new genSymKey -t 31 -s 32 -l attest_wrap)

# with COMMAND...: what -attest says of it.
with() {
	echo "$1:"
	me "$@" -attest | sed -n '/Attestation/p; /Error:/p; /^exit/p'
}

begin "attest: every command that makes keys"
with genSymKey -t 31 -s 16 -l attest_1
with genSymKey -t 31 -s 16 -l attest_1s -sess
with genPBEKey -p secret -s 0123456789abcdef -l attest_2
with genRSAKeyPair -m 2048 -e 65537 -l attest_3
with genDSAKeyPair -m 2048 -l attest_4
with genECCKeyPair -i 2 -l attest_5
with imSymKey -f plain.key -w "$W" -t 31 -l attest_6
with importPrivateKey -f ec.pem -w "$W" -l attest_7
me wrapKey -k "$(find_one -l attest_1)" -w "$W" -out wrapped -m 4 >/dev/null
with unWrapKey -f wrapped -w "$W" -m 4
total -l attest_1

begin "attest: between handle and nodes"
me genSymKey -t 31 -s 16 -l attest_8 -attest

begin "attest: firmware that was not published makes no key"
published=${HSM_MEASUREMENT:-/opt/cloudhsm/etc/firmware.sha256}
{
	echo "# not the one that runs"
	echo "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
} >other.sha256
export HSM_MEASUREMENT=other.sha256
me genSymKey -t 31 -s 16 -l attest_no -attest
me genECCKeyPair -i 2 -l attest_no -attest
me imSymKey -f plain.key -w "$W" -t 31 -l attest_no -attest
HSM_MEASUREMENT=nosuch
me genSymKey -t 31 -s 16 -l attest_no -attest
echo "abc" >>other.sha256
HSM_MEASUREMENT=other.sha256
me genSymKey -t 31 -s 16 -l attest_no -attest
HSM_MEASUREMENT=$published
total -l attest_no

begin "attest: a root that is pinned"
me getCert -f root.pem -s 1 >/dev/null
me getCert -f customer.pem -s 4 >/dev/null
export HSM_ROOT=root.pem
with genSymKey -t 31 -s 16 -l attest_9
HSM_ROOT=customer.pem
with genSymKey -t 31 -s 16 -l attest_no
HSM_ROOT=other.sha256
with genSymKey -t 31 -s 16 -l attest_no
unset HSM_ROOT
total -l attest_no

# verify WORD...: the verdicts and the exit code.
verify() {
	"$BIN/hsm_attest" verify -n "$NONCE" "$@" 2>&1 | sed -n '/^\[/p; /^hsm_attest/p; /^Att/p'
	echo "exit: ${PIPESTATUS[0]}"
}

begin "hsm_attest: evidence of a card"
NONCE=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
"$BIN/hsm_attest" get -n "$NONCE" evidence
"$BIN/hsm_attest" verify -n "$NONCE" -r root.pem evidence

begin "hsm_attest: evidence of keys"
K=$(new genSymKey -t 31 -s 32 -l attest_k -u 4 -attest)
echo example_pwd | "$BIN/hsm_attest" get -n "$NONCE" -u CU:example_user -k "$K" evidence
"$BIN/hsm_attest" verify -n "$NONCE" -r root.pem -k "$K" evidence | sed -n '/^key/,$p'

begin "hsm_attest: what does not hold"
verify -r customer.pem -k "$K" evidence
verify -r root.pem -k "$W" evidence
verify -r root.pem -k "$K" -k "$W" evidence
verify -r root.pem -s OTHER -k "$K" evidence
sed -i '$d' other.sha256
verify -r root.pem -m other.sha256 evidence
NONCE=${NONCE/00/01} verify -r root.pem evidence

begin "hsm_attest: no byte can be changed and none left out"
bytes=$(wc -c <evidence) tried=0 passed=0
for ((i = 0; i < bytes; i += 17)); do
	head -c "$i" evidence >cut.off
	cp evidence flipped
	byte=$(od -An -tu1 -j "$i" -N 1 evidence)
	# shellcheck disable=SC2059 # the byte is the format
	printf "\\$(printf %03o $((byte ^ 1)))" |
		dd of=flipped bs=1 seek="$i" conv=notrunc status=none
	for file in cut.off flipped; do
		tried=$((tried + 1))
		"$BIN/hsm_attest" verify -n "$NONCE" "$file" >out 2>&1 && passed=$((passed + 1))
	done
done
[ "$tried" -gt 100 ] && echo "passed: $passed"

begin "hsm_attest: a verdict that cannot be written is none"
{ "$BIN/hsm_attest" verify -n "$NONCE" -r root.pem evidence >/dev/full; } 2>&1
echo "exit: $?"

begin "hsm_attest: wrong usage"
for words in "" "look evidence" "get" "get -k 6 evidence" "get -n 12 evidence" "verify evidence" \
	"verify -n $NONCE" "verify -n $NONCE -k x evidence" "verify -n $NONCE nosuch"; do
	# shellcheck disable=SC2086 # words
	"$BIN/hsm_attest" $words 2>&1 | sed -n 1p
	echo "exit: ${PIPESTATUS[0]}"
done
echo wrong_pwd | "$BIN/hsm_attest" get -u CU:example_user -k "$K" no_evidence >out 2>&1
echo "exit: $?"
echo x | "$BIN/hsm_attest" get -u example_user -k "$K" no_evidence >out 2>&1
echo "exit: $?"
ls no_evidence 2>&1 | sed 's/.*No such.*/none/'
