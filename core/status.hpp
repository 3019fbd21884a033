// SPDX-License-Identifier: MIT
// How the library fails: a code that travels by return value, and a sentence that stays with the thread.
#pragma once

#include <cstdint>
#include <utility>

namespace ufomem {

/// The values are those of the C header; capi checks that.
enum class Code : std::int32_t {
    ok = 0,
    invalid = -1,
    nomem = -2,
    overflow = -3,
    range = -4,
    system = -5,
    permission = -6,
    file = -7,
    truncated = -8,
    populate = -9,
    writeback = -10,
    spill = -11,
    budget = -12,
    pinned = -13,
    not_pinned = -14,
    read_only = -15,
    deadlock = -16,
    forked = -17,
    closed = -18,
    unsupported = -19,
    address = -20,
    stray = -21,
    limit = -22,
    lost = -23,
};

struct [[nodiscard]] Status {
    Code code = Code::ok;
    bool ok() const { return code == Code::ok; }
};

/// Records the sentence for the calling thread, and returns the code.
[[gnu::format(printf, 2, 3)]] Status fail(Code code, const char *format, ...) noexcept;

/// As fail(), with the system's reason appended.
[[gnu::format(printf, 3, 4)]] Status fail_errno(Code code, int error, const char *format, ...) noexcept;

/// As fail(), with the value that the user's callback returned.
[[gnu::format(printf, 3, 4)]] Status fail_callback(Code code, std::int32_t callback_code, const char *format, ...) noexcept;

/// The calling thread's last failure; "", ok and 0 if it had none.
const char *last_error() noexcept;
Code last_code() noexcept;
std::int32_t last_callback_code() noexcept;

/// A failure taken from one thread to be reported again in another.
struct Failure {
    static constexpr std::size_t text_size = 384;
    Code code = Code::ok;
    std::int32_t callback_code = 0;
    char text[text_size]; // not zeroed: most of these never hold anything

    Failure() noexcept { text[0] = '\0'; }
    static Failure of_this_thread(Status status) noexcept;
    Status report() const noexcept;
};

/// The first failure of several steps that are all taken.  Costs nothing as long as there is none.
class FirstFailure {
  public:
    void note(Status status) noexcept
    {
        if (!status.ok() && first_.code == Code::ok) [[unlikely]]
            first_ = Failure::of_this_thread(status);
    }
    Status report() const noexcept { return first_.code == Code::ok ? Status{} : first_.report(); }

  private:
    Failure first_;
};

/// A value, or the status that says why there is none.
template <class T> class [[nodiscard]] Result {
  public:
    Result(T value) : value_(std::move(value)) {}
    Result(Status status) : status_(status) {}
    bool ok() const { return status_.ok(); }
    Status status() const { return status_; }
    T &operator*() { return value_; }
    T *operator->() { return &value_; }

  private:
    Status status_;
    T value_{};
};

} // namespace ufomem
