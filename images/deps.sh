#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# deps.sh - installs the Debian packages that a goal needs, where they are missing.
#
#   deps.sh build|cluster|test|debug|coverage|lint|bench
set -euo pipefail

# shellcheck disable=SC2034 # the goals' lists are looked up by name
build="gcc make pkg-config libc6-dev libssl-dev libsqlite3-dev libedit-dev libjansson-dev
       libcurl4-openssl-dev
       libglib2.0-dev libpixman-1-dev libfdt-dev libslirp-dev libattr1-dev libcap-ng-dev
       ninja-build python3 python3-venv python3-setuptools python3-packaging
       busybox-static openssl cpio gzip xz-utils zstd dpkg-dev kmod bc util-linux perl
       debian-archive-keyring ca-certificates ncurses-base"
# shellcheck disable=SC2034
cluster="$build etcd-server etcd-client"
# shellcheck disable=SC2034
test="$cluster libcmocka-dev rsync clang libclang-rt-dev llvm valgrind"
# shellcheck disable=SC2034
debug="$test flex bison libelf-dev"
# shellcheck disable=SC2034
coverage="$test"
# shellcheck disable=SC2034
lint="$test sparse clang clang-tidy cppcheck shellcheck universal-ctags"
# shellcheck disable=SC2034
bench="$cluster softhsm2 libp11-kit-dev"

goal=${1:-}
[ -n "$goal" ] && [ -n "${!goal:-}" ] || { sed -n '4,6s/^# \{0,1\}//p' "$0" >&2; exit 2; }
want=${!goal}
if ! command -v dpkg-query > /dev/null; then
    echo "deps.sh: not a Debian system; install the like of:" $want >&2
    exit 0
fi

missing=()
for p in $want; do
    dpkg-query -W -f '${db:Status-Status}\n' "$p" 2>/dev/null | grep -qx installed || missing+=("$p")
done
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" != 0 ]; then
    echo "deps.sh: these packages are missing; as root: apt-get install ${missing[*]}" >&2
    exit 1
fi
echo "deps.sh: installing ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2 < /dev/null
