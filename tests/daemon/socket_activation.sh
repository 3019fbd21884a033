#!/usr/bin/env bash
# A socket that systemd hands over: it is listened at, and stays when the daemon ends, so that the next one goes on.
. "$(dirname "$0")/support.sh"

# Starts a daemon as a service manager does, with listening sockets from descriptor 3 on; they stay in the file system.
hand_over() { # <kind of socket> <how many> <flag ...>
    python3 - "$socket" "$1" "$2" "${ufod[@]}" --config="$configuration" "${@:3}" <<'END' 2>"$work/log" &
import os, socket, sys
path, kind, count, command = sys.argv[1], getattr(socket, sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
if os.path.exists(path):
    os.unlink(path)
listener = socket.socket(socket.AF_UNIX, kind)
listener.bind(path)
listener.listen()
held = os.dup2(os.dup(listener.fileno()), 3, inheritable=True)
for number in range(1, count):
    os.dup2(3, 3 + number, inheritable=True)
os.environ["LISTEN_FDS"] = str(count)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execvp(command[0], command)
END
    daemon=$!
    daemons+=("$daemon")
}
refused() { # <part of the sentence>
    local code=0
    wait "$daemon" || code=$?
    [ "$code" -eq 2 ] || fail "exit code $code instead of 2"
    log_has "$1" || fail "no \"$1\""
}

if [ "$LIBSYSTEMD" = 0 ]; then
    hand_over SOCK_SEQPACKET 1
    refused "was built without libsystemd"
    exit 0
fi

hand_over SOCK_SEQPACKET 1 --budget=64M --socket="$work/unused"
until_true "an answer" answers
[ "$(figure budget_bytes)" = $((64 << 20)) ] || fail "another budget"
[ ! -e "$work/unused" ] || fail "it listens elsewhere, too"
log_has "Listening at $socket, which was handed over; " || fail "no word of the socket"
stop
[ -S "$socket" ] || fail "the socket is gone with the daemon"

hand_over SOCK_STREAM 1
refused "ListenSequentialPacket="
hand_over SOCK_SEQPACKET 2
refused "2 sockets were handed over; ufod listens at one."

# systemd's own tool starts it with the first connection; the environment passes through `-E` only.
if command -v systemd-socket-activate >/dev/null; then
    rm -f "$socket"
    systemd-socket-activate --seqpacket --listen="$socket" "${ufod[@]}" --config="$configuration" --budget=32M 2>"$work/log" &
    daemon=$!
    daemons+=("$daemon")
    until_true "the socket" test -S "$socket"
    until_true "an answer" answers
    [ "$(figure budget_bytes)" = $((32 << 20)) ] || fail "another budget"
    stop
    [ -S "$socket" ] || fail "the socket is gone with the daemon"
fi
