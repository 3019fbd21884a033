/* SPDX-License-Identifier: MIT */
/*
 * Numbers that programs have compiled in: they never change.  A new constant, or a field at the end of a structure, gets a
 * line of its own here.
 */
#include <ufomem/service.h>
#include <ufomem/ufo.h>

#define VALUE(name, number) _Static_assert((name) == (number), #name)
#define SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), "sizeof " #type)
#define FIELD(type, field, offset, bytes)                                                                              \
    _Static_assert(offsetof(type, field) == (offset) && sizeof(((type *)0)->field) == (bytes), #type "." #field)

/* Types of fixed width. */
SIZE(ufo_status, 4);
SIZE(ufo_log_level, 4);
SIZE(ufo_delivery, 4);
SIZE(ufo_populate_policy, 4);
SIZE(ufo_advice, 4);
SIZE(ufo_free_fn, 8);
SIZE(ufo_populate_fn, 8);
SIZE(ufo_writeback_fn, 8);
SIZE(ufo_log_fn, 8);

VALUE(UFO_OK, 0);
VALUE(UFO_ERR_INVALID, -1);
VALUE(UFO_ERR_NOMEM, -2);
VALUE(UFO_ERR_OVERFLOW, -3);
VALUE(UFO_ERR_RANGE, -4);
VALUE(UFO_ERR_SYSTEM, -5);
VALUE(UFO_ERR_PERMISSION, -6);
VALUE(UFO_ERR_FILE, -7);
VALUE(UFO_ERR_TRUNCATED, -8);
VALUE(UFO_ERR_POPULATE, -9);
VALUE(UFO_ERR_WRITEBACK, -10);
VALUE(UFO_ERR_SPILL, -11);
VALUE(UFO_ERR_BUDGET, -12);
VALUE(UFO_ERR_PINNED, -13);
VALUE(UFO_ERR_NOT_PINNED, -14);
VALUE(UFO_ERR_READ_ONLY, -15);
VALUE(UFO_ERR_DEADLOCK, -16);
VALUE(UFO_ERR_FORKED, -17);
VALUE(UFO_ERR_CLOSED, -18);
VALUE(UFO_ERR_UNSUPPORTED, -19);
VALUE(UFO_ERR_ADDRESS, -20);
VALUE(UFO_ERR_STRAY, -21);
VALUE(UFO_ERR_LIMIT, -22);
VALUE(UFO_ERR_LOST, -23);

VALUE(UFO_LOG_ERROR, 0);
VALUE(UFO_LOG_WARNING, 1);
VALUE(UFO_LOG_INFO, 2);
VALUE(UFO_LOG_DEBUG, 3);

VALUE(UFO_DELIVERY_AUTO, 0);
VALUE(UFO_DELIVERY_THREAD, 1);
VALUE(UFO_DELIVERY_INLINE, 2);
VALUE(UFO_DELIVERY_PROTECT, 3);
VALUE(UFO_DELIVERY_SERVICE, 4);

VALUE(UFO_POPULATE_ANYWHERE, 0);
VALUE(UFO_POPULATE_CALLER, 1);

VALUE(UFO_FILE_WRITEBACK, 1);
VALUE(UFO_FILE_DIRECT, 2);

VALUE(UFO_ADVICE_NORMAL, 0);
VALUE(UFO_ADVICE_RANDOM, 1);
VALUE(UFO_ADVICE_SEQUENTIAL, 2);
VALUE(UFO_ADVICE_WILLNEED, 3);
VALUE(UFO_ADVICE_DONTNEED, 4);

VALUE(UFO_FEATURE_USERFAULTFD_DEVICE, 1);
VALUE(UFO_FEATURE_USERFAULTFD_SYSCALL, 2);
VALUE(UFO_FEATURE_USERFAULTFD_USER, 4);
VALUE(UFO_FEATURE_WRITE_PROTECT, 8);
VALUE(UFO_FEATURE_MOVE, 16);
VALUE(UFO_FEATURE_POISON, 32);
VALUE(UFO_FEATURE_BATCHED_DROP, 64);

FIELD(ufo_core_stats, struct_size, 0, 8);
FIELD(ufo_core_stats, budget_bytes, 8, 8);
FIELD(ufo_core_stats, used_bytes, 16, 8);
FIELD(ufo_core_stats, peak_bytes, 24, 8);
FIELD(ufo_core_stats, spilled_bytes, 32, 8);
FIELD(ufo_core_stats, regions, 40, 8);
FIELD(ufo_core_stats, workers, 48, 8);
FIELD(ufo_core_stats, faults, 56, 8);
FIELD(ufo_core_stats, populated_bytes, 64, 8);
FIELD(ufo_core_stats, evictions, 72, 8);
FIELD(ufo_core_stats, rescues, 80, 8);
FIELD(ufo_core_stats, written_back_bytes, 88, 8);
FIELD(ufo_core_stats, spill_written_bytes, 96, 8);
FIELD(ufo_core_stats, spill_read_bytes, 104, 8);
FIELD(ufo_core_stats, failures, 112, 8);
SIZE(ufo_core_stats, 120);

FIELD(ufo_stats, struct_size, 0, 8);
FIELD(ufo_stats, resident_bytes, 8, 8);
FIELD(ufo_stats, pins, 16, 8);
FIELD(ufo_stats, faults, 24, 8);
FIELD(ufo_stats, populates, 32, 8);
FIELD(ufo_stats, populated_bytes, 40, 8);
FIELD(ufo_stats, evictions, 48, 8);
FIELD(ufo_stats, rescues, 56, 8);
FIELD(ufo_stats, written_back_bytes, 64, 8);
FIELD(ufo_stats, spill_written_bytes, 72, 8);
FIELD(ufo_stats, spill_read_bytes, 80, 8);
FIELD(ufo_stats, failures, 88, 8);
SIZE(ufo_stats, 96);

FIELD(ufo_residency, struct_size, 0, 8);
FIELD(ufo_residency, version, 8, 4);
FIELD(ufo_residency, chunk_shift, 12, 4);
FIELD(ufo_residency, chunk_bytes, 16, 8);
FIELD(ufo_residency, chunks, 24, 8);
FIELD(ufo_residency, words, 32, 8);
FIELD(ufo_residency, data, 40, 8);
FIELD(ufo_residency, mask, 48, 4);
FIELD(ufo_residency, resident, 52, 4);
FIELD(ufo_residency, dirty, 56, 4);
FIELD(ufo_residency, one_hold, 60, 4);
FIELD(ufo_residency, holds, 64, 4);
FIELD(ufo_residency, waiters, 68, 4);
FIELD(ufo_residency, owner, 72, 8);
SIZE(ufo_residency, 80);

SIZE(ufo_server_limit, 4);
VALUE(UFO_LIMIT_CLIENTS, 0);
VALUE(UFO_LIMIT_CLIENTS_PER_USER, 1);
VALUE(UFO_LIMIT_REGIONS, 2);
VALUE(UFO_LIMIT_MAPPED_BYTES, 3);
VALUE(UFO_LIMIT_PINNED_BYTES, 4);
VALUE(UFO_LIMIT_FAULTS, 5);
VALUE(UFO_LIMIT_ANSWER_MS, 6);
VALUE(UFO_LIMIT_IDLE_FILES, 7);
VALUE(UFO_LIMIT_THREADS, 8);

FIELD(ufo_server_stats, struct_size, 0, 8);
FIELD(ufo_server_stats, page_bytes, 8, 8);
FIELD(ufo_server_stats, chunk_bytes, 16, 8);
FIELD(ufo_server_stats, budget_bytes, 24, 8);
FIELD(ufo_server_stats, used_bytes, 32, 8);
FIELD(ufo_server_stats, peak_bytes, 40, 8);
FIELD(ufo_server_stats, low_bytes, 48, 8);
FIELD(ufo_server_stats, high_bytes, 56, 8);
FIELD(ufo_server_stats, fillers, 64, 8);
FIELD(ufo_server_stats, most_fillers, 72, 8);
FIELD(ufo_server_stats, evictors, 80, 8);
FIELD(ufo_server_stats, faults_at_once, 88, 8);
FIELD(ufo_server_stats, clients, 96, 8);
FIELD(ufo_server_stats, clients_ever, 104, 8);
FIELD(ufo_server_stats, dismissed, 112, 8);
FIELD(ufo_server_stats, regions, 120, 8);
FIELD(ufo_server_stats, faults, 128, 8);
FIELD(ufo_server_stats, late, 136, 8);
FIELD(ufo_server_stats, failures, 144, 8);
FIELD(ufo_server_stats, populated_bytes, 152, 8);
FIELD(ufo_server_stats, evictions, 160, 8);
SIZE(ufo_server_stats, 168);
