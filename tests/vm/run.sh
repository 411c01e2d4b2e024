#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh [PART...] - what is done to a whole VM from outside: power_cuts while keys are made;
# unplug, the card taken away under load from a VM with two processors, one of which reads
# ACPI's timer while the other ejects the card; tamper, under load as well; lockout, over a
# power cut and a reboot; hidden passwords; attestation. VM_CUTS= is how many power cuts (4),
# VM_ROUNDS= how often the card goes (25). Last line: "vm: N passed, N failed".
set -uo pipefail

here=$(dirname "$(realpath "$0")")
top=$(realpath "$here/../..")
# shellcheck source=tests/common/result.sh
. "$top/tests/common/result.sh"
build=${BUILD:-$top/build}
out=$build/vm
rounds=${VM_ROUNDS:-25}
cuts=${VM_CUTS:-4}
export KEYSTORE=$out/store.db LAYERS=$out/vm.cpio MEM=512M GUEST_LOG=$out/guest.log

prepare() {
    rm -rf "$out"
    mkdir -p "$out/share" "$out/root/opt/test"
    gcc -std=gnu11 -O2 -Wall -Wextra -pthread -I"$top/userspace/libhsm/include" -I"$top/qemu-device/include" \
        -o "$out/root/opt/test/hsm_load" "$here/hsm_load.c" -L"$build/guest/lib" -lhsm \
        -Wl,-rpath,/opt/cloudhsm/lib || exit 1
    gcc -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -o "$out/root/opt/test/hsm_pty" "$here/hsm_pty.c" || exit 1
    install -t "$out/root/opt/test" "$here"/guest-*.sh
    cp "$build/guest/lib/libhsm.so.1" "$out/libhsm.so.1"
    LD_LIBRARY_PATH=$out "$top/images/rootfs.sh" layer "$out/vm.cpio" "$out/root" || exit 1
}

guest() { # guest NAME WORD...: runs guest-NAME.sh with the words
    printf '#!/bin/sh\nexport LD_LIBRARY_PATH=/opt/cloudhsm/lib PATH=/opt/test:$PATH\nsh /opt/test/guest-%s\n' "$*" \
        > "$out/script.sh"
    "$top/images/run.sh" script "$out/script.sh" 2>> "$out/errors.log"
}

# Until the guest has reported keys of this round, then a moment more, then the plug.
power_cut() {
    local before after i
    before=$(wc -l < "$out/share/handles")
    rm -f "$out/pid"
    QEMU_EXTRA="-pidfile $out/pid" guest stream.sh >> "$out/share/handles" &
    for ((i = 0; i < 600; i++)); do
        after=$(wc -l < "$out/share/handles")
        [ "$after" -gt "$((before + 10))" ] && break
        sleep 0.05
    done
    sleep "0.$((RANDOM % 900 + 10))"
    kill -9 "$(cat "$out/pid")"
    wait $!
    # What was cut off in the middle of a line was not reported.
    [ -z "$(tail -c 1 "$out/share/handles")" ] || sed -i '$d' "$out/share/handles"
    [ "$after" -gt "$((before + 10))" ]
}

power_cuts() {
    local n rc=0
    : > "$out/share/handles"
    for ((n = 0; n < cuts; n++)); do
        power_cut || rc=1
    done
    result "keys are made up to each of $cuts power cuts" $rc
    SHARE=$out/share guest check.sh
    result "$(wc -l < "$out/share/handles") reported keys are there after the power cuts" $?
    sort "$out/share/handles" | uniq -d | grep -q . && rc=1 || rc=0
    result "no handle was given twice" $rc
}

# The guest says what it is ready for; we answer through QEMU's monitor.
monitored() { # monitored NAME WORD...
    local line
    rm -f "$out/mon.in" "$out/mon.out" "$out/guest"
    mkfifo "$out/mon.in" "$out/mon.out" "$out/guest"
    cat "$out/mon.out" > "$out/monitor.log" &
    QEMU_EXTRA="-chardev pipe,id=mon,path=$out/mon -mon chardev=mon,mode=readline" \
        guest "$@" > "$out/guest" &
    exec 5<> "$out/mon.in"
    while read -r line; do
        case $line in
        unplug) echo "device_del hsm0" >&5 ;;
        plug) echo "device_add hsm-pci,id=hsm0,bus=rp0,keystore=$KEYSTORE" >&5 ;;
        tamper)
            echo "savevm before" >&5
            echo "qom-set /machine/peripheral/hsm0 tamper the lid was opened" >&5
            ;;
        *) echo "        $line" ;;
        esac
    done < "$out/guest"
    exec 5>&-
    wait %%
}

# A card in a QEMU of which one byte of the firmware's text was changed.
attestation() {
    local qemu=${QEMU:-$build/qemu-system-x86_64} at
    rm -f "$KEYSTORE"*
    guest attest.sh PASS
    result "-attest: the published firmware passes" $?
    rm -f "$KEYSTORE"*
    at=$(grep -abo 'firmware cannot be measured' "$qemu" | head -n 1 | cut -d: -f1)
    cp "$qemu" "$out/qemu"
    printf X | dd of="$out/qemu" bs=1 seek="$at" conv=notrunc status=none
    QEMU=$out/qemu guest attest.sh FAIL
    result "-attest: one changed byte fails, and makes no key" $?
    rm -f "$out/qemu" "$KEYSTORE"*
}

unplug() {
    CPUS=2 monitored unplug.sh "$rounds"
    result "device_del under load and back, $rounds times" $?
}

# The next boot finds a fresh card.
tamper() {
    local KEYSTORE=$out/tamper.db
    SHARE=$out/share monitored tamper.sh
    result "tampering under load: everyone is told" $?
    grep -q 'non-migratable device' "$out/monitor.log"
    result "savevm is refused, so no attempt counter can be put back" $?
    SHARE=$out/share ACTIVATE=no guest fresh.sh
    result "after that: a fresh card" $?
}

lockout() {
    local KEYSTORE=$out/lockout.db line rc=0
    rm -f "$out/pid" "$out/guest"
    mkfifo "$out/guest"
    QEMU_EXTRA="-pidfile $out/pid" guest lockout.sh three > "$out/guest" &
    read -r line < "$out/guest"
    [ "$line" = three ] || { echo "        $line"; rc=1; }
    kill -9 "$(cat "$out/pid")"
    wait $!
    guest lockout.sh five || rc=1
    guest lockout.sh locked || rc=1
    result "five wrong passwords over processes, a power cut and a reboot lock an account" $rc
}

hidden() {
    guest hidden.sh > "$out/hidden.log"
    result "hidden passwords are seen nowhere" $?
    ! grep -q 'hidden_Pa55' "$GUEST_LOG" "$out/errors.log"
    result "nor in the logs outside" $?
}

prepare
[ $# -gt 0 ] || set -- power_cuts unplug tamper lockout hidden attestation
for part; do
    "$part"
done
result_end vm
