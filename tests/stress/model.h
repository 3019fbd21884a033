/* SPDX-License-Identifier: MIT */
/*
 * A region, and an exact account of what it must hold.
 *
 * Elements carry versions.  Each element has one owner among the threads, who alone writes it: he announces a version (`begun`), stores
 * it, and confirms it (`done`).  So he knows his elements exactly; everybody else, who saw `done` before his load and `begun` after it,
 * knows that each word must be of a version between the two.
 *
 * ufo_reset() takes versions back, so whoever resets (or wants to compare with the store) keeps the others out: `lock`.
 */
#ifndef UFOMEM_TEST_STRESS_MODEL_H
#define UFOMEM_TEST_STRESS_MODEL_H

#include "support/support.h"

enum kind {
    COMPUTED, /**< populate only: changes go to the spill */
    STORED,   /**< populate and writeback */
    ZEROS,
    FILE_PRIVATE,
    FILE_WRITTEN, /**< UFO_FILE_WRITEBACK */
    FIXED,        /**< populate, read-only */
    DERIVED       /**< populate from the pointer of another region, read-only */
};

struct model {
    int number;
    enum kind kind;
    size_t element_size, count, chunk;
    struct model *base; /**< of DERIVED */
    uint64_t seed;
    ufo *region;
    unsigned char *data;
    pthread_rwlock_t lock;
    ATOMIC(uint32_t) * begun, *done;
    uint32_t *top;     /**< highest version that was ever given; the owner's */
    uint32_t *flushed; /**< versions that the store must have; under the exclusive lock */
    unsigned char *store;
    int fd;
    size_t file_offset;
};

static inline bool is_read_only(const struct model *model) { return model->kind == FIXED || model->kind == DERIVED; }
static inline bool has_store(const struct model *model) { return model->kind == STORED || model->kind == FILE_WRITTEN; }

void model_open(struct model *model, ufo_core *core);
void model_close(struct model *model);

/** Bytes of an element in a version. */
void model_bytes(const struct model *model, size_t element, uint32_t version, void *out);
/** Whether every word of `bytes` is of a version in [oldest, newest]. */
bool model_fits(const struct model *model, const void *bytes, size_t element, uint32_t oldest, uint32_t newest);

/** Loads and stores through the plain pointer, word by word. */
void model_load(const struct model *model, size_t element, void *out);
void model_store(struct model *model, size_t element, const void *bytes);

/** What the store, or the file, holds of an element. */
bool model_stored(const struct model *model, size_t element, void *out);

#endif
