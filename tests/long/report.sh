#!/usr/bin/env bash
# The page in a browser: it loads without an error, its slider and its explorer work, and every value that it shows is
# the one that `explain` prints. Needs Chromium (scripts/setup.sh chromium), which is installed where it is missing.
#
#   tests/long/report.sh [BUILD]
set -uo pipefail
cd "$(dirname "$0")/../.."
source scripts/build_folder.sh
find_build "${1:-build}"
command -v chromium >/dev/null || scripts/setup.sh chromium || exit 1
exec /usr/bin/python3 tests/report/browser.py "$build"
