/* SPDX-License-Identifier: MIT */
/**
 * @file umap.h
 * @brief UMap's interface on top of ufomem: programs written for UMap build with it unchanged.
 *
 * Differences to UMap, and what to use in new programs: see README.md next to this folder.
 */
#ifndef UFOMEM_COMPAT_UMAP_H
#define UFOMEM_COMPAT_UMAP_H

#ifdef __cplusplus
#include "umap/store/Store.hpp"
#include <cstddef>
#include <cstdint>
#else
#include <stddef.h>
#include <stdint.h>
#endif

#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

/** Flags.  Private and shared mean the same: changes go to the file or store, and nobody else sees them before that. */
#define UMAP_PRIVATE MAP_PRIVATE
#define UMAP_SHARED MAP_SHARED
/** At exactly that address, in place of what is mapped there (but never of another region of UMap). */
#define UMAP_FIXED MAP_FIXED

/** What umap() returns on an error; errno says more. */
#define UMAP_FAILED ((void *)-1)

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Maps `length` bytes of the file `fd` from `offset` on, which has to be a multiple of the system's page size.  The descriptor can be closed afterwards.
 * Beyond the end of the file the region reads as zeros; what is written there makes the file longer.
 *
 * @param addr  where, for #UMAP_FIXED: a multiple of the UMap page size; else a hint, or NULL.  The region always begins at such a multiple.
 * @param prot  PROT_READ, or PROT_READ | PROT_WRITE
 * @param flags #UMAP_PRIVATE or #UMAP_SHARED, and #UMAP_FIXED
 * @return the region, or #UMAP_FAILED and errno: EINVAL (an argument), EBADF (`fd`), EACCES (not open for that), ENODEV (no file that can be mapped),
 *         EEXIST (another region is there), ENOMEM (no address space, or a page is larger than the buffer)
 */
void *umap(void *addr, size_t length, int prot, int flags, int fd, off_t offset);

/** As umap(), with pages of `page_size` bytes, a multiple of the UMap page size, for this region. */
void *umap_variable(void *addr, size_t length, int prot, int flags, int fd, off_t offset, uint64_t page_size);

/** Has no effect but on errno (EINVAL): ufomem itself adapts to the accesses how much it moves at a time. */
void umap_adapt_pagesize(void *addr, uint64_t page_size);

/**
 * Writes all changes of a region, and ends it.
 * @return 0; -1 and errno: EINVAL if there is no such region, or `length` is not the whole of it; what the file or store says if changes cannot be
 *         written: then the region stays as it is.
 */
int uunmap(void *addr, size_t length);

/** Writes all changes of all regions.  @return 0; -1 and errno if some could not be written: they stay in memory */
int umap_flush(void);

/** 1: regions can be written to. */
int umap_has_write_support(void);

/** A page, named by an address in it. */
struct umap_prefetch_item {
    void *page_base_addr;
};

/** Fills pages in the background, as far as there is room. */
void umap_prefetch(int npages, struct umap_prefetch_item *page_array);

/** Fills a range, and keeps it in memory until uunmap().  errno is 0 if that succeeded; ENOMEM: it does not fit the buffer. */
void umap_fetch_and_pin(char *paddr, uint64_t size);

/*
 * Configuration: UMAP_PAGESIZE, UMAP_BUFSIZE ... are read from the environment at the first use of any function here.
 */
long umapcfg_get_system_page_size(void);
uint64_t umapcfg_get_umap_page_size(void);
uint64_t umapcfg_get_max_pages_in_buffer(void);
uint64_t umapcfg_get_read_ahead(void);
uint64_t umapcfg_get_num_fillers(void);
uint64_t umapcfg_get_num_evictors(void);
int umapcfg_get_evict_low_water_threshold(void);
int umapcfg_get_evict_high_water_threshold(void);
uint64_t umapcfg_get_max_fault_events(void);

/*
 * Setters of early versions of UMap.  They work until the first region is made, and the first two also later: for the buffer, and for new regions.
 * A value that is out of range is refused with a sentence in the log.
 */
void umapcfg_set_umap_page_size(uint64_t page_size);
void umapcfg_set_max_pages_in_buffer(uint64_t max_pages);
void umapcfg_set_read_ahead(uint64_t num_pages);
void umapcfg_set_num_fillers(uint64_t num_fillers);
void umapcfg_set_num_evictors(uint64_t num_evictors);
void umapcfg_set_evict_low_water_threshold(int threshold_percentage);
void umapcfg_set_evict_high_water_threshold(int threshold_percentage);
void umapcfg_set_max_fault_events(uint64_t max_events);

#ifdef __cplusplus
} // extern "C"

namespace Umap {

/**
 * As umap(), with data from a store of one's own; `store` null: from the file.  `fd` is not looked at if there is a store.  The store is asked for
 * offsets from `offset` on.  `length` is rounded up to whole pages.
 */
void *umap_ex(void *addr, std::size_t length, int prot, int flags, int fd, off_t offset, Store *store, uint64_t page_size = 0);

} // namespace Umap
#endif

#endif /* UFOMEM_COMPAT_UMAP_H */
