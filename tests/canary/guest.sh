#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# guest.sh KEYSTORE=file SCRIPT=file [NODES=n CLUSTERS=n,..] - runs a script in the guest like
# `make guest`, with the QEMU of $QEMU, and then, with the guest still running, writes all of its memory to
# $CANARY_OUT/memory through QEMU's monitor and looks for the secrets that the card had
# noted in $HSM_CANARY. What is found is added to $CANARY_OUT/found.
set -uo pipefail

here=$(dirname "$(realpath "$0")")
top=$(realpath "$here/../..")
out=$CANARY_OUT
export TIMEOUT=900 MEM=512M
export SHARE=$out/share LAYERS=$out/canary.cpio GUEST_LOG=$out/guest.log
for word in "$@"; do
    case $word in
    KEYSTORE=* | SCRIPT=* | NODES=* | CLUSTERS=*) export "${word?}" ;;
    *) echo "guest.sh: what is '$word'?" >&2; exit 125 ;;
    esac
done
bytes=$((${MEM%M} << 20))
tmp=$(mktemp -d)
trap 'rm -rf "$tmp" "$out/memory"' EXIT
rm -f "$out"/share/{script.sh,dump,dumped,wrap,wrapped}
cp "$SCRIPT" "$out/share/script.sh"

# The guest asks for the dump, and waits for it.
cat > "$tmp/run.sh" <<'END'
bash /mnt/share/script.sh
rc=$?
sync
touch /mnt/share/dump
while [ ! -e /mnt/share/dumped ]; do sleep 0.1; done
exit $rc
END

# A key of a value that is known outside the card, but not to the guest.
wrap_known() {
    openssl rand 32 | openssl pkeyutl -encrypt -pubin -inkey "$out/share/wrap" \
        -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256 \
        -out "$tmp/wrapped" && mv "$tmp/wrapped" "$out/share/wrapped"
}

# pmemsave stops nothing by itself.
dump() {
    printf 'stop\npmemsave 0 %s "%s"\ncont\n' "$bytes" "$out/memory" >&5
    while [ "$(stat -c %s "$out/memory" 2> /dev/null)" != "$bytes" ]; do
        kill -0 "$guest" 2> /dev/null || return 1
        sleep 0.05
    done
    touch "$out/share/dumped"
}

mkfifo "$tmp/mon.in" "$tmp/mon.out"
cat "$tmp/mon.out" > "$out/monitor.log" &
exec 5<> "$tmp/mon.in"
QEMU_EXTRA="${QEMU_EXTRA:-} -chardev pipe,id=mon,path=$tmp/mon -mon chardev=mon,mode=readline" \
    "$top/images/run.sh" script "$tmp/run.sh" 5>&- 2>> "$out/qemu.log" &
guest=$!
while kill -0 "$guest" 2> /dev/null; do
    [ ! -e "$out/share/wrap" ] || [ -e "$out/share/wrapped" ] || wrap_known
    if [ -e "$out/share/dump" ]; then
        dump && "$out/scan" "$HSM_CANARY" "$out/memory" >> "$out/found" || true
        [ -s "$out/memory" ] && echo "$(stat -c %s "$out/memory")" >> "$out/dumps"
        break
    fi
    sleep 0.1
done
wait "$guest"
rc=$?
exec 5>&-
exit $rc
