// SPDX-License-Identifier: MIT
#include "heap.hpp"

#include "kernel/memory.hpp"
#include "units.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>

namespace ufomem {

Heap::~Heap()
{
    for (Slab *slab = slabs_.load(); slab;) {
        Slab *const next = slab->next;
        kernel::Mapping(reinterpret_cast<std::byte *>(slab), slab->bytes).reset();
        slab = next;
    }
}

/// `classes` if it is too large for any.
std::size_t Heap::class_of(std::size_t size) noexcept
{
    if (size > size_of(classes - 1))
        return classes;
    return size <= size_of(0) ? 0 : static_cast<std::size_t>(std::bit_width(size - 1)) - least_shift;
}

void *Heap::carve(Shelf &shelf, std::size_t size) noexcept
{
    if (shelf.fresh_bytes < size)
        return nullptr;
    shelf.fresh_bytes -= size;
    return std::exchange(shelf.fresh, shelf.fresh + size);
}

/// From whichever shelf: who allocates and who releases may be on different processors for ever.
void *Heap::reuse(std::size_t index) noexcept
{
    void *block = nullptr;
    bool all_seen = false;
    shelves_.until(this_cpu(), all_seen, [&](Shelf &shelf) {
        block = shelf.free[index] ? std::exchange(shelf.free[index], shelf.free[index]->next) : nullptr;
        return block != nullptr;
    });
    return block;
}

/// An eighth of what there is.
std::size_t Heap::next_slab_bytes() const noexcept
{
    return std::clamp(bytes() / 8 / kernel::page_size() * kernel::page_size(), kernel::page_size(),
                      std::max(most_slab_bytes, kernel::page_size()));
}

/// Of a new slab, the rest of which goes to a shelf.  Null if there is no memory.
void *Heap::from_slab(std::size_t index) noexcept
{
    const std::size_t size = size_of(index);
    const std::size_t slab_bytes = next_slab_bytes();
    Result<kernel::Mapping> memory = kernel::map_memory(slab_bytes);
    if (!memory.ok())
        return nullptr;
    bytes_.fetch_add(slab_bytes, std::memory_order_relaxed);
    std::byte *const begin = memory->data();
    memory->release();
    auto *const slab = ::new (begin) Slab{slabs_.load(std::memory_order_relaxed), slab_bytes};
    while (!slabs_.compare_exchange_weak(slab->next, slab, std::memory_order_release, std::memory_order_relaxed)) {
    }
    constexpr std::size_t header = round_up(sizeof(Slab), alignof(std::max_align_t));
    shelves_.with_any(this_cpu(), [&](Shelf &shelf) {
        std::byte *rest = begin + header + size;
        std::size_t rest_bytes = slab_bytes - header - size;
        if (shelf.fresh_bytes < rest_bytes) {
            std::swap(shelf.fresh, rest);
            std::swap(shelf.fresh_bytes, rest_bytes);
        }
        for (; rest_bytes >= size; rest_bytes -= size, rest += size) // somebody else has just brought one, too
            shelf.free[index] = ::new (rest) Block{shelf.free[index]};
        return true;
    });
    return begin + header;
}

void *Heap::allocate(std::size_t size)
{
    const std::size_t index = class_of(size);
    if (index == classes) {
        Result<kernel::Mapping> pages = kernel::map_memory(round_up(size, kernel::page_size()));
        if (!pages.ok())
            throw std::bad_alloc();
        bytes_.fetch_add(pages->size(), std::memory_order_relaxed);
        void *const block = pages->data();
        pages->release();
        return block;
    }
    void *block = reuse(index);
    if (!block)
        block = shelves_.with_any(this_cpu(), [&](Shelf &shelf) { return carve(shelf, size_of(index)); });
    if (!block)
        block = from_slab(index);
    if (!block)
        throw std::bad_alloc();
    return block;
}

void Heap::release(void *block, std::size_t size) noexcept
{
    const std::size_t index = class_of(size);
    if (index == classes) {
        kernel::Mapping pages(static_cast<std::byte *>(block), round_up(size, kernel::page_size()));
        bytes_.fetch_sub(pages.size(), std::memory_order_relaxed);
        return;
    }
    shelves_.with_any(this_cpu(), [&](Shelf &shelf) {
        shelf.free[index] = ::new (block) Block{shelf.free[index]};
        return true;
    });
}

} // namespace ufomem
