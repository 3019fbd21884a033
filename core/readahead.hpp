// SPDX-License-Identifier: MIT
// Which chunks will be wanted next: finds runs, forward, backward and with strides, in the misses of each thread.  Pure logic; the
// caller keeps its calls apart.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <sys/types.h>

namespace ufomem {

class Readahead {
  public:
    struct Limits {
        std::size_t chunks = 0;      ///< of the array
        std::size_t most_window = 0; ///< chunks ahead; 0: none
        std::size_t extent = 1;      ///< chunks that come in together
    };
    struct Plan {
        bool sequential = false; ///< neighbours will be wanted, too
        std::ptrdiff_t step = 0; ///< chunks between those below; negative: backward
        std::size_t first = 0;   ///< to be filled ahead: `count` chunks, `step` apart
        std::size_t count = 0;
    };

    /// `thread` has missed `chunk`.
    Plan note(pid_t thread, std::size_t chunk, const Limits &limits);

  private:
    struct Stream {
        pid_t thread = 0;
        std::size_t last = 0;    ///< the newest miss
        std::ptrdiff_t step = 0; ///< 0: not known yet
        std::size_t runs = 0;    ///< misses that followed the step
        std::size_t window = 0;  ///< chunks ahead
        std::size_t until = 0;   ///< asked for so far: up to here, exclusive, in the direction of the step
        std::uint64_t used = 0;
    };
    Stream *find(pid_t thread, std::size_t chunk, const Limits &limits);
    Stream &begin(pid_t thread, std::size_t chunk);
    static bool follows(const Stream &stream, std::size_t chunk, const Limits &limits);
    static Plan advance(Stream &stream, std::size_t chunk, const Limits &limits);

    static constexpr std::size_t most_young = 3;
    std::array<Stream, 8> streams_{};
    std::uint64_t clock_ = 0;
};

} // namespace ufomem
