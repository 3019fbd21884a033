// SPDX-License-Identifier: MIT
// Yardstick: the kernel's own lazy array, a mapped file that is in the page cache.

#include "common/access.hpp"
#include "common/options.hpp"
#include "common/record.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace bench;

int main(int argc, char **argv)
{
    Options options(argc, argv);
    const std::size_t bytes = options.size("size", std::size_t{2} << 30);
    const std::string path = options.text("file", "");
    options.finish();

    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        die_of_errno(path);
    void *array = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd, 0);
    if (array == MAP_FAILED)
        die_of_errno("mmap");
    madvise(array, bytes, MADV_SEQUENTIAL);
    record("seconds", scan({static_cast<const Element *>(array), bytes / sizeof(Element)}));
    record("bytes", std::uint64_t{bytes});
}
