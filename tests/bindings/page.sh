#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the first program in a language that a page of the documentation shows; what it prints has to contain a line.
# Usage: page.sh <page> <language> <name for the file> <line> <command> [<arguments>...]
set -eu
page=$1 language=$2 name=$3 line=$4
shift 4
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
awk -v begin="\`\`\`$language" '$0 == begin { inside = 1; next } /^```/ { if (inside) exit } inside' "$page" >"$folder/$name"
[ -s "$folder/$name" ] || { echo "$page has no program in $language" >&2; exit 1; }
"$@" "$folder/$name" >"$folder/printed"
cat "$folder/printed"
grep -qxF "$line" "$folder/printed" || { echo "$page: the program in $language does not print: $line" >&2; exit 1; }
