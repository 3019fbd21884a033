// SPDX-License-Identifier: MIT
// Install by UFFDIO_COPY from a hot staging buffer; the oldest chunks are dropped in batches to stay inside the budget.
#pragma once

#include "common/buffer.hpp"
#include "common/source.hpp"
#include "floor/userfault.hpp"

#include <deque>
#include <mutex>

namespace bench {

class CopyInstall {
  public:
    static constexpr std::uint64_t features = 0;

    CopyInstall(const Userfault &userfault, const Source &source, std::byte *array, std::size_t bytes, std::size_t chunk,
                std::size_t budget)
        : userfault_(userfault), source_(source), array_(array), chunk_(chunk), most_(budget / chunk - staging_buffers)
    {
        userfault.watch(array, bytes, UFFDIO_REGISTER_MODE_MISSING);
    }

    void answer(std::size_t index)
    {
        thread_local const Buffer staging(chunk_);
        make_room();
        source_.fill(index * staging.size(), staging.size(), staging.data());
        if (userfault_.copy(array_ + index * chunk_, staging.data(), chunk_)) {
            const std::lock_guard lock(mutex_);
            resident_.push_back(index);
        } else {
            const std::lock_guard lock(mutex_);
            expected_--;
        }
    }

  private:
    static constexpr std::size_t staging_buffers = 4; // of the readers; they count against the budget
    static constexpr std::size_t batch = 16;

    void make_room()
    {
        const std::lock_guard lock(mutex_);
        if (++expected_ <= most_)
            return;
        // Neighbours leave in one call.
        for (std::size_t dropped = 0; dropped < batch && !resident_.empty();) {
            const std::size_t first = resident_.front();
            std::size_t count = 0;
            while (!resident_.empty() && resident_.front() == first + count && dropped < batch) {
                resident_.pop_front();
                count++;
                dropped++;
            }
            if (madvise(array_ + first * chunk_, count * chunk_, MADV_DONTNEED) != 0)
                die_of_errno("madvise");
            expected_ -= count;
        }
    }

    const Userfault &userfault_;
    const Source &source_;
    std::byte *array_;
    std::size_t chunk_;
    std::size_t most_;
    std::mutex mutex_;
    std::size_t expected_ = 0;         // chunks that are resident or about to be
    std::deque<std::size_t> resident_; // oldest first
};

} // namespace bench
