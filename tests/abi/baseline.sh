#!/usr/bin/env bash
# No difference between the library and the interface that was last agreed on (baseline.abi; `scripts/abi-baseline` renews it).
# Usage: baseline.sh LIBRARY
set -euo pipefail
library=$1 here=$(dirname "$0")

command -v abidiff >/dev/null || { echo "SKIP: abidiff (package abigail-tools) is not installed"; exit 77; }
readelf -S "$library" | grep -q '\.debug_info' || { echo "SKIP: the library has no debug information"; exit 77; }

# Descriptions are compared, not the library itself: abidiff tells private types by where they are declared, and the
# baseline does not say that.
now=$(mktemp --suffix=.abi)
trap 'rm -f "$now"' EXIT
"$here/describe.sh" "$library" >"$now"
abidiff --no-architecture "$here/baseline.abi" "$now" || {
    echo "FAIL: the interface differs from the baseline (abidiff's status $?)" >&2
    exit 1
}
