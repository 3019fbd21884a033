#!/usr/bin/env bash
# A socket has one server: a second one is refused, and what a dead one left is replaced.
. "$(dirname "$0")/support.sh"

start
first=$daemon
expect_failure 1 "$socket" "${ufod[@]}" --config="$configuration" --socket="$socket"
answers || fail "the first one does not answer any more"

kill -KILL "$first"
wait "$first" || true
[ -S "$socket" ] || fail "a killed daemon cannot have removed its socket"
start
stop

# What is no socket is nobody's to remove.
echo precious >"$socket"
expect_failure 1 "$socket" "${ufod[@]}" --config="$configuration" --socket="$socket"
[ "$(cat "$socket")" = precious ] || fail "a file was replaced"
rm "$socket"
expect_failure 1 "$work/none/socket" "${ufod[@]}" --config="$configuration" --socket="$work/none/socket"
