/* SPDX-License-Identifier: MIT */
#include "stress/model.h"

#include <fcntl.h>

/* The owner of the lazy memory orders these accesses; the sanitizer cannot see a page that comes or goes. */
#define RAW __attribute__((no_sanitize("thread"), noinline))

static uint64_t mix(uint64_t value)
{
    value = (value ^ (value >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94D049BB133111EB);
    return value ^ (value >> 31);
}

void model_bytes(const struct model *model, size_t element, uint32_t version, void *out)
{
    if (model->kind == ZEROS && version == 0) {
        memset(out, 0, model->element_size);
        return;
    }
    uint64_t key = mix(model->seed ^ mix(element * UINT64_C(0x9E3779B97F4A7C15) + version));
    if (model->element_size == 1) {
        *(unsigned char *)out = (unsigned char)key;
        return;
    }
    uint32_t *words = out;
    for (size_t i = 0; i < model->element_size / 4; i++)
        words[i] = (uint32_t)((key + i * UINT64_C(0xD1342543DE82EF95)) >> 20);
    if (model->kind == DERIVED) {
        uint32_t base[1024];
        model_bytes(model->base, element, 0, base);
        for (size_t i = 0; i < model->element_size / 4; i++)
            words[i] ^= base[i];
    }
}

bool model_fits(const struct model *model, const void *bytes, size_t element, uint32_t oldest, uint32_t newest)
{
    unsigned char expected[4096], missing[1024];
    size_t step = model->element_size == 1 ? 1 : 4, words = model->element_size / step, left = words;
    memset(missing, 1, words);
    for (uint32_t version = newest;; version--) {
        model_bytes(model, element, version, expected);
        for (size_t i = 0; i < words; i++)
            if (missing[i] && memcmp((const char *)bytes + i * step, expected + i * step, step) == 0) {
                missing[i] = 0;
                left--;
            }
        if (left == 0)
            return true;
        if (version == oldest)
            return false;
    }
}

RAW void model_load(const struct model *model, size_t element, void *out)
{
    const unsigned char *from = model->data + element * model->element_size;
    if (model->element_size == 1)
        *(unsigned char *)out = __atomic_load_n(from, __ATOMIC_RELAXED);
    else
        for (size_t i = 0; i < model->element_size / 4; i++)
            ((uint32_t *)out)[i] = __atomic_load_n((const uint32_t *)from + i, __ATOMIC_RELAXED);
}

RAW void model_store(struct model *model, size_t element, const void *bytes)
{
    unsigned char *to = model->data + element * model->element_size;
    if (model->element_size == 1)
        __atomic_store_n(to, *(const unsigned char *)bytes, __ATOMIC_RELAXED);
    else
        for (size_t i = 0; i < model->element_size / 4; i++)
            __atomic_store_n((uint32_t *)to + i, ((const uint32_t *)bytes)[i], __ATOMIC_RELAXED);
}

bool model_stored(const struct model *model, size_t element, void *out)
{
    size_t at = element * model->element_size;
    if (model->kind == STORED) {
        memcpy(out, model->store + at, model->element_size);
        return true;
    }
    return pread(model->fd, out, model->element_size, (off_t)(model->file_offset + at)) == (ssize_t)model->element_size;
}

/* ---- Sources ---- */

static int32_t populate(void *user_data, size_t first, size_t count, void *out)
{
    struct model *model = user_data;
    unsigned char *bytes = out;
    if (count == 0 || first >= model->count || count > model->count - first)
        return 1;
    if (model->kind == STORED) {
        memcpy(out, model->store + first * model->element_size, count * model->element_size);
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t element[1024];
        model_bytes(model, first + i, 0, element);
        if (model->kind == DERIVED) {
            /* Through the pointer: what came of model_bytes() is taken out again, and what is really there put in. */
            uint32_t expected[1024], found[1024];
            model_bytes(model->base, first + i, 0, expected);
            model_load(model->base, first + i, found);
            for (size_t word = 0; word < model->element_size / 4; word++)
                element[word] ^= expected[word] ^ found[word];
        }
        memcpy(bytes + i * model->element_size, element, model->element_size);
    }
    return 0;
}

static int32_t writeback(void *user_data, size_t first, size_t count, const void *data)
{
    struct model *model = user_data;
    if (count == 0 || first >= model->count || count > model->count - first)
        return 1;
    memcpy(model->store + first * model->element_size, data, count * model->element_size);
    return 0;
}

/* A file with the elements in version 0 behind a few odd bytes. */
static const char *make_file(struct model *model)
{
    const char *path = temp_file(model->file_offset);
    model->fd = open(path, O_RDWR | O_CLOEXEC);
    unsigned char element[4096];
    FILE *file = fdopen(dup(model->fd), "r+b");
    fseek(file, 0, SEEK_END);
    for (size_t i = 0; i < model->count; i++) {
        model_bytes(model, i, 0, element);
        if (fwrite(element, model->element_size, 1, file) != 1)
            fail_msg("cannot write the file of a region");
    }
    fclose(file);
    return path;
}

static void *zeroed(size_t size)
{
    void *memory = malloc(size);
    if (!memory)
        fail_msg("no memory for the model");
    return memset(memory, 0, size); /* resident from now on: what is measured later is the library's */
}

void model_open(struct model *model, ufo_core *core)
{
    pthread_rwlockattr_t attributes;
    pthread_rwlockattr_init(&attributes);
    pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&model->lock, &attributes);
    pthread_rwlockattr_destroy(&attributes);
    model->begun = zeroed(model->count * sizeof *model->begun);
    model->done = zeroed(model->count * sizeof *model->done);
    model->top = zeroed(model->count * sizeof *model->top);
    model->flushed = zeroed(model->count * sizeof *model->flushed);
    model->fd = -1;

    ufo_config *config = ufo_config_new();
    ufo_config_set_elements(config, model->count, model->element_size);
    ufo_config_set_chunk(config, model->chunk);
    ufo_config_set_read_only(config, is_read_only(model));
    if (model->kind == STORED) {
        model->store = zeroed(model->count * model->element_size);
        for (size_t i = 0; i < model->count; i++)
            model_bytes(model, i, 0, model->store + i * model->element_size);
        ufo_config_set_writeback(config, writeback, model, NULL);
    }
    if (model->kind == FILE_PRIVATE || model->kind == FILE_WRITTEN) {
        model->file_offset = 1000 + model->element_size;
        ufo_config_set_file(config, make_file(model), model->file_offset,
                            model->kind == FILE_WRITTEN ? UFO_FILE_WRITEBACK : 0);
    } else if (model->kind != ZEROS) {
        ufo_config_set_populate(config, populate, model, NULL);
    }
    model->region = ufo_new(core, config);
    if (!model->region)
        fail_msg("ufo_new: %s", ufo_last_error());
    model->data = ufo_data(model->region);
    model->chunk = ufo_chunk(model->region);
    ufo_config_free(config);
}

void model_close(struct model *model)
{
    free((void *)model->begun);
    free((void *)model->done);
    free(model->top);
    free(model->flushed);
    free(model->store);
    if (model->fd >= 0)
        close(model->fd);
    pthread_rwlock_destroy(&model->lock);
}
