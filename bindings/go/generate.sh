#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes what SWIG makes of the C interface to internal/ufo, or to the folder that is named.
# Usage: generate.sh [<folder>]
set -eu
bindings=$(cd "$(dirname "$0")/.." && pwd)
out=${1:-$bindings/go/internal/ufo}
case $out in /*) ;; *) out=$PWD/$out ;; esac
# SWIG writes the path of its input into its output: a relative one.
cd "$bindings"
${SWIG:-swig} -go -cgo -intgosize 64 -I. -I../capi/include -outdir "$out" -o "$out/ufo_wrap.c" ufo.i
