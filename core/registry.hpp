// SPDX-License-Identifier: MIT
// From an address to the region that it lies in.  Readers take no lock and may be signal handlers: they read optimistically, and again
// if a writer was at work.  Two levels, so that a hundred thousand regions do not have to be shifted for each new one.
#pragma once

#include "handle.hpp"
#include "status.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace ufomem {

class Registry {
  public:
    Registry() = default;
    Registry(const Registry &) = delete;
    Registry &operator=(const Registry &) = delete;

    Status insert(const std::byte *begin, const std::byte *end, RegionHandle *handle) noexcept;
    void erase(const std::byte *begin) noexcept;

    /// The handle of the region that covers the address, or null.  The region may end at any time: enter it, and look again.
    RegionHandle *find(const std::byte *address) const noexcept;
    /// What covers the address, or else the next region behind it; a null handle if there is none.
    struct Found {
        RegionHandle *handle = nullptr;
        std::byte *end = nullptr;
    };
    Found find_from(const std::byte *address) const noexcept;

    std::size_t size() const { return size_.load(std::memory_order_relaxed); }

  private:
    using Address = std::uintptr_t;
    static constexpr std::size_t leaf_capacity = 128;

    // All fields are atomic because readers see them while they change; the version tells them that they did.
    struct Entry {
        std::atomic<Address> begin{0};
        std::atomic<Address> end{0};
        std::atomic<RegionHandle *> handle{nullptr};
    };
    struct Leaf {
        std::atomic<std::size_t> size{0};
        Entry entries[leaf_capacity];
    };
    struct Directory {
        explicit Directory(std::size_t capacity_) : capacity(capacity_), leaves(std::make_unique<std::atomic<Leaf *>[]>(capacity_)) {}
        const std::size_t capacity;
        std::atomic<std::size_t> size{0};
        std::unique_ptr<std::atomic<Leaf *>[]> leaves; // sorted, none empty
    };
    class Writing;

    template <class Search> auto read(Search search) const noexcept;
    static RegionHandle *search(const Directory &directory, Address address) noexcept;
    static Found search_from(const Directory &directory, Address address) noexcept;
    static std::size_t leaf_for(const Directory &directory, Address address) noexcept;
    static std::size_t entry_for(const Leaf &leaf, Address address) noexcept;
    static void copy(const Entry &from, Entry &to) noexcept;
    Leaf *new_leaf();

    std::mutex mutex_; // among writers
    std::atomic<std::uint64_t> version_{0}; // odd while a writer is at work
    std::atomic<Directory *> directory_{nullptr};
    std::atomic<std::size_t> size_{0};
    // Old directories and empty leaves stay: a reader may still look at them.
    std::vector<std::unique_ptr<Directory>> directories_;
    std::vector<std::unique_ptr<Leaf>> leaves_;
    std::vector<Leaf *> idle_leaves_;
};

} // namespace ufomem
