/* SPDX-License-Identifier: MIT */
/* mpumapclient.h from C.  Without a server every call says so, and the process goes on. */
#include "umap/mpumapclient.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "line %d: %s (errno %d)\n", __LINE__, #condition, errno);                                  \
            return 1;                                                                                                  \
        }                                                                                                              \
    } while (0)

int main(void)
{
    errno = 0;
    init_umap_client("/nonexistent/umap-server");
    CHECK(errno != 0);
    CHECK(client_umap("/etc/passwd", PROT_READ, MAP_SHARED, NULL) == NULL && errno == ENOTCONN);
    CHECK(client_uunmap("/etc/passwd") == -1 && errno == ENOENT);
    errno = 0;
    CHECK(umapcfg_get_umap_page_size() == 0 && errno == ENOTCONN);
    CHECK(umapcfg_get_max_pages_in_buffer() == 0 && umapcfg_get_num_fillers() == 0 && umapcfg_get_num_evictors() == 0);
    CHECK(umapcfg_get_evict_low_water_threshold() == 0 && umapcfg_get_evict_high_water_threshold() == 0);
    CHECK(umapcfg_get_max_fault_events() == 0 && umapcfg_get_system_page_size() == 0);
    errno = 0;
    close_umap_client();
    CHECK(errno == ENOTCONN);
    return 0;
}
