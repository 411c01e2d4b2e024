# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# genDSAKeyPair: its page.

begin "genDSAKeyPair: create a DSA key pair"
me genDSAKeyPair -m 2048 -l DSA
PUB=$(pair_handle public)
PRIV=$(pair_handle private)

begin "genDSAKeyPair: create a session-only DSA key pair"
login example_user
say 'genDSAKeyPair -m 2048 -l DSA-temp -id DSA_temp_pair -sess'
say 'findKey -sess 1'
logout
total -id DSA_temp_pair

# The user who makes it has id 3 here, so it is shared with 4, 5 and 6.
begin "genDSAKeyPair: create a shared, nonextractable DSA key pair"
me genDSAKeyPair -m 2048 -l DSA -id DSA_shared_pair -nex -u 4,5,6
me getKeyInfo -k "$(pair_handle private)"

begin "genDSAKeyPair: create a quorum-controlled key pair"
me genDSAKeyPair -m 2048 -l DSA-mV2 -m_value 2 -u 4,6 -attest
me getKeyInfo -k "$(pair_handle private)"

begin "genDSAKeyPair: attributes"
me getAttribute -o "$PRIV" -a 512 -out private
sed '/^OBJ_ATTR_MODULUS$/,/^OBJ_ATTR_MODULUS_BITS$/{/^OBJ/!d;}' private
me getAttribute -o "$PUB" -a 512 -out public
sed '/^OBJ_ATTR_MODULUS$/,/^OBJ_ATTR_MODULUS_BITS$/{/^OBJ/!d;}' public
[ "$(modulus private)" = "$(modulus public)" ] && echo "same y"

begin "genDSAKeyPair: what is wrong"
bad genDSAKeyPair -m 1024 -l DSA_wrong
bad genDSAKeyPair -m 3072 -l DSA_wrong
bad genDSAKeyPair -l DSA_wrong
bad genDSAKeyPair -m 2048
bad genDSAKeyPair -m 2048 -l DSA_wrong -u 3
total -l DSA_wrong
