// SPDX-License-Identifier: MIT
// What a child tells its parent, also when it does not live to the end: memory that both share.
#pragma once

#include "inject/injector.hpp"

#include <atomic>
#include <cstdarg>
#include <cstdint>
#include <cstdio>

namespace torture {

enum class Violation : std::uint8_t {
    wrong,   ///< data that was never there
    lost,    ///< a change that was acknowledged is gone
    unclear, ///< a failure without a sentence or with a status that does not exist
    broken,  ///< after the error has stopped, something still does not work
    leak,    ///< memory, address space, descriptors or threads that nobody has any more
    crash,   ///< ended by a signal, or by std::terminate()
    hang,    ///< not ended in time
    count
};

inline const char *name_of(Violation violation)
{
    constexpr const char *names[] = {"wrong", "lost", "unclear", "broken", "leak", "crash", "hang"};
    return names[static_cast<std::size_t>(violation)];
}

struct Journal {
    static constexpr std::size_t most_messages = 4;
    static constexpr std::size_t message_size = 400;

    std::atomic<bool> finished{false};
    std::atomic<std::uint64_t> hits{0};     ///< faults that happened
    std::atomic<std::uint64_t> reported{0}; ///< errors that the library reported
    std::atomic<std::uint64_t> checked{0};  ///< accesses whose value was looked at
    std::atomic<std::uint32_t> violations[static_cast<std::size_t>(Violation::count)];
    std::atomic<std::uint32_t> message_count{0};
    char messages[most_messages][message_size];
    char step[message_size]; ///< what it is doing
    /// What is held at the end and was not at the beginning, by site; whether that is a leak is for the parent to say, who knows names.
    struct Held {
        std::uint64_t site = 0;
        std::size_t count = 0;
        std::size_t bytes = 0;
        bool mapping = false;
    };
    static constexpr std::size_t most_held = 32;
    Held held[most_held];
    std::atomic<std::uint32_t> held_count{0};
    SiteTable sites;

    [[gnu::format(printf, 3, 4)]] void note(Violation violation, const char *format, ...) noexcept
    {
        violations[static_cast<std::size_t>(violation)].fetch_add(1);
        const std::uint32_t at = message_count.fetch_add(1);
        if (at >= most_messages)
            return;
        const int used = std::snprintf(messages[at], message_size, "%s: ", name_of(violation));
        va_list arguments;
        va_start(arguments, format);
        std::vsnprintf(messages[at] + used, message_size - static_cast<std::size_t>(used), format, arguments);
        va_end(arguments);
    }
    std::uint32_t of(Violation violation) const { return violations[static_cast<std::size_t>(violation)].load(); }
    bool clean() const
    {
        for (const auto &count : violations)
            if (count.load() != 0)
                return false;
        return true;
    }
    void clear()
    {
        finished = false;
        hits = reported = checked = 0;
        for (auto &count : violations)
            count = 0;
        message_count = 0;
        for (auto &message : messages)
            message[0] = '\0';
        step[0] = '\0';
        held_count = 0;
        sites.clear();
    }
};

} // namespace torture
