// SPDX-License-Identifier: MIT
// Waiting for many descriptors at once, by one thread or several: the one place that speaks to epoll.
#pragma once

#include "../status.hpp"
#include "file.hpp"

#include <cstdint>

namespace ufomem::kernel {

class EventQueue {
  public:
    enum class Report : std::uint8_t {
        always, ///< as long as there is something
        once    ///< to one thread, and then not before report_again()
    };
    /// Tags are the caller's, but for this one.
    static constexpr std::uint64_t stopped = UINT64_MAX;
    static constexpr std::uint64_t nothing = UINT64_MAX - 1;

    static Result<EventQueue> make();

    Status add(int descriptor, std::uint64_t tag, Report report) const noexcept;
    /// To be told of nothing but that the other end of a socket has closed.
    Status add_end(int descriptor, std::uint64_t tag) const noexcept;
    bool report_again(int descriptor, std::uint64_t tag) const noexcept;
    /// Before the descriptor is closed: others may have it, too, and events would go on.
    void remove(int descriptor) const noexcept;

    /// The tag of a descriptor that can be read or is broken; `stopped` from stop() on; `nothing` after a signal or that time (-1: none).
    std::uint64_t wait(int milliseconds = -1) const noexcept;
    void stop() const noexcept;

  private:
    File queue_;
    File stop_;
};

} // namespace ufomem::kernel
