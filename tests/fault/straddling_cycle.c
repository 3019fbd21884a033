/* SPDX-License-Identifier: MIT */
/* Elements that straddle chunks, and write-backs that flush each other's regions in a circle: an error or success, never a hang. */
#include "support/support.h"

enum { COUNT = 40, MOST_DEPTH = 2, MARK = 5 };
#define BUDGET (64 * MIB)

/* Two regions; the write-back of one flushes, or changes, elements of the other. */
struct side {
    struct circle *circle;
    ufo *region, *other;
    size_t element_size;
    ATOMIC(unsigned char) marks[COUNT]; /* byte 5 of each element */
    ATOMIC(int) depth;
    ATOMIC(size_t) writebacks;
    ATOMIC(unsigned char) stored[COUNT];
};

struct circle {
    struct side sides[2];
    void (*use)(struct side *side);
    bool meet;
    ATOMIC(int) inside;
    ATOMIC(size_t) right, deadlocks, strange;
};

static int32_t fill(void *user_data, size_t first, size_t count, void *out)
{
    struct side *side = user_data;
    memset(out, 100, count * side->element_size);
    for (size_t i = 0; i < count; i++)
        ((unsigned char *)out)[i * side->element_size + MARK] = atomic_load(&side->marks[first + i]);
    return 0;
}

static void judge(struct circle *circle, ufo_status status)
{
    const bool deadlock = status == UFO_ERR_DEADLOCK || (status == UFO_ERR_WRITEBACK && ufo_last_callback_code() == 5);
    atomic_fetch_add(status == UFO_OK ? &circle->right : deadlock ? &circle->deadlocks : &circle->strange, 1);
    if (status != UFO_OK && !deadlock)
        fprintf(stderr, "%s: %s\n", ufo_status_string(status), ufo_last_error());
}

static int32_t writeback(void *user_data, size_t first, size_t count, const void *data)
{
    struct side *side = user_data;
    for (size_t i = 0; i < count; i++)
        atomic_store(&side->marks[first + i], ((const unsigned char *)data)[i * side->element_size + MARK]);
    struct circle *circle = side->circle;
    atomic_fetch_add(&side->writebacks, 1);
    if (atomic_fetch_add(&side->depth, 1) < MOST_DEPTH) {
        /* Both are inside before either goes on; the library may also let in one after the other. */
        atomic_fetch_add(&circle->inside, 1);
        for (int i = 0; circle->meet && i < 300 && atomic_load(&circle->inside) < 2; i++)
            sleep_ms(1);
        circle->use(side);
    }
    atomic_fetch_sub(&side->depth, 1);
    return 0;
}

static void flush_others(struct side *side) { judge(side->circle, ufo_flush(side->other, 20, 2)); }

static void read_others(struct side *side)
{
    unsigned char *value = malloc(side->element_size);
    judge(side->circle, ufo_read(side->other, 30, 1, value));
    free(value);
}

static void evict_others(struct side *side) { judge(side->circle, ufo_evict(side->other, 20, 2)); }

static void make(ufo_core *core, struct circle *circle, size_t element_size, bool one_region)
{
    for (size_t i = 0; i < 2; i++) {
        struct side *side = &circle->sides[i];
        side->circle = circle;
        side->element_size = element_size;
        ufo_config *config = ufo_config_new();
        assert_ok(ufo_config_set_elements(config, COUNT, element_size));
        assert_ok(ufo_config_set_populate(config, fill, side, NULL));
        assert_ok(ufo_config_set_writeback(config, writeback, side, NULL));
        side->region = ufo_new(core, config);
        assert_non_null(side->region);
        ufo_config_free(config);
    }
    circle->sides[0].other = circle->sides[one_region ? 0 : 1].region;
    circle->sides[1].other = circle->sides[one_region ? 1 : 0].region;
    for (size_t i = 0; i < 2; i++)
        for (size_t element = 0; element < COUNT; element += 10)
            ((unsigned char *)ufo_data(circle->sides[i].region))[element * element_size + MARK] = 200;
}

static void *flush_own(void *argument)
{
    struct side *side = argument;
    judge(side->circle, ufo_flush(side->region, 0, 2));
    return NULL;
}

static void around(size_t element_size, void (*use)(struct side *side), bool one_region, size_t threads)
{
    begin_watched(20);
    ufo_core *core = new_core(BUDGET);
    struct circle circle = {.use = use, .meet = threads > 1};
    make(core, &circle, element_size, one_region);
    pthread_t ids[2];
    for (size_t i = 0; i < threads; i++)
        assert_int_equal(pthread_create(&ids[i], NULL, flush_own, &circle.sides[i]), 0);
    for (size_t i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    assert_int_equal(atomic_load(&circle.strange), 0);
    assert_true(atomic_load(&circle.right) + atomic_load(&circle.deadlocks) > threads); /* inner ones, too */

    /* Afterwards everything can be flushed, and nothing was lost. */
    for (size_t i = 0; i < 2; i++)
        atomic_store(&circle.sides[i].depth, MOST_DEPTH);
    for (size_t i = 0; i < 2; i++) {
        assert_ok(ufo_flush(circle.sides[i].region, 0, COUNT));
        assert_true(atomic_load(&circle.sides[i].writebacks) > 0);
        for (size_t element = 0; element < COUNT; element += 10)
            assert_int_equal(atomic_load(&circle.sides[i].marks[element]), 200);
    }
    ufo_core_free(core);
}

#define LARGE 3000000
#define SMALL 300001 /* more than chunks are made for */

static void a_region_flushes_itself(void **state) { (void)state, around(SMALL, flush_others, true, 1); }
static void a_region_reads_itself(void **state) { (void)state, around(SMALL, read_others, true, 1); }
static void two_regions_one_thread(void **state) { (void)state, around(LARGE, flush_others, false, 1); }
static void two_regions_that_evict(void **state) { (void)state, around(SMALL, evict_others, false, 1); }
static void two_regions_two_threads(void **state) { (void)state, around(SMALL, flush_others, false, 2); }
static void two_regions_two_threads_read(void **state) { (void)state, around(SMALL, read_others, false, 2); }
static void large_elements_two_threads(void **state) { (void)state, around(LARGE, flush_others, false, 2); }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_region_flushes_itself),      cmocka_unit_test(a_region_reads_itself),
        cmocka_unit_test(two_regions_one_thread),       cmocka_unit_test(two_regions_that_evict),
        cmocka_unit_test(two_regions_two_threads),      cmocka_unit_test(two_regions_two_threads_read),
        cmocka_unit_test(large_elements_two_threads),
    };
    return RUN(tests);
}
