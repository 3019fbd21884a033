// SPDX-License-Identifier: MIT
/// @file Store.hpp
/// Where the data of a mapped region comes from and goes to, as UMap's applications know it.
#ifndef UFOMEM_COMPAT_UMAP_STORE_HPP
#define UFOMEM_COMPAT_UMAP_STORE_HPP

#include <cstddef>
#include <cstdint>
#include <sys/types.h>
#include <unistd.h>

namespace Umap {

/// Derive from it, and hand an object to umap_ex(), which does not take it over: it has to live until uunmap() has returned.
///
/// Both functions are asked for exactly one page (of the region's page size) at a page-aligned offset, by several threads at a time.  A negative
/// result, with errno set, is a failure, and so is an exception: whoever touched the page gets SIGBUS; a page that could not be written stays in
/// memory, and is written again later.  Any other result counts as success, since there are stores that return 0 then.
class Store {
  public:
    /// The store that umap() itself uses: reads and writes the file behind a descriptor, which is duplicated.  The caller deletes it.
    /// Null, with errno set, if that is no open file.  Region and alignment are not looked at.
    static Store *make_store(void *region, std::size_t region_bytes, std::size_t alignment, int descriptor);

    virtual ~Store() = default;

    /// Fills `buffer`; what is left out of it reads as zeros.
    virtual ssize_t read_from_store(char *buffer, std::size_t bytes, off_t offset) = 0;
    /// Keeps the content of `buffer`, which must not be changed.
    virtual ssize_t write_to_store(char *buffer, std::size_t bytes, off_t offset) = 0;
    /// Never called.  Some branches of UMap have it, and their stores override it.
    virtual int predict_offsets(off_t * /*offsets*/, off_t /*offset*/) { return 0; }
};

} // namespace Umap

#endif // UFOMEM_COMPAT_UMAP_STORE_HPP
