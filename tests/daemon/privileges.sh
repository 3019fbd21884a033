#!/usr/bin/env bash
# What the process has asked of the kernel: nobody looks into it, no core files, files of its own, as many descriptors as it may have.
. "$(dirname "$0")/support.sh"
ulimit -S -n 256
start

limit() { sed -n "s/^$1  *\([^ ]*\)  *\([^ ]*\) .*/\1 \2/p" "/proc/$daemon/limits"; }
[ "$(limit "Max core file size")" = "0 0" ] || fail "core files: $(limit "Max core file size")"
read -r soft hard <<<"$(limit "Max open files")"
[ "$soft" = "$hard" ] || fail "$soft of $hard descriptors"
status() { sed -n "s/^$1:\t//p" "/proc/$daemon/status"; }
[ "$(status Umask)" = 0077 ] || fail "umask $(status Umask)"
pipe=$((1 << 12))
[ $((0x$(status SigIgn) & pipe)) -ne 0 ] || fail "SIGPIPE is not ignored"
# Neither the memory nor the descriptors: for the user's own processes, too.  (Root may do everything.)
if [ "$(id -u)" -ne 0 ]; then
    ! ls "/proc/$daemon/fd" >/dev/null 2>&1 || fail "its descriptors can be seen"
fi
stop

[ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null || exit 0
# The same as somebody else.
chmod 0711 "$work"
mkdir -m 0777 "$work/other"
socket=$work/other/socket
chmod 0644 "$configuration"
as_other=(setpriv --reuid=65534 --regid=65534 --clear-groups)
"${as_other[@]}" "${ufod[@]}" --version >/dev/null 2>&1 || skip "another user may not run ${ufod[0]}"
ufod=("${as_other[@]}" "${ufod[@]}")
start
! "${as_other[@]}" ls "/proc/$daemon/fd" >/dev/null 2>&1 || fail "its descriptors can be seen"
! "${as_other[@]}" head -c 1 "/proc/$daemon/mem" >/dev/null 2>&1 || fail "its memory can be opened"
stop
