// SPDX-License-Identifier: MIT
// Messages for people, on the standard error stream: UMap's functions have no other way to say what is wrong.
#pragma once

namespace compat {

enum class Level { error, warning, info, debug };

/// One line, if UMAP_LOG_LEVEL (ERROR, WARNING, INFO or DEBUG; default WARNING) lets it through.
[[gnu::format(printf, 2, 3)]] void log(Level level, const char *format, ...) noexcept;

/// For ufo_core_config_set_log().
void log_of_core(void *unused, int level, const char *message) noexcept;

/// Logs an error, and returns with that errno.
[[gnu::format(printf, 2, 3)]] void fail(int code, const char *format, ...) noexcept;

} // namespace compat
