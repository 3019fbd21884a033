/* SPDX-License-Identifier: MIT */
/**
 * @file mpumapd.h
 * @brief The server's side of MP-UMap on top of ufomem.
 */
#ifndef UFOMEM_COMPAT_MPUMAPD_H
#define UFOMEM_COMPAT_MPUMAPD_H

#include "umap/umap.h"

#include <string>

/** Where server and clients meet unless told otherwise. */
#ifndef UMAP_SERVER_PATH
#define UMAP_SERVER_PATH "/tmp/umap-server"
#endif

/**
 * Serves files to the clients of that socket ("": #UMAP_SERVER_PATH), with the configuration that the UMAP_ variables give.  Does not return as long as
 * that goes well: the process ends by a signal.  If the server cannot start it returns, with the reason in the log and errno set.
 */
extern "C" void umap_server(std::string path);

/** The same; NULL: #UMAP_SERVER_PATH. */
inline void umap_server(const char *path) { umap_server(std::string(path ? path : "")); }

#endif // UFOMEM_COMPAT_MPUMAPD_H
