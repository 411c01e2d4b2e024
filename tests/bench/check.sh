#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# check.sh - what writes docs/performance.md: that aims met, aims missed and rows missing come
# out right, and that the page of the tree is as it was written. Prints what is wrong.
set -uo pipefail

here=$(dirname "$(realpath "$0")")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
bad=0

wrong() { echo "tests/bench/check.sh: $*"; bad=1; }
has() { # has TEXT: a line of the page
    grep -qxF -- "$1" "$tmp/performance.md" || { wrong "the page has no line '$1'"; grep -F -- "${1:0:12}" "$tmp/performance.md"; }
}

write() { # write WORD...: a page in $tmp
    FIGURES=$tmp/figures.tsv PLOTS=$tmp/plots.tsv "$here/page.sh" "$@" || wrong "page.sh failed"
}

# Three rounds: medians 20 us and 200 us; a worst of 90 us; no row "gone".
cat > "$tmp/results" << 'END'
# round 1
I	processor	a slow one
I	load before the run	2.5: not a quiet machine
R bench=a mode=nop threads=1 ops_s=900.0 p50_us=20.0 max_us=50.0
R bench=b mode=nop threads=1 ops_s=100.0 p50_us=200.0 max_us=500.0
R bench=a mode=nop threads=1 ops_s=1100.0 p50_us=10.0 max_us=90.0
R bench=b mode=nop threads=1 ops_s=100.0 p50_us=190.0 max_us=500.0
R bench=a mode=nop threads=1 ops_s=1000.0 p50_us=30.0 max_us=40.0
R bench=b mode=nop threads=1 ops_s=100.0 p50_us=210.0 max_us=500.0
R bench=store mode=start keys=1000 ms=1234.56 rss_kb=9
R bench=host mode=processors n=3
R bench=b mode=nop threads=3 ops_s=500.0
R bench=tool mode=find threads=1 us=12.5
R bench=oracle mode=x n=9 t=-12.5 a_us=1 b_us=2
END
tr '|' '\t' > "$tmp/figures.tsv" << 'END'
=|Section|Half of it is {a/nop/1:p50_us % b/nop/1:p50_us}.
met|fast: latency||a/nop/1:p50_us|peer|b/nop/1:p50_us|<= 0.5|of {b/nop/1:p50_us - a/nop/1:p50_us}, and {gone/x/1:ops_s}
missed|often: rate||a/nop/1:ops_s|peer|b/nop/1:ops_s|>= 40|-
missing|gone: rate||gone/x/1:ops_s|peer|b/nop/1:ops_s|<= 9|-
no-peer|peer gone||a/nop/1:ops_s|peer|gone/x/1:ops_s|>= 1|-
value|start||store/start/1000:ms|-|-|<= 1000 ms|-
worst|worst||a/nop/1:max_us:hi|-|-|-|-
all|all||a/nop/1:ops_s|native, @ threads|b/nop/@:ops_s|-|-
mean|mean||tool/find/1:us|-|-|-|-
sign|t|-|oracle/x/-:t|-|-|<= 10|-
END
printf 'one\tTitle\tx\ty\tlog\t1,2,4\tthere=a/nop/#:p50_us\tgone=gone/#:p50_us\n' > "$tmp/plots.tsv"
write "$tmp/results" "$tmp"

has "Half of it is 10 %."
has "| fast: latency | 20.0 us (10.0 to 30.0) | peer | 200 us | 0.10 | at most 0.5 | met |"
has "| often: rate | 1,000/s (900 to 1,100) | peer | 100/s | 10.0 | at least 40 | missed |"
has "| gone: rate | not measured | peer | 100/s | not measured | at most 9 | not measured |"
has "| peer gone | 1,000/s (900 to 1,100) | peer | not measured | not measured | at least 1 | not measured |"
has "| start | 1,235 ms |  |  |  | at most 1000 ms | missed |"
has "| worst | 90.0 us |  |  |  |  |  |"
has "| all | 1,000/s (900 to 1,100) | native, 3 threads | 500/s | 2.00 |  |  |"
has "| mean | 12.5 us |  |  |  |  |  |"
has "| t | 12.5 |  |  |  | at most 10 | missed |"
has "- *fast.* of 180 us, and (not measured)"
has "1 met, 3 missed, 2 not measured. Those not met:"
has "- missed: often: rate against peer: 10.0, aim at least 40"
has "- not measured: gone: rate against peer: not measured, aim at most 9"
has "**Read with care: other work ran on the machine (load before the run: 2.5).**"
has "| processor | a slow one |"
grep -q '<circle' "$tmp/performance/one.svg" || wrong "the plot has no point"
grep -q '>gone (not measured)<' "$tmp/performance/one.svg" || wrong "the plot does not tell what is missing"

# The seal: of the page, of a plot, of a plot that is gone.
"$here/page.sh" check "$tmp" || wrong "a page as it was written is refused"
for edit in 's/10.0, aim/41.0, aim/ performance.md' 's/<circle/<Circle/ performance/one.svg' '$d performance.md'; do
    write "$tmp/results" "$tmp"
    sed -i "${edit% *}" "$tmp/${edit##* }"
    if "$here/page.sh" check "$tmp" > /dev/null; then wrong "a page changed by '$edit' is not noticed"; fi
done

# The tables themselves: of an empty run nothing is measured, and nothing fails.
: > "$tmp/empty"
"$here/page.sh" "$tmp/empty" "$tmp" || wrong "page.sh failed on a run without results"
grep -q '^0 met, 0 missed, [1-9]' "$tmp/performance.md" || wrong "an empty run meets or misses an aim"
awk -F '\t' '!/^#/ && NF != ($1 == "=" ? 3 : 8) { print FILENAME ":" FNR ": " NF " columns"; bad = 1 } END { exit bad }' \
    "$here/figures.tsv" || bad=1

"$here/page.sh" check "$here/../../docs" || bad=1
exit $bad
