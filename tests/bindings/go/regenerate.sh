#!/bin/sh
# SPDX-License-Identifier: MIT
# What SWIG makes of the interface today has to be what is kept in the repository, for users without SWIG.
# Usage: regenerate.sh <module> <swig>
set -eu
module=$1 SWIG=$2
export SWIG
kept=$module/internal/ufo
wanted=$(sed -n 's/^ \* Version \([0-9.]*\).*/\1/p' "$kept/ufo.go")
found=$("$SWIG" -version | sed -n 's/^SWIG Version //p')
if [ "$found" != "$wanted" ]; then
    echo "skipped: the files were made by SWIG $wanted, and this is SWIG $found"
    exit 77
fi
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
"$module/generate.sh" "$made"
if ! diff -ru "$kept" "$made"; then
    echo "bindings/go/internal/ufo is out of date: run bindings/go/generate.sh and commit what it writes" >&2
    exit 1
fi
