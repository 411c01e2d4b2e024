# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# After the card was off: what was reported is there, session keys are not.

begin "the first key is still there"
me findKey -l aes256
me getAttribute -o 6 -a 512 -out attr_6
cat attr_6

begin "the loop's keys are still there"
me findKey -l aes | sed -n '/^Total/p'

begin "session keys are gone"
me findKey -sess 1 | sed -n '/^Total/p'

begin "sharing is still there"
as user4 findKey -id IT-02 | sed -n '/^Total/p'
as user6 findKey -id IT-02 | sed -n '/^Total/p'

begin "a new key gets a new handle"
me genSymKey -t 31 -s 32 -l later >/dev/null
H=$(handle)
me findKey -t 31 -l later >found
grep -q "^$H\$" found && echo "found"
[ "$H" -gt 36 ] && echo "not a used one"
