// SPDX-License-Identifier: MIT
// What can be set: one table, from which the flags, the environment, the file and the help are made.
#pragma once

#include "log.hpp"
#include "values.hpp"

#include <ufomem/service.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ufod {

/// An array that clients find by its name: a file.
struct Publication {
    std::string name;
    std::string path;
    std::size_t element_size = 1;
    bool operator==(const Publication &) const = default;
};

struct Settings {
    std::string socket; ///< empty: the default of library and clients
    unsigned socket_mode = 0;
    std::string socket_group; ///< empty: that of the process
    std::uint64_t chunk_bytes = 0;
    Amount budget;
    Amount least_budget;
    unsigned low_watermark = 0;
    unsigned high_watermark = 0;
    std::chrono::milliseconds adapt_interval{0};               ///< 0: the budget stays as it is
    std::array<std::uint64_t, UFO_LIMIT_THREADS + 1> limits{}; ///< by ufo_server_limit; 0: the library's default
    std::vector<std::string> allowed_directories;              ///< none: every file
    std::vector<Publication> publications;
    ufo_log_level log_level = 0;
    LogTarget log_target = LogTarget::standard_error;
};

struct Setting {
    const char *name; ///< in the file; with -- in front the flag; in capitals, with _ for -, after UFOD_ the variable
    const char *placeholder; ///< of the value, in the help
    const char *standard;    ///< the default, as in the file; empty for what is a list, or unset
    const char *help;
    enum Times { once, repeated } times;
    enum When { at_start, running } when;                    ///< running: a reload changes it
    void (*set)(Settings &settings, std::string_view value); ///< throws BadValue

    std::string variable() const;
};

std::span<const Setting> all_settings();
/// Null if there is none.
const Setting *find_setting(std::string_view name);

} // namespace ufod
