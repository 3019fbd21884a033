// SPDX-License-Identifier: MIT
#include "log.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <iterator>

#include <strings.h>
#include <unistd.h>

namespace compat {
namespace {

constexpr const char *names[] = {"ERROR", "WARNING", "INFO", "DEBUG"};

/// In one write(2), so that lines of several threads and processes stay whole.
void write_line(Level level, const char *format, std::va_list arguments)
{
    char line[1024];
    constexpr int room = sizeof line - 1;
    int length = std::snprintf(line, sizeof line, "umap [%s]: ", names[static_cast<int>(level)]);
    length += std::max(0, std::vsnprintf(line + length, sizeof line - static_cast<std::size_t>(length), format, arguments));
    length = std::min(length, room);
    line[length] = '\n';
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line, static_cast<std::size_t>(length) + 1);
}

[[gnu::format(printf, 2, 3)]] void write_line(Level level, const char *format, ...)
{
    std::va_list arguments;
    va_start(arguments, format);
    write_line(level, format, arguments);
    va_end(arguments);
}

Level level_from_environment()
{
    const char *wanted = std::getenv("UMAP_LOG_LEVEL");
    if (!wanted || *wanted == '\0')
        return Level::warning;
    const auto found = std::find_if(std::begin(names), std::end(names), [wanted](const char *name) { return strcasecmp(name, wanted) == 0; });
    if (found != std::end(names))
        return static_cast<Level>(found - std::begin(names));
    write_line(Level::warning, "UMAP_LOG_LEVEL is '%s': using WARNING; set it to ERROR, WARNING, INFO or DEBUG", wanted);
    return Level::warning;
}

bool passes(Level level)
{
    static const Level least = level_from_environment();
    return level <= least;
}

} // namespace

void log(Level level, const char *format, ...) noexcept
{
    const int before = errno;
    if (passes(level)) {
        std::va_list arguments;
        va_start(arguments, format);
        write_line(level, format, arguments);
        va_end(arguments);
    }
    errno = before;
}

void log_of_core(void *, int level, const char *message) noexcept
{
    log(static_cast<Level>(std::clamp(level, 0, 3)), "%s", message);
}

void fail(int code, const char *format, ...) noexcept
{
    if (passes(Level::error)) {
        std::va_list arguments;
        va_start(arguments, format);
        write_line(Level::error, format, arguments);
        va_end(arguments);
    }
    errno = code;
}

} // namespace compat
