/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the interface share.  Include it first.
 *
 * A test starts with begin_test() or begin_core() and makes its cores *inside* its body, because CMocka puts its own SIGSEGV and
 * SIGBUS handlers in place just before the body runs.  Threads and callbacks only record; the body asserts.
 */
#ifndef UFOMEM_TEST_SUPPORT_H
#define UFOMEM_TEST_SUPPORT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" { /* CMocka's header does not say so itself */
#endif
#include <cmocka.h>
#ifdef __cplusplus
}
#endif

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <ufomem/ufo.h>

#ifdef __cplusplus
#include <atomic>
#define ATOMIC(type) std::atomic<type>
extern "C" {
#else
#include <stdatomic.h>
#define ATOMIC(type) _Atomic(type)
#endif

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)
#define GIB ((size_t)1 << 30)
#define TIB ((size_t)1 << 40)

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNDER_SANITIZER 1
#else
#define UNDER_SANITIZER 0
#endif

#if defined(__SANITIZE_THREAD__)
#define UNDER_TSAN 1
#else
#define UNDER_TSAN 0
#endif

/* ---- run.c: a program of tests ---- */

/** Runs the tests; 77 if this machine cannot run the variant that the environment asks for. */
int support_run(const struct CMUnitTest *tests, size_t count);
#define RUN(tests) support_run((tests), sizeof(tests) / sizeof((tests)[0]))

/** 0 if this machine can run the variant, 77 if not, something else if the library does not start; support_run() does it. */
int support_check(void);

/** First thing in a test: a time limit in seconds that ends the program, and the handlers of the guarded accesses. */
void begin_test(unsigned seconds);
/** begin_test() where a call itself may hang, with the signals to its thread held back, or in the kernel: another thread takes the alarm. */
void begin_watched(unsigned seconds);
/** begin_test() with a minute, and a core with that budget. */
ufo_core *begin_core(size_t budget);
/** A core with that budget and the defaults of the environment; fails the test if there is none. */
ufo_core *new_core(size_t budget);

/** Ends the test as skipped; a program whose tests were all skipped exits with 77. */
#define SKIP_TEST(reason)                                                                                              \
    do {                                                                                                               \
        note_skip(reason);                                                                                             \
        skip();                                                                                                        \
    } while (0)
void note_skip(const char *reason);

/** Whether system calls on absent memory of the core's regions work, too. */
bool serves_system_calls(const ufo_core *core);
bool uses_protect(const ufo_core *core);
/** Whether the kernel tells which chunks were changed.  If not, everything in a writable region counts as changed. */
bool knows_changes(const ufo_core *core);
/** Whether walks move by extents, of which it is known whether they have changed. */
bool has_moving_extents(const ufo_core *core);

uint64_t now_ns(void);
uint64_t now_ms(void);
void sleep_ms(unsigned milliseconds);
size_t page_size(void);

/** Runs `body` in a forked child, before this process has made a core; its exit status, or 128 + the signal that ended it. */
int in_child(int (*body)(void *argument), void *argument);
/** For children: CMocka's assertions belong to the parent. */
#define CHILD_CHECK(condition)                                                                                         \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: child: %s  [%s]\n", __FILE__, __LINE__, #condition, ufo_last_error());             \
            return 1;                                                                                                  \
        }                                                                                                              \
    } while (0)

/** Threads that run the same function with the same argument. */
struct team {
    pthread_t threads[128];
    size_t count;
};
void team_start(struct team *team, size_t count, void *(*body)(void *), void *argument);
void team_join(struct team *team);

/** assert_*() with the library's sentence in the message. */
#define assert_ok(call) support_assert_status((call), UFO_OK, #call, __FILE__, __LINE__)
#define assert_status(call, expected) support_assert_status((call), (expected), #call, __FILE__, __LINE__)
void support_assert_status(ufo_status got, ufo_status expected, const char *call, const char *file, int line);
/** The last error of this thread is a sentence that contains `word`. */
#define assert_error_names(word) support_assert_error_names((word), __FILE__, __LINE__)
void support_assert_error_names(const char *word, const char *file, int line);

/* ---- rounds.c: less of the same where pages are dear ---- */

/**
 * `usual` rounds where a touched page costs a microsecond at most, as it mostly does; fewer in proportion where it costs more, but `least`.
 * `least` still has to find what the test looks for.  UFOMEM_TEST_PAGE_NS tells what a page costs instead of measuring it.
 */
size_t rounds_for(size_t usual, size_t least);

/* ---- guard.c: accesses that may end in a signal ---- */

/** Loads a byte; 0, or the signal that the load ended in. */
int guarded_read(const volatile void *address, uint8_t *value);
/** Loads a byte that may be anybody's by now, and forgets it; 0, or the signal.  Unseen by the sanitizers. */
int guarded_peek(const volatile void *address);
/** Stores a byte; 0, or the signal. */
int guarded_write(volatile void *address, uint8_t value);
/** Installs the handlers; begin_test() does it.  The library's own, installed later, come before them. */
void guard_install(void);

/* ---- memory.c: what the kernel counts, and where there is nothing ---- */

/** Bytes of the range that are in memory now, by mincore(). */
size_t resident_bytes(const volatile void *start, size_t length);
/** Private and shared memory of the whole process, files not counted. */
size_t process_resident(void);
/** Most that was ever resident since process_peak_reset(), files included. */
size_t process_peak(void);
bool process_peak_reset(void);
/** Everything resident now, files included: what process_peak() compares with. */
size_t process_rss(void);
size_t process_threads(void);
/** An address with 64 MiB free behind it that nobody has been given before: by one thread. */
void *place_apart(void);

/* ---- files.c: temporary files, removed at exit ---- */

/** Path of a new file whose bytes are pattern(0), pattern(1) ... */
const char *temp_file(size_t size);
/** Path of a new, empty directory. */
const char *temp_dir(void);
/** Path of a name in TMPDIR that does not exist. */
const char *temp_name(const char *suffix);
/** A new file with the pattern, opened with O_DIRECT on a disk (in TMPDIR, here, or in /var/tmp), without a name; -1 if there is none. */
int temp_direct_file(size_t size);
size_t file_size(const char *path);
/** Index of the first byte of [offset, offset + length) that is not the pattern's; `length` if all are. */
size_t file_pattern_mismatch(const char *path, size_t offset, size_t length);

/* ---- callbacks.c: the pattern, and arrays made of it ---- */

/** Byte `offset` of an endless pattern that no shift or page-sized mix-up maps to itself. */
uint8_t pattern(size_t offset);
void pattern_fill(void *out, size_t offset, size_t length);
/** Index of the first byte that differs from the pattern, `length` if none does.  Reads plainly, so it faults. */
size_t pattern_mismatch(const volatile void *bytes, size_t offset, size_t length);
#define assert_pattern(bytes, offset, length) support_assert_pattern((bytes), (offset), (length), __FILE__, __LINE__)
void support_assert_pattern(const volatile void *bytes, size_t offset, size_t length, const char *file, int line);
bool all_zero(const volatile void *bytes, size_t length);

/** An array whose bytes are the pattern; counts what the library asks of it. */
struct source {
    size_t count;
    size_t element_size;
    ATOMIC(unsigned) delay_ms;
    ATOMIC(size_t) fail_first, fail_count; /**< requests that meet these elements ... */
    ATOMIC(int32_t) fail_code;             /**< ... return this while it is not 0 ... */
    ATOMIC(int) fail_times;                /**< ... that often; negative: for ever */
    ATOMIC(size_t) calls;                  /**< of populate */
    ATOMIC(size_t) elements;               /**< that they asked for, in all */
    ATOMIC(size_t) outside;                /**< calls that left the array, or asked for nothing */
    ATOMIC(int) frees;                     /**< calls of free_fn */
};
int32_t source_populate(void *source, size_t first, size_t count, void *out);
void source_free(void *source);

/** An array in ordinary memory that takes changes back. */
struct store {
    unsigned char *bytes;
    size_t count;
    size_t element_size;
    ATOMIC(int32_t) fail_code; /**< write-backs return this while it is not 0 ... */
    ATOMIC(int) fail_times;    /**< ... that often; negative: for ever */
    ATOMIC(size_t) populates;
    ATOMIC(size_t) writebacks;      /**< that succeeded */
    ATOMIC(size_t) written;         /**< elements in them */
    ATOMIC(size_t) lowest, highest; /**< elements that were ever written: [lowest, highest) */
    ATOMIC(size_t) outside;         /**< calls that left the array, or asked for nothing */
    ATOMIC(int) frees;              /**< calls of free_fn, two for a region */
};
int32_t store_populate(void *store, size_t first, size_t count, void *out);
int32_t store_writeback(void *store, size_t first, size_t count, const void *data);
void store_free(void *store);
/** Makes the array, filled with the pattern. */
void store_init(struct store *store, size_t count, size_t element_size);
void store_destroy(struct store *store);

/** Regions from these, with chunks of at least `chunk` elements; fail the test if they cannot be made. */
/** With #UFO_ADVICE_RANDOM: nothing comes ahead. */
ufo *source_region(ufo_core *core, struct source *source, size_t count, size_t element_size, size_t chunk);
ufo *store_region(ufo_core *core, struct store *store, size_t chunk);
/** A region of bytes with chunks of the default size that is free to read ahead. */
ufo *walked_region(ufo_core *core, struct source *source, size_t count, bool read_only);
/** Loads a byte of each page from one end of an array of bytes to the other: they are the pattern's. */
void walk_through(const ufo *region);
/** Zeros; `count` bytes in chunks of at least `chunk` bytes. */
ufo *zero_region(ufo_core *core, size_t count, size_t chunk);
ufo *file_region(ufo_core *core, const char *path, size_t offset, size_t count, size_t chunk, int flags);

ufo_stats region_stats(const ufo *region);
ufo_core_stats core_stats(const ufo_core *core);

#ifdef __cplusplus
}
#endif

#endif
