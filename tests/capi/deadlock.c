/* SPDX-License-Identifier: MIT */
/* Populate callbacks that wait for themselves: found out, not waited for. */
#include "support/support.h"

enum { COUNT = 1 << 16, PAGE_ELEMENTS = 512 };

static ufo *region_with(ufo_core *core, ufo_populate_fn populate, void *user_data)
{
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, COUNT, 8));
    assert_ok(ufo_config_set_chunk(config, 1));
    assert_ok(ufo_config_set_populate(config, populate, user_data, NULL));
    ufo *region = ufo_new(core, config);
    assert_non_null(region);
    ufo_config_free(config);
    return region;
}

/* ---- A chunk that needs itself ---- */

struct selfish {
    ufo *self;
    ATOMIC(ufo_status) status;
    ATOMIC(int) signal_number;
    bool by_pointer;
};

static int32_t touch_myself(void *user_data, size_t first, size_t count, void *out)
{
    struct selfish *selfish = user_data;
    pattern_fill(out, first * 8, count * 8);
    if (selfish->by_pointer) {
        uint8_t value;
        atomic_store(&selfish->signal_number, guarded_read((uint64_t *)ufo_data(selfish->self) + first, &value));
        return 17;
    }
    atomic_store(&selfish->status, ufo_touch(selfish->self, first, 1));
    return atomic_load(&selfish->status) == UFO_OK ? 0 : 17;
}

static void by_call(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    struct selfish selfish = {0};
    selfish.self = region_with(core, touch_myself, &selfish);
    uint8_t value;
    assert_status(ufo_touch(selfish.self, 0, 1), UFO_ERR_POPULATE);
    assert_int_equal(ufo_last_callback_code(), 17);
    assert_int_equal(atomic_load(&selfish.status), UFO_ERR_DEADLOCK);
    atomic_store(&selfish.status, 0);
    assert_int_equal(guarded_read((uint64_t *)ufo_data(selfish.self) + 10 * PAGE_ELEMENTS, &value), SIGBUS);
    assert_int_equal(atomic_load(&selfish.status), UFO_ERR_DEADLOCK);
    ufo_core_free(core);
}

/* Its own elements by pointer: what it reads is undefined, but it gets an end. */
static void by_pointer(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    struct selfish selfish = {.by_pointer = true};
    selfish.self = region_with(core, touch_myself, &selfish);
    uint8_t value;
    assert_status(ufo_touch(selfish.self, 0, 1), UFO_ERR_POPULATE);
    assert_int_equal(guarded_read((uint64_t *)ufo_data(selfish.self) + 10 * PAGE_ELEMENTS, &value), SIGBUS);
    if (!uses_protect(core))
        assert_int_equal(atomic_load(&selfish.signal_number), SIGBUS);
    ufo_core_free(core);
}

/* ---- Chunks that need each other ---- */

/* An element of a needs the one of b at the same place, and the other way round. */
struct circle {
    ufo *a, *b;
    bool by_pointer;
    bool meet; /* both threads are inside their callbacks before either goes on */
    pthread_barrier_t inside;
    ATOMIC(int) entered, deadlocks, signals, populated;
};

struct half {
    struct circle *circle;
    ufo **other;
};

static int32_t need_the_other(void *user_data, size_t first, size_t count, void *out)
{
    struct half *half = user_data;
    struct circle *circle = half->circle;
    pattern_fill(out, first * 8, count * 8);
    if (circle->meet && atomic_fetch_add(&circle->entered, 1) < 2)
        pthread_barrier_wait(&circle->inside);
    if (circle->by_pointer) {
        uint8_t value;
        if (guarded_read((uint64_t *)ufo_data(*half->other) + first, &value) != 0) {
            atomic_fetch_add(&circle->signals, 1);
            return 1;
        }
    } else {
        ufo_status status = ufo_touch(*half->other, first, 1);
        if (status == UFO_ERR_DEADLOCK)
            atomic_fetch_add(&circle->deadlocks, 1);
        if (status != UFO_OK)
            return 1;
    }
    atomic_fetch_add(&circle->populated, 1);
    return 0;
}

struct toucher {
    ufo *region;
    ufo_status status;
};

static void *touch_first(void *argument)
{
    struct toucher *toucher = argument;
    toucher->status = ufo_touch(toucher->region, 0, 1);
    return NULL;
}

static void *load_first(void *argument)
{
    struct toucher *toucher = argument;
    uint8_t value;
    toucher->status = guarded_read(ufo_data(toucher->region), &value);
    return NULL;
}

static void run_circle(ufo_core *core, ufo_core *second_core, bool by_pointer, bool meet)
{
    struct circle circle = {.by_pointer = by_pointer, .meet = meet};
    pthread_barrier_init(&circle.inside, NULL, 2);
    struct half of_a = {&circle, &circle.b}, of_b = {&circle, &circle.a};
    circle.a = region_with(core, need_the_other, &of_a);
    circle.b = region_with(second_core, need_the_other, &of_b);

    struct toucher touchers[2] = {{circle.a, UFO_OK}, {circle.b, UFO_OK}};
    pthread_t threads[2];
    size_t count = meet ? 2 : 1;
    for (size_t i = 0; i < count; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, by_pointer ? load_first : touch_first, &touchers[i]), 0);
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);

    for (size_t i = 0; i < count; i++) /* whoever was first cannot have succeeded: it waited for the other */
        assert_int_not_equal(touchers[i].status, UFO_OK);
    if (by_pointer)
        assert_true(atomic_load(&circle.signals) >= 1);
    else
        assert_true(atomic_load(&circle.deadlocks) >= 1);
    assert_int_equal(atomic_load(&circle.populated), 0);
    ufo_free(circle.a);
    ufo_free(circle.b);
    pthread_barrier_destroy(&circle.inside);
}

static void two_regions_one_thread(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    run_circle(core, core, false, false);
    ufo_core_free(core);
}

static void two_threads_by_call(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    for (int i = 0; i < 20; i++)
        run_circle(core, core, false, true);
    ufo_core_free(core);
}

static void two_threads_by_pointer(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    for (int i = 0; i < 20; i++)
        run_circle(core, core, true, true);
    ufo_core_free(core);
}

static void across_two_cores(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB), *other = new_core(4 * MIB);
    run_circle(core, other, false, false);
    run_circle(core, other, false, true);
    run_circle(core, other, true, true);
    ufo_core_free(core);
    ufo_core_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_call),
        cmocka_unit_test(by_pointer),
        cmocka_unit_test(two_regions_one_thread),
        cmocka_unit_test(two_threads_by_call),
        cmocka_unit_test(two_threads_by_pointer),
        cmocka_unit_test(across_two_cores),
    };
    return RUN(tests);
}
