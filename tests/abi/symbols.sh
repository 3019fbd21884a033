#!/usr/bin/env bash
# The functions that the headers declare, the version map and what the library really exports are one and the same list.
# Usage: symbols.sh shared|static LIBRARY MAP HEADER...
set -euo pipefail
kind=$1 library=$2 map=$3
shift 3

declared=$(grep -ho '^UFO_API[^(]*(' "$@" | grep -o 'ufo_[a-z0-9_]*($' | tr -d '(' | sort)
mapped=$(grep -o '^ *ufo_[a-z0-9_]*;' "$map" | tr -d ' ;' | sort)

# Everything that is defined and visible, whatever its name: inline parts of the C++ library like to slip through.
case $kind in
    shared) exported=$(nm -D --defined-only --with-symbol-versions "$library" | awk '$2 != "A" { print $3 }') ;;
    static) exported=$(nm -g --defined-only "$library" | awk 'NF == 3 { print $3 "@@UFOMEM_0" }') ;;
    *) echo "shared or static, not $kind" >&2; exit 2 ;;
esac

complain() {
    echo "FAIL: $1 (< $2, > $3)" >&2
    exit 1
}
[ -n "$declared" ] || complain "no function is declared" header -
diff <(echo "$declared") <(echo "$mapped") || complain "header and map differ" header map
diff <(sed 's/$/@@UFOMEM_0/' <<<"$declared") <(sort <<<"$exported") || complain "header and library differ" header library
echo "$(wc -l <<<"$declared") functions, and nothing else"
