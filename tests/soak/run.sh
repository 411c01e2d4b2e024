#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh - a VM in which everything happens to the card for SOAK_MINS= minutes (30), in an
# order decided by SEED= (the time): clients of all kinds that are killed, resets, FLR, faults,
# unplugging, rebinding, the module reloaded. Then QEMU, guest and card must have no more
# than at the start, and everything that was reported be there. SOAK_SECS= instead of
# SOAK_MINS= for less. Last line: "soak: N passed, N failed"
#
# One processor: QEMU's multi-threaded TCG does not survive BARs that are mapped anew all
# the time while another one does MMIO (tests/kselftest/run.sh).
set -uo pipefail

here=$(dirname "$(realpath "$0")")
top=$(realpath "$here/../..")
# shellcheck source=tests/common/result.sh
. "$top/tests/common/result.sh"
build=${BUILD:-$top/build}
out=$build/soak
secs=${SOAK_SECS:-$((${SOAK_MINS:-30} * 60))}
seed=${SEED:-$(date +%s)}
agent='' qemu=''
rm -rf "$out"
mkdir -p "$out/root/opt/test" "$out/store" "$build/log"
# What QEMU holds beside the guest's memory and translated code may grow by so many kB, and
# by what it notes about the code: 0.27 kB a kB were seen.
allowed=16384

prepare() {
    local cc=("${CC:-gcc}" -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra)
    install -D -t "$out/root/opt/test" "$top/tests/common/splats.sh" &&
        "${cc[@]}" -o "$out/hsm_host" "$top/tests/kselftest/hsm_host.c" &&
        "${cc[@]}" -pthread -I"$top/userspace/libhsm/include" \
            -I"$top/qemu-device/include" -I"$top/kernel-driver/include/uapi" \
            -o "$out/root/opt/test/soak" "$here/soak.c" "$here/client.c" -L"$build/guest/lib" -lhsm \
            -Wl,-rpath,/opt/cloudhsm/lib &&
        cp "$build/guest/lib/libhsm.so.1" "$out/libhsm.so.1" &&
        LD_LIBRARY_PATH=$out "$top/images/rootfs.sh" layer "$out/soak.cpio" "$out/root" || exit 1
}

# "RSS OWN CODE FDS THREADS": kB resident, kB without the guest's memory (its 512 MB are one
# mapping) and code, kB of code that TCG has made, open descriptors, threads but those of
# QEMU's own pool, which come and go. Of a process that may not leave a core dump only root
# sees them: the card's core-dump= is on.
look_at_qemu() {
    local pid=$1 rss own
    rss=$(sed -n 's/^Rss: *\([0-9]*\) kB/\1/p' "/proc/$pid/smaps_rollup")
    own=$(awk '/^[0-9a-f]+-[0-9a-f]+ / { made = $2 ~ /x/ && !$6; counts = !made }
        /^Size:/ && $2 >= 262144 { counts = 0 }
        /^Rss:/ && counts { sum += $2 }
        /^Rss:/ && made { code += $2 } END { print sum, code + 0 }' "/proc/$pid/smaps")
    ls -l "/proc/$pid/fd" > "$out/fd.$2"
    echo "$rss $own $(ls "/proc/$pid/fd" | wc -l) $(cat "/proc/$pid"/task/*/comm | grep -vc '^worker$')"
}

# The guest's lines; what it wants measured is measured when its last work has ended.
watch_guest() {
    local line name
    while IFS= read -r line; do
        case $line in
        'measure '*)
            name=${line#measure }
            sleep 12
            qemu=$(cat "$out/pid")
            look_at_qemu "$qemu" "$name" > "$out/qemu.$name"
            echo "qemu $name: $(cat "$out/qemu.$name")" \
                "(kB resident, kB of its own, kB of code, descriptors, threads)"
            ;;
        'ok '*) echo "$line"; passed=$((passed + 1)) ;;
        'not ok '*) echo "$line"; failed=$((failed + 1)) ;;
        *) echo "$line" ;;
        esac
    done < <(guest)
}

guest() {
    local store=$out/store/hsm0.db plug
    plug='{"execute":"device_add","arguments":{"driver":"hsm-pci","id":"hsm0","bus":"rp0",'
    plug+='"core-dump":true,"keystore":"'$store'"}}'
    cat > "$out/script.sh" << END
export LD_LIBRARY_PATH=/opt/cloudhsm/lib HSM_HOST=/mnt/share HSM_PLUG='$plug'
/opt/test/soak $seed $secs /tmp/audit.bin
rc=\$?
if hsm_audit verify /tmp/audit.bin; then echo 'ok      the audit log verifies'
else echo 'not ok  the audit log verifies'; rc=1; fi
/opt/test/splats.sh | sed '1s/^/not ok  kernel: /; 1!s/^/# /' | grep . && rc=1
exit \$rc
END
    LAYERS=$out/soak.cpio SHARE=$out/store QMP=$out/store/qmp KEYSTORE=$store HSM_PROPS=core-dump=on \
        ACTIVATE=yes NODES=1 CPUS=1 MEM=512M GUEST_LOG=$out/guest.log \
        QEMU_EXTRA="-pidfile $out/pid -name soak,debug-threads=on" \
        TIMEOUT=$((secs * 2 + 600)) "$top/images/run.sh" script "$out/script.sh" \
        2> "$build/log/soak-qemu.log"
    echo $? > "$out/status"
}

# All five numbers are there.
measured() { # measured NAME
    grep -qxE '[1-9][0-9]*( [1-9][0-9]*){4}' "$out/qemu.$1" 2> /dev/null
}

compare_qemu() {
    local rss own code fds threads rss2 own2 code2 fds2 threads2
    read -r rss own code fds threads < "$out/qemu.start"
    read -r rss2 own2 code2 fds2 threads2 < "$out/qemu.end"
    result "QEMU's own memory: $own kB, then $own2 kB (code: $code kB, then $code2 kB; resident: $rss kB, then $rss2 kB)" \
        $((own2 - own > allowed + (code2 - code) * 3 / 10))
    result "its descriptors: $fds, then $fds2" $((fds2 > fds))
    result "its threads: $threads, then $threads2" $((threads2 > threads))
}

prepare
"$out/hsm_host" "$out/store/qmp" "$out/store" 2> "$build/log/soak-host.log" &
agent=$!
trap 'kill $agent 2> /dev/null' EXIT
watch_guest
[ "$(cat "$out/status")" = 0 ] || [ "$failed" != 0 ] || result "the guest: status $(cat "$out/status") (SEED=$seed)" 1
if measured start && measured end; then
    compare_qemu
else
    result "QEMU was measured: '$(cat "$out"/qemu.{start,end} 2> /dev/null | paste -sd,)' (SEED=$seed)" 1
fi
result_end soak "$secs seconds, SEED=$seed"
