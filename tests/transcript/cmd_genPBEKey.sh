# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# genPBEKey: a 3DES key out of a password.

SALT=0102030405060708
begin "genPBEKey: a key"
me genPBEKey -p secret_word -s $SALT -i 2048 -l pbe -id pbe-1
PBE=$(sed -n 's/.*PBE Key Created\.  Key Handle: //p' last)
me getAttribute -o "$PBE" -a 512 -out attr_pbe
cat attr_pbe

begin "genPBEKey: the same words make the same key, others another"
kcv() {
	me genPBEKey "$@" -l pbe_more >/dev/null
	me getAttribute -o "$(sed -n 's/.*PBE Key Created\.  Key Handle: //p' last)" -a 371 -out k >/dev/null
	if [ "$(sed -n 2p k)" = "$(sed -n '$p' attr_pbe)" ]; then echo same; else echo another; fi
}
kcv -p secret_word -s 0x$SALT -i 2048
kcv -p secret_worD -s $SALT -i 2048
kcv -p secret_word -s 0102030405060709 -i 2048
kcv -p secret_word -s $SALT -i 2049

begin "genPBEKey: OpenSSL derives the same"
# RFC 7292: the password as BMPString with its final zero, id 1; then odd parity.
odd() {
	awk '{ for (i = 1; i <= length($0); i += 2) {
		b = (index("0123456789abcdef", substr($0, i, 1)) - 1) * 16
		b += index("0123456789abcdef", substr($0, i + 1, 1)) - 1
		b -= b % 2
		n = 0; for (x = b; x > 0; x = int(x / 2)) n += x % 2
		printf "%02x", n % 2 ? b : b + 1
	} }'
}
pass=$(printf secret_word | od -An -v -tx1 | tr -d '\n' | sed 's/ /00/g')0000
openssl kdf -keylen 24 -kdfopt digest:SHA1 -kdfopt "hexpass:$pass" -kdfopt hexsalt:$SALT \
	-kdfopt iter:2048 -kdfopt id:1 PKCS12KDF | tr -d ':\n' | tr A-F a-f | odd >theirs
W=$(new genSymKey -t 31 -s 32 -l pbe_wrap)
me exSymKey -k "$PBE" -w "$W" -out ours >/dev/null
[ "$(od -An -v -tx1 ours | tr -d ' \n')" = "$(cat theirs)" ] && echo "24 bytes alike"

begin "genPBEKey: hidden password"
echo secret_word | me genPBEKey -hpswd -s $SALT -i 2048 -l pbe_hidden | sed 's/\*\*\*//'
true | me genPBEKey -hpswd -s $SALT -i 2048 -l pbe_wrong | sed '1d'

begin "genPBEKey: what is wrong"
bad genPBEKey -s $SALT -l pbe_wrong
bad genPBEKey -p a -hpswd -s $SALT -l pbe_wrong
bad genPBEKey -p secret_word -l pbe_wrong
bad genPBEKey -p secret_word -s 01 -l pbe_wrong
bad genPBEKey -p secret_word -s xyz -l pbe_wrong
bad genPBEKey -p secret_word -s $SALT -i 999 -l pbe_wrong
bad genPBEKey -p secret_word -s $SALT -i 10000001 -l pbe_wrong
bad genPBEKey -p "$(printf '%129s' x | tr ' ' x)" -s $SALT -l pbe_wrong
bad genPBEKey -p '' -s $SALT -l pbe_wrong
bad genPBEKey -p secret_word -s $SALT
bad genPBEKey -p secret_word -s $SALT -l pbe_wrong -u 3
total -l pbe_wrong
