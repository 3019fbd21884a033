#!/usr/bin/env bash
# Other processes read files through the daemon: their own and published ones, again after a restart, and no others than are allowed.
. "$(dirname "$0")/support.sh"
reader=$READER
mib=$((1 << 20))

# A file whose sum is known, and the sum of any file.
head -c $((8 * mib)) /dev/urandom >"$work/data"
expected() { python3 -c 'import sys; data = open(sys.argv[1], "rb").read(); print(f"{len(data)} bytes, {sum(data)}")' "$1"; }
data=$(expected "$work/data")

printf 'publish = numbers:%s:8\n' "$work/data" >"$configuration"
start --budget=4M
code=0
got=$("$reader" "$socket" file "$work/data") || code=$?
[ "$code" -ne 77 ] || skip "this kernel cannot share arrays"
[ "$got" = "$data" ] || fail "$got instead of $data"
[ "$(figure used_bytes)" -le $((4 * mib)) ] || fail "more in use than the budget"
[ "$(figure evictions)" -gt 0 ] || fail "8 MiB were read through 4 MiB, and nothing left"
[ "$("$reader" "$socket" name numbers)" = "$data" ] || fail "the published array differs"
[ "$(figure clients_ever)" -ge 2 ] || fail "nobody was connected"
! "$reader" "$socket" name nothing 2>"$work/err" || fail "there is no array of that name"
grep -q nothing "$work/err" || fail "the sentence does not name it: $(cat "$work/err")"

# The published file is replaced: a reload publishes the new one.
head -c $((2 * mib)) /dev/urandom >"$work/new"
mv "$work/new" "$work/data"
kill -HUP "$daemon"
until_true "the reload" log_has "Reloaded"
[ "$("$reader" "$socket" name numbers)" = "$(expected "$work/data")" ] || fail "the old file is still there"
stop

# Many read once what all of them read.
start --budget=64M
head -c $((8 * mib)) /dev/urandom >"$work/data"
data=$(expected "$work/data")
readers=()
for number in 1 2 3 4; do
    "$reader" "$socket" file "$work/data" >"$work/sum.$number" &
    readers+=($!)
done
wait "${readers[@]}"
for number in 1 2 3 4; do
    [ "$(cat "$work/sum.$number")" = "$data" ] || fail "$(cat "$work/sum.$number") instead of $data"
done
read=$(figure populated_bytes)
[ "$read" -eq $((8 * mib)) ] || fail "$read bytes were read from a file of $((8 * mib))"

# A client outlives its server, and finds the next one.
mkfifo "$work/again"
"$reader" "$socket" watch "$work/data" <"$work/again" >"$work/sums" &
watcher=$!
daemons+=("$watcher")
exec 9>"$work/again"
lines() { [ "$(wc -l <"$work/sums")" -ge "$1" ]; }
until_true "the first sum" lines 1
stop
start 9>&- # or the daemon would keep the reader's input open
returned() {
    local before
    before=$(wc -l <"$work/sums")
    echo >&9
    until_true "an answer of the reader" lines $((before + 1))
    [ "$(tail -1 "$work/sums")" = "$data" ]
}
until_true "the reader's return" returned
exec 9>&-
wait "$watcher" || fail "the reader ended with $?"
[ "$(sort -u "$work/sums" | grep -v '^gone$')" = "$data" ] || fail "another sum: $(sort -u "$work/sums")"
stop

# Only what lies in an allowed directory.
mkdir "$work/open" "$work/closed"
cp "$work/data" "$work/open/file"
cp "$work/data" "$work/closed/file"
ln -s ../closed/file "$work/open/link"
start --allow-directory="$work/open"
[ "$("$reader" "$socket" file "$work/open/file")" = "$data" ] || fail "an allowed file cannot be read"
for path in closed/file open/link; do
    ! "$reader" "$socket" file "$work/$path" >/dev/null 2>"$work/err" || fail "$path can be read"
    [ -s "$work/err" ] || fail "no sentence"
done
stop
