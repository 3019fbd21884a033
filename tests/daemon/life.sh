#!/usr/bin/env bash
# Start, answer, end: by both signals, with exit code 0, and the socket comes and goes.
. "$(dirname "$0")/support.sh"

for signal in TERM INT; do
    start
    [ "$(stat -c %a "$socket")" = 600 ] || fail "the socket has the mode $(stat -c %a "$socket")"
    log_has "Listening at $socket; budget " || fail "nothing in the log"
    stop "$signal"
    [ ! -e "$socket" ] || fail "the socket is still there after SIG$signal"
    log_has "Ending." || fail "no word of the end"
done

# Figures, for people and for programs.
start --budget=64M --chunk=128K --low-watermark=50 --high-watermark=75 --fillers=7
ask | grep -q '^budget  *64.0 MiB$' || fail "no budget in the table"
ask --json | python3 -c '
import json, sys
figures = json.load(sys.stdin)
expected = {"budget_bytes": 64 << 20, "chunk_bytes": 128 << 10, "low_bytes": 32 << 20, "high_bytes": 48 << 20, "most_fillers": 7}
wrong = {name: figures[name] for name in expected if figures[name] != expected[name]}
sys.exit(f"{wrong} instead of {expected}" if wrong else 0)' || fail "other figures"
kill -USR1 "$daemon"
until_true "the figures in the log" log_has "budget_bytes=67108864"
stop

# Who may connect.
group=$(id -G | tr ' ' '\n' | tail -1)
start --socket-mode=0660 --socket-group="$group"
[ "$(stat -c '%a %g' "$socket")" = "660 $group" ] || fail "the socket has $(stat -c '%a %g' "$socket")"
stop

# Less in the log.
start --log-level=warning
stop
[ ! -s "$work/log" ] || fail "messages below the level"
