// SPDX-License-Identifier: MIT
#include "registry.hpp"

#include "signal_guard.hpp"

#include <algorithm>

#include <sched.h>

namespace ufomem {

/// A change that readers notice.  Signals are held back: a handler of this thread would wait for it in vain.
class Registry::Writing {
  public:
    explicit Writing(std::atomic<std::uint64_t> &version) : version_(version) { version_.fetch_add(1, std::memory_order_acq_rel); }
    ~Writing() { version_.fetch_add(1, std::memory_order_acq_rel); }

  private:
    std::atomic<std::uint64_t> &version_;
};

/// The last leaf that begins at or before the address; 0 if there is none.
std::size_t Registry::leaf_for(const Directory &directory, Address address) noexcept
{
    std::size_t low = 0;
    std::size_t high = std::min(directory.size.load(std::memory_order_acquire), directory.capacity);
    while (high - low > 1) {
        const std::size_t middle = low + (high - low) / 2;
        const Leaf *leaf = directory.leaves[middle].load(std::memory_order_acquire);
        if (leaf && leaf->entries[0].begin.load(std::memory_order_acquire) <= address)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/// The first entry of the leaf that begins behind the address.
std::size_t Registry::entry_for(const Leaf &leaf, Address address) noexcept
{
    std::size_t low = 0;
    std::size_t high = std::min(leaf.size.load(std::memory_order_acquire), leaf_capacity);
    while (low < high) {
        const std::size_t middle = low + (high - low) / 2;
        if (leaf.entries[middle].begin.load(std::memory_order_acquire) <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

RegionHandle *Registry::search(const Directory &directory, Address address) noexcept
{
    const Leaf *leaf = directory.leaves[leaf_for(directory, address)].load(std::memory_order_acquire);
    const std::size_t behind = leaf ? entry_for(*leaf, address) : 0;
    if (behind == 0)
        return nullptr;
    const Entry &entry = leaf->entries[behind - 1];
    return address < entry.end.load(std::memory_order_acquire) ? entry.handle.load(std::memory_order_acquire) : nullptr;
}

Registry::Found Registry::search_from(const Directory &directory, Address address) noexcept
{
    const std::size_t leaves = std::min(directory.size.load(std::memory_order_acquire), directory.capacity);
    for (std::size_t i = leaf_for(directory, address); i < leaves; ++i) {
        const Leaf *leaf = directory.leaves[i].load(std::memory_order_acquire);
        if (!leaf)
            continue;
        const std::size_t size = std::min(leaf->size.load(std::memory_order_acquire), leaf_capacity);
        const std::size_t behind = entry_for(*leaf, address);
        for (std::size_t at = behind == 0 ? 0 : behind - 1; at < size; ++at)
            if (const Address end = leaf->entries[at].end.load(std::memory_order_acquire); end > address)
                return {leaf->entries[at].handle.load(std::memory_order_acquire), reinterpret_cast<std::byte *>(end)};
    }
    return {};
}

template <class Search> auto Registry::read(Search search) const noexcept
{
    for (;; sched_yield()) {
        const std::uint64_t before = version_.load(std::memory_order_acquire);
        if (before % 2 != 0)
            continue;
        const Directory *directory = directory_.load(std::memory_order_acquire);
        const auto found = directory ? search(*directory) : decltype(search(*directory)){};
        if (version_.load(std::memory_order_acquire) == before)
            return found;
    }
}

RegionHandle *Registry::find(const std::byte *address) const noexcept
{
    return read([address](const Directory &directory) { return search(directory, reinterpret_cast<Address>(address)); });
}

Registry::Found Registry::find_from(const std::byte *address) const noexcept
{
    return read([address](const Directory &directory) { return search_from(directory, reinterpret_cast<Address>(address)); });
}

void Registry::copy(const Entry &from, Entry &to) noexcept
{
    to.begin.store(from.begin.load(std::memory_order_relaxed), std::memory_order_release);
    to.end.store(from.end.load(std::memory_order_relaxed), std::memory_order_release);
    to.handle.store(from.handle.load(std::memory_order_relaxed), std::memory_order_release);
}

Registry::Leaf *Registry::new_leaf()
{
    if (idle_leaves_.empty()) {
        idle_leaves_.reserve(leaves_.size() + 1);
        leaves_.push_back(std::make_unique<Leaf>());
        return leaves_.back().get();
    }
    Leaf *leaf = idle_leaves_.back();
    idle_leaves_.pop_back();
    return leaf;
}

Status Registry::insert(const std::byte *begin, const std::byte *end, RegionHandle *handle) noexcept
{
    const auto address = reinterpret_cast<Address>(begin);
    const GuardedLock lock(mutex_);
    try {
        // Everything that may fail comes first: a directory with room, and a spare leaf.
        Directory *directory = directory_.load(std::memory_order_relaxed);
        if (!directory || directory->size.load(std::memory_order_relaxed) == directory->capacity) {
            directories_.push_back(std::make_unique<Directory>(directory ? directory->capacity * 2 : 16));
            Directory *larger = directories_.back().get();
            if (directory) {
                for (std::size_t i = 0; i < directory->size; ++i)
                    larger->leaves[i].store(directory->leaves[i].load(std::memory_order_relaxed), std::memory_order_relaxed);
                larger->size.store(directory->size.load(std::memory_order_relaxed), std::memory_order_relaxed);
            }
            const Writing writing(version_);
            directory_.store(larger, std::memory_order_release);
            directory = larger;
        }
        Leaf *spare = new_leaf();

        const Writing writing(version_);
        const auto insert_leaf = [&](std::size_t at, Leaf *leaf) {
            for (std::size_t i = directory->size; i > at; --i)
                directory->leaves[i].store(directory->leaves[i - 1].load(std::memory_order_relaxed), std::memory_order_release);
            directory->leaves[at].store(leaf, std::memory_order_release);
            directory->size.store(directory->size + 1, std::memory_order_release);
        };
        if (directory->size == 0) {
            spare->size.store(0, std::memory_order_release);
            insert_leaf(0, spare);
            spare = nullptr;
        }
        std::size_t position = leaf_for(*directory, address);
        Leaf *leaf = directory->leaves[position].load(std::memory_order_relaxed);
        if (leaf->size == leaf_capacity) { // split; at either end of the leaf little moves, as regions mostly come in order
            const std::size_t at = entry_for(*leaf, address);
            const std::size_t keep = at == 0 ? 1 : at == leaf_capacity ? leaf_capacity - 1 : leaf_capacity / 2;
            for (std::size_t i = keep; i < leaf_capacity; ++i)
                copy(leaf->entries[i], spare->entries[i - keep]);
            spare->size.store(leaf_capacity - keep, std::memory_order_release);
            leaf->size.store(keep, std::memory_order_release);
            insert_leaf(position + 1, spare);
            if (at > keep)
                leaf = spare;
            spare = nullptr;
        }
        const std::size_t at = entry_for(*leaf, address);
        for (std::size_t i = leaf->size; i > at; --i)
            copy(leaf->entries[i - 1], leaf->entries[i]);
        Entry &entry = leaf->entries[at];
        entry.begin.store(address, std::memory_order_release);
        entry.end.store(reinterpret_cast<Address>(end), std::memory_order_release);
        entry.handle.store(handle, std::memory_order_release);
        leaf->size.store(leaf->size + 1, std::memory_order_release);
        if (spare)
            idle_leaves_.push_back(spare); // its room was reserved
    } catch (...) {
        return fail(Code::nomem, "no memory for the table of regions");
    }
    size_.fetch_add(1, std::memory_order_relaxed);
    return {};
}

void Registry::erase(const std::byte *begin) noexcept
{
    const auto address = reinterpret_cast<Address>(begin);
    const GuardedLock lock(mutex_);
    Directory *directory = directory_.load(std::memory_order_relaxed);
    if (!directory || directory->size == 0)
        return;
    const std::size_t position = leaf_for(*directory, address);
    Leaf *leaf = directory->leaves[position].load(std::memory_order_relaxed);
    const std::size_t behind = entry_for(*leaf, address);
    if (behind == 0 || leaf->entries[behind - 1].begin.load(std::memory_order_relaxed) != address)
        return;
    const Writing writing(version_);
    for (std::size_t i = behind; i < leaf->size; ++i)
        copy(leaf->entries[i], leaf->entries[i - 1]);
    leaf->size.store(leaf->size - 1, std::memory_order_release);
    if (leaf->size == 0) {
        for (std::size_t i = position + 1; i < directory->size; ++i)
            directory->leaves[i - 1].store(directory->leaves[i].load(std::memory_order_relaxed), std::memory_order_release);
        directory->size.store(directory->size - 1, std::memory_order_release);
        idle_leaves_.push_back(leaf); // room for every leaf was reserved when it was made
    }
    size_.fetch_sub(1, std::memory_order_relaxed);
}

} // namespace ufomem
