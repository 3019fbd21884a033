// SPDX-License-Identifier: MIT
// Memory for what is remembered while a fault is answered.  Never malloc's: a signal handler of the program may touch lazy memory while the thread that it
// interrupts is inside of malloc, and whoever answers would wait for that thread.  For the same reason nothing here is waited for (spin.hpp).
#pragma once

#include "sharded.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace ufomem {

class Heap {
  public:
    Heap() = default;
    Heap(const Heap &) = delete;
    Heap &operator=(const Heap &) = delete;
    /// Everything in it ends with it.
    ~Heap();

    /// Aligned for anything; throws std::bad_alloc.
    void *allocate(std::size_t size);
    void release(void *block, std::size_t size) noexcept;

    /// What it has of the system, a part of it free.
    std::size_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }

  private:
    static constexpr unsigned least_shift = 5;
    static constexpr std::size_t classes =
        6; // powers of two from 32 bytes to 1 KiB; what is larger has pages of its own
    static constexpr std::size_t most_slab_bytes = 64 * 1024;

    struct Block {
        Block *next;
    };
    struct Slab {
        Slab *next;
        std::size_t bytes;
    };
    struct Shelf {
        std::array<Block *, classes> free{};
        std::byte *fresh = nullptr; // of a slab, never used
        std::size_t fresh_bytes = 0;
    };

    static std::size_t class_of(std::size_t size) noexcept;
    static constexpr std::size_t size_of(std::size_t index) { return std::size_t{1} << (least_shift + index); }
    std::size_t next_slab_bytes() const noexcept;
    static void *carve(Shelf &shelf, std::size_t size) noexcept;
    void *reuse(std::size_t index) noexcept;
    void *from_slab(std::size_t index) noexcept;

    Sharded<Shelf> shelves_;
    std::atomic<Slab *> slabs_{nullptr};
    std::atomic<std::size_t> bytes_{0};
};

/// For containers.
template <class T> class HeapAllocator {
  public:
    using value_type = T;

    HeapAllocator(Heap &heap) noexcept : heap_(&heap) {}
    template <class Other> HeapAllocator(const HeapAllocator<Other> &other) noexcept : heap_(other.heap()) {}

    T *allocate(std::size_t count)
    {
        static_assert(alignof(T) <= alignof(std::max_align_t));
        return static_cast<T *>(heap_->allocate(bytes(count)));
    }
    void deallocate(T *block, std::size_t count) noexcept { heap_->release(block, bytes(count)); }

    Heap *heap() const noexcept { return heap_; }
    template <class Other> bool operator==(const HeapAllocator<Other> &other) const noexcept
    {
        return heap_ == other.heap();
    }

  private:
    static constexpr std::size_t bytes(std::size_t count)
    {
        return count * sizeof(T); // NOLINT(bugprone-sizeof-expression): a deque has pointers, too
    }

    Heap *heap_;
};

/// For single objects.
template <class T> struct HeapDelete {
    Heap *heap = nullptr;
    void operator()(T *object) const noexcept
    {
        std::destroy_at(object);
        heap->release(object, sizeof(T));
    }
};
template <class T> using HeapPointer = std::unique_ptr<T, HeapDelete<T>>;

template <class T, class... Arguments> HeapPointer<T> make_in(Heap &heap, Arguments &&...arguments)
{
    void *const room = heap.allocate(sizeof(T));
    try {
        return HeapPointer<T>(::new (room) T(std::forward<Arguments>(arguments)...), {&heap});
    } catch (...) {
        heap.release(room, sizeof(T));
        throw;
    }
}

} // namespace ufomem
