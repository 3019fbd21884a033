// SPDX-License-Identifier: MIT
// How much memory may be in use.  Charged before pages appear, discharged after they are gone: the kernel never counts more.  What the library's tables
// take is not charged, as it cannot be refused: beyond a share that is always left for them, there is less for chunks.
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
    std::size_t low() const { return percent(for_chunks(), low_percent_); }
    std::size_t high() const { return percent(for_chunks(), high_percent_); }
    /// Up to where who needs `size` bytes at once may go before something has to leave.  The last part is for the library's own tables, which grow
    /// with what is in memory, and for stacks and code, which do not; what is large would lose the place of a whole chunk to that.
    std::size_t limit_for(std::size_t size) const { return limit_of(for_chunks(), size); }
    /// What is free, or free to be used again, at the low watermark.
    std::size_t margin() const
    {
        const std::size_t all = for_chunks();
        return limit_of(all, 0) - percent(all, low_percent_);
    }
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

    void add_table(std::size_t size) { tables_.fetch_add(size, std::memory_order_relaxed); }
    void remove_table(std::size_t size) { tables_.fetch_sub(size, std::memory_order_relaxed); }
    /// What tables take beyond their share.
    std::size_t tables_beyond_share() const { return tables_beyond_share_of(bytes()); }

  private:
    static constexpr std::size_t table_share = 50; // of which one is theirs

    std::size_t tables_beyond_share_of(std::size_t all) const
    {
        const std::size_t tables = tables_.load(std::memory_order_relaxed);
        return tables > all / table_share ? tables - all / table_share : 0;
    }
    /// Half of it at least: what cannot be given back must not stop everything.  To be asked once for everything that is to fit together.
    std::size_t for_chunks() const
    {
        const std::size_t all = bytes();
        return all - std::min(tables_beyond_share_of(all), all / 2);
    }
    std::size_t limit_of(std::size_t all, std::size_t size) const
    {
        const std::size_t low = percent(all, low_percent_);
        const std::size_t marked = percent(all, high_percent_);
        const std::size_t beside_tables = all - all / table_share - std::min<std::size_t>(all / 64, 1024 * 1024);
        if (size > all / 16 || marked <= beside_tables)
            return marked;
        return std::max(beside_tables, low + (marked - low) / 2);
    }
    static std::size_t percent(std::size_t of, unsigned percent) { return of / 100 * percent + of % 100 * percent / 100; }

    const unsigned low_percent_;
    const unsigned high_percent_;
    std::atomic<std::size_t> bytes_;
    std::atomic<std::size_t> used_{0};
    std::atomic<std::size_t> peak_{0};
    std::atomic<std::size_t> tables_{0};
};

} // namespace ufomem
