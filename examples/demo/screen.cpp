// SPDX-License-Identifier: MIT
#include "screen.hpp"

#include "text.hpp"

#include <langinfo.h>
#include <unistd.h>

#include <clocale>
#include <cstdlib>
#include <cstring>

namespace demo {

namespace {

constexpr int bar_width = 24;
constexpr auto redraw_every = std::chrono::milliseconds(80);
constexpr auto plain_line_every = std::chrono::seconds(5);

} // namespace

Screen::Screen() : terminal_(isatty(STDOUT_FILENO) != 0)
{
    std::setlocale(LC_CTYPE, "");
    unicode_ = std::strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    const char *kind = std::getenv("TERM");
    if (kind != nullptr && std::strcmp(kind, "dumb") == 0)
        terminal_ = false;
    colour_ = terminal_ && std::getenv("NO_COLOR") == nullptr;
}

std::string Screen::styled(const char *style, const std::string &text) const
{
    return colour_ ? format("\033[%sm", style) + text + "\033[0m" : text;
}

std::string Screen::tick(bool ok) const
{
    if (ok)
        return good(unicode_ ? "✓" : "+");
    return bad(unicode_ ? "✗" : "!");
}

std::string Screen::bar(double share) const
{
    const int full = static_cast<int>(share * bar_width);
    std::string text;
    for (int i = 0; i < bar_width; i++)
        text += i < full ? (unicode_ ? "█" : "#") : (unicode_ ? "░" : ".");
    return text;
}

void Screen::begin(const std::string &job, std::uint64_t total, std::size_t element_size)
{
    job_ = job;
    total_ = total;
    element_size_ = element_size;
    start_ = Clock::now();
    drawn_ = terminal_ ? Clock::time_point() : start_;
}

void Screen::update(std::uint64_t done, std::uint64_t resident, std::uint64_t budget)
{
    const auto now = Clock::now();
    if (now - drawn_ < (terminal_ ? Clock::duration(redraw_every) : Clock::duration(plain_line_every)))
        return;
    drawn_ = now;
    const double share = total_ == 0 ? 1.0 : static_cast<double>(done) / static_cast<double>(total_);
    const double seconds = std::chrono::duration<double>(now - start_).count();
    const double bytes = static_cast<double>(done) * static_cast<double>(element_size_);
    const std::string speed = bytes > 0 ? format("  %.1f GB/s", bytes / seconds / 1e9) : "";
    if (terminal_)
        std::printf("\r\033[K    %-24s %s %3.0f %%%s  %s of %s in memory", job_.c_str(), bar(share).c_str(), share * 100,
                    speed.c_str(), size(resident).c_str(), size(budget).c_str());
    else
        std::printf("    %-24s %3.0f %%%s  %s of %s in memory\n", job_.c_str(), share * 100, speed.c_str(),
                    size(resident).c_str(), size(budget).c_str());
    std::fflush(stdout);
}

void Screen::end(bool ok, const std::string &outcome)
{
    std::printf("%s  %s %-24s %s\n", terminal_ ? "\r\033[K" : "", tick(ok).c_str(), job_.c_str(), outcome.c_str());
    std::fflush(stdout);
}

} // namespace demo
