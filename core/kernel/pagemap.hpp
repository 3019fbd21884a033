// SPDX-License-Identifier: MIT
// Which pages of this process are there: the one place that reads /proc/self/pagemap.
#pragma once

#include <cstddef>

namespace ufomem::kernel {

class Pagemap {
  public:
    Pagemap() noexcept;
    Pagemap(const Pagemap &) = delete;
    Pagemap &operator=(const Pagemap &) = delete;
    ~Pagemap();

    /// Whether all pages that the bytes meet hold data, in memory or in swap.  Without /proc, pages in swap count as absent.
    bool are_present(const std::byte *data, std::size_t size) const noexcept;
    /// Whether userfaultfd protects the page.  Without /proc nobody can tell: true.
    bool is_protected(const std::byte *data) const noexcept;

  private:
    int descriptor_;
};

} // namespace ufomem::kernel
