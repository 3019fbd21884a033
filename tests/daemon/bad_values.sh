#!/usr/bin/env bash
# What cannot be accepted gives one sentence, which names the place, and exit code 2.
. "$(dirname "$0")/support.sh"

refused() {
    expect_failure 2 "--$1: \"$2\" " "${ufod[@]}" --config="$configuration" "--$1=$2" --check
}
for size in 0 -1 1.5K 64k 64KB K 16777216T 99999999999999999999; do
    refused chunk "$size"
    refused mapped-per-client "$size"
    refused budget "$size"
done
for amount in 0% 101% % half; do
    refused budget "$amount"
    refused least-budget "$amount"
done
for duration in 3h -1s ms 1.5s 9999999999s; do
    refused adapt-interval "$duration"
done
refused answer-timeout 0
for number in 0 -1 1x 1000001 99999999999999999999; do
    refused clients "$number"
    refused clients-per-user "$number"
    refused regions-per-client "$number"
    refused faults-per-client "$number"
    refused idle-files "$number"
    refused fillers "$number"
done
refused fillers 1025
for percent in 0 101 50%% x; do
    refused low-watermark "$percent"
    refused high-watermark "$percent"
done
for mode in 0 0888 01777 rw; do
    refused socket-mode "$mode"
done
refused socket relative/path
refused allow-directory relative/path
for publication in name name: :/bin/sh name:relative name:/bin/sh:0 name:/bin/sh:99999999999999999999; do
    refused publish "$publication"
done
refused log-level loud
refused log-target paper
refused socket-group $'two\nlines'

# The same from the environment and the file, with its line.
expect_failure 2 'UFOD_CLIENTS: "many" is no whole number from 1 to' env UFOD_CLIENTS=many "${ufod[@]}" --config="$configuration" --check
in_file() {
    printf '# a comment\n%s\n' "$1" >"$work/bad.conf"
    expect_failure 2 "$work/bad.conf:2: $2" "${ufod[@]}" --config="$work/bad.conf" --check
}
in_file "low-watermark = 120" 'low-watermark: "120" is no percentage from 1 to 100.'
in_file "budgit = 1G" 'there is no setting "budgit"'
in_file "budget" '"budget" is not of the form NAME = VALUE.'
in_file "= 1G" 'there is no setting ""'
printf 'budget = 1G\n\nbudget = 2G\n' >"$work/bad.conf"
expect_failure 2 "$work/bad.conf:3: budget is set already, in $work/bad.conf:1." "${ufod[@]}" --config="$work/bad.conf" --check
printf 'publish = a:/bin/sh\npublish = a:/bin/ls\n' >"$work/bad.conf"
expect_failure 2 "$work/bad.conf:2: publish: \"a:/bin/ls\" has the name of another array." "${ufod[@]}" --config="$work/bad.conf" --check

# The file itself.
expect_failure 2 "The configuration $work/none cannot be read: No such file" "${ufod[@]}" --config="$work/none" --check
expect_failure 2 "The configuration $work cannot be read: Is a directory" "${ufod[@]}" --config="$work" --check

# Settings that contradict each other.
expect_failure 2 "low-watermark (90) has to be below high-watermark (80)." "${ufod[@]}" --config="$configuration" --low-watermark=90 --high-watermark=80 --check
expect_failure 2 "least-budget (2.0 GiB) is more than the budget (1.0 GiB)." "${ufod[@]}" --config="$configuration" --socket="$socket" --budget=1G --least-budget=2G
[ ! -e "$socket" ] || fail "a server that does not start has left its socket"

# The command line.
expect_failure 2 "--bogus is no flag" "${ufod[@]}" --bogus
expect_failure 2 "-x is no flag" "${ufod[@]}" -x
expect_failure 2 "--check=1 takes no value" "${ufod[@]}" --check=1
expect_failure 2 "--budget needs a value" "${ufod[@]}" --budget
expect_failure 2 '"serve" is no flag' "${ufod[@]}" serve
expect_failure 2 "exclude each other" "${ufod[@]}" --check --stats
expect_failure 2 "--json says how --stats shall print" "${ufod[@]}" --json
expect_failure 2 'socket-group: there is no group "no-such-group".' "${ufod[@]}" --config="$configuration" --socket="$socket" --socket-group=no-such-group

# What can be known only of the system: exit code 1 where the system is at fault, with the path.
expect_failure 1 "publish: a ($work/none): No such file" "${ufod[@]}" --config="$configuration" --publish="a:$work/none" --check
: >"$work/empty"
expect_failure 1 "the file is empty" "${ufod[@]}" --config="$configuration" --publish="a:$work/empty" --check
printf 12345 >"$work/five"
expect_failure 1 "its 5 bytes are no multiple of the element size, 2." "${ufod[@]}" --config="$configuration" --publish="a:$work/five:2" --check
expect_failure 1 "allow-directory: $work/none: No such file" "${ufod[@]}" --config="$configuration" --allow-directory="$work/none" --check
expect_failure 1 "allow-directory: $work/five: that is no directory" "${ufod[@]}" --config="$configuration" --allow-directory="$work/five" --check
expect_failure 1 "$socket" "${ufod[@]}" --config="$configuration" --socket="$socket" --stats

# A misspelt variable is worth a warning, no more.
UFOD_BUDGIT=1 "${ufod[@]}" --config="$configuration" --check >/dev/null 2>"$work/err"
grep -qF "UFOD_BUDGIT, which is no setting" "$work/err" || fail "no warning"
