/* SPDX-License-Identifier: MIT */
/**
 * @file service.h
 * @brief ufomem: one cache for many processes.
 *
 * A *server* gives the regions of one core, and so one budget, to other processes, its *clients*.  What one client has read is there for all of
 * them.  A client's shared region is an ordinary `ufo`: read-only memory in which what is present is mapped by the kernel without a
 * message, and what is absent is filled by the server.
 *
 * @code
 *   // a client; the server is `ufod`, or any process that called ufo_server_new()
 *   ufo_client *client = ufo_client_connect(NULL);
 *   ufo_config *config = ufo_config_new();
 *   ufo_config_set_elements(config, count, sizeof(double));
 *   ufo_config_set_file(config, "measurements.f64", 0, 0);
 *   ufo_config_set_shared(config, client, NULL);
 *   ufo *region = ufo_new(NULL, config);
 *   const double *array = ufo_data(region);
 * @endcode
 *
 * Errors, threads, ownership: as in ufo.h.  docs/SERVICE.md tells who can see, write and starve what.
 */
#ifndef UFOMEM_SERVICE_H
#define UFOMEM_SERVICE_H

#include <ufomem/ufo.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ufo_server_config ufo_server_config; /**< What a server shall be like. */
typedef struct ufo_server ufo_server;               /**< Listens at a socket, and answers its clients' faults. */
typedef struct ufo_client ufo_client;               /**< A connection to a server. */

/* ------------------------------------------------------------------------------------------------------------------ *
 * Server
 * ------------------------------------------------------------------------------------------------------------------ */

/** A config with the defaults; NULL if there is no memory.  @since 0.1 */
UFO_API ufo_server_config *ufo_server_config_new(void);
/** Frees a config.  NULL is allowed.  @since 0.1 */
UFO_API void ufo_server_config_free(ufo_server_config *config);

/**
 * Where to listen.  NULL (default): ufo_service_path().  Missing directories are not made, except the last one of the default.  A socket that
 * nobody listens at any more is replaced.  @since 0.1
 */
UFO_API ufo_status ufo_server_config_set_path(ufo_server_config *config, const char *path);
/** Who may connect: the permissions of the socket, 0600 (default) or for instance 0660.  @since 0.1 */
UFO_API ufo_status ufo_server_config_set_mode(ufo_server_config *config, uint32_t mode);
/**
 * A socket (AF_UNIX, SOCK_SEQPACKET) that listens already, as systemd hands it over; instead of a path.  The server duplicates the descriptor at its start,
 * and leaves the socket in the file system at its end, so that its successor can go on listening.  -1: none (default).  @since 0.1
 */
UFO_API ufo_status ufo_server_config_set_socket(ufo_server_config *config, int descriptor);
/** Bytes that are filled together of a file that a client shares, unless he asks for something else; rounded up to pages.  0 (default): 64 KiB.  @since 0.1 */
UFO_API ufo_status ufo_server_config_set_chunk_bytes(ufo_server_config *config, size_t bytes);
/**
 * Who connects waits for ufo_server_admit(), 10 s at most, instead of being let in at once (default): nobody comes before what he asks for by name has been
 * published.  @since 0.1
 */
UFO_API ufo_status ufo_server_config_set_admit_later(ufo_server_config *config, int later);
/**
 * Only files in or below this directory may be shared; can be called several times.  Without a call: every file that a client can open for reading.
 * @since 0.1
 */
UFO_API ufo_status ufo_server_config_allow_directory(ufo_server_config *config, const char *path);

/** What can be limited. */
typedef int32_t ufo_server_limit;
enum {
    UFO_LIMIT_CLIENTS = 0,          /**< Connections at a time; default 1024. */
    UFO_LIMIT_CLIENTS_PER_USER = 1, /**< ... of one user; default 256. */
    UFO_LIMIT_REGIONS = 2,          /**< Shared regions of one client; default 256. */
    UFO_LIMIT_MAPPED_BYTES = 3,     /**< Bytes of arrays, present or not, that one client may map; default 2^46. */
    UFO_LIMIT_PINNED_BYTES = 4,     /**< Bytes that one client may keep from leaving; default an eighth of the budget. */
    UFO_LIMIT_FAULTS = 5,           /**< Faults of one client that are answered at a time; more wait.  Default 16. */
    UFO_LIMIT_ANSWER_MS = 6,        /**< Milliseconds until a fault that is not answered becomes an error for who waits; default 30000. */
    UFO_LIMIT_IDLE_FILES = 7,       /**< Files that stay in memory although no client has them open; default 16. */
    UFO_LIMIT_THREADS = 8           /**< Threads that answer faults; default 64. */
};

/** Sets a limit; 0 is the default.  @since 0.1 */
UFO_API ufo_status ufo_server_config_set_limit(ufo_server_config *config, ufo_server_limit limit, uint64_t value);

/**
 * Starts a server on a core (NULL: the process's default core), in threads of its own.  The core's budget holds for all clients together, and for the
 * process's own regions.  Free the server before its core: ufo_core_free() ends the arrays that clients read.  @since 0.1
 */
UFO_API ufo_server *ufo_server_new(ufo_core *core, const ufo_server_config *config);
/**
 * Ends a server, when the callbacks have returned that run for it.  Its clients see it go: their accesses are errors, until they reach a successor at the same socket.
 * @since 0.1
 */
UFO_API void ufo_server_free(ufo_server *server);

/**
 * Makes an array that clients find by its name: a config as for ufo_new(), with any source; callbacks run in this process.  It is read-only, and has no
 * header.  Names have 1 to 63 printable ASCII characters.  @since 0.1
 */
UFO_API ufo_status ufo_server_publish(ufo_server *server, const char *name, const ufo_config *config);
/** Lets clients in, see ufo_server_config_set_admit_later(); a second call does nothing.  @since 0.1 */
UFO_API ufo_status ufo_server_admit(ufo_server *server);
/** Nobody finds that array any more; it ends when its last client has freed it.  @since 0.1 */
UFO_API ufo_status ufo_server_withdraw(ufo_server *server, const char *name);

/** Figures of a server.  Set struct_size to sizeof(ufo_server_stats) first; fields beyond a caller's size are left out. */
typedef struct ufo_server_stats {
    size_t struct_size;
    uint64_t page_bytes;            /**< Of the system. */
    uint64_t chunk_bytes;           /**< Filled together, of files, by default. */
    uint64_t budget_bytes;          /**< For all clients together. */
    uint64_t used_bytes;            /**< Of it, now. */
    uint64_t peak_bytes;            /**< Of it, at most so far. */
    uint64_t low_bytes;             /**< Eviction ends below this ... */
    uint64_t high_bytes;            /**< ... and begins above this. */
    uint64_t fillers;               /**< Threads that answer faults, now. */
    uint64_t most_fillers;          /**< ... at most. */
    uint64_t evictors;              /**< Threads that make room ahead of need. */
    uint64_t faults_at_once;        /**< Faults of one client that are answered at a time. */
    uint64_t clients;               /**< Connected now. */
    uint64_t clients_ever;          /**< Connected so far. */
    uint64_t dismissed;             /**< ... of which the server ended the connection. */
    uint64_t regions;               /**< Shared regions now. */
    uint64_t faults;                /**< Answered. */
    uint64_t late;                  /**< Faults that ended in an error, because no answer came in time. */
    uint64_t failures;              /**< Chunks that could not be filled. */
    uint64_t populated_bytes;       /**< Taken from sources. */
    uint64_t evictions;             /**< Chunks that left memory. */
} ufo_server_stats;

/** Fills `stats`.  @since 0.1 */
UFO_API ufo_status ufo_server_stats_get(const ufo_server *server, ufo_server_stats *stats);

/* ------------------------------------------------------------------------------------------------------------------ *
 * Client
 * ------------------------------------------------------------------------------------------------------------------ */

/**
 * The socket that servers and clients use unless told otherwise: $UFOMEM_SERVICE if that is set; else ufomem/service in $XDG_RUNTIME_DIR; else, for root and
 * users without such a directory, /run/ufomem/service.  Never NULL; constant for the process.  @since 0.1
 */
UFO_API const char *ufo_service_path(void);

/**
 * Connects to the server at a socket (NULL: ufo_service_path()).  The connection lives until the client and all its regions are freed.
 *
 * When the server ends, loads from absent and present elements alike raise SIGBUS (or SIGSEGV, while memory is being replaced), and calls return
 * #UFO_ERR_CLOSED, within a second; as soon as there is a server at the same socket again, the client opens its arrays there anew, at the same addresses.  @since 0.1
 */
UFO_API ufo_client *ufo_client_connect(const char *path);
/** Frees a client; regions that it has been used for go on.  @since 0.1 */
UFO_API void ufo_client_free(ufo_client *client);
/** Figures of the server at the other end.  @since 0.1 */
UFO_API ufo_status ufo_client_stats_get(ufo_client *client, ufo_server_stats *stats);

/**
 * The array is one that the client's server has.  `name` NULL: the config's file (ufo_config_set_file(), read-only; the server gets the file as this process has
 * opened it, not its path), which all clients share that open the same file; ufo_config_set_chunk() counts for the first of them.
 * Otherwise what the server has published by that name; without ufo_config_set_elements() it is taken as long as it is.
 *
 * The region that ufo_new() makes is read-only.  It belongs to no core of this process: no budget is charged, and the `core` argument is not looked at.
 * ufo_pin() keeps elements in the server's memory.  ufo_evict() and #UFO_ADVICE_DONTNEED only unmap them here; ufo_reset() has what failed tried again;
 * ufo_residency_open() is #UFO_ERR_UNSUPPORTED.  For an ordinary user's process (vm.unprivileged_userfaultfd = 0) system calls on absent elements are EFAULT:
 * ufo_touch() or ufo_pin() them before.  @since 0.1
 */
UFO_API ufo_status ufo_config_set_shared(ufo_config *config, ufo_client *client, const char *name);

#ifdef __cplusplus
}
#endif

#endif /* UFOMEM_SERVICE_H */
