#!/usr/bin/env bash
# Prints the binary interface of a library as XML.  Nothing of the machine goes in, no paths and no lines; and of the types only
# those that the public header shows.  Usage: describe.sh LIBRARY
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
abidw --headers-dir "$root/capi/include" --drop-private-types --exported-interfaces-only \
    --no-show-locs --no-comp-dir-path --no-corpus-path --no-elf-needed --type-id-style hash "$1" |
    sed "s|path='[^']*/capi/|path='capi/|" # the compiler may have been told paths that lead out of the tree
