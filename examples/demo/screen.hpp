// SPDX-License-Identifier: MIT
// What the demonstration shows while it works: one line that moves on a terminal, now and then a plain line elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace demo {

class Screen {
  public:
    Screen();

    [[nodiscard]] std::string bold(const std::string &text) const { return styled("1", text); }
    [[nodiscard]] std::string dim(const std::string &text) const { return styled("2", text); }
    [[nodiscard]] std::string good(const std::string &text) const { return styled("32", text); }
    [[nodiscard]] std::string bad(const std::string &text) const { return styled("1;31", text); }
    [[nodiscard]] std::string tick(bool ok) const;

    /// Begins a job of `total` elements; element_size 0: a speed in bytes would say nothing.
    void begin(const std::string &job, std::uint64_t total, std::size_t element_size);
    /// So many elements are done, with so much memory resident.  Cheap to call often.
    void update(std::uint64_t done, std::uint64_t resident, std::uint64_t budget);
    /// Takes the moving line away and says how it went.
    void end(bool ok, const std::string &outcome);

  private:
    using Clock = std::chrono::steady_clock;
    [[nodiscard]] std::string styled(const char *style, const std::string &text) const;
    [[nodiscard]] std::string bar(double share) const;

    bool terminal_;
    bool colour_;
    bool unicode_;
    std::string job_;
    std::uint64_t total_ = 0;
    std::size_t element_size_ = 0;
    Clock::time_point start_;
    Clock::time_point drawn_;
};

} // namespace demo
