#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# fetch.sh - Debian packages of another suite, without touching the machine's own apt sources.
#
#   fetch.sh deb DIR PACKAGE...   download the packages and unpack them into DIR
#   fetch.sh src DIR SOURCE       download a source package and unpack it, patched, into DIR
#
# The mirror is the one the machine's apt already uses; only the suites differ. Lists and
# downloads live under $HSM_CACHE/apt and are checked against the Debian archive keyring.
set -euo pipefail

cache=${HSM_CACHE:?fetch.sh: HSM_CACHE is not set}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
apt=$cache/apt

die() { echo "fetch.sh: $*" >&2; exit 1; }

mirror() {
    local uri
    uri=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(LABEL)' 'Created-By: Packages' |
          awk '$2 == "Debian" && $3 == "Debian" { print $1; exit }')
    [ -n "$uri" ] || die "apt knows no Debian mirror: run 'apt-get update' first"
    echo "${uri%/}"
}

# The suites that hold QEMU 10.0 and, on Debian 12, Linux 6.12 as well.
setup() {
    mkdir -p "$apt"/lists/partial "$apt"/cache/archives/partial
    local uri suite
    uri=$(mirror)
    for suite in trixie bookworm-backports; do
        echo "deb [signed-by=$keyring] $uri $suite main"
        echo "deb-src [signed-by=$keyring] $uri $suite main"
    done > "$apt/sources.new"
    if ! cmp -s "$apt/sources.new" "$apt/sources.list"; then
        mv "$apt/sources.new" "$apt/sources.list"
        private apt-get update -qq
    fi
}

private() {
    "$1" -o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt/cache" \
        -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
        -o APT::Sandbox::User=root -o Dir::State::Status=/dev/null "${@:2}"
}

# Each package is taken from the machine's own sources when these have it (HSM_APT=own).
fetch_deb() {
    local dir=$1 tmp deb
    shift
    tmp=$(mktemp -d "$cache/deb.XXXXXX")
    if [ "${HSM_APT:-private}" = own ]; then
        (cd "$tmp" && apt-get -o APT::Sandbox::User=root download -qq "$@")
    else
        setup
        (cd "$tmp" && private apt-get download -qq "$@")
    fi
    mkdir -p "$dir"
    for deb in "$tmp"/*.deb; do
        dpkg-deb -x "$deb" "$dir"
    done
    rm -rf "$tmp"
}

fetch_src() {
    local dir=$1 tmp
    setup
    tmp=$(mktemp -d "$cache/src.XXXXXX")
    (cd "$tmp" && private apt-get source -qq --only-source "$2=$3" >&2)
    mv "$(find "$tmp" -mindepth 1 -maxdepth 1 -type d)" "$dir"
    rm -rf "$tmp"
}

case ${1:-} in
deb) [ $# -ge 3 ] || die "usage: fetch.sh deb DIR PACKAGE..."; fetch_deb "${@:2}" ;;
src) [ $# -eq 4 ] || die "usage: fetch.sh src DIR SOURCE VERSION"; fetch_src "${@:2}" ;;
version) # the newest version of SOURCE that starts with PREFIX
    [ $# -eq 3 ] || die "usage: fetch.sh version SOURCE PREFIX"
    setup
    private apt-cache showsrc "$2" | awk -v p="$3" '$1 == "Version:" && index($2, p) { print $2 }' |
        sort -Vr | head -n 1 ;;
*) sed -n '4,12s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
