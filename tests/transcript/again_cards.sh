# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# After the card was off: what was reported is there, session keys are not.

begin "again: a key and its attributes"
me findKey -id kept-1
me getAttribute -o "$(find_one -id kept-1)" -a 512 -out attrs
sed -n '/LABEL/,$p' attrs

begin "again: sharing and quorum"
as user4 findKey -l quorum | sed -n '/^Total/p'
me getKeyInfo -k "$(find_one -l quorum)" | sed 1d

begin "again: a session key that was made persistent, and those that were not"
total -l tmpAES
total -l sessions
total -sess 1

begin "again: pairs sign as before"
echo "a message" >messageFile
for pair in "rsa_shared 1" "ecc2 17"; do
	# shellcheck disable=SC2086 # two words
	set -- $pair
	me sign -f messageFile -k "$(find_one -c 3 -l "$1")" -m "$2" -out sig | sed -n '/returned/p'
	me verify -f messageFile -s sig -k "$(find_one -c 2 -l "$1")" -m "$2" | sed -n '/successful/p'
done

begin "again: the card's certificates are the same"
me getCert -f 8.crt -s 8 >/dev/null
me getCert -f 4.crt -s 4 >/dev/null
openssl verify -CAfile 4.crt 8.crt

begin "again: a new key gets a new handle"
NEW=$(new genSymKey -t 31 -s 32 -l later)
me findKey >/dev/null
sed -n '/^[0-9, ]*$/p' last | tr -d ' ' | tr ',' '\n' | sort -n | tail -n 1 | sed "s/^$NEW\$/the highest/"
