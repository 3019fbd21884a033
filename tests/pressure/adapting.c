/* SPDX-License-Identifier: MIT */
/* When memory becomes short in the control group, the budget goes down and memory is given back; later it is taken again. */
#include "pressure/group.h"

#include <sys/mman.h>

enum { KILLED = 128 + SIGKILL, NO_ROOM = 9 };
#define LIMIT (192 * MIB)
#define BUDGET (144 * MIB)
#define BALLAST (120 * MIB) /* what the program wants besides */
#define STEP (2 * MIB) /* less than the policy leaves */
#define SPARE (7 * MIB) /* with STEP, just what the policy calls short: changes on their way to the disk are charged, too, and the kernel would rather kill than wait */
#define PINNED (24 * MIB)

static struct group group;

enum patience { WAITS, DOES_NOT_WAIT };
struct way {
    size_t least; /* 0: does not adapt */
    enum patience patience;
    bool pins, stores;
};

static ATOMIC(bool) stop;
static ATOMIC(size_t) wrong;
static ATOMIC(uint64_t) checked;

struct array {
    ufo *region;
    bool stores;
};

static uint64_t value_of(size_t element) { return (element + 1) * UINT64_C(0x9E3779B97F4A7C15); }

static int32_t populate(void *unused, size_t first, size_t count, void *out)
{
    (void)unused;
    for (size_t i = 0; i < count; i++)
        ((uint64_t *)out)[i] = value_of(first + i);
    return 0;
}

/* As long as the budget goes up and down, somebody uses all of the array, and changes it: here, every word is either itself or its complement. */
__attribute__((no_sanitize("thread"))) static void *use(void *argument)
{
    const struct array *array = argument;
    volatile uint64_t *words = ufo_data(array->region);
    for (size_t round = 0; !atomic_load(&stop); round++)
        for (size_t at = 0; at < BUDGET / 8 && !atomic_load(&stop); at += 512) {
            uint64_t value = words[at];
            bool changed = array->stores && round % 2 == 1;
            if (value != (changed ? ~value_of(at) : value_of(at)))
                atomic_fetch_add(&wrong, 1);
            if (array->stores)
                words[at] = ~value;
            atomic_fetch_add(&checked, 1);
        }
    return NULL;
}

static uint64_t budget_of(const ufo_core *core)
{
    ufo_core_stats stats = {.struct_size = sizeof stats};
    return ufo_core_stats_get(core, &stats) == UFO_OK ? stats.budget_bytes : 0;
}

/*
 * Room that stays: what is free now, but not what the library may take again.  Chunks leave in batches, and until others have come, what is in use
 * lies below the budget.
 */
static size_t room_beside(const ufo_core *core, size_t others)
{
    const size_t taken = others + (size_t)budget_of(core), left = group_left(&group, LIMIT);
    const size_t stays = taken < LIMIT ? LIMIT - taken : 0;
    return left < stays ? left : stays;
}

static ATOMIC(unsigned) complaints;

static void count_complaints(void *unused, ufo_log_level level, const char *message)
{
    (void)unused;
    if (level == UFO_LOG_WARNING && strstr(message, "nothing can leave"))
        atomic_fetch_add(&complaints, 1);
}

static ufo_core *adapting_core(size_t least)
{
    ufo_core_config *config = ufo_core_config_new();
    ufo_core *core = NULL;
    if (ufo_core_config_set_budget(config, BUDGET) == UFO_OK && ufo_core_config_set_least_budget(config, least) == UFO_OK
        && ufo_core_config_set_log(config, count_complaints, NULL, NULL) == UFO_OK)
        core = ufo_core_new(config);
    ufo_core_config_free(config);
    return core;
}

static ufo *array_of_budget(ufo_core *core, bool stores)
{
    ufo_config *config = ufo_config_new();
    ufo *region = NULL;
    if (ufo_config_set_elements(config, BUDGET / 8, 8) == UFO_OK && ufo_config_set_populate(config, populate, NULL, NULL) == UFO_OK
        && ufo_config_set_read_only(config, !stores) == UFO_OK)
        region = ufo_new(core, config);
    ufo_config_free(config);
    return region;
}

static unsigned char *new_ballast(void)
{
    return mmap(NULL, BALLAST, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

static int live_beside_others(void *argument)
{
    const struct way *way = argument;
    CHILD_CHECK(group_enter(&group));
    ufo_core *core = adapting_core(way->least);
    CHILD_CHECK(core != NULL);
    struct array array = {.region = array_of_budget(core, way->stores), .stores = way->stores};
    CHILD_CHECK(array.region != NULL);
    const size_t before = LIMIT - group_left(&group, LIMIT);
    CHILD_CHECK(ufo_touch(array.region, 0, BUDGET / 8) == UFO_OK);
    if (way->pins)
        CHILD_CHECK(ufo_pin(array.region, 0, PINNED / 8) == UFO_OK);
    pthread_t user;
    CHILD_CHECK(pthread_create(&user, NULL, use, &array) == 0);

    unsigned char *ballast = new_ballast();
    CHILD_CHECK(ballast != MAP_FAILED);
    uint64_t longest = 0;
    int result = 0;
    for (size_t at = 0; at < BALLAST && result == 0; at += STEP) {
        const uint64_t begin = now_ms();
        while (way->patience == WAITS && room_beside(core, before + at) < STEP + SPARE && result == 0) {
            sleep_ms(5);
            if (now_ms() - begin > (way->least ? 40000 : 3000))
                result = NO_ROOM;
        }
        longest = now_ms() - begin > longest ? now_ms() - begin : longest;
        if (result == 0)
            memset(ballast + at, 1, STEP);
    }
    const uint64_t lowest = budget_of(core);
    CHILD_CHECK(result != 0 || !way->least || lowest < BUDGET);
    CHILD_CHECK(lowest >= way->least);
    munmap(ballast, BALLAST);
    const uint64_t freed = now_ms();
    while (result == 0 && way->least && budget_of(core) < BUDGET)
        sleep_ms(10); /* the test's time limit ends it */
    if (result == 0 && way->least)
        printf("room again after at most %llu ms; the budget went down to %llu MiB, and was back after %llu ms\n",
               (unsigned long long)longest, (unsigned long long)(lowest / MIB), (unsigned long long)(now_ms() - freed));
    fflush(stdout);
    atomic_store(&stop, true);
    pthread_join(user, NULL);
    CHILD_CHECK(atomic_load(&wrong) == 0);
    CHILD_CHECK(atomic_load(&checked) > 0);
    if (way->pins)
        CHILD_CHECK(ufo_unpin(array.region, 0, PINNED / 8) == UFO_OK);
    ufo_core_free(core);
    return result;
}

static int live(struct way way)
{
    begin_test(90);
    return group_child(&group, NULL, LIMIT, false, live_beside_others, &way);
}

static void a_fixed_budget_leaves_no_room(void **state)
{
    (void)state;
    assert_int_equal(live((struct way){.patience = WAITS}), NO_ROOM);
}

static void who_takes_it_nevertheless_is_killed(void **state)
{
    (void)state;
    assert_int_equal(live((struct way){.patience = DOES_NOT_WAIT}), KILLED);
}

static void memory_is_given_back_and_taken_again(void **state)
{
    (void)state;
    assert_int_equal(live((struct way){.least = 8 * MIB, .patience = WAITS}), 0);
}

static void changes_are_kept(void **state)
{
    (void)state;
    assert_int_equal(live((struct way){.least = 8 * MIB, .patience = WAITS, .stores = true}), 0);
}

/* It is said once, and what can leave later does. */
static int live_with_all_pinned(void *unused)
{
    (void)unused;
    CHILD_CHECK(group_enter(&group));
    ufo_core *core = adapting_core(8 * MIB);
    CHILD_CHECK(core != NULL);
    ufo *region = array_of_budget(core, false);
    CHILD_CHECK(region != NULL);
    CHILD_CHECK(ufo_pin(region, 0, BUDGET / 8 - BUDGET / 64) == UFO_OK);
    unsigned char *ballast = new_ballast();
    CHILD_CHECK(ballast != MAP_FAILED);
    for (size_t at = 0; atomic_load(&complaints) == 0;) /* the test's time limit ends it */
        if (at < BALLAST && group_left(&group, LIMIT) > LIMIT / 24) { /* short is what is below a twentieth */
            memset(ballast + at, 1, MIB);
            at += MIB;
        } else {
            sleep_ms(10);
        }
    sleep_ms(600);
    CHILD_CHECK(atomic_load(&complaints) <= 2); /* not at every look */
    const uint64_t pinned = BUDGET - BUDGET / 8;
    CHILD_CHECK(core_stats(core).used_bytes >= pinned);
    CHILD_CHECK(ufo_unpin(region, 0, BUDGET / 8 - BUDGET / 64) == UFO_OK);
    while (core_stats(core).used_bytes > pinned - 4 * MIB)
        sleep_ms(10);
    CHILD_CHECK(budget_of(core) < pinned);
    for (size_t i = 0; i < BUDGET / 8; i += 512)
        CHILD_CHECK(((const volatile uint64_t *)ufo_data(region))[i] == value_of(i));
    ufo_core_free(core);
    return 0;
}

static void who_can_give_nothing_says_so(void **state)
{
    (void)state;
    begin_test(90);
    assert_int_equal(group_child(&group, NULL, LIMIT, false, live_with_all_pinned, NULL), 0);
}

static void what_is_pinned_stays(void **state)
{
    (void)state;
    assert_int_equal(live((struct way){.least = 8 * MIB, .patience = WAITS, .pins = true}), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fixed_budget_leaves_no_room),        cmocka_unit_test(who_takes_it_nevertheless_is_killed),
        cmocka_unit_test(memory_is_given_back_and_taken_again), cmocka_unit_test(changes_are_kept),
        cmocka_unit_test(what_is_pinned_stays),                 cmocka_unit_test(who_can_give_nothing_says_so),
    };
    return RUN(tests);
}
