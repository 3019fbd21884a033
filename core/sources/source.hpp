// SPDX-License-Identifier: MIT
// Where the data of a region comes from, and where changes go if the source takes them.
#pragma once

#include "../geometry.hpp"
#include "../status.hpp"
#include "../units.hpp"

#include <cstddef>

namespace ufomem {

class Source {
  public:
    Source() = default;
    Source(const Source &) = delete;
    Source &operator=(const Source &) = delete;
    virtual ~Source() = default;

    /// Once, before anything else.
    virtual void prepare(const Geometry &) {}

    /// Writes all of `data.length` bytes to `out`.
    virtual Status load(const Geometry &geometry, ByteRange data, std::byte *out) = 0;

    /// Memory that load() and store() of these bytes take besides, for the budget.
    virtual std::size_t scratch_bytes(const Geometry &, ByteRange) const { return 0; }

    /// Whether load() is the program's: it may use other elements than those that it is asked for.
    virtual bool runs_user_code() const { return false; }
    /// Only inside a call of the program: never on a fault.
    virtual bool loads_only_for_callers() const { return false; }

    virtual bool takes_changes() const { return false; }
    /// Whether changes may be stored by whichever thread lets the chunk leave.
    virtual bool takes_changes_anywhere() const { return takes_changes(); }
    virtual Status store(const Geometry &, ByteRange, const std::byte *) { return fail(Code::unsupported, "this source takes no changes"); }
    /// Makes what was stored durable.
    virtual Status sync() { return {}; }
};

} // namespace ufomem
