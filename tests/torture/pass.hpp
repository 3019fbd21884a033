// SPDX-License-Identifier: MIT
// One run through a scenario, with faults or without.
#pragma once

#include "journal.hpp"

#include <chrono>
#include <functional>
#include <initializer_list>
#include <mutex>
#include <string>
#include <thread>

#include <ufomem/ufo.h>

namespace torture {

class Pass {
  public:
    enum class Kind : std::uint8_t {
        faulty, ///< calls may fail, if they say so
        clean   ///< nothing may fail
    };
    Pass(Journal &journal, Kind kind, std::string folder) : journal_(journal), kind_(kind), folder_(std::move(folder))
    {
    }

    Journal &journal() { return journal_; }
    Kind kind() const { return kind_; }
    const std::string &folder() const { return folder_; }

    /// Whether an error is one of those that may happen now.
    bool errors_allowed() const { return kind_ == Kind::faulty && !settled_; }
    /// The faults stop for good or, where their time has come again, for a moment: from now on nothing may fail.
    void settle();
    /// What comes now, freeing, is said not to fail: so faults may happen again.
    void resume();

    /// Until settle(), calls may also fail by themselves, in these ways, and loads and stores end in signals.
    void tolerate(std::initializer_list<ufo_status> statuses);

    /// A call that may fail under faults.  True if it has not.
    bool ok(ufo_status status, const char *what);
    /// For the signal that a load or store ended in.
    bool ok_signal(int signal, const char *what);
    /// One that has a reason of its own to give this status, and may give another under faults.
    void expect(ufo_status status, ufo_status expected, const char *what);
    /// Makes something; tries again, and finally without faults, when it has to be there.
    template <class Made> Made *make(const char *what, const std::function<Made *()> &attempt)
    {
        constexpr int attempts = 3;
        for (int i = 0; i < attempts; ++i) {
            if (Made *made = attempt())
                return made;
            note_error(ufo_last_status(), what);
            if (!errors_allowed())
                return nullptr;
        }
        stop_faults();
        // A service that a client has lost is looked for again, which takes a moment.
        constexpr int patience = 1000;
        for (int i = 0; i < patience; ++i) {
            if (Made *made = attempt())
                return made;
            if (ufo_last_status() != UFO_ERR_CLOSED)
                break;
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        journal_.note(Violation::broken, "%s: %s", what, ufo_last_error());
        return nullptr;
    }
    void step(const char *what) { std::snprintf(journal_.step, sizeof journal_.step, "%s", what); }
    void note_checked(std::uint64_t count) { journal_.checked.fetch_add(count, std::memory_order_relaxed); }
    template <class... Arguments> void note(Violation violation, const char *format, Arguments... arguments)
    {
        journal_.note(violation, format, arguments...);
    }

  private:
    /// Errors go on being allowed: what has failed may stay so until it is reset.
    void stop_faults();
    bool is_tolerated(ufo_status status) const { return (tolerated_.load() >> -status & 1) != 0; }
    void note_error(ufo_status status, const char *what);
    void count_error();

    Journal &journal_;
    Kind kind_;
    std::string folder_;
    std::atomic<bool> settled_{false};
    std::atomic<std::uint64_t> tolerated_{0}; ///< a bit for each status
    std::atomic<std::uint32_t> errors_{0};
    std::atomic<std::int64_t> first_error_{0};
};

} // namespace torture
