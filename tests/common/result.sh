# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# result.sh - for scripts that judge, to be sourced: counts in passed and failed.
passed=0 failed=0

result() { # result NAME STATUS
    if [ "$2" = 0 ]; then
        echo "ok      $1"
        passed=$((passed + 1))
    else
        echo "not ok  $1"
        failed=$((failed + 1))
    fi
}

# The last line of LANE, and its status.
result_end() { # result_end LANE [REMARK]
    echo "$1: $passed passed, $failed failed${2:+ ($2)}"
    [ "$failed" = 0 ]
}
