#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# page.sh - the figures, the page and its plots out of the results of a run.
#
#   page.sh RESULTS WORK [DIR]   writes WORK/figures, WORK/ratios, and DIR/performance.md with
#                                DIR/performance/*.svg (DIR: WORK, if not given)
#   page.sh check DIR            whether the page in DIR is as it was written: the last line of it
#                                is the SHA-256 of the lines above and of the plots
#
# FIGURES= and PLOTS= are other tables than figures.tsv and plots.tsv.
set -euo pipefail

here=$(dirname "$(realpath "$0")")
export LC_ALL=C

seal() { # seal DIR: of the page without its last line if that is a seal
    { sed '/^<!-- sha256 /d' "$1/performance.md"; cat "$1"/performance/*.svg; } | sha256sum | cut -d ' ' -f 1
}

check() { # check DIR
    local page=$1/performance.md last
    [ -s "$page" ] || { echo "$page: is missing: make bench PUBLISH=1 writes it"; return 1; }
    last=$(tail -n 1 "$page")
    [ "$last" = "<!-- sha256 $(seal "$1") -->" ] ||
        { echo "$page: it or one of its plots was changed by hand: make bench PUBLISH=1 writes them"; return 1; }
}

if [ "${1:-}" = check ] && [ $# -eq 2 ]; then
    check "$2"
    exit
fi
[ $# -ge 2 ] && [ -r "$1" ] || { sed -n '5,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
work=$2 dir=${3:-$2} figures=${FIGURES:-$here/figures.tsv} plots=${PLOTS:-$here/plots.tsv}
mkdir -p "$work" "$dir/performance"
awk -f "$here/number.awk" -f "$here/figures.awk" "$figures" "$1" > "$work/figures"
awk -f "$here/table.awk" "$work/figures" > "$work/ratios"
rm -f "$dir"/performance/*.svg
awk -v dir="$dir/performance" -f "$here/number.awk" -f "$here/plot.awk" "$plots" "$work/figures"
awk -f "$here/page.awk" "$plots" "$work/figures" > "$dir/performance.md"
echo "<!-- sha256 $(seal "$dir") -->" >> "$dir/performance.md"
