# shellcheck shell=bash
# What the tests of the daemon share.  $UFOD_COMMAND is how to start it.  Everything made lies in $work, which is gone at the end, as are all daemons.
set -euo pipefail
read -ra ufod <<<"$UFOD_COMMAND"
for variable in $(compgen -e UFOD_ || true) UFOMEM_SERVICE; do
    [ "$variable" = UFOD_COMMAND ] || unset "$variable"
done
unset UFOD_COMMAND
# Short, as paths of sockets have to be.
work=$(mktemp -d "${TMPDIR:-/tmp}/ufod-test.XXXXXX")
socket=$work/socket
configuration=$work/ufod.conf
: >"$configuration"
daemons=()

clean_up() {
    for daemon in "${daemons[@]}"; do
        kill -KILL "$daemon" 2>/dev/null || true
    done
    rm -rf "$work"
}
trap clean_up EXIT

fail() {
    echo "FAIL: $*" >&2
    [ ! -s "$work/log" ] || sed 's/^/  log: /' "$work/log" >&2
    exit 1
}

skip() {
    echo "SKIP: $*"
    exit 77
}

# Waits until a command succeeds: until <what for> <command ...>
until_true() {
    local what=$1 tries
    shift
    for ((tries = 0; tries < 2000; ++tries)); do
        ! "$@" || return 0
        sleep 0.01
    done
    fail "$what did not come"
}

# A command fails with a code, and says a sentence: expect_failure <code> <part of it> <command ...>
expect_failure() {
    local code=$1 part=$2 got=0
    shift 2
    "$@" >"$work/out" 2>"$work/err" || got=$?
    [ "$got" -eq "$code" ] || fail "exit code $got instead of $code: $* ($(cat "$work/err"))"
    grep -qF -- "$part" "$work/err" || fail "no \"$part\" in: $(cat "$work/err")"
    [ "$(wc -l <"$work/err")" -eq 1 ] || fail "more than a sentence: $(cat "$work/err")"
}

# Figures of the running one; its configuration may be spoilt meanwhile.
ask() { "${ufod[@]}" --config=/dev/null --socket="$socket" --stats "$@"; }
# One of its figures.
figure() { ask --json | sed -n "s/^  \"$1\": \([0-9]*\),\{0,1\}$/\1/p"; }
answers() { ask >/dev/null 2>&1; }
is() { [ "$("${@:2}")" = "$1" ]; }
ended() { ! kill -0 "$1" 2>/dev/null; }
log_has() { grep -qF -- "$1" "$work/log"; }

# Starts a daemon, $daemon, which writes to $work/log, and waits until it answers.
start() {
    "${ufod[@]}" --config="$configuration" --socket="$socket" "$@" 2>"$work/log" &
    daemon=$!
    daemons+=("$daemon")
    until_true "an answer" answers_or_ended
    answers || fail "ufod did not start"
}
answers_or_ended() { answers || ended "$daemon"; }

# Ends it by a signal; its exit code has to be 0.
stop() {
    local code=0
    kill "-${1:-TERM}" "$daemon"
    wait "$daemon" || code=$?
    [ "$code" -eq 0 ] || fail "it ended with $code"
}
