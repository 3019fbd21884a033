// SPDX-License-Identifier: MIT
#include "log.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <iterator>

#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

namespace ufod {
namespace {

struct Severity {
    int priority; ///< of syslog(3), which the journal shares
    const char *name;
};

constexpr Severity severities[] = {
    {LOG_ERR, "error"}, {LOG_WARNING, "warning"}, {LOG_INFO, "info"}, {LOG_DEBUG, "debug"}};

const Severity &severity(ufo_log_level level)
{
    return severities[std::clamp<ufo_log_level>(level, 0, std::ssize(severities) - 1)];
}

/// The environment names the journal's stream; it counts only if standard error still is that stream.
bool standard_error_is_journal()
{
    const char *stream = std::getenv("JOURNAL_STREAM");
    unsigned long long device = 0;
    unsigned long long inode = 0;
    struct stat status {};
    return stream && std::sscanf(stream, "%llu:%llu", &device, &inode) == 2 && fstat(STDERR_FILENO, &status) == 0
           && status.st_dev == device && status.st_ino == inode;
}

} // namespace

Log::Log(LogTarget target, ufo_log_level level) : target_(target), journal_(standard_error_is_journal()), level_(level)
{
    if (target_ == LogTarget::syslog)
        openlog("ufod", LOG_PID, LOG_DAEMON);
}

Log::~Log()
{
    if (target_ == LogTarget::syslog)
        closelog();
}

void Log::write(ufo_log_level level, std::string_view message) noexcept
{
    if (level > level_.load(std::memory_order_relaxed))
        return;
    const auto [priority, name] = severity(level);
    char line[2048];
    int head = 0;
    if (target_ == LogTarget::standard_error)
        head = journal_ ? std::snprintf(line, sizeof line, "<%d>", priority)
                        : std::snprintf(line, sizeof line, "ufod: %s: ", name);
    const std::size_t length = std::min(message.size(), sizeof line - 2 - static_cast<std::size_t>(head));
    char *end = std::transform(message.begin(), message.begin() + length, line + head,
                               [](unsigned char c) { return std::iscntrl(c) ? '?' : static_cast<char>(c); });
    if (target_ == LogTarget::syslog) {
        *end = '\0';
        ::syslog(priority, "%s", line);
        return;
    }
    *end++ = '\n';
    // One call, so that lines of several threads stay whole.  There is nobody to tell if it fails.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line, static_cast<std::size_t>(end - line));
}

void Log::receive(void *log, ufo_log_level level, const char *message) noexcept
{
    static_cast<Log *>(log)->write(level, message);
}

} // namespace ufod
