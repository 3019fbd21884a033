/* SPDX-License-Identifier: MIT */
/* Lazy memory that the program has locked (mlock): it may not be able to leave, and that is an error at worst, never a hang or a wrong count. */
#include "support/support.h"

#include <errno.h>
#include <sys/mman.h>

enum { LOCKED = 1 << 20 };
#define BUDGET (4 * MIB)
static size_t body;

static unsigned char changed(size_t at) { return at % 512 ? pattern(at) : (unsigned char)~pattern(at); }

static bool is_refusal(ufo_status status) { return status == UFO_ERR_BUDGET || status == UFO_ERR_LIMIT || status == UFO_ERR_PINNED; }

/* What the kernel counts of the body is inside what the library says, and that inside the budget. */
static int count_is_right(const ufo_core *core, const unsigned char *bytes)
{
    ufo_core_stats stats = {.struct_size = sizeof stats};
    size_t resident = 0;
    for (int attempt = 0; attempt < 200; attempt++) { /* the evictor may be at work between the two looks */
        CHILD_CHECK(ufo_core_stats_get(core, &stats) == UFO_OK);
        resident = resident_bytes(bytes, body);
        if (stats.used_bytes > stats.budget_bytes)
            break;
        if (resident <= stats.used_bytes)
            return 0;
        sleep_ms(5);
    }
    fprintf(stderr, "resident %zu, used %zu, budget %zu\n", resident, (size_t)stats.used_bytes, (size_t)stats.budget_bytes);
    return 1;
}

/* Right data, or a clear error; by call, and then by pointer. */
static int scan(ufo_core *core, ufo *region, size_t changed_bytes)
{
    const unsigned char *bytes = ufo_data(region);
    unsigned char block[16384];
    for (size_t at = 0; at < body; at += sizeof block) {
        ufo_status status = ufo_read(region, at, sizeof block, block);
        CHILD_CHECK(status == UFO_OK || is_refusal(status));
        for (size_t i = 0; status == UFO_OK && i < sizeof block; i++)
            CHILD_CHECK(block[i] == (at + i < changed_bytes ? changed(at + i) : pattern(at + i)));
    }
    CHILD_CHECK(count_is_right(core, bytes) == 0);
    for (size_t at = 0; at < body; at += 1000) {
        uint8_t value = 0;
        int signal_number = guarded_read(bytes + at, &value);
        CHILD_CHECK(signal_number == 0 || signal_number == SIGBUS);
        CHILD_CHECK(signal_number != 0 || value == (at < changed_bytes ? changed(at) : pattern(at)));
    }
    return count_is_right(core, bytes);
}

static ufo *begin(ufo_core **core, struct source *source, size_t chunk)
{
    begin_watched(30);
    *core = new_core(BUDGET);
    ufo *region = source_region(*core, source, body, 1, chunk);
    assert_ok(ufo_advise(region, 0, body, UFO_ADVICE_RANDOM)); /* or the figures change while they are compared */
    return region;
}

static void lock(ufo_core *core, const void *start, size_t length)
{
    if (mlock(start, length) != 0) {
        print_message("mlock: %s\n", strerror(errno));
        ufo_core_free(core); /* its source is ours */
        SKIP_TEST("this user may not lock memory (RLIMIT_MEMLOCK)");
    }
}

static void a_part(size_t chunk)
{
    struct source source = {0};
    ufo_core *core;
    ufo *region = begin(&core, &source, chunk);
    unsigned char *bytes = ufo_data(region);
    for (size_t at = 0; at < LOCKED; at += 512)
        bytes[at] = changed(at);
    assert_ok(ufo_touch(region, 0, LOCKED));
    lock(core, bytes, LOCKED);
    assert_int_equal(scan(core, region, LOCKED), 0);

    /* Changed or not, resident or not: a store is kept, and gets an end. */
    ufo_status status = ufo_evict(region, 0, LOCKED);
    assert_true(status == UFO_OK || is_refusal(status));
    for (size_t at = 0; at < LOCKED; at += 4096) {
        assert_int_equal(guarded_write(bytes + at, 7), 0);
        assert_int_equal(bytes[at], 7);
        bytes[at] = changed(at);
    }
    assert_ok(ufo_flush(region, 0, LOCKED));
    status = ufo_evict(region, 0, LOCKED);
    assert_true(status == UFO_OK || is_refusal(status));
    assert_int_equal(guarded_write(bytes + 512, changed(512)), 0);
    assert_int_equal(scan(core, region, LOCKED), 0);

    assert_int_equal(munlock(bytes, LOCKED), 0);
    assert_ok(ufo_evict(region, 0, body));
    assert_int_equal(resident_bytes(bytes, body), 0);
    assert_int_equal(scan(core, region, LOCKED), 0);
    ufo_core_free(core);
}

static void a_part_in_small_chunks(void **state) { (void)state, a_part(4 * KIB); }
static void a_part_in_chunks(void **state) { (void)state, a_part(64 * KIB); }

/* Ever more, until there is no room: an error, and what is locked stays right. */
static void more_than_the_budget(size_t chunk)
{
    struct source source = {0};
    ufo_core *core;
    ufo *region = begin(&core, &source, chunk);
    unsigned char *bytes = ufo_data(region);
    for (size_t at = 0; at < body; at += LOCKED / 4) {
        ufo_status status = ufo_touch(region, at, LOCKED / 4);
        assert_true(status == UFO_OK || is_refusal(status));
        if (status != UFO_OK)
            break;
        assert_int_equal(count_is_right(core, bytes), 0);
        if (mlock(bytes + at, LOCKED / 4) != 0 && at == 0) {
            ufo_core_free(core); /* its source is ours */
            SKIP_TEST("this user may not lock memory (RLIMIT_MEMLOCK), or the delivery does not serve the kernel");
        }
        assert_int_equal(count_is_right(core, bytes), 0);
    }
    assert_int_equal(munlock(bytes, body), 0);
    assert_int_equal(scan(core, region, 0), 0);
    assert_ok(ufo_touch(region, body - 1, 1));
    ufo_core_free(core);
}

static void more_than_the_budget_in_small_chunks(void **state) { (void)state, more_than_the_budget(4 * KIB); }
static void more_than_the_budget_in_chunks(void **state) { (void)state, more_than_the_budget(64 * KIB); }

/* A program that locks everything, now and in future.  No core, no region, or one that works. */
enum { UNAVAILABLE = 77 };

static int lock_everything(void *argument)
{
    const int flags = *(const int *)argument;
    begin_watched(30);
    struct source source = {.count = body, .element_size = 1};
    ufo_core_config *core_config = ufo_core_config_new();
    ufo_config *config = ufo_config_new();
    CHILD_CHECK(ufo_core_config_set_budget(core_config, BUDGET) == UFO_OK);
    CHILD_CHECK(ufo_config_set_elements(config, body, 1) == UFO_OK);
    CHILD_CHECK(ufo_config_set_populate(config, source_populate, &source, NULL) == UFO_OK);
    if (mlockall(flags) != 0)
        return UNAVAILABLE;
    ufo_core *core = ufo_core_new(core_config);
    ufo *region = core ? ufo_new(core, config) : NULL;
    if (region) {
        if (flags == MCL_CURRENT) /* the region, too */
            (void)mlockall(flags);
        CHILD_CHECK(scan(core, region, 0) == 0);
    } else {
        CHILD_CHECK(ufo_last_error()[0] != '\0');
    }
    ufo_core_free(core);
    ufo_config_free(config);
    ufo_core_config_free(core_config);
    return 0;
}

static void locked_in_child(int flags)
{
    begin_test(50);
    int result = in_child(lock_everything, &flags);
    if (result == UNAVAILABLE)
        SKIP_TEST("this user may not lock memory (RLIMIT_MEMLOCK)");
    assert_int_equal(result, 0);
}

static void everything_there_is(void **state) { (void)state, locked_in_child(MCL_CURRENT); }
static void everything_to_come(void **state) { (void)state, locked_in_child(MCL_CURRENT | MCL_FUTURE); }

int main(void)
{
    body = rounds_for(16, 8) * MIB;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_there_is), /* children first: no core here yet */
        cmocka_unit_test(everything_to_come),
        cmocka_unit_test(a_part_in_small_chunks),
        cmocka_unit_test(a_part_in_chunks),
        cmocka_unit_test(more_than_the_budget_in_small_chunks),
        cmocka_unit_test(more_than_the_budget_in_chunks),
    };
    return RUN(tests);
}
