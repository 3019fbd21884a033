#!/usr/bin/env bash
# SIGHUP: what can change does, what cannot is named, and a bad configuration changes nothing.
. "$(dirname "$0")/support.sh"

configure() {
    printf '%s\n' "$@" >"$configuration"
    : >"$work/log"
    kill -HUP "$daemon"
}

printf 'budget = 64M\n' >"$configuration"
start
[ "$(figure budget_bytes)" = $((64 << 20)) ] || fail "a budget of $(figure budget_bytes)"

configure 'budget = 32M' 'clients = 5'
until_true "the reload" log_has "Reloaded; budget 32.0 MiB."
[ "$(figure budget_bytes)" = $((32 << 20)) ] || fail "the budget stays $(figure budget_bytes)"
log_has "clients has changed; that takes effect at the next start." || fail "no word of the clients"
! log_has "budget has changed" || fail "the budget is said not to have changed"

configure 'budget = 1G' 'clients = none'
until_true "a refusal" log_has "Not reloaded, everything stays as it was: $configuration:2: clients: \"none\" "
[ "$(figure budget_bytes)" = $((32 << 20)) ] || fail "half a configuration was taken"
configure 'budget = 1G' 'least-budget = 2G'
until_true "a refusal" log_has "least-budget (2.0 GiB) is more than the budget (1.0 GiB)"
[ "$(figure budget_bytes)" = $((32 << 20)) ] || fail "half a configuration was taken"

# Back to what the library chooses, which is neither of the former ones.
configure 'budget = auto'
until_true "the reload" log_has "Reloaded; budget "
[ "$(figure budget_bytes)" -gt $((64 << 20)) ] || fail "the budget stays $(figure budget_bytes)"

# Arrays come and go.  Standing alone, a file that cannot be had is an error in the log and no more.
head -c 4096 /dev/zero >"$work/a"
head -c 8192 /dev/zero >"$work/b"
configure "publish = a:$work/a" "publish = none:$work/none" "publish = b:$work/b:8" 'log-level = error'
until_true "the failure" log_has "publish: none ($work/none): No such file"
until_true "both arrays" is 2 figure regions
configure "publish = b:$work/b:8" 'log-level = error'
until_true "the end of one" is 1 figure regions
configure 'log-level = error'
until_true "the end of the other" is 0 figure regions
[ ! -s "$work/log" ] || fail "messages below the level"

# A flag still counts more.
stop
start --budget=48M
configure 'budget = 32M'
until_true "the reload" log_has "Reloaded; budget 48.0 MiB."
[ "$(figure budget_bytes)" = $((48 << 20)) ] || fail "a budget of $(figure budget_bytes)"
stop
