// SPDX-License-Identifier: MIT
// Install by UFFDIO_MOVE with recycled frames: the oldest chunks' pages are moved out of the array into a pool, filled in place,
// and moved in again elsewhere.  No page is allocated, zeroed or copied once the budget is in use.
#pragma once

#include "common/source.hpp"
#include "floor/userfault.hpp"

#include <algorithm>
#include <deque>
#include <mutex>

namespace bench {

class MoveInstall {
  public:
    static constexpr std::uint64_t features = UFFD_FEATURE_MOVE;

    MoveInstall(const Userfault &userfault, const Source &source, std::byte *array, std::size_t bytes, std::size_t chunk,
                std::size_t budget)
        : userfault_(userfault), source_(source), array_(array), chunk_(chunk), frames_(budget / chunk),
          batch_(std::clamp<std::size_t>(frames_ / 8, 1, 16)), pool_(slots * chunk)
    {
        if (chunk >= std::size_t{2} << 20) { // huge pages move as cheaply as small ones
            madvise(array, bytes, MADV_HUGEPAGE);
            madvise(pool_.data(), slots * chunk, MADV_HUGEPAGE);
        }
        userfault.watch(array, bytes, UFFDIO_REGISTER_MODE_MISSING);
        userfault.watch(pool_.data(), slots * chunk, UFFDIO_REGISTER_MODE_WP); // MOVE wants both sides registered
    }

    void answer(std::size_t index)
    {
        const std::lock_guard lock(mutex_);
        if (made_ == frames_ && filled_ == emptied_)
            move_out();
        std::byte *frame = slot(filled_);
        const std::size_t elements = chunk_ / sizeof(Element);
        source_.fill(index * elements, elements, reinterpret_cast<Element *>(frame));
        if (!userfault_.move(array_ + index * chunk_, frame, chunk_))
            return; // somebody was first; the frame stays
        resident_.push_back(index);
        filled_++;
        if (made_ < frames_) {
            made_++;
            emptied_++; // a first use makes a new frame, so no slot is waited for
        }
    }

  private:
    static constexpr std::size_t slots = 64; // places for free frames, used round and round

    [[nodiscard]] std::byte *slot(std::size_t turn) const { return pool_.data() + turn % slots * chunk_; }

    /// Neighbours leave in one call, if their slots are neighbours too.
    void move_out()
    {
        for (std::size_t left = batch_; left > 0 && !resident_.empty();) {
            const std::size_t first = resident_.front();
            const std::size_t room = slots - emptied_ % slots;
            std::size_t count = 0;
            while (!resident_.empty() && resident_.front() == first + count && count < std::min(left, room)) {
                resident_.pop_front();
                count++;
            }
            if (!userfault_.move(slot(emptied_), array_ + first * chunk_, count * chunk_))
                die("a slot of the pool is not empty");
            emptied_ += count;
            left -= count;
        }
    }

    const Userfault &userfault_;
    const Source &source_;
    std::byte *array_;
    std::size_t chunk_;
    std::size_t frames_;
    std::size_t batch_;
    Mapping pool_;
    std::mutex mutex_;
    std::size_t made_ = 0;    // frames that exist
    std::size_t filled_ = 0;  // slots whose frame went into the array
    std::size_t emptied_ = 0; // slots that got a frame back
    std::deque<std::size_t> resident_;
};

} // namespace bench
