/* SPDX-License-Identifier: MIT */
/* A core, or a region, is freed while its prefetch thread is at work, or by a callback that runs there: no crash, no hang, one end. */
#include "support/support.h"

enum { LENGTH = 4 << 20, SOON_MS = 10000 };
#define CHUNK (64 * KIB)

enum place { NOWHERE, ON_PREFETCH, ON_ANY };
enum what { THE_CORE, THE_REGION };

/* What the populate callback does, and what has come of it. */
struct scene {
    ufo_core *core;
    ufo *region;
    enum place place;
    enum what what;
    unsigned delay_ms;
    ATOMIC(bool) on_prefetch, begun, over;
    ATOMIC(int) frees;
    ATOMIC(size_t) populates;
};

static bool is_prefetch_thread(void)
{
    char name[32] = "";
    pthread_getname_np(pthread_self(), name, sizeof name);
    return strcmp(name, "ufomem-ahead") == 0;
}

static int32_t populate(void *user_data, size_t first, size_t count, void *out)
{
    struct scene *scene = user_data;
    const bool on_prefetch = is_prefetch_thread();
    atomic_fetch_add(&scene->populates, 1);
    if (on_prefetch)
        atomic_store(&scene->on_prefetch, true);
    if (scene->place == ON_ANY || (scene->place == ON_PREFETCH && on_prefetch))
        if (!atomic_exchange(&scene->begun, true)) {
            if (scene->what == THE_CORE)
                ufo_core_free(scene->core);
            else
                ufo_free(scene->region);
            atomic_store(&scene->over, true);
        }
    if (scene->delay_ms)
        sleep_ms(scene->delay_ms);
    pattern_fill(out, first, count);
    return 0;
}

static void count_free(void *user_data) { atomic_fetch_add(&((struct scene *)user_data)->frees, 1); }

/* On the heap, for callbacks that come late; never freed. */
static struct scene *make_scene(enum place place, enum what what, unsigned delay_ms)
{
    begin_watched(40);
    struct scene *scene = calloc(1, sizeof *scene);
    scene->place = place;
    scene->what = what;
    scene->delay_ms = delay_ms;
    ufo_core_config *core_config = ufo_core_config_new();
    ufo_config *config = ufo_config_new();
    if (ufo_core_config_set_budget(core_config, 8 * MIB) != UFO_OK || ufo_config_set_elements(config, LENGTH, 1) != UFO_OK
        || ufo_config_set_chunk(config, CHUNK) != UFO_OK
        || ufo_config_set_populate(config, populate, scene, count_free) != UFO_OK)
        return NULL;
    scene->core = ufo_core_new(core_config);
    scene->region = ufo_new(scene->core, config);
    ufo_config_free(config);
    ufo_core_config_free(core_config);
    return scene->region ? scene : NULL;
}

static bool happens(const ATOMIC(bool) * what)
{
    for (uint64_t end = now_ms() + SOON_MS; now_ms() < end && !atomic_load(what);)
        sleep_ms(1);
    return atomic_load(what);
}

/* The callback's data is given back once, and the handles are recognised. */
static int ends(struct scene *scene, bool core_is_freed)
{
    ufo_core_stats stats = {.struct_size = sizeof stats};
    if (core_is_freed)
        CHILD_CHECK(ufo_core_stats_get(scene->core, &stats) == UFO_ERR_CLOSED);
    CHILD_CHECK(ufo_touch(scene->region, 0, 1) == UFO_ERR_CLOSED);
    for (uint64_t end = now_ms() + SOON_MS; now_ms() < end && atomic_load(&scene->frees) == 0;)
        sleep_ms(1);
    CHILD_CHECK(atomic_load(&scene->frees) == 1);
    const size_t populates = atomic_load(&scene->populates);
    if (!core_is_freed)
        ufo_core_free(scene->core);
    sleep_ms(20);
    CHILD_CHECK(atomic_load(&scene->frees) == 1);
    CHILD_CHECK(atomic_load(&scene->populates) == populates); /* none after the end */
    return 0;
}

/* ---- From outside, while the thread fills one chunk after another ---- */

static int from_outside(void *argument)
{
    const enum what what = *(enum what *)argument;
    for (unsigned wait = 0; wait < 20; wait++) {
        struct scene *scene = make_scene(NOWHERE, what, 2);
        CHILD_CHECK(scene != NULL);
        CHILD_CHECK(ufo_advise(scene->region, 0, LENGTH, UFO_ADVICE_WILLNEED) == UFO_OK);
        if (wait > 0)
            CHILD_CHECK(happens(&scene->on_prefetch));
        if (wait > 1)
            sleep_ms(wait % 5);
        if (what == THE_CORE)
            ufo_core_free(scene->core);
        else
            ufo_free(scene->region);
        CHILD_CHECK(ends(scene, what == THE_CORE) == 0);
    }
    return 0;
}

/* ---- By the callback itself ---- */

static int on_the_prefetch_thread(void *argument)
{
    const enum what what = *(enum what *)argument;
    struct scene *scene = make_scene(ON_PREFETCH, what, 0);
    CHILD_CHECK(scene != NULL);
    CHILD_CHECK(ufo_advise(scene->region, 0, LENGTH, UFO_ADVICE_WILLNEED) == UFO_OK);
    CHILD_CHECK(happens(&scene->begun)); /* the advice was taken */
    CHILD_CHECK(happens(&scene->over));
    return ends(scene, what == THE_CORE);
}

/*
 * The load gets an end: the value, as its chunk was being filled, or a signal.  (Or what somebody has mapped at the address since, the
 * stack of a new thread for example; so the value is not looked at.)
 */
static int on_the_thread_of_a_fault(void *argument)
{
    const enum what what = *(enum what *)argument;
    for (int round = 0; round < 30; round++) {
        struct scene *scene = make_scene(ON_ANY, what, 0);
        CHILD_CHECK(scene != NULL);
        uint8_t value = 0;
        int signal_number = guarded_read((unsigned char *)ufo_data(scene->region) + CHUNK + 5, &value);
        CHILD_CHECK(signal_number == 0 || signal_number == SIGBUS || signal_number == SIGSEGV);
        CHILD_CHECK(happens(&scene->over));
        CHILD_CHECK(ends(scene, what == THE_CORE) == 0);
    }
    return 0;
}

static int on_the_thread_of_a_call(void *argument)
{
    const enum what what = *(enum what *)argument;
    struct scene *scene = make_scene(ON_ANY, what, 0);
    CHILD_CHECK(scene != NULL);
    ufo_status status = ufo_touch(scene->region, CHUNK, 1);
    CHILD_CHECK(status == UFO_OK || status == UFO_ERR_CLOSED);
    CHILD_CHECK(atomic_load(&scene->over));
    return ends(scene, what == THE_CORE);
}

static void in_children(int (*body)(void *), enum what what)
{
    begin_test(50);
    assert_int_equal(in_child(body, &what), 0);
}

static void a_core_during_prefetch(void **state) { (void)state, in_children(from_outside, THE_CORE); }
static void a_region_during_prefetch(void **state) { (void)state, in_children(from_outside, THE_REGION); }
static void a_core_by_the_prefetch_thread(void **state) { (void)state, in_children(on_the_prefetch_thread, THE_CORE); }
static void a_region_by_the_prefetch_thread(void **state) { (void)state, in_children(on_the_prefetch_thread, THE_REGION); }
static void a_core_in_a_fault(void **state) { (void)state, in_children(on_the_thread_of_a_fault, THE_CORE); }
static void a_region_in_a_fault(void **state) { (void)state, in_children(on_the_thread_of_a_fault, THE_REGION); }
static void a_core_in_a_call(void **state) { (void)state, in_children(on_the_thread_of_a_call, THE_CORE); }
static void a_region_in_a_call(void **state) { (void)state, in_children(on_the_thread_of_a_call, THE_REGION); }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_core_during_prefetch),        cmocka_unit_test(a_region_during_prefetch),
        cmocka_unit_test(a_core_by_the_prefetch_thread), cmocka_unit_test(a_region_by_the_prefetch_thread),
        cmocka_unit_test(a_core_in_a_fault),             cmocka_unit_test(a_region_in_a_fault),
        cmocka_unit_test(a_core_in_a_call),              cmocka_unit_test(a_region_in_a_call),
    };
    return RUN(tests);
}
