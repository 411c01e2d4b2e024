# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# boot: HSM_PROPS=policy=strict
# What the strict policy takes from the tool, and what it leaves.

begin "strict: an AES key encrypts and decrypts, and never wraps"
me genSymKey -t 31 -s 32 -l strict >/dev/null
W=$(handle)
me getAttribute -o "$W" -a 512 -out attrs | sed -n '/returned/p'
sed -n '/CRYPT$/,+1p; /WRAP$/,+1p' attrs

begin "strict: so it wraps nothing, and what it wrapped cannot be decrypted"
K=$(new genSymKey -t 31 -s 16 -l strict)
bad wrapKey -k "$K" -w "$W" -m 5 -out wrong.key
bad exSymKey -k "$K" -w "$W" -out wrong.key
ls wrong.key* 2>/dev/null

begin "strict: nor does a key come in by it"
head -c 16 /dev/urandom >aes.key
bad imSymKey -f aes.key -t 31 -l strict_wrong -w "$W"
total -l strict_wrong

begin "strict: a pair wraps with one half and unwraps with the other"
new_pair genRSAKeyPair -m 3072 -e 65537 -l strict
me wrapKey -k "$K" -w "$PUB" -m 7 -t 3 -out right.key | sed 1d
me unWrapKey -f right.key -w "$PRIV" -m 7 -t 3 | sed 1d

begin "strict: no key leaves under a weaker one"
BIG=$(new genSymKey -t 31 -s 32 -l strict)
bad wrapKey -k "$BIG" -w "$PUB" -m 7 -t 3 -out wrong.key
ls wrong.key* 2>/dev/null
