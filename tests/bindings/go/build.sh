#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the tests of the Go module, as they are and with the race detector; nothing that gofmt or `go vet` has to say is let pass.
# Usage: build.sh <module> <examples> <output folder>
set -eu
module=$1 examples=$2 out=$3
badly=$(gofmt -l "$module/lazy" "$module/internal/csource" "$examples")
if [ -n "$badly" ]; then
    echo "gofmt would change: $badly" >&2
    exit 1
fi
cd "$module"
go vet ./...
go test -c -o "$out/lazy.test" ./lazy
go test -race -c -o "$out/lazy-race.test" ./lazy
cd "$examples"
go vet ./...
go build -o "$out/" ./...
