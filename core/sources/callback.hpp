// SPDX-License-Identifier: MIT
#pragma once

#include "../closure.hpp"
#include "../spin.hpp"
#include "source.hpp"

#include <cstdint>

namespace ufomem {

using PopulateFunction = std::int32_t (*)(void *user_data, std::size_t first, std::size_t count, void *out);
using WritebackFunction = std::int32_t (*)(void *user_data, std::size_t first, std::size_t count, const void *data);

/// An array that the user's function computes, and another one may take back.  Functions see whole elements only: where elements straddle
/// chunks they get a scratch buffer, and the chunk its part of it.
class CallbackSource final : public Source {
  public:
    CallbackSource(Closure<PopulateFunction> populate, Closure<WritebackFunction> writeback, bool caller_only)
        : populate_(std::move(populate)), writeback_(std::move(writeback)), caller_only_(caller_only)
    {
    }

    void prepare(const Geometry &geometry) override { straddles_ = geometry.straddles(); }
    Status load(const Geometry &geometry, ByteRange data, std::byte *out) override;
    std::size_t scratch_bytes(const Geometry &geometry, ByteRange data) const override;
    bool runs_user_code() const override { return true; }
    bool loads_only_for_callers() const override { return caller_only_; }
    bool takes_changes() const override { return static_cast<bool>(writeback_); }
    /// To store part of an element means to load the rest of it, which an evicting thread must not.
    bool takes_changes_anywhere() const override { return takes_changes() && !caller_only_ && !straddles_; }
    Status store(const Geometry &geometry, ByteRange data, const std::byte *in) override;

  private:
    Status merge(const Geometry &geometry, ByteRange data, const std::byte *in);
    Status populate(ElementRange elements, std::byte *out);
    Status write_back(ElementRange elements, const std::byte *in);

    Closure<PopulateFunction> populate_;
    Closure<WritebackFunction> writeback_;
    bool caller_only_ = false;
    bool straddles_ = false;
    SpinLock merging_; // held for long: two chunks that share an element are merged into it one after the other
};

} // namespace ufomem
