/* SPDX-License-Identifier: MIT */
/**
 * @file ufo.h
 * @brief ufomem: lazy arrays as plain pointers.
 *
 * A *region* (`ufo`) is an array of fixed-size elements at a fixed address.  Its memory comes into being a *chunk* at a
 * time, when it is first touched: a populate callback computes it, or a file is read, or it starts as zeros.  Chunks leave
 * memory again so that all regions of a *core* together stay within a hard *budget*; chunks that were changed are written
 * back to their source, or kept in a private spill file.
 *
 * @code
 *   static int32_t squares(void *user_data, size_t first, size_t count, void *out)
 *   {
 *       uint64_t *element = out;
 *       for (size_t i = 0; i < count; i++)
 *           element[i] = (uint64_t)(first + i) * (first + i);
 *       return 0;
 *   }
 *   ...
 *   ufo_config *config = ufo_config_new();
 *   ufo_config_set_elements(config, (size_t)1 << 40, sizeof(uint64_t));
 *   ufo_config_set_populate(config, squares, NULL, NULL);
 *   ufo *region = ufo_new(NULL, config);
 *   uint64_t *array = ufo_data(region);        // 8 TiB of squares; pages appear where they are read
 * @endcode
 *
 * ## Errors
 * Constructors return a handle, or NULL.  Every other function that can fail returns a #ufo_status: #UFO_OK (0) or one of
 * the negative `UFO_ERR_` codes.  ufo_last_error() then gives a sentence for people, ufo_last_status() the status once more, and
 * ufo_last_callback_code() the value that the user's own callback returned, all of the calling thread's last failed call.
 *
 * A failure that meets a plain load or store (a populate callback that fails, a file that became shorter ...) arrives as
 * SIGBUS in the faulting thread, as it does with mmap.  Call ufo_touch() or ufo_pin() first to get it as a status instead.
 *
 * ## Threads
 * Every function may be called from any number of threads at once, also on the same handle, except that a *config* object
 * must not be used by two threads at the same time.  ufo_last_error(), ufo_last_status() and ufo_last_callback_code() are per thread.
 *
 * A thread that pthread_cancel() was called for finishes what it does in the library, callbacks included, and ends at its next
 * cancellation point afterwards.  (That is cancellation of the deferred kind, which is the default; with the asynchronous kind no
 * function here is safe to call.)
 *
 * ## Ownership
 * `_new` gives an object to the caller, who gives it back with the matching `_free`; every `_free` accepts NULL.  A config is
 * copied by the constructor that takes it: it can be reused for the next object, and freed at any time.
 *
 * A callback is a triple {function, user_data, free_fn}.  `free_fn(user_data)` runs exactly once: when neither the config nor any
 * region or core made from it can call the function any more, and also when the setter that was given the triple failed.
 * Callbacks must return; they must not leave by longjmp, pthread_exit or a C++ exception (an exception is turned into an error).
 *
 * ## Descriptors
 * A core keeps descriptors open, among them the one that reports faults.  A program that closes what it has not opened (closefrom(),
 * as daemons do) does so before it makes a core: afterwards the kernel itself would fill what is absent, with zeros.
 *
 * ## Fork
 * Regions belong to the process that made them.  In a forked child their memory is not mapped, every call on them returns
 * #UFO_ERR_FORKED, and the child can make regions of its own.
 */
#ifndef UFOMEM_UFO_H
#define UFOMEM_UFO_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** @name Version of this header: major.minor.patch */
/**@{*/
#define UFO_VERSION_MAJOR 0
#define UFO_VERSION_MINOR 1
#define UFO_VERSION_PATCH 0
/** One number that grows with every release: 0xMMmmpp. */
#define UFO_VERSION ((UFO_VERSION_MAJOR << 16) | (UFO_VERSION_MINOR << 8) | UFO_VERSION_PATCH)
/**@}*/

#if defined(__GNUC__)
#define UFO_API __attribute__((visibility("default")))
#else
#define UFO_API
#endif

/** Version of the library that the program runs with, in the form of #UFO_VERSION.  @since 0.1 */
UFO_API uint32_t ufo_version(void);

/* ------------------------------------------------------------------------------------------------------------------ *
 * Status
 * ------------------------------------------------------------------------------------------------------------------ */

/** Outcome of a call: #UFO_OK, or one of the negative codes below. */
typedef int32_t ufo_status;

enum {
    UFO_OK = 0,
    UFO_ERR_INVALID = -1,     /**< An argument is NULL, zero or otherwise not acceptable. */
    UFO_ERR_NOMEM = -2,       /**< Memory for the library's own tables, or address space, is used up. */
    UFO_ERR_OVERFLOW = -3,    /**< A size does not fit the address space. */
    UFO_ERR_RANGE = -4,       /**< The elements [first, first + count) are not all inside the array. */
    UFO_ERR_SYSTEM = -5,      /**< The kernel refused a system call. */
    UFO_ERR_PERMISSION = -6,  /**< The user may not do this (open that file, use userfaultfd ...). */
    UFO_ERR_FILE = -7,        /**< A file cannot be opened, read or written. */
    UFO_ERR_TRUNCATED = -8,   /**< The file ends before the array does. */
    UFO_ERR_POPULATE = -9,    /**< The populate callback returned nonzero; see ufo_last_callback_code(). */
    UFO_ERR_WRITEBACK = -10,  /**< The writeback callback returned nonzero; see ufo_last_callback_code(). */
    UFO_ERR_SPILL = -11,      /**< The spill file cannot take a changed chunk (disk full?). */
    UFO_ERR_BUDGET = -12,     /**< No memory inside the budget: everything is pinned or cannot leave, or it is too small. */
    UFO_ERR_PINNED = -13,     /**< A chunk of the range is pinned. */
    UFO_ERR_NOT_PINNED = -14, /**< ufo_unpin() without a matching ufo_pin(). */
    UFO_ERR_READ_ONLY = -15,  /**< The region is read-only. */
    UFO_ERR_DEADLOCK = -16,   /**< Filling this chunk waits, directly or through other chunks, for itself. */
    UFO_ERR_FORKED = -17,     /**< The object belongs to the parent process. */
    UFO_ERR_CLOSED = -18,     /**< The object has been freed, or is being freed. */
    UFO_ERR_UNSUPPORTED = -19, /**< This kernel, or this region, cannot do it. */
    UFO_ERR_ADDRESS = -20,    /**< The requested address is not free, or not page-aligned. */
    UFO_ERR_STRAY = -21,      /**< A plain load or store met an absent chunk of a #UFO_POPULATE_CALLER region. */
    UFO_ERR_LIMIT = -22,      /**< A limit of the library or of the system (threads, mappings, pins) is reached. */
    UFO_ERR_LOST = -23        /**< The program discarded changed memory of the region (madvise, munmap ...). */
};

/** The name and meaning of a status in a few words; never NULL.  @since 0.1 */
UFO_API const char *ufo_status_string(ufo_status status);

/**
 * What the calling thread's last failed call says: a sentence that names the cause and what to do about it.
 * "" when the thread has had no error.  Valid until the thread's next failing call.  @since 0.1
 */
UFO_API const char *ufo_last_error(void);

/**
 * The status of the calling thread's last failed call: for constructors and other functions that return a handle or a number.
 * #UFO_OK when the thread has had no error.  @since 0.1
 */
UFO_API ufo_status ufo_last_status(void);

/**
 * The value that the user's populate or writeback callback returned in the calling thread's last failed call;
 * 0 if that failure did not come from a callback.  @since 0.1
 */
UFO_API int32_t ufo_last_callback_code(void);

/* ------------------------------------------------------------------------------------------------------------------ *
 * Types
 * ------------------------------------------------------------------------------------------------------------------ */

typedef struct ufo_core_config ufo_core_config; /**< What a core shall be like. */
typedef struct ufo_core ufo_core;               /**< One budget, its worker threads and its regions. */
typedef struct ufo_config ufo_config;           /**< What a region shall be like. */
typedef struct ufo ufo;                         /**< A region: one lazy array. */

/** Releases the user_data of a callback. */
typedef void (*ufo_free_fn)(void *user_data);

/**
 * Fills elements [first, first + count) into `out`, `count * element_size` bytes, all of them: `out` holds arbitrary bytes
 * before.  Elements that are in memory, or have changed, may be among them, and stay what they are.
 * Calls for different elements run concurrently.  It may use other regions, by pointer or by call, but not the
 * elements that it is asked for.  Threads of the library take no signals, and callbacks leave it at that.
 * @return 0, or the user's own code for a failure
 */
typedef int32_t (*ufo_populate_fn)(void *user_data, size_t first, size_t count, void *out);

/**
 * Takes changed elements [first, first + count) from `data`, which must not be written to or kept.
 * After 0 has been returned a later populate of these elements has to give the new values.
 * @return 0, or the user's own code for a failure: the elements then stay in memory and are offered again later
 */
typedef int32_t (*ufo_writeback_fn)(void *user_data, size_t first, size_t count, const void *data);

/** Severity of a log message. */
typedef int32_t ufo_log_level;
enum { UFO_LOG_ERROR = 0, UFO_LOG_WARNING = 1, UFO_LOG_INFO = 2, UFO_LOG_DEBUG = 3 };

/** Receives messages of the library; called from any thread.  Must not call functions of the same core. */
typedef void (*ufo_log_fn)(void *user_data, ufo_log_level level, const char *message);

/** How a fault reaches the library. */
typedef int32_t ufo_delivery;
enum {
    UFO_DELIVERY_AUTO = 0,   /**< The best that the kernel allows: THREAD, else PROTECT. */
    UFO_DELIVERY_THREAD = 1, /**< userfaultfd messages, answered by the core's worker threads. */
    /** userfaultfd, answered by the faulting thread itself in a handler for SIGBUS: the fastest, for loops that compute.  SIGBUS must not be
     *  blocked in threads that use the memory; system calls on memory that is not resident give EFAULT: ufo_touch or ufo_pin it before. */
    UFO_DELIVERY_INLINE = 2,
    UFO_DELIVERY_PROTECT = 3, /**< No userfaultfd: page protection and SIGSEGV, answered in the faulting thread.  System calls
                                  on memory that is not resident give EFAULT: ufo_pin() it first, or ufo_pin_write() if they write to
                                  it.  The same holds for userfaultfd with #UFO_FEATURE_USERFAULTFD_USER. */
    UFO_DELIVERY_SERVICE = 4 /**< Answered by another process: that of a shared region (ufomem/service.h).  Cannot be asked for. */
};

/** Which thread may run the populate callback. */
typedef int32_t ufo_populate_policy;
enum {
    UFO_POPULATE_ANYWHERE = 0, /**< Any thread: the default, for callbacks in native code. */
    UFO_POPULATE_CALLER = 1    /**< Only a thread inside ufo_touch/pin/read/write/flush: for callbacks in managed languages.  A plain
                                    load or store of an absent element ends in SIGBUS at once.  The writeback callback runs only
                                    inside ufo_flush() and ufo_free(); until then changed chunks that leave go to the spill. */
};

/** Flags of ufo_config_set_file(). */
enum {
    UFO_FILE_WRITEBACK = 1, /**< Changes go to the file.  Without it they stay private to the region. */
    UFO_FILE_DIRECT = 2     /**< Bypass the page cache (O_DIRECT) where alignment and file system allow it. */
};

/** What the program knows about its next accesses. */
typedef int32_t ufo_advice;
enum {
    UFO_ADVICE_NORMAL = 0,     /**< Who walks through the region is recognised, and finds the following elements filled. */
    UFO_ADVICE_RANDOM = 1,     /**< No order: never fill more than was asked for. */
    UFO_ADVICE_SEQUENTIAL = 2, /**< Ascending order: from the first access on, neighbours come together and the following ones ahead. */
    UFO_ADVICE_WILLNEED = 3,   /**< Needed soon: fill the range in the background, as far as the budget goes. */
    UFO_ADVICE_DONTNEED = 4    /**< Not needed soon: the range leaves memory first; changes are kept. */
};

/** What a kernel may offer; bits for ufo_core_features() and ufo_core_config_set_features_off(). */
enum {
    UFO_FEATURE_USERFAULTFD_DEVICE = 1 << 0,  /**< userfaultfd through /dev/userfaultfd (Linux 6.1). */
    UFO_FEATURE_USERFAULTFD_SYSCALL = 1 << 1, /**< userfaultfd through the system call with full rights. */
    UFO_FEATURE_USERFAULTFD_USER = 1 << 2,    /**< userfaultfd for faults in user mode only (Linux 5.11). */
    UFO_FEATURE_WRITE_PROTECT = 1 << 3,       /**< Write-protection by userfaultfd: changed chunks are known (Linux 5.7). */
    UFO_FEATURE_MOVE = 1 << 4,                /**< UFFDIO_MOVE: frames are moved in and out, not copied (Linux 6.8). */
    UFO_FEATURE_POISON = 1 << 5,              /**< UFFDIO_POISON: failed chunks raise SIGBUS (Linux 6.6). */
    UFO_FEATURE_BATCHED_DROP = 1 << 6         /**< process_madvise on oneself: scattered chunks leave in one call (Linux 6.13). */
};

/* ------------------------------------------------------------------------------------------------------------------ *
 * Core
 * ------------------------------------------------------------------------------------------------------------------ */

/** A config with the defaults; NULL if there is no memory.  @since 0.1 */
UFO_API ufo_core_config *ufo_core_config_new(void);
/** Frees a config.  NULL is allowed; a second free is refused and reported by ufo_last_error().  @since 0.1 */
UFO_API void ufo_core_config_free(ufo_core_config *config);

/**
 * Most memory, in bytes, that all regions of the core may have resident at any time, staging memory and headers included.
 * 0 (default): half of what the machine and the control group have available when the core is made.  @since 0.1
 */
UFO_API ufo_status ufo_core_config_set_budget(ufo_core_config *config, size_t bytes);

/**
 * Has the budget follow memory pressure: when the machine, or a control group above the process, runs short of memory, chunks leave and the budget goes
 * down, within a second and to `bytes` at the least; when there is memory again, it goes back up in steps.  ufo_core_stats_get() tells where it is,
 * ufo_core_set_budget() sets how far up it goes.  What is pinned stays.  A budget below `bytes` is left alone.  0 (default): no thread
 * watches, and the budget stays as it is.  @since 0.1
 */
UFO_API ufo_status ufo_core_config_set_least_budget(ufo_core_config *config, size_t bytes);

/**
 * When memory in use comes near `high_percent` of the budget, chunks leave in batches, on a thread of the core's own, until `low_percent` is
 * reached; whoever needs memory before that makes room himself.
 * Between the two, frames of chunks that left are kept for a while, so that a chunk which is wanted again returns without being
 * populated.  The last 2 % of the budget are for the library's own tables and stacks; chunks take them, too, if they are larger than a sixteenth of it, or
 * where nothing can leave.  Default 88 and 100; 0 < low < high <= 100.  @since 0.1
 */
UFO_API ufo_status ufo_core_config_set_watermarks(ufo_core_config *config, uint32_t low_percent, uint32_t high_percent);

/**
 * Most worker threads that answer faults side by side, 2 to 1024; default 64.  A few exist from the start, others come with need; one more
 * waits for the next fault.  Faults raised inside a populate callback are always given a thread, beyond this number if need be.  @since 0.1
 */
UFO_API ufo_status ufo_core_config_set_workers(ufo_core_config *config, uint32_t workers);

/**
 * Directory of the spill file; the string is copied.  Default: environment UFOMEM_SPILL_DIR, TMPDIR, else /var/tmp.
 * The file has no name and is made when the first changed chunk leaves.  @since 0.1
 */
UFO_API ufo_status ufo_core_config_set_spill_dir(ufo_core_config *config, const char *path);

/** Where messages go; none by default.  @since 0.1 */
UFO_API ufo_status ufo_core_config_set_log(ufo_core_config *config, ufo_log_fn log, void *user_data, ufo_free_fn free_fn);

/**
 * Delivery of the core's regions.  Default #UFO_DELIVERY_AUTO, or what environment UFOMEM_DELIVERY (auto, thread, inline, protect) says.
 * @since 0.1
 */
UFO_API ufo_status ufo_core_config_set_delivery(ufo_core_config *config, ufo_delivery delivery);

/**
 * Do without some `UFO_FEATURE_` bits even where the kernel has them, e.g. to test what an older kernel does.  Adds to what environment
 * UFOMEM_FEATURES_OFF (a list such as "move,write_protect") says.  @since 0.1
 */
UFO_API ufo_status ufo_core_config_set_features_off(ufo_core_config *config, uint32_t features);

/**
 * Makes a core; `config` may be NULL for the defaults.  NULL on error, as ufo_last_status() says: #UFO_ERR_PERMISSION or #UFO_ERR_UNSUPPORTED if #UFO_DELIVERY_THREAD
 * or #UFO_DELIVERY_INLINE was asked for and userfaultfd is not to be had, #UFO_ERR_LIMIT if no descriptor is left for it, #UFO_ERR_NOMEM, #UFO_ERR_SYSTEM.
 * @since 0.1
 */
UFO_API ufo_core *ufo_core_new(const ufo_core_config *config);

/**
 * Frees a core with all its regions, as if ufo_free() had been called on each of them, the newest first.  The handles of the regions then give
 * #UFO_ERR_CLOSED.  NULL is allowed.  @since 0.1
 */
UFO_API void ufo_core_free(ufo_core *core);

/** The process's default core, which ufo_new() uses for NULL; made at its first use and never freed.  NULL on error.  @since 0.1 */
UFO_API ufo_core *ufo_core_default(void);

/** The delivery that the core got: #UFO_DELIVERY_THREAD or #UFO_DELIVERY_PROTECT; a negative status on error.  @since 0.1 */
UFO_API ufo_delivery ufo_core_delivery(const ufo_core *core);

/** The `UFO_FEATURE_` bits that the core uses; 0 on error.  @since 0.1 */
UFO_API uint32_t ufo_core_features(const ufo_core *core);

/**
 * Changes the budget while running; 0 stands for the default.  On return the memory in use is within the new budget.  If that cannot be reached
 * (chunks are pinned, or cannot be written back) the old budget stays and the call fails.  @since 0.1
 */
UFO_API ufo_status ufo_core_set_budget(ufo_core *core, size_t bytes);

/** Figures of a core.  Set struct_size to sizeof(ufo_core_stats) first; fields beyond a caller's size are left out. */
typedef struct ufo_core_stats {
    size_t struct_size;
    uint64_t budget_bytes;       /**< The budget. */
    uint64_t used_bytes;         /**< Memory charged to it now: regions, headers, staging. */
    uint64_t peak_bytes;         /**< Most that was ever charged. */
    uint64_t spilled_bytes;      /**< Held in the spill file now. */
    uint64_t regions;            /**< Regions alive. */
    uint64_t workers;            /**< Worker threads alive. */
    uint64_t faults;             /**< Fault messages, or signals, answered. */
    uint64_t populated_bytes;    /**< Taken from sources. */
    uint64_t evictions;          /**< Chunks that left memory. */
    uint64_t rescues;            /**< Chunks that came back from a frame kept between the watermarks. */
    uint64_t written_back_bytes; /**< Changed data given to sources. */
    uint64_t spill_written_bytes; /**< Changed data written to the spill file. */
    uint64_t spill_read_bytes;   /**< ... and read back. */
    uint64_t failures;           /**< Chunks that failed to fill. */
} ufo_core_stats;

/** Fills `stats`.  @since 0.1 */
UFO_API ufo_status ufo_core_stats_get(const ufo_core *core, ufo_core_stats *stats);

/* ------------------------------------------------------------------------------------------------------------------ *
 * Region: what it shall be like
 * ------------------------------------------------------------------------------------------------------------------ */

/** A config with the defaults: writable, zeros, no elements yet; NULL if there is no memory.  @since 0.1 */
UFO_API ufo_config *ufo_config_new(void);
/** Frees a config.  NULL is allowed; a second free is refused and reported by ufo_last_error().  @since 0.1 */
UFO_API void ufo_config_free(ufo_config *config);

/** `count` elements of `element_size` bytes, both at least 1.  Required.  @since 0.1 */
UFO_API ufo_status ufo_config_set_elements(ufo_config *config, size_t count, size_t element_size);

/**
 * Bytes of ordinary, zeroed, always resident and writable memory directly before element 0, for a header of the user's; default 0.
 * Rounded up to pages, they count against the budget.  @since 0.1
 */
UFO_API ufo_status ufo_config_set_header(ufo_config *config, size_t header_size);

/**
 * Least number of elements that are populated together; rounded up to whole pages, and for callbacks to whole elements too where that stays
 * moderate (256 KiB).  0 (default): chunks of 64 KiB.  @since 0.1
 */
UFO_API ufo_status ufo_config_set_chunk(ufo_config *config, size_t min_elements);

/** Nonzero: a store into the array is an error (a signal; EFAULT in a system call), never lost silently.  @since 0.1 */
UFO_API ufo_status ufo_config_set_read_only(ufo_config *config, int read_only);

/** The array is computed by `populate`.  Replaces an earlier source.  @since 0.1 */
UFO_API ufo_status ufo_config_set_populate(ufo_config *config, ufo_populate_fn populate, void *user_data, ufo_free_fn free_fn);

/**
 * Changed elements are given to `writeback` when their chunk leaves memory, on ufo_flush() and on ufo_free().  Needs a populate callback.
 * Without it changes are kept in the spill file and end with the region.  @since 0.1
 */
UFO_API ufo_status ufo_config_set_writeback(ufo_config *config, ufo_writeback_fn writeback, void *user_data, ufo_free_fn free_fn);

/**
 * The array is the content of a file from byte `offset` on.  The file is opened now, and kept open until the last object that uses it is gone.
 * Replaces an earlier source.
 * @param flags 0, or `UFO_FILE_` bits
 * @return #UFO_ERR_FILE or #UFO_ERR_PERMISSION with the system's reason if it cannot be opened
 * @since 0.1
 */
UFO_API ufo_status ufo_config_set_file(ufo_config *config, const char *path, uint64_t offset, int flags);

/**
 * Element i is the integer from + i * step.  Elements have 1, 2, 4 or 8 bytes, which ufo_new() checks, and are signed or unsigned as you like: numbers
 * that do not fit wrap around.  Made by the library's own code, several GB a second.  Changes are kept in the spill file and end with the region.
 * Replaces an earlier source.  @since 0.1
 */
UFO_API ufo_status ufo_config_set_sequence_int(ufo_config *config, int64_t from, int64_t step);

/**
 * Element i is the number from + i * step, computed as a double with one rounding (as by fma()).  Elements are `double` (8 bytes) or `float` (4 bytes,
 * that double converted), which ufo_new() checks.  Otherwise as ufo_config_set_sequence_int().  @since 0.1
 */
UFO_API ufo_status ufo_config_set_sequence_real(ufo_config *config, double from, double step);

/** Which threads may run the callbacks; default #UFO_POPULATE_ANYWHERE.  @since 0.1 */
UFO_API ufo_status ufo_config_set_populate_policy(ufo_config *config, ufo_populate_policy policy);

/** Delivery that the region requires; ufo_new() fails if its core has another one.  Default #UFO_DELIVERY_AUTO: any.  @since 0.1 */
UFO_API ufo_status ufo_config_set_delivery(ufo_config *config, ufo_delivery delivery);

/** Most elements that are filled ahead of a thread that goes forward, backward or in strides; at most an eighth of the budget.  0 turns
 *  read-ahead off, and has chunks come one by one.  Default: 8 MiB of them.  @since 0.1 */
UFO_API ufo_status ufo_config_set_readahead(ufo_config *config, size_t elements);

/** Populate again up to `retries` times (default 0), `delay_milliseconds` apart, before a chunk is failed.  @since 0.1 */
UFO_API ufo_status ufo_config_set_retry(ufo_config *config, uint32_t retries, uint32_t delay_milliseconds);

/** Address of element 0, page-aligned; what is mapped there already is never replaced.  NULL (default): anywhere.  @since 0.1 */
UFO_API ufo_status ufo_config_set_address(ufo_config *config, void *address);

/* ------------------------------------------------------------------------------------------------------------------ *
 * Region
 * ------------------------------------------------------------------------------------------------------------------ */

/** Makes a region; `core` NULL means the process's default core.  NULL on error.  @since 0.1 */
UFO_API ufo *ufo_new(ufo_core *core, const ufo_config *config);

/**
 * Frees a region.  Changed elements are given to the source first, if it takes changes; call ufo_flush() before to learn of errors.  The call waits
 * for calls and faults in progress on the region, not for pins: while chunks are pinned their memory stays readable, new calls fail
 * with #UFO_ERR_CLOSED, and the last ufo_unpin() frees the memory.  A load or store of a chunk that is not resident ends in
 * SIGBUS from now on, and one after the end in SIGSEGV.  Called inside a callback of the same region, it does not wait.
 * NULL is allowed; a second free is refused and reported by ufo_last_error().  @since 0.1
 */
UFO_API void ufo_free(ufo *region);

/** Address of element 0; valid until ufo_free().  NULL on error.  @since 0.1 */
UFO_API void *ufo_data(const ufo *region);
/** Address of the header, `header_size` bytes that end at element 0; NULL if there is none, or on error.  @since 0.1 */
UFO_API void *ufo_header(const ufo *region);
/** Number of elements; 0 on error.  @since 0.1 */
UFO_API size_t ufo_count(const ufo *region);
/** Size of an element in bytes; 0 on error.  @since 0.1 */
UFO_API size_t ufo_element_size(const ufo *region);
/** Number of whole elements in a chunk; 0 on error.  @since 0.1 */
UFO_API size_t ufo_chunk(const ufo *region);
/** The delivery that serves the region; a negative status on error.  @since 0.1 */
UFO_API ufo_delivery ufo_get_delivery(const ufo *region);

/** The region of `core` (NULL: the default core) whose elements, or header, lie at `address`; NULL if there is none.  @since 0.1 */
UFO_API ufo *ufo_find(ufo_core *core, const void *address);

/*
 * Calls on a range: elements [first, first + count), which must lie inside the array (count 0 does nothing).  Except for read and write they act on
 * every chunk that the range meets.  After an error the rest of the range has still been tried where that is harmless, and the
 * first error is returned.
 */

/** Makes the range resident: the calling thread fills what is absent.  It may leave again at any time.  @since 0.1 */
UFO_API ufo_status ufo_touch(ufo *region, size_t first, size_t count);

/**
 * Makes the range resident and keeps it so until ufo_unpin().  Pins nest, up to 32767 on a chunk.  On an error nothing is left pinned.  @since 0.1
 */
UFO_API ufo_status ufo_pin(ufo *region, size_t first, size_t count);
/**
 * As ufo_pin(), for a range that will be written to: it counts as changed from now on, and stores to it meet no fault, not even those of
 * system calls, which a protected page would fail in some deliveries (ufo_get_delivery()).  Holds until the range is flushed, or unpinned.
 * What a device writes to (reads with O_DIRECT, registered buffers) belongs into such a range: only then is no moment left in which the
 * library does not know that it is being written to.
 * @since 0.1
 */
UFO_API ufo_status ufo_pin_write(ufo *region, size_t first, size_t count);
/** Takes back a ufo_pin() or ufo_pin_write() of the same range.  #UFO_ERR_NOT_PINNED, and no change, if a chunk of it is not pinned.  @since 0.1 */
UFO_API ufo_status ufo_unpin(ufo *region, size_t first, size_t count);

/** Copies elements to `out`.  Each chunk is copied while it cannot leave; concurrent stores may be seen in part.  @since 0.1 */
UFO_API ufo_status ufo_read(ufo *region, size_t first, size_t count, void *out);
/** Copies elements from `in` into the array.  @since 0.1 */
UFO_API ufo_status ufo_write(ufo *region, size_t first, size_t count, const void *in);

/**
 * Gives all changes of the range to where changes go: writeback callback, file (which is then made durable: fdatasync) or
 * spill.  What cannot be written stays in memory as changed, and can be flushed again.  @since 0.1
 */
UFO_API ufo_status ufo_flush(ufo *region, size_t first, size_t count);

/**
 * Lets the range leave memory now, after flushing its changes without making them durable: the next access fills it again.
 * Pinned chunks stay, and #UFO_ERR_PINNED is returned; so do those that the kernel holds for I/O, when the call has waited for them, some 30 ms in all.
 * @since 0.1
 */
UFO_API ufo_status ufo_evict(ufo *region, size_t first, size_t count);

/**
 * Forgets what the region holds in the range: failures, resident data, and changes that were not yet given to the source.  The next access asks the
 * source again.  Pinned chunks stay, and #UFO_ERR_PINNED is returned, as by ufo_evict().  @since 0.1
 */
UFO_API ufo_status ufo_reset(ufo *region, size_t first, size_t count);

/** Tells what comes next; never needed for correctness.  RANDOM, SEQUENTIAL and NORMAL hold for the whole region.  @since 0.1 */
UFO_API ufo_status ufo_advise(ufo *region, size_t first, size_t count, ufo_advice advice);

/** Figures of a region.  Set struct_size to sizeof(ufo_stats) first; fields beyond a caller's size are left out. */
typedef struct ufo_stats {
    size_t struct_size;
    uint64_t resident_bytes;      /**< Of the body, in memory now. */
    uint64_t pins;                /**< Pins held now, in chunks. */
    uint64_t faults;              /**< Fault messages, or signals, answered. */
    uint64_t populates;           /**< Successful requests to the source. */
    uint64_t populated_bytes;     /**< Bytes they gave. */
    uint64_t evictions;           /**< Chunks that left memory. */
    uint64_t rescues;             /**< Chunks that came back without a populate. */
    uint64_t written_back_bytes;  /**< Changed data given to the source. */
    uint64_t spill_written_bytes; /**< Changed data written to the spill file. */
    uint64_t spill_read_bytes;    /**< ... and read back. */
    uint64_t failures;            /**< Chunks that failed to fill. */
} ufo_stats;

/** Fills `stats`.  @since 0.1 */
UFO_API ufo_status ufo_stats_get(const ufo *region, ufo_stats *stats);

/* ------------------------------------------------------------------------------------------------------------------ *
 * Elements without a call
 * ------------------------------------------------------------------------------------------------------------------ */

/**
 * Where the state of a region's chunks stands: lets the run-time of a language load and store resident elements without a call.
 *
 * @code
 *   chunk = byte_offset >> chunk_shift;
 *   word = load(words[chunk]);
 *   while ((word & mask) == resident)                         // to store, also: && (word & dirty) != 0
 *       if (compare_and_swap(words[chunk], &word, word + one_hold)) {
 *           use *(element *)(data + byte_offset);             // it cannot leave; a store cannot be lost
 *           word = subtract(words[chunk], one_hold);          // gives the new value
 *           if ((word & holds) == 0 && (word & waiters) != 0)
 *               ufo_residency_wake(residency, chunk);
 *           return;
 *       }
 *   ufo_read(...) or ufo_write(...)
 * @endcode
 *
 * All operations on words are atomic and sequentially consistent.  A hold is for one element or a short copy: whoever wants the chunk to leave,
 * flushes or frees waits for it, so nothing may block, call the library or wait for a garbage collector while it lasts.  Elements that straddle two
 * chunks (never those of 1, 2, 4 or 8 bytes) are for ufo_read() and ufo_write().
 */
typedef struct ufo_residency {
    size_t struct_size;   /**< Set by the caller. */
    uint32_t version;     /**< Of the meaning of the fields: 1. */
    uint32_t chunk_shift; /**< Byte offset o lies in chunk o >> chunk_shift; 0: in chunk o / chunk_bytes. */
    size_t chunk_bytes;   /**< Of every chunk but the last. */
    size_t chunks;        /**< Number of words. */
    uint32_t *words;      /**< One a chunk. */
    unsigned char *data;  /**< Element 0. */
    uint32_t mask;        /**< (word & mask) == resident: may be held ... */
    uint32_t resident;
    uint32_t dirty;       /**< ... and stored to, if (word & dirty) != 0; 0 if the region is read-only. */
    uint32_t one_hold;    /**< What a hold adds to the word. */
    uint32_t holds;       /**< After a hold was taken back: (word & holds) == 0 says it was the last, */
    uint32_t waiters;     /**< and (word & waiters) != 0 that somebody waits for that. */
    void *owner;          /**< The library's own. */
} ufo_residency;

/**
 * Fills `residency`; set its struct_size to sizeof(ufo_residency) before.  Until ufo_residency_close() the words, and the reserved addresses of the
 * array, stay mapped: also after ufo_free(), which first sees to it that no chunk is resident any more and waits for holds.  So a program that
 * comes late finds nothing resident, makes the call, and gets #UFO_ERR_CLOSED.  A forked child finds nothing resident either.  A region can have any number
 * of residencies.
 * @return #UFO_ERR_CLOSED if the region has been freed
 * @since 0.1
 */
UFO_API ufo_status ufo_residency_open(ufo *region, ufo_residency *residency);

/** Wakes who waits for the last hold of a chunk to end; see #ufo_residency.  Needed only then, and harmless at any other time.  @since 0.1 */
UFO_API void ufo_residency_wake(const ufo_residency *residency, size_t chunk);

/** Ends it: nobody may look at the words any more.  Clears the struct, so that a second call does nothing.  NULL is allowed.  @since 0.1 */
UFO_API void ufo_residency_close(ufo_residency *residency);

#ifdef __cplusplus
}
#endif

#endif /* UFOMEM_UFO_H */
