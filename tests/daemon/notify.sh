#!/usr/bin/env bash
# What a service manager is told, in this order: ready, signs of life, reloading and ready again, stopping.
. "$(dirname "$0")/support.sh"
[ "$LIBSYSTEMD" = 1 ] || skip "built without libsystemd"

python3 - "$work/notify" "${ufod[@]}" --config="$configuration" --socket="$socket" <<'END' 2>"$work/log" || fail "see above"
import os, signal, socket, subprocess, sys
path, command = sys.argv[1], sys.argv[2:]
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(path)
manager.settimeout(30)
daemon = subprocess.Popen(command, env=os.environ | {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "100000"})

def expect(wanted, besides=()):
    """The next message but for signs of life is the one that is wanted."""
    while True:
        message = manager.recv(4096).decode().split("\n")
        if message[0] == wanted:
            return message
        assert message[0] in besides, f"{message} came before {wanted}"

life = ("WATCHDOG=1",)
try:
    expect("READY=1")
    for _ in range(3):
        expect("WATCHDOG=1")
    daemon.send_signal(signal.SIGHUP)
    reloading = expect("RELOADING=1", life)
    assert any(line.startswith("MONOTONIC_USEC=") for line in reloading), reloading
    expect("READY=1")
    daemon.send_signal(signal.SIGTERM)
    expect("STOPPING=1", life)
    assert daemon.wait(30) == 0, daemon.returncode
finally:
    daemon.kill()
END
