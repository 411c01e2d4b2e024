# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# getCert, getPartitionInfo.

begin "getCert: the page"
me getCert -f userRoot.crt -s 4

begin "getCert: who issued what"
for s in 1 2 4 8 16; do
	me getCert -f $s.crt -s $s >/dev/null
	echo "$s"
	openssl x509 -in $s.crt -noout -subject -issuer -nameopt RFC2253
done

begin "getCert: the chains hold"
openssl verify -CAfile 1.crt 2.crt
openssl verify -CAfile 1.crt -untrusted 2.crt 16.crt
openssl verify -CAfile 4.crt 8.crt
openssl x509 -in 8.crt -noout -pubkey >8.pub
openssl x509 -in 16.crt -noout -pubkey | cmp - 8.pub && echo "two certificates of one cluster key"

begin "getCert: and no others"
openssl verify -CAfile 4.crt 16.crt >/dev/null 2>&1 || echo "16 is not by the customer"
openssl verify -CAfile 1.crt -untrusted 2.crt 8.crt >/dev/null 2>&1 || echo "8 is not by the manufacturer"

begin "getCert: the same at every call, with -t as in the page's syntax, without a login"
me getCert -f again.crt -t 16 >/dev/null
cmp again.crt 16.crt && echo "same"
kmu singlecmd getCert -f again.crt -s 2 | tail -n 2
cmp again.crt 2.crt && echo "same"

begin "getCert: what is wrong"
bad getCert -f wrong.crt -s 3
bad getCert -f wrong.crt -s 0
bad getCert -f wrong.crt
bad getCert -f wrong.crt -s 1 -t 1
bad getCert -s 1
bad getCert -f /nosuch/wrong.crt -s 1
ls wrong.crt* 2>/dev/null

begin "getPartitionInfo"
me getPartitionInfo
