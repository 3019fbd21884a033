// SPDX-License-Identifier: MIT
// How much memory the process has resident, by the kernel's count, above what it had when the meter was made.
//
// Two counts that check each other.  A thread samples RssAnon + RssShmem of /proc/self/status every two milliseconds: anonymous and
// shared memory, so neither code nor mapped files.  VmHWM is the kernel's own high-water mark: no moment between two samples
// escapes it, but it counts code and mapped files too.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

namespace demo {

class ResidentMeter {
  public:
    ResidentMeter();
    ~ResidentMeter();
    ResidentMeter(const ResidentMeter &) = delete;
    ResidentMeter &operator=(const ResidentMeter &) = delete;

    /// Begins a new peak; the baseline stays.
    void restart();

    /// Anonymous and shared memory above the baseline: the last sample.
    [[nodiscard]] std::uint64_t last() const { return last_; }

    /// The most that was sampled since restart().
    [[nodiscard]] std::uint64_t peak() const { return peak_; }

    /// The kernel's high-water mark since restart(), above the baseline.
    [[nodiscard]] std::uint64_t high_water() const;

  private:
    struct Counts {
        std::uint64_t sampled = 0;    // RssAnon + RssShmem
        std::uint64_t all = 0;        // VmRSS
        std::uint64_t high_water = 0; // VmHWM
    };
    void sample();
    [[nodiscard]] Counts read() const;

    int status_;
    Counts baseline_;
    std::atomic<std::uint64_t> last_ = 0;
    std::atomic<std::uint64_t> peak_ = 0;
    std::jthread sampler_;
};

} // namespace demo
