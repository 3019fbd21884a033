// SPDX-License-Identifier: MIT
// A buffer of elements that begins with a page.  It has to: the kernel's copies to and from memory that is not aligned to cache
// lines (as malloc gives it, 16 bytes past a page) take up to six times as long on some processors.
#pragma once

#include "common/die.hpp"
#include "common/numbers.hpp"

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <span>

namespace bench {

class Buffer {
  public:
    explicit Buffer(std::size_t bytes)
        : memory_(static_cast<Element *>(std::aligned_alloc(page, (bytes + page - 1) / page * page))), bytes_(bytes)
    {
        if (!memory_)
            die("there is no memory for a buffer");
        generate(0, bytes / sizeof(Element), memory_.get()); // its pages are there from now on
    }

    [[nodiscard]] Element *data() const { return memory_.get(); }
    [[nodiscard]] std::size_t size() const { return bytes_ / sizeof(Element); }
    [[nodiscard]] std::span<Element> elements() const { return {data(), size()}; }

  private:
    struct Free {
        void operator()(Element *memory) const { std::free(memory); }
    };
    static constexpr std::size_t page = 4096;
    std::unique_ptr<Element[], Free> memory_;
    std::size_t bytes_;
};

} // namespace bench
