// SPDX-License-Identifier: MIT
// Memory inside the budget: frames for filling, and the charge for everything that is resident.  When there is none left, chunks are
// asked to leave; when none can, the caller gets an error instead of waiting for ever.
#pragma once

#include "budget.hpp"
#include "frame_class.hpp"
#include "reclaimer.hpp"
#include "wait_graph.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace ufomem {

class Frames {
  public:
    /// `pool`: the userfaultfd through which frames are moved; null for none.  `core` names the core in the wait graph.
    Frames(Budget &budget, const kernel::Userfaultfd *pool, const void *core, Heap &heap);

    void set_reclaimer(Reclaimer &reclaimer) { reclaimer_ = &reclaimer; }

    /// The class for frames of so many bytes; lives as long as this object.
    Result<FrameClass *> class_of(std::size_t frame_bytes) noexcept;

    /// A frame, charged, with `extra` bytes charged besides.  Waits while somebody else can make room.
    Result<Frame> take(FrameClass &frames, std::size_t extra) noexcept;
    /// Several frames, or none.
    Status take(FrameClass &frames, std::size_t extra, std::span<Frame> taken) noexcept;
    /// Just the charge.
    Status charge(std::size_t bytes) noexcept;
    /// The charge, if it can be had without asking a chunk to leave.
    bool charge_now(std::size_t bytes) noexcept;
    void discharge(std::size_t bytes) noexcept;

    /// The frame's pages are now where they are wanted; the charge stays with them.
    void vacate(const Frame &frame) noexcept { frame.frames->give_empty(frame); }
    /// The content is not needed any more.
    void recycle(const Frame &frame) noexcept;
    /// The frame keeps an evicted chunk's content.  First step: see FrameClass.
    void prepare_parking(const Frame &frame, std::atomic<ChunkWord::Bits> &owner) noexcept
    {
        frame.frames->prepare_parking(frame, owner);
    }
    void link_parked(const Frame &frame) noexcept;

    /// Some chunk may be able to leave now that could not before.
    void note_progress() noexcept;

    /// Leaves the old budget in place if the memory in use cannot be brought under the new one.
    Status set_budget(std::size_t bytes) noexcept;

    /// How much should leave now, so that nobody has to wait for it later; 0 if there is room enough, or as much as there can be.
    std::size_t missing_room() const noexcept;

    /// For what has to be remembered beside the frames.
    Heap &heap() const { return heap_; }

  private:
    bool try_charge(std::size_t bytes, std::size_t limit) noexcept
    {
        return bytes == 0 || budget_.try_charge(bytes, limit);
    }
    /// `obstacle`: why the pool cannot grow, if that is the reason.
    Frame fresh(FrameClass &frames, std::size_t limit, Failure &obstacle) noexcept;
    /// Gives pooled pages back to the kernel until `bytes` have been discharged.
    std::size_t trim(std::size_t bytes) noexcept;
    std::size_t pooled_bytes() const noexcept;
    std::size_t batch(std::size_t at_least) const noexcept;
    std::size_t room() const noexcept;
    void look_ahead() noexcept;
    template <class Attempt, class LetGo>
    Status until(std::size_t bytes, Attempt attempt, LetGo let_go, const Failure &obstacle) noexcept;
    void note_release() noexcept;
    Status refusal(std::size_t bytes, const Failure &failure) const noexcept;

    Budget &budget_;
    const kernel::Userfaultfd *const pool_;
    const void *const core_;
    Heap &heap_;
    Reclaimer *reclaimer_ = nullptr;

    std::mutex classes_mutex_;
    std::vector<std::unique_ptr<FrameClass>> owned_classes_; // guarded by classes_mutex_
    std::atomic<FrameClass *> classes_{nullptr};             // the same as a list that is read without it

    std::mutex setting_budget_;
    std::atomic<std::uint32_t> progress_{0};
    std::atomic<std::uint32_t> waiting_{0};
    class Needy;
    std::atomic<std::uint32_t> needy_{0};
    std::atomic<std::uint64_t> releases_{
        0}; // how often memory became free, for whomever; counted while somebody is needy
};

} // namespace ufomem
