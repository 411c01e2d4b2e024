# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# cards: 2
# The pages of genSymKey: the example that was made on a cluster of two, on its card 1.

HSM_DEVICE=$(card 1)
export HSM_DEVICE

begin "000: create a quorum authorized generic key"
login example_user
say 'genSymKey -t 16 -s 2048 -l generic-mV2 -m_value 2 -u 6 -attest'
H=$(handle)
say "getKeyInfo -k $H"
logout

begin "001: create a quorum authorized generic key"
login example_user
say 'genSymKey -t 16 -s 2048 -l generic-mV2 -m_value 2 -u 6 -attest'
H=$(handle)
say "getKeyInfo -k $H"
logout
