/* SPDX-License-Identifier: MIT */
/* A thread that somebody has cancelled: its calls, loads and stores come to their end, and it ends afterwards, where it says that it may. */
#include "support/support.h"

#include <pthread.h>

enum { LENGTH = 1 << 20, CHUNK = 16 << 10 };

struct work {
    ufo_core *core;
    ufo *file, *computed;
    const char *path;
    bool calls_worked, accesses_worked, life_worked;
    bool came_to_the_end;
};

static bool use_calls(struct work *work)
{
    unsigned char byte = 0, other = 77;
    bool good = ufo_read(work->file, 5 * CHUNK, 1, &byte) == UFO_OK && byte == pattern(5 * CHUNK);
    good &= ufo_write(work->file, 7 * CHUNK, 1, &other) == UFO_OK;
    good &= ufo_flush(work->file, 0, LENGTH) == UFO_OK;
    good &= ufo_touch(work->computed, 0, 4 * CHUNK) == UFO_OK; /* with a callback that sleeps */
    good &= ufo_pin(work->computed, 0, CHUNK) == UFO_OK && ufo_unpin(work->computed, 0, CHUNK) == UFO_OK;
    good &= ufo_evict(work->computed, 0, LENGTH) == UFO_OK && ufo_reset(work->computed, 0, LENGTH) == UFO_OK;
    return good;
}

static bool load_and_store(struct work *work)
{
    volatile unsigned char *file = ufo_data(work->file), *computed = ufo_data(work->computed);
    bool good = true;
    for (size_t at = 20 * CHUNK; at < LENGTH; at += CHUNK) {
        good &= file[at] == pattern(at) && computed[at] == pattern(at);
        file[at + 1] = 78;
    }
    return good;
}

static bool make_and_free(struct work *work)
{
    ufo_core *core = ufo_core_new(NULL);
    ufo_config *config = ufo_config_new();
    bool good = core && config && ufo_config_set_elements(config, LENGTH, 1) == UFO_OK && ufo_config_set_file(config, work->path, 0, 0) == UFO_OK;
    ufo *region = ufo_new(core, config);
    unsigned char byte = 0;
    good &= ufo_read(region, 3, 1, &byte) == UFO_OK && byte == pattern(3);
    ufo_free(region);
    ufo_config_free(config);
    ufo_core_free(core);
    return good;
}

/* Nothing here but calls of the library is a point where a thread can be cancelled. */
static void *cancelled(void *argument)
{
    struct work *work = argument;
    pthread_cancel(pthread_self());
    work->calls_worked = use_calls(work);
    work->accesses_worked = load_and_store(work);
    work->life_worked = make_and_free(work);
    work->came_to_the_end = true;
    pthread_testcancel();
    return NULL;
}

static void work_is_not_cut_off(void **state)
{
    (void)state;
    struct work work = {.core = begin_core(4 * MIB), .path = temp_file(LENGTH)};
    struct source source = {.count = LENGTH, .element_size = 1, .delay_ms = 1};
    work.file = file_region(work.core, temp_file(LENGTH), 0, LENGTH, CHUNK, UFO_FILE_WRITEBACK);
    work.computed = source_region(work.core, &source, LENGTH, 1, CHUNK);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, cancelled, &work), 0);
    void *result = NULL;
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_true(work.calls_worked);
    assert_true(work.accesses_worked);
    assert_true(work.life_worked);
    assert_true(work.came_to_the_end);
    assert_ptr_equal(result, PTHREAD_CANCELED); /* it is still as easily cancelled as before */
    ufo_free(work.file);
    ufo_free(work.computed);
    ufo_core_free(work.core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_is_not_cut_off),
    };
    return RUN(tests);
}
