/* SPDX-License-Identifier: MIT */
/**
 * @file mpumapclient.h
 * @brief The client's side of MP-UMap on top of ufomem: files in a cache that several processes share, read-only.
 */
#ifndef UFOMEM_COMPAT_MPUMAPCLIENT_H
#define UFOMEM_COMPAT_MPUMAPCLIENT_H

#include <stdint.h>

/** Where server and clients meet unless told otherwise. */
#ifndef UMAP_SERVER_PATH
#define UMAP_SERVER_PATH "/tmp/umap-server"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Connects the process to the server at that socket; NULL or "": #UMAP_SERVER_PATH.  errno is 0 if that succeeded.  If not, the log has the
 * reason, and client_umap() will return NULL.  (MP-UMap ends the process.)
 */
void init_umap_client(const char *sock_path);

/** Ends all mappings and the connection. */
void close_umap_client(void);

/**
 * Maps a whole file.  The process opens it itself, with its own rights, and hands it to the server.
 * @param filename a path, and the name of the mapping for client_uunmap()
 * @param prot     PROT_READ
 * @param flags    MAP_SHARED; MAP_FIXED besides is accepted
 * @param addr     NULL: anywhere; else exactly there, if nothing else is
 * @return the address; NULL on an error, and errno: ENOTCONN, EINVAL, EEXIST (mapped already, or the address is not free), ENOENT, EACCES ...
 */
void *client_umap(const char *filename, int prot, int flags, void *addr);

/** Ends a mapping.  @return 0; -1 and errno ENOENT if that file is not mapped */
int client_uunmap(const char *filename);

/* What the server works with; 0, and errno ENOTCONN, before init_umap_client(). */
long umapcfg_get_system_page_size(void);
uint64_t umapcfg_get_max_pages_in_buffer(void);
uint64_t umapcfg_get_umap_page_size(void);
uint64_t umapcfg_get_num_fillers(void);
uint64_t umapcfg_get_num_evictors(void);
int umapcfg_get_evict_low_water_threshold(void);
int umapcfg_get_evict_high_water_threshold(void);
uint64_t umapcfg_get_max_fault_events(void);

#ifdef __cplusplus
}
#endif

#endif /* UFOMEM_COMPAT_MPUMAPCLIENT_H */
