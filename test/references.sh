#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Everything that code, tests and documents point to stands in this repository: promises by their number,
# rows of test/ids.txt, files, headings.
exec "$(command -v python3)" -B "$(dirname "$0")/references.py" "$@"
