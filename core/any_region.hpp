// SPDX-License-Identifier: MIT
// What a handle of the C interface stands for: a region of a core of this process, or one that another process serves.
#pragma once

#include "geometry.hpp"
#include "handle.hpp"
#include "status.hpp"
#include "units.hpp"

#include <cstddef>
#include <cstdint>

namespace ufomem {

enum class Advice : std::int32_t { normal = 0, random = 1, sequential = 2, willneed = 3, dontneed = 4 };
enum class Delivery : std::int32_t { automatic = 0, thread = 1, in_line = 2, protect = 3, service = 4 };

class Glance;

struct RegionFigures {
    std::uint64_t resident_bytes = 0;
    std::uint64_t pins = 0;
    std::uint64_t faults = 0;
    std::uint64_t populates = 0;
    std::uint64_t populated_bytes = 0;
    std::uint64_t evictions = 0;
    std::uint64_t rescues = 0;
    std::uint64_t written_back_bytes = 0;
    std::uint64_t spill_written_bytes = 0;
    std::uint64_t spill_read_bytes = 0;
    std::uint64_t failures = 0;
};

class AnyRegion {
  public:
    AnyRegion() = default;
    AnyRegion(const AnyRegion &) = delete;
    AnyRegion &operator=(const AnyRegion &) = delete;
    virtual ~AnyRegion() = default;

    virtual const Geometry &geometry() const = 0;
    virtual std::byte *body() const = 0;
    std::byte *header() const { return body() - geometry().header_size(); }
    virtual Delivery delivery() const = 0;
    virtual bool forked() const = 0;
    /// The region of a core, if that is what it is.
    virtual class Region *of_core() noexcept { return nullptr; }

    // -- the calls of the C interface, on ranges that lie in the array
    virtual Status touch(ElementRange range) noexcept = 0;
    virtual Status pin(ElementRange range) noexcept = 0;
    virtual Status pin_write(ElementRange range) noexcept = 0;
    virtual Status unpin(ElementRange range) noexcept = 0;
    virtual Status read(ElementRange range, std::byte *out) noexcept = 0;
    virtual Status write(ElementRange range, const std::byte *in) noexcept = 0;
    virtual Status flush(ElementRange range) noexcept = 0;
    virtual Status evict(ElementRange range) noexcept = 0;
    virtual Status reset(ElementRange range) noexcept = 0;
    virtual void advise(ElementRange range, Advice advice) noexcept = 0;
    // The first ones again, for a few bytes that are in memory, by who only glances at the region (glance.hpp).  How many bytes; 0, without an error:
    // it has to be asked the ordinary way, also for ranges that leave the array.  The other side of the copy must not be lazy memory.
    virtual std::size_t touch_at_once(Glance &, ElementRange) noexcept { return 0; }
    virtual std::size_t read_at_once(Glance &, ElementRange, std::byte * /*out*/) noexcept { return 0; }
    virtual std::size_t write_at_once(Glance &, ElementRange, const std::byte * /*in*/) noexcept { return 0; }
    virtual Result<RegionFigures> figures() noexcept = 0;

    enum class Wait : std::uint8_t { yes, no };
    /// Frees what a handle stands for.  Without waiting, it ends with the last one who is inside.
    static Status close(RegionHandle *handle, Wait wait = Wait::yes) noexcept;

  private:
    friend class RegionHandle;
    /// Users of the handle that a pin keeps inside.
    virtual std::uint64_t pins() const = 0;
    /// Whether a callback of the region's is what runs on this thread: there is no end to wait for then.
    virtual bool calls_back_on_this_thread() const = 0;
    virtual void begin_closing() noexcept = 0;
    /// Nobody is inside but the caller, pins, and faults that come to be refused.
    virtual Status finish_changes() noexcept = 0;
    /// The last one has left the closed region: destroys it.
    virtual void end() noexcept = 0;
};

} // namespace ufomem
