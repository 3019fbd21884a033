#!/usr/bin/env bash
# The manual page, the example and the help name every setting, and the example has the defaults.
. "$(dirname "$0")/support.sh"
page=$SOURCE_DIR/daemon/ufod.8
example=$SOURCE_DIR/daemon/ufod.conf

"${ufod[@]}" --config="$configuration" --check | sed -n 's/^#\{0,1\}\([a-z-]*\) = .*/\1/p' >"$work/settings"
[ "$(wc -l <"$work/settings")" -gt 20 ] || fail "too few settings"
while read -r setting; do
    grep -q "^\.It Cm $setting No = " "$page" || fail "the manual page has no $setting"
    grep -q "^#$setting =" "$example" || fail "the example has no $setting"
    "${ufod[@]}" --help | grep -q "^  --$setting=" || fail "the help has no $setting"
done <"$work/settings"
[ "$(grep -c '^\.It Cm [a-z-]* No = ' "$page")" = "$(wc -l <"$work/settings")" ] || fail "the manual page has more than there is"

# All lines in force, it is the same as nothing at all; what is installed changes nothing.
values() { grep -v '^#' | sort; }
"${ufod[@]}" --config="$configuration" --check | values >"$work/defaults"
"${ufod[@]}" --config="$example" --check | values | diff "$work/defaults" - || fail "the example changes something"
sed 's/^#\([a-z-]* =\)/\1/' "$example" >"$work/all.conf"
[ "$(grep -c '^[a-z-]* =' "$work/all.conf")" = "$(wc -l <"$work/settings")" ] || fail "the example has more than there is"
"${ufod[@]}" --config="$work/all.conf" --check | values | grep -v '^socket = ' | diff "$work/defaults" - || fail "the example has other defaults"

if command -v mandoc >/dev/null; then
    mandoc -Tlint -Wwarning "$page" | grep -v 'outdated mandoc.db' >"$work/lint" || true
    [ ! -s "$work/lint" ] || fail "the manual page: $(cat "$work/lint")"
fi
