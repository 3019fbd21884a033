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
        bool ascending = false;      ///< known beforehand: a miss that follows nothing begins a walk
    };
    struct Plan {
        bool sequential = false; ///< neighbours will be wanted, too
        bool stores = false;     ///< all of them will be stored to
        std::ptrdiff_t step = 0; ///< chunks between those below; negative: backward
        std::size_t first = 0;   ///< to be filled ahead: `count` chunks, `step` apart
        std::size_t count = 0;
    };

    /// `thread` has missed `chunk`.
    Plan note(pid_t thread, std::size_t chunk, const Limits &limits);
    /// `thread` has stored to `chunk` for the first time, and that was noticed.
    void note_store(pid_t thread, std::size_t chunk, const Limits &limits);
    /// Whether somebody is still to come to a chunk that was asked for ahead.
    bool is_ahead(std::size_t chunk) const;
    /// Whether somebody is just walking through these chunks, or is about to.
    bool in_use(std::size_t first, std::size_t count, const Limits &limits) const;

  private:
    struct Stream {
        pid_t thread = 0;
        std::size_t last = 0;    ///< the newest miss
        std::ptrdiff_t step = 0; ///< 0: not known yet
        std::size_t runs = 0;    ///< misses that followed the step
        int credit = 0;          ///< earned by misses that follow, spent on all others; without any the stream ends
        std::size_t close = 0;   ///< of these, in a row, right behind each other: not by chance
        std::size_t window = 0;  ///< chunks ahead
        std::size_t until = 0;   ///< asked for so far: up to here, exclusive, in the direction of the step
        std::size_t stored = 0;  ///< the newest store that was noticed
        std::size_t stores = 0;  ///< in a row
        bool expects_stores = false;
        std::size_t stores_until = 0; ///< how far, in the direction of the step
        std::uint64_t used = 0;
    };
    Stream *find(pid_t thread, std::size_t chunk, const Limits &limits);
    Stream *close_up(pid_t thread, std::size_t chunk, const Limits &limits);
    Stream &begin(pid_t thread, std::size_t chunk);
    static bool reaches(const Stream &stream, std::size_t chunk);
    static bool follows(const Stream &stream, std::size_t chunk, const Limits &limits);
    static Plan advance(Stream &stream, std::size_t chunk, const Limits &limits);

    void spend(const Stream *earner);

    static constexpr std::size_t most_young = 3;
    std::array<Stream, 8> streams_{};
    std::uint64_t clock_ = 0;
};

} // namespace ufomem
