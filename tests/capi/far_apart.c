/* SPDX-License-Identifier: MIT */
/* Chunks so far apart that what the library remembers of one takes as much as the chunk: it forgets what it can, and nothing that it has to know. */
#include "support/support.h"

#define BUDGET (1 * MIB)
#define APART (1 * MIB) /* four of them to a page of the library's */

enum { SLOTS = 2048, THREADS = 4 };

/* The first element of every slot is the slot's number and how often it was stored to; the others are zero. */
struct field {
    ufo *region;
    size_t rounds;
    ATOMIC(uint64_t) kept[SLOTS]; /* by the source */
    uint64_t expected[SLOTS];     /* of a thread's own slots, each every fourth */
    ATOMIC(size_t) next;
    ATOMIC(size_t) wrong;
    ATOMIC(size_t) refused;
};

static size_t place_of(size_t slot) { return slot * APART / 8; }
static uint64_t first_of(size_t slot) { return (uint64_t)(slot + 1) << 32; }

static int32_t populate(void *argument, size_t first, size_t count, void *out)
{
    struct field *field = argument;
    memset(out, 0, count * 8);
    if (first % (APART / 8) == 0 && first / (APART / 8) < SLOTS)
        *(uint64_t *)out = atomic_load(&field->kept[first / (APART / 8)]);
    return 0;
}

static int32_t write_back(void *argument, size_t first, size_t count, const void *data)
{
    struct field *field = argument;
    (void)count;
    if (first % (APART / 8) == 0 && first / (APART / 8) < SLOTS)
        atomic_store(&field->kept[first / (APART / 8)], *(const uint64_t *)data);
    return 0;
}

static ufo *field_region(ufo_core *core, struct field *field, bool writable)
{
    memset(field, 0, sizeof *field);
    for (size_t slot = 0; slot < SLOTS; slot++)
        atomic_store(&field->kept[slot], field->expected[slot] = first_of(slot));
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, SLOTS * APART / 8, 8));
    assert_ok(ufo_config_set_chunk(config, 4 * KIB / 8));
    assert_ok(ufo_config_set_populate(config, populate, field, NULL));
    if (writable)
        assert_ok(ufo_config_set_writeback(config, write_back, field, NULL));
    field->region = ufo_new(core, config);
    ufo_config_free(config);
    assert_non_null(field->region);
    assert_ok(ufo_advise(field->region, 0, SLOTS * APART / 8, UFO_ADVICE_RANDOM));
    return field->region;
}

static void note(struct field *field, ufo_status status)
{
    if (status != UFO_OK)
        atomic_fetch_add(&field->refused, 1);
}

/* A thread changes its own slots, loads those of others beside them, and lets both go: whatever is stored comes back. */
static void *use(void *argument)
{
    struct field *field = argument;
    volatile uint64_t *array = ufo_data(field->region);
    size_t number = atomic_fetch_add(&field->next, 1);
    uint64_t random = number + 1;
    for (size_t i = 0; i < field->rounds; i++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        size_t any = (size_t)(random >> 33) % SLOTS, own = any / THREADS * THREADS + number;
        if (array[place_of(any) + 1] != 0)
            atomic_fetch_add(&field->wrong, 1);
        if (array[place_of(own)] != field->expected[own])
            atomic_fetch_add(&field->wrong, 1);
        switch (random % 8) {
        case 0:
        case 1:
            array[place_of(own)] = ++field->expected[own];
            break;
        case 2:
            field->expected[own]++;
            note(field, ufo_write(field->region, place_of(own), 1, &field->expected[own]));
            break;
        case 3:
            note(field, ufo_evict(field->region, place_of(own), 1));
            break;
        case 4:
            note(field, ufo_evict(field->region, place_of(any / 4 * 4), 4 * APART / 8));
            break;
        case 5:
            note(field, ufo_flush(field->region, place_of(any), 1));
            break;
        default:
            break;
        }
    }
    return NULL;
}

static void changes_come_back(void **state)
{
    (void)state;
    begin_test(110);
    ufo_core *core = new_core(BUDGET);
    static struct field field;
    ufo *region = field_region(core, &field, true);
    field.rounds = rounds_for(10000, 1500);
    struct team team;
    team_start(&team, THREADS, use, &field);
    team_join(&team);
    assert_int_equal(atomic_load(&field.wrong), 0);
    assert_int_equal(atomic_load(&field.refused), 0);
    assert_ok(ufo_flush(region, 0, SLOTS * APART / 8));
    for (size_t slot = 0; slot < SLOTS; slot++)
        assert_int_equal(atomic_load(&field.kept[slot]), field.expected[slot]);
    assert_in_range(core_stats(core).peak_bytes, 1, BUDGET);
    ufo_core_free(core);
}

/* Those that went to the spill have to be remembered, each by a page or two: there is always room to go on beside them. */
static void the_spill_is_remembered(void **state)
{
    (void)state;
    begin_test(110);
    ufo_core *core = new_core(BUDGET);
    static struct field field;
    ufo *region = field_region(core, &field, false);
    volatile uint64_t *array = ufo_data(region);
    for (size_t slot = 0; slot < SLOTS; slot++)
        array[place_of(slot)]++;
    for (size_t slot = 0; slot < SLOTS; slot++)
        assert_int_equal(array[place_of(slot)], first_of(slot) + 1);
    /* And is forgotten. */
    assert_ok(ufo_reset(region, 0, SLOTS * APART / 8));
    for (size_t slot = 0; slot < SLOTS; slot++)
        assert_int_equal(array[place_of(slot)], first_of(slot));
    assert_in_range(core_stats(core).peak_bytes, 1, BUDGET);
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_come_back),
        cmocka_unit_test(the_spill_is_remembered),
    };
    return RUN(tests);
}
