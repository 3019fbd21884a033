#!/usr/bin/env bash
# Flags count more than the environment, that more than the file, that more than the defaults; values of a list replace each other as a whole.
. "$(dirname "$0")/support.sh"

# What holds for a setting: its values, and after each where it is from.
holds() { env "${environment[@]}" "${ufod[@]}" --config="$configuration" "${flags[@]}" --check | grep -B1 "^$1 = " | grep -v '^--$' | paste -d' ' - - |
    sed "s/^# \(.*\) $1 = \(.*\)$/\2 (\1)/" | paste -sd' '; }
expect() {
    local got
    got=$(holds "$1") || fail "--check failed"
    [ "$got" = "$2" ] || fail "$1 is $got instead of $2"
}
environment=()
flags=()

expect clients "1024 (default)"
cat >"$configuration" <<END
# A comment; then blanks, which do not count.

  clients =   7
publish = a:$configuration:1
publish=b:/bin/sh
END
expect clients "7 ($configuration:3)"
expect publish "a:$configuration:1 ($configuration:4) b:/bin/sh ($configuration:5)"

environment=(UFOD_CLIENTS=8 "UFOD_PUBLISH=c:/bin/sh;d:/bin/sh")
expect clients "8 (UFOD_CLIENTS)"
expect publish "c:/bin/sh (UFOD_PUBLISH) d:/bin/sh (UFOD_PUBLISH)"

flags=(--clients=9 --publish=e:/bin/sh)
expect clients "9 (--clients)"
expect publish "e:/bin/sh (--publish)"
flags=(--clients=9 --clients 10)
expect clients "10 (--clients)"

# An empty flag stands for the default; an empty variable is as good as none.
flags=(--clients=)
expect clients "1024 (default)"
flags=()
environment=(UFOD_CLIENTS=)
expect clients "7 ($configuration:3)"

# The file itself can be named by the environment, and a flag counts more.
echo "clients = 11" >"$work/other.conf"
flags=()
environment=("UFOD_CONFIG=$work/other.conf")
expect clients "7 ($configuration:3)"
[ "$(UFOD_CONFIG=$work/other.conf "${ufod[@]}" --check | grep '^clients =')" = "clients = 11" ] || fail "UFOD_CONFIG is not read"

# Without a name: below the prefix that the program is in, wherever it was built for.
mkdir -p "$work/prefix/bin" "$work/prefix/etc/ufomem"
cp "${ufod[-1]}" "$work/prefix/bin/ufod"
echo "clients = 12" >"$work/prefix/etc/ufomem/ufod.conf"
[ "$("${ufod[@]:0:${#ufod[@]}-1}" "$work/prefix/bin/ufod" --check | grep '^clients =')" = "clients = 12" ] || fail "the usual file is not read"

# What is printed is a configuration that says the same.
"${ufod[@]}" --config="$configuration" --clients=5 --check >"$work/printed.conf"
diff <(grep -v '^#' "$work/printed.conf") <("${ufod[@]}" --config="$work/printed.conf" --check | grep -v '^#') || fail "another configuration"
