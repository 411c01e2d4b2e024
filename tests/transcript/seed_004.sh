# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# cards: 2
# The page of genRSAKeyPair: every example, on a fresh cluster.

begin "004: create and examine an RSA key pair"
login example_user
say 'genRSAKeyPair -m 2048 -e 65537 -l rsa_test'
PUB=$(pair_handle public)
say "getAttribute -o $PUB -a 512 -out attr_$PUB"
cat "attr_$PUB"

begin "004: the modulus in lines of 80 characters"
sed -n '/^OBJ_ATTR_MODULUS$/,/^OBJ_ATTR_MODULUS_BITS$/p' "attr_$PUB" | sed '/^OBJ/d' |
	while read -r line; do echo "${#line}"; done | tr '\n' ' '
echo
case $(modulus "attr_$PUB") in
[89a-f]*[13579bdf]) echo "2048 bits, odd" ;;
esac

begin "004: generate a shared RSA key pair"
say 'genRSAKeyPair -m 2048 -e 65537 -l rsa_mofn -id rsa_mv2 -u 4 -m_value 2'
say "getKeyInfo -k $(pair_handle private)"
logout
