#!/usr/bin/env bash
# The units, as they are installed, are understood by systemd and lock the service in.
. "$(dirname "$0")/support.sh"
command -v systemd-analyze >/dev/null || skip "systemd-analyze is not installed"

program=${ufod[-1]}
cp "$SOURCE_DIR/daemon/systemd/ufod.socket.in" "$work/ufod.socket"
sed "s|@UFOD_BINDIR@|$(dirname "$program")|" "$SOURCE_DIR/daemon/systemd/ufod.service.in" >"$work/ufod.service"
! grep -q '@' <(sed '/^SystemCallFilter=/d; /^#/d' "$work/ufod.service") || fail "something was left to be filled in"
systemd-analyze --man=no verify "$work/ufod.service" "$work/ufod.socket" 2>"$work/err" || fail "$(cat "$work/err")"
[ ! -s "$work/err" ] || fail "$(cat "$work/err")"

# The exposure, from 0 to 10; below 1 everything but the few things that it needs is shut.
systemd-analyze security --offline=true "$work/ufod.service" >"$work/security" 2>/dev/null || skip "systemd-analyze cannot judge files yet"
exposure=$(sed -n 's/^.*Overall exposure level for ufod.service: \([0-9.]*\) .*/\1/p' "$work/security")
awk -v exposure="$exposure" 'BEGIN { exit !(exposure != "" && exposure < 1) }' || fail "an exposure of $exposure: $(grep ✗ "$work/security")"
