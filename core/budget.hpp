// SPDX-License-Identifier: MIT
// How much memory may be in use.  Charged before pages appear, discharged after they are gone: the kernel never counts more.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>

namespace ufomem {

class Budget {
  public:
    Budget(std::size_t bytes, unsigned low_percent, unsigned high_percent) : low_percent_(low_percent), high_percent_(high_percent), bytes_(bytes) {}

    std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
    void set_bytes(std::size_t bytes) { bytes_.store(bytes, std::memory_order_relaxed); }
    std::size_t low() const { return percent(low_percent_); }
    std::size_t high() const { return percent(high_percent_); }
    /// Up to where who needs `size` bytes at once may go before something has to leave.  The last part is for the library's own tables, which grow
    /// with what is in memory, and for stacks and code, which do not; what is large would lose the place of a whole chunk to that.
    std::size_t limit_for(std::size_t size) const
    {
        const std::size_t all = bytes();
        const std::size_t marked = high();
        const std::size_t beside_tables = all - all / 50 - std::min<std::size_t>(all / 64, 1024 * 1024);
        if (size > all / 16 || marked <= beside_tables)
            return marked;
        return std::max(beside_tables, low() + (marked - low()) / 2);
    }
    /// What is free, or free to be used again, at the low watermark.
    std::size_t margin() const { return limit_for(0) - low(); }
    std::size_t used() const { return used_.load(std::memory_order_relaxed); }
    std::size_t peak() const { return peak_.load(std::memory_order_relaxed); }

    bool try_charge(std::size_t size, std::size_t limit)
    {
        std::size_t used = used_.load(std::memory_order_relaxed);
        do {
            if (size > limit || used > limit - size)
                return false;
        } while (!used_.compare_exchange_weak(used, used + size, std::memory_order_relaxed));
        std::size_t peak = peak_.load(std::memory_order_relaxed);
        while (peak < used + size && !peak_.compare_exchange_weak(peak, used + size, std::memory_order_relaxed)) {
        }
        return true;
    }
    void discharge(std::size_t size) { used_.fetch_sub(size, std::memory_order_relaxed); }

  private:
    std::size_t percent(unsigned percent) const { return bytes() / 100 * percent + bytes() % 100 * percent / 100; }

    const unsigned low_percent_;
    const unsigned high_percent_;
    std::atomic<std::size_t> bytes_;
    std::atomic<std::size_t> used_{0};
    std::atomic<std::size_t> peak_{0};
};

} // namespace ufomem
