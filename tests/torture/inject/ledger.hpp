// SPDX-License-Identifier: MIT
// What the library holds now: memory from operator new, and address space, each with the site that it came from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

namespace torture {

class Ledger {
  public:
    static Ledger &of_process() noexcept;

    void allocated(void *memory, std::size_t size, std::uint64_t site) noexcept;
    void freed(void *memory) noexcept;
    void mapped(void *start, std::size_t size, std::uint64_t site) noexcept;
    void unmapped(void *start, std::size_t size) noexcept;

    struct Holding {
        std::size_t count = 0;
        std::size_t bytes = 0;
        friend bool operator==(const Holding &, const Holding &) = default;
    };
    struct Snapshot {
        std::map<std::uint64_t, Holding> allocations; ///< by site
        std::map<std::uint64_t, Holding> mappings;
    };
    Snapshot snapshot();
};

} // namespace torture
