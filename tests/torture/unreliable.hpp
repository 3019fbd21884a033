// SPDX-License-Identifier: MIT
// A source of mixed words that refuses now and then, also what it has given before, until it is told to be reliable.
#pragma once

#include "array.hpp"

#include <atomic>
#include <cstdint>

namespace torture {

class Unreliable {
  public:
    static constexpr std::int32_t refusal = 42;

    /// Of so many calls one is refused.
    explicit Unreliable(unsigned calls) : period_(calls) {}

    ufo_status set(ufo_config *config) { return ufo_config_set_populate(config, populate, this, nullptr); }
    void be_reliable() { reliable_ = true; }

  private:
    static std::int32_t populate(void *user_data, std::size_t first, std::size_t count, void *out)
    {
        auto &source = *static_cast<Unreliable *>(user_data);
        if (!source.reliable_ && source.calls_.fetch_add(1) % source.period_ == source.period_ - 1)
            return refusal;
        return populate_mixed(nullptr, first, count, out);
    }

    const unsigned period_;
    std::atomic<unsigned> calls_{0};
    std::atomic<bool> reliable_{false};
};

} // namespace torture
