# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# own.sh - in the guest: keys of every type that nobody may extract, one whose value
# only the outside knows, and everything that can be done with them.
export LD_LIBRARY_PATH=/opt/cloudhsm/lib
cd /tmp || exit 1

key_mgmt_util > made <<'END'
loginHSM -u CU -s example_user -p example_pwd
genSymKey -t 31 -s 32 -l canary-leak-aes256 -nex
genSymKey -t 31 -s 16 -l canary-hex-aes128 -nex
genSymKey -t 21 -s 24 -l canary-log-des3 -nex
genSymKey -t 16 -s 64 -l canary-generic -nex
genSymKey -t 18 -s 32 -l canary-rc4 -nex
genSymKey -t 31 -s 32 -l canary-never-exported
genRSAKeyPair -m 2048 -e 65537 -l canary-rsa -nex
genECCKeyPair -i 2 -l canary-p256 -nex
genECCKeyPair -i 14 -l canary-p384 -nex
genECCKeyPair -i 16 -l canary-k256 -nex
genDSAKeyPair -m 2048 -l canary-dsa -nex
logoutHSM
exit
END
made=$(grep -c 'Key Handle: \|private key handle' made)
echo "made $made keys"
public=$(sed -n 's/.*public key handle: \([0-9]*\) .*/\1/p' made | head -n 1)
private=$(sed -n 's/.*private key handle: \([0-9]*\).*/\1/p' made | head -n 1)
aes=$(sed -n 's/.*Symmetric Key Created.  Key Handle: \([0-9]*\).*/\1/p' made | head -n 1)

# Its plaintext is made and wrapped outside.
key_mgmt_util singlecmd loginHSM -u CU -s example_user -p example_pwd \
    exportPubKey -k "$public" -out pub.pem
cp pub.pem /mnt/share/wrap.new && mv /mnt/share/wrap.new /mnt/share/wrap
for _ in $(seq 100); do
    [ -e /mnt/share/wrapped ] && break
    sleep 0.1
done
key_mgmt_util > unwrapped <<END
loginHSM -u CU -s example_user -p example_pwd
unWrapKey -f /mnt/share/wrapped -w $private -m 8 -t 3 -noheader -l canary-known -kc 4 -kt 31 -nex
logoutHSM
exit
END
grep -q 'Key Unwrapped' unwrapped && echo "took a key in"

# All that the tool can do with one key, for every key, in one session.
date > message
{
    echo 'loginHSM -u CU -s example_user -p example_pwd'
    for handle in $(sed -n 's/.*Key Handle: \([0-9]*\).*/\1/p' made unwrapped) $private \
        $(sed -n 's/.*private key handle: \([0-9]*\).*/\1/p' made); do
        cat <<END
getAttribute -o $handle -a 512 -out attributes_$handle
getKeyInfo -k $handle
findSingleKey -k $handle
sign -f message -k $handle -m 1 -out signature_$handle
sign -f message -k $handle -m 17 -out signature_$handle
exSymKey -k $handle -w $aes -out stolen
exportPrivateKey -k $handle -w $aes -out stolen
exportPubKey -k $handle -out stolen
wrapKey -k $handle -w $public -out stolen -m 7 -t 3
wrapKey -k $handle -w $aes -out stolen -m 6 -noheader
getCaviumPrivKey -k $handle -out fake
extractMaskedObject -o $handle -out masked
insertMaskedObject -f masked
END
    done
    echo logoutHSM
    echo exit
} > commands
key_mgmt_util < commands > answers
echo "asked $(grep -c '^Command:' answers) times, $(grep -c 'returned: 0x00' answers) answers"
/opt/canary/use
