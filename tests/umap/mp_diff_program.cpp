// SPDX-License-Identifier: MIT
// Compares two files through two mapped regions.  Usage: mp_diff_program SOCKET FILE FILE [OFFSET]
// The result is that of diff(1): 0 same, 1 different, 2 trouble; 3 if the first difference is not at the offset that was given.
#include "umap/mpumapclient.h"

#include <cstdio>
#include <cstdlib>

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

void display_configuration()
{
    std::printf("UMAP_PAGESIZE %llu UMAP_BUFSIZE %llu UMAP_PAGE_FILLERS %llu UMAP_PAGE_EVICTORS %llu UMAP_EVICT_LOW_WATER_THRESHOLD %d "
                "UMAP_EVICT_HIGH_WATER_THRESHOLD %d UMAP_MAX_FAULT_EVENTS %llu system %ld\n",
                static_cast<unsigned long long>(umapcfg_get_umap_page_size()), static_cast<unsigned long long>(umapcfg_get_max_pages_in_buffer()),
                static_cast<unsigned long long>(umapcfg_get_num_fillers()), static_cast<unsigned long long>(umapcfg_get_num_evictors()),
                umapcfg_get_evict_low_water_threshold(), umapcfg_get_evict_high_water_threshold(),
                static_cast<unsigned long long>(umapcfg_get_max_fault_events()), umapcfg_get_system_page_size());
}

long size_of(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? static_cast<long>(status.st_size) : 0;
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 4 && argc != 5)
        return 2;
    init_umap_client(argv[1]);
    display_configuration();
    const char *first = static_cast<const char *>(client_umap(argv[2], PROT_READ, MAP_SHARED, NULL));
    const char *second = static_cast<const char *>(client_umap(argv[3], PROT_READ, MAP_SHARED | MAP_FIXED, NULL)); // as MP-UMap's programs write it
    if (!first || !second)
        return 2;
    const long bytes = size_of(argv[2]) < size_of(argv[3]) ? size_of(argv[2]) : size_of(argv[3]);
    long at = 0;
    while (at < bytes && first[at] == second[at])
        at++;
    const bool differ = at < bytes || size_of(argv[2]) != size_of(argv[3]);
    if (differ)
        std::printf("Files differ at offset %ld\n", at);
    else
        std::printf("No difference\n");
    if (client_uunmap(argv[2]) != 0 || client_uunmap(argv[3]) != 0)
        return 2;
    close_umap_client();
    if (argc == 5 && at != std::atol(argv[4]))
        return 3;
    return differ ? 1 : 0;
}
