#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Which rows of test/ids.txt the tests cover (their ids stand in the names of the tests), which are left,
# and why (test/left.txt). Fails when a row is neither covered nor explained, or is both.
#   test/covered.sh            the whole list
#   test/covered.sh --short    the counts, and what is wrong
exec "$(command -v python3)" "$(dirname "$0")/covered.py" "$@"
