// SPDX-License-Identifier: MIT
// In the manner of UMap's own test programs: C++11, names and headers as their documentation gives them.  Several threads, one part of the file
// read and written all the time, the rest read while it goes and comes; a store of the program's own around UMap's.
#include "umap/umap.h"
#include "umap/store/Store.hpp"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <thread>
#include <vector>

#include <fcntl.h>

namespace {

void must(bool condition, const char *what)
{
    if (!condition) {
        std::cerr << what << ": " << strerror(errno) << std::endl;
        std::exit(1);
    }
}

// UMap's documented subclass: no override, no virtual destructor of its own.
class PassOn : public Umap::Store {
  public:
    PassOn(std::size_t bytes, std::size_t aligned, int fd) : file(Umap::Store::make_store(NULL, bytes, aligned, fd)), requests(0) {}
    ssize_t read_from_store(char *buf, size_t nb, off_t off)
    {
        requests++;
        return file->read_from_store(buf, nb, off);
    }
    ssize_t write_to_store(char *buf, size_t nb, off_t off) { return file->write_to_store(buf, nb, off); }

    Umap::Store *file;
    std::atomic<int> requests;
};

} // namespace

int main()
{
    const uint64_t psize = umapcfg_get_umap_page_size();
    umapcfg_set_max_pages_in_buffer(48);
    const uint64_t pages = 256, hot = 16;
    const uint64_t total = pages * psize;
    char name[] = "umap-churn-XXXXXX";
    int fd = mkstemp(name);
    must(fd != -1, "mkstemp");
    must(unlink(name) == 0, "unlink");
    must(posix_fallocate(fd, 0, static_cast<off_t>(total)) == 0, "posix_fallocate");

    void *base = umap(NULL, total, PROT_READ | PROT_WRITE, UMAP_PRIVATE, fd, 0);
    must(base != UMAP_FAILED, "umap");
    uint64_t *array = static_cast<uint64_t *>(base);
    const uint64_t per_page = psize / sizeof(uint64_t);
    for (uint64_t i = 0; i < pages; i++)
        array[i * per_page] = i + 1;
    must(uunmap(base, total) == 0, "uunmap");

    PassOn *store = new PassOn(total, psize, fd);
    base = Umap::umap_ex(NULL, total, PROT_READ | PROT_WRITE, UMAP_PRIVATE, fd, 0, store);
    must(base != UMAP_FAILED, "umap_ex");
    array = static_cast<uint64_t *>(base);
    std::vector<umap_prefetch_item> pfi;
    for (uint64_t i = 0; i < hot; ++i) {
        umap_prefetch_item x = {&array[i * per_page]};
        pfi.push_back(x);
    }
    umap_prefetch(static_cast<int>(hot), &pfi[0]);
    std::atomic<int> wrong(0);
    std::vector<std::thread> threads;
    for (uint64_t t = 0; t < 4; t++)
        threads.push_back(std::thread([=, &wrong] {
            for (uint64_t round = 0; round < 2000; round++) {
                uint64_t mine = (round % (hot / 4)) * 4 + t; // nobody else's
                array[mine * per_page + 1] = round;
                uint64_t other = hot + (round * 37 + t * 61) % (pages - hot);
                if (array[other * per_page] != other + 1 || array[mine * per_page + 1] != round)
                    wrong++;
            }
        }));
    for (std::size_t t = 0; t < threads.size(); t++)
        threads[t].join();
    must(umap_flush() == 0, "umap_flush");
    must(uunmap(base, total) == 0, "uunmap");
    must(wrong == 0, "wrong values");
    must(store->requests > 0, "the store has not been asked");
    uint64_t number = 0;
    must(pread(fd, &number, sizeof number, sizeof number) == static_cast<ssize_t>(sizeof number) && number >= 1996, "the file lacks the changes");
    delete store->file;
    delete store;
    close(fd);
    return 0;
}
