// SPDX-License-Identifier: MIT
#include "pass.hpp"

#include <cstring>

namespace torture {
namespace {

std::int64_t now_milliseconds()
{
    using namespace std::chrono;
    return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

} // namespace

void Pass::stop_faults() { Injector::of_process().stop(); }

void Pass::settle()
{
    stop_faults();
    settled_ = true;
    tolerated_ = 0;
}

void Pass::tolerate(std::initializer_list<ufo_status> statuses)
{
    std::uint64_t bits = 0;
    for (const ufo_status status : statuses)
        bits |= std::uint64_t{1} << -status;
    tolerated_ = bits;
}

void Pass::resume()
{
    if (kind_ == Kind::faulty)
        Injector::of_process().go_on();
}

/// Who has seen enough errors has the faults stopped: some cost the library its patience, each time.
void Pass::count_error()
{
    constexpr std::uint32_t enough = 24;
    constexpr std::int64_t enough_milliseconds = 1000;
    journal_.reported.fetch_add(1);
    std::int64_t never = 0;
    const std::int64_t now = now_milliseconds();
    first_error_.compare_exchange_strong(never, now);
    if (errors_.fetch_add(1) + 1 >= enough || now - first_error_.load() > enough_milliseconds)
        stop_faults();
}

void Pass::note_error(ufo_status status, const char *what)
{
    std::fprintf(stderr, "  %lld ms: %s: %s\n", static_cast<long long>(now_milliseconds() % 1'000'000), what,
                 ufo_last_error()); // for who looks at one case
    if (status >= UFO_OK || std::strcmp(ufo_status_string(status), ufo_status_string(-1000)) == 0)
        journal_.note(Violation::unclear, "%s: status %d", what, status);
    else if (ufo_last_error()[0] == '\0')
        journal_.note(Violation::unclear, "%s: %s, and no sentence", what, ufo_status_string(status));
    if (!errors_allowed())
        journal_.note(Violation::broken, "%s: %s: %s", what, ufo_status_string(status), ufo_last_error());
    count_error();
}

bool Pass::ok(ufo_status status, const char *what)
{
    if (status == UFO_OK)
        return true;
    if (!is_tolerated(status))
        note_error(status, what);
    return false;
}

bool Pass::ok_signal(int signal, const char *what)
{
    if (signal == 0)
        return true;
    if (tolerated_ != 0)
        return false;
    std::fprintf(stderr, "  %lld ms: %s: signal %d\n", static_cast<long long>(now_milliseconds() % 1'000'000), what,
                 signal);
    count_error();
    if (!errors_allowed())
        journal_.note(Violation::broken, "%s: signal %d", what, signal);
    return false;
}

void Pass::expect(ufo_status status, ufo_status expected, const char *what)
{
    if (status == expected || is_tolerated(status) || (errors_allowed() && status != UFO_OK))
        return;
    journal_.note(Violation::broken, "%s: %s instead of %s: %s", what, ufo_status_string(status),
                  ufo_status_string(expected), ufo_last_error());
}

} // namespace torture
