# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# aesWrapUnwrap.

mkdir aes
head -c 32 /dev/urandom >aes/wrapper
head -c 24 /dev/urandom >aes/3DES.key
WRAPPER=$(od -An -tx1 aes/wrapper | tr -d ' \n')

# The bytes that the last command printed, as they are.
printed() {
	sed -n '/^result data:/,/^result written/p' last | grep -E '^([0-9A-F]{2} ?)+$' | tr -d ' \n'
}

begin "aesWrapUnwrap: wrap, the page"
login example_user
say 'genSymKey -t 31 -s 32 -l aes_any' >/dev/null
A=$(handle)
say "imSymKey -f aes/wrapper -t 31 -l aes_wrapper -w $A" >/dev/null
W=$(handle)
say "aesWrapUnwrap -f aes/3DES.key -w $W -m 1 -out aes/3DES.key.wrapped"
[ "$(printed)" = "$(od -An -tx1 aes/3DES.key.wrapped | tr -d ' \n' | tr a-f A-F)" ] && echo "the file has these bytes"

begin "aesWrapUnwrap: unwrap, the page"
say "aesWrapUnwrap -m 0 -f aes/3DES.key.wrapped -w $W -out aes/3DES.key.unwrapped"
cmp aes/3DES.key aes/3DES.key.unwrapped && echo "the file that was wrapped"
stat -c %a aes/3DES.key.unwrapped

begin "aesWrapUnwrap: names of the files by default"
say "aesWrapUnwrap -m 1 -f aes/3DES.key -w $W" | sed -n '/^result written/p'
say "aesWrapUnwrap -m 0 -f wrapped_key -w $W" | sed -n '/^result written/p'
cmp aes/3DES.key unwrapped_key && echo "the same"

begin "aesWrapUnwrap: with an IV of its own"
say "aesWrapUnwrap -m 1 -f aes/3DES.key -w $W -i 0123456789abcdef -out aes/iv.wrapped"
say "aesWrapUnwrap -m 0 -f aes/iv.wrapped -w $W -i 0x0123456789ABCDEF -out aes/iv.unwrapped" >/dev/null
cmp aes/3DES.key aes/iv.unwrapped && echo "the same"

begin "aesWrapUnwrap: openssl unwraps, openssl wraps"
openssl enc -d -id-aes256-wrap -K "$WRAPPER" -iv A6A6A6A6A6A6A6A6 -in aes/3DES.key.wrapped -out aes/padded
{ cat aes/3DES.key; printf '\010\010\010\010\010\010\010\010'; } >aes/expected
cmp aes/padded aes/expected && echo "the file, and PKCS #5 padding"
openssl enc -d -id-aes256-wrap -K "$WRAPPER" -iv 0123456789abcdef -in aes/iv.wrapped -out aes/padded
cmp aes/padded aes/expected && echo "with the other IV, too"
openssl enc -id-aes256-wrap -K "$WRAPPER" -iv A6A6A6A6A6A6A6A6 -in aes/expected -out aes/theirs
cmp aes/theirs aes/3DES.key.wrapped && echo "the same wrapped bytes"

begin "aesWrapUnwrap: sizes"
for size in 8 9 4088 4095; do
	head -c $size /dev/urandom >aes/in
	say "aesWrapUnwrap -m 1 -f aes/in -w $W -out aes/size.w" >/dev/null
	say "aesWrapUnwrap -m 0 -f aes/size.w -w $W -out aes/size.u" >/dev/null
	cmp aes/in aes/size.u && echo "$size bytes: wrapped $(wc -c <aes/size.w)"
done

begin "aesWrapUnwrap: what is wrong with the file"
: >aes/empty
head -c 4096 /dev/urandom >aes/4096
head -c 39 aes/3DES.key.wrapped >aes/39
head -c 7 /dev/urandom >aes/7
for args in "1 7" "1 nosuch" "1 empty" "1 4096" "1 ." "0 39"; do
	# shellcheck disable=SC2086 # two words
	set -- $args
	say "aesWrapUnwrap -m $1 -f aes/$2 -w $W -out aes/wrong"
done

begin "aesWrapUnwrap: what is wrong otherwise"
say "aesWrapUnwrap -m 1 -f aes/3DES.key -w 252126 -out aes/wrong"
say 'genSymKey -t 21 -s 24 -l aes_des' >/dev/null
say "aesWrapUnwrap -m 1 -f aes/3DES.key -w $(handle) -out aes/wrong"
say "aesWrapUnwrap -m 0 -f aes/3DES.key.wrapped -w $A -out aes/wrong"
say "aesWrapUnwrap -m 0 -f aes/3DES.key.wrapped -w $W -i 0123456789abcdef -out aes/wrong"
say "aesWrapUnwrap -m 2 -f aes/3DES.key -w $W -out aes/wrong" | sed -n '/^Error/p'
say "aesWrapUnwrap -m 1 -f aes/3DES.key -w $W -i 0123 -out aes/wrong" | sed -n '/^Error/p'
say "aesWrapUnwrap -m 1 -f aes/3DES.key -w $W -out aes/nosuch/wrong"

logout

begin "aesWrapUnwrap: a byte of the wrapped file is changed, or missing"
spoil aes/3DES.key.wrapped
for ((i = 0; i < BYTES; i++)); do
	echo "aesWrapUnwrap -m 0 -f aes/3DES.key.wrapped.flip$i -w $W -out aes/wrong"
	echo "aesWrapUnwrap -m 0 -f aes/3DES.key.wrapped.cut$i -w $W -out aes/wrong"
done | session example_user | answers UnWrapHostKey

begin "aesWrapUnwrap: no file is left of what failed"
ls aes/wrong* 2>/dev/null || echo "none"
