#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs a command with Go set up for the library of a build tree, without network.
# Usage: in-tree.sh <folder of the library> <folder of ufomem/ufo.h> <scratch folder> <command> [<arguments>...]
set -eu
library=$1 include=$2 scratch=$3
shift 3

# As an installed ufomem.pc, but for its folders.  Go does not look whether C headers have changed: the sum of them makes that another build.
mkdir -p "$scratch/pkgconfig"
new=$scratch/pkgconfig/ufomem.pc.$$
cat >"$new" <<END
Name: ufomem
Description: the build tree's
Version: 0
Libs: -L$library -lufomem
Cflags: -I$include -DUFOMEM_HEADER_SUM=$(cat "$include"/ufomem/*.h | cksum | cut -d " " -f 1)
END
mv "$new" "$scratch/pkgconfig/ufomem.pc" # at once: tests run side by side

export PKG_CONFIG_PATH="$scratch/pkgconfig" LD_LIBRARY_PATH="$library${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export GOCACHE="$scratch/cache" GOPATH="$scratch/path" GOPROXY=off GOTOOLCHAIN=local GOWORK=off GOFLAGS=-buildvcs=false CGO_ENABLED=1
exec "$@"
