// SPDX-License-Identifier: MIT
// Messages, one a line: to standard error, where a journal is told how grave they are, or to syslog.
#pragma once

#include <ufomem/ufo.h>

#include <atomic>
#include <string>
#include <string_view>

namespace ufod {

enum class LogTarget { standard_error, syslog };

class Log {
  public:
    explicit Log(LogTarget target, ufo_log_level level);
    ~Log();
    Log(const Log &) = delete;
    Log &operator=(const Log &) = delete;

    /// Messages that are less grave are left out from now on.
    void set_level(ufo_log_level level) { level_.store(level, std::memory_order_relaxed); }
    /// Any thread may call it; what others wrote (names, paths) cannot break a line.
    void write(ufo_log_level level, std::string_view message) noexcept;

    void error(std::string_view message) noexcept { write(UFO_LOG_ERROR, message); }
    void warning(std::string_view message) noexcept { write(UFO_LOG_WARNING, message); }
    void info(std::string_view message) noexcept { write(UFO_LOG_INFO, message); }

    /// For ufo_core_config_set_log(), with the Log as its user data.
    static void receive(void *log, ufo_log_level level, const char *message) noexcept;

  private:
    const LogTarget target_;
    const bool journal_;               ///< standard error goes to the journal
    std::atomic<ufo_log_level> level_; ///< nothing else depends on it: relaxed
};

} // namespace ufod
