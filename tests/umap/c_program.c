/* SPDX-License-Identifier: MIT */
/* umap.h from C: a file is filled, prefetched and pinned, and read back. */
#define _XOPEN_SOURCE 700
#include "umap/umap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "line %d: %s (%s)\n", __LINE__, #condition, strerror(errno));                              \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

int main(void)
{
    char path[] = "umap-c-XXXXXX";
    int fd = mkstemp(path);
    uint64_t page = umapcfg_get_umap_page_size();
    size_t length = 16 * page;
    struct umap_prefetch_item items[16];
    double *numbers, number = 0;
    size_t i, count = length / sizeof(double);
    void *region;

    CHECK(fd >= 0);
    unlink(path);
    CHECK(ftruncate(fd, (off_t)length) == 0);
    CHECK(umap_has_write_support());
    region = umap(NULL, length, PROT_READ | PROT_WRITE, UMAP_PRIVATE, fd, 0);
    CHECK(region != UMAP_FAILED);
    for (i = 0; i < 16; i++)
        items[i].page_base_addr = (char *)region + i * page;
    umap_prefetch(16, items);
    umap_fetch_and_pin(region, page);
    numbers = region;
    for (i = 0; i < count; i++)
        numbers[i] = (double)i * 3;
    CHECK(umap_flush() == 0);
    CHECK(pread(fd, &number, sizeof number, (off_t)(length - sizeof number)) == (ssize_t)sizeof number);
    CHECK(number == (double)(count - 1) * 3);
    CHECK(uunmap(region, length) == 0);
    CHECK(umapcfg_get_system_page_size() > 0 && umapcfg_get_num_fillers() > 0 && umapcfg_get_num_evictors() > 0);
    CHECK(umapcfg_get_evict_low_water_threshold() < umapcfg_get_evict_high_water_threshold());
    close(fd);
    return 0;
}
