#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh - which lines of the firmware, its stores and its cluster engines run in tests:
# builds them with gcc's --coverage into build/coverage, runs what has them in a program of
# the host (unit tests, clusters, kills and damage of a store) and counts the lines by the
# rooms of rooms.txt. A room below what rooms.txt asks of it is a failure, as is a test that
# fails. build/coverage/uncovered.txt has the lines that nothing ran. LEAST= below how many
# percent a file is named (90), SEEDS= how many histories of clusters are played (200).
# Last line: "coverage: N passed, N failed".
set -uo pipefail

here=$(dirname "$(realpath "$0")")
top=$(realpath "$here/../..")
# shellcheck source=tests/common/result.sh
. "$top/tests/common/result.sh"
out=${O:-${BUILD:-$top/build}/coverage}
mkdir -p "$out" && out=$(realpath "$out") || exit 1
least=${LEAST:-90}

# Without optimisation a line is a line; counted atomically, as threads run them too.
export SAN_FLAGS="-O0 --coverage -fprofile-update=atomic"

check() { # check NAME LOG COMMAND...
    local name=$1 log=$out/$2 began=$SECONDS
    shift 2
    if "$@" > "$log" 2>&1; then
        result "$name ($((SECONDS - began)) s)" 0
    else
        tail -n 20 "$log" | sed 's/^/        /'
        result "$name" 1
    fi
}

run_cluster() {
    MAKEFLAGS="SAN=1 SAN_FLAGS=${SAN_FLAGS// /\\ }" O="$out" SEEDS="${SEEDS:-200}" \
        "$top/tests/cluster/run.sh" sim conformance kv tls
}

run_crash() {
    local tmp rc
    make -s -C "$top/tests/crash" SAN=1 SAN_FLAGS="$SAN_FLAGS" LDLIBS="-lsqlite3 -lcrypto --coverage" O="$out" &&
        tmp=$(mktemp -d -p "${TMPDIR:-/tmp}" hsm-coverage.XXXXXX) || return
    timeout 300 "$out/crash/crash_test" "$out/crash/crash_writer" "$tmp" 5 1
    rc=$?
    rm -rf "$tmp"
    return $rc
}

# One line for each line of code: file, line number, "yes" or "no", the line.
count_lines() {
    (cd "$top" && find "$out"/{firmware,store,cluster,platform} -name '*.gcno' -print0 | sort -z |
        xargs -0 gcov -t 2> "$out/gcov.log") |
        awk -v top="$top/qemu-device/" '
            { count = $0; sub(/:.*/, "", count); gsub(/[ *]/, "", count)
              rest = substr($0, index($0, ":") + 1)
              line = rest; sub(/:.*/, "", line); gsub(/ /, "", line)
              text = substr(rest, index(rest, ":") + 1) }
            line == 0 && text ~ /^Source:/ { file = substr(text, 8); next }
            line == 0 || count == "-" || index(file, top) != 1 || file !~ /\.c$/ { next }
            { print substr(file, length(top) + 1) "\t" line "\t" (count ~ /^[0-9]/ ? "yes" : "no") "\t" text }'
}

room_of() { # room_of FILE: "room least"
    local room percent files pattern
    while read -r room percent files; do
        for pattern in $files; do
            # shellcheck disable=SC2053 # a pattern
            [[ $1 != $pattern ]] || { echo "$room $percent"; return; }
        done
    done < <(grep -v '^#' "$here/rooms.txt")
}

# Prints "file lines covered" of each file.
by_file() {
    awk -F'\t' '{ n[$1]++; if ($3 == "yes") c[$1]++ } END { for (f in n) print f, n[f], c[f] + 0 }' "$out/lines.txt" | sort
}

table() {
    local file lines covered room percent
    set -f
    while read -r file lines covered; do
        read -r room percent < <(room_of "$file")
        echo "$room $percent $file $lines $covered"
    done < <(by_file) > "$out/files.txt"
    set +f
    # In the order of rooms.txt.
    awk 'FNR == NR { if ($0 !~ /^#/ && !($1 in at)) { at[$1] = ++n; name[n] = $1 } next }
         { i = at[$1]; need[i] = $2; lines[i] += $4; covered[i] += $5 }
         END { for (i = 1; i <= n; i++) print name[i], need[i] + 0, lines[i] + 0, covered[i] + 0 }' \
        "$here/rooms.txt" "$out/files.txt" > "$out/rooms.txt"
    awk '{ printf "%-10s %7d %8d %7.1f %%\n", $1, $3, $4, $3 ? 100 * $4 / $3 : 0 }' "$out/rooms.txt"
}

uncovered() {
    local room percent file lines covered
    while read -r room percent file lines covered; do
        echo "$file: $covered of $lines lines ($room)"
        awk -F'\t' -v f="$file" '$1 == f && $3 == "no" { t = $0; sub(/^[^\t]*\t[^\t]*\t[^\t]*\t/, "", t); print "  " $2 ": " t }' "$out/lines.txt"
    done < <(awk '{ print $5 / $4, $0 }' "$out/files.txt" | sort -g | cut -d' ' -f2-)
}

find "$out" -name '*.gcda' -delete
check "unit tests" unit.log env O="$out" UNIT_TIMEOUT=600 "$top/tests/unit/run.sh"
check "simulated histories, a real etcd" cluster.log run_cluster
check "kills, damage and old stores" crash.log run_crash

count_lines > "$out/lines.txt"
printf '\n%-10s %7s %8s\n' room lines covered
table
uncovered > "$out/uncovered.txt"
printf '\nfiles below %d %% of lines; which, says %s:\n' "$least" "$out/uncovered.txt"
awk -v least="$least" '100 * $5 / $4 < least { printf "  %-40s %-8s %4d of %4d  %5.1f %%\n", $3, $1, $5, $4, 100 * $5 / $4 }' "$out/files.txt"
echo
while read -r room percent lines covered; do
    [ "$percent" != 0 ] || continue
    [ "$lines" -gt 0 ] && [ $((100 * covered)) -ge $((percent * lines)) ]
    result "$room: at least $percent % of lines" $?
done < "$out/rooms.txt"
result_end coverage
