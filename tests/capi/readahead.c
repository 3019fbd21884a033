/* SPDX-License-Identifier: MIT */
/* Who walks through a region finds it filled ahead: right values, far fewer populates than chunks, and the budget holds. */
#include "support/support.h"

enum { CHUNK = 64 << 10, CHUNKS = 1024 };
#define LENGTH ((size_t)CHUNK * CHUNKS)
#define BUDGET (24 * MIB) /* with less there are no extents */
static size_t walked; /* chunks from the first */

static struct source source;

static ufo *new_region(ufo_core *core, bool read_only)
{
    memset(&source, 0, sizeof source);
    return walked_region(core, &source, LENGTH, read_only);
}

/* Where poison replaces mappings, or changes are not known, chunks come alone. */
static bool has_extents(const ufo_core *core, bool read_only)
{
    return uses_protect(core) || ((ufo_core_features(core) & UFO_FEATURE_POISON) != 0 && (read_only || knows_changes(core)));
}

static void walk(bool read_only, ptrdiff_t step, bool by_call)
{
    ufo_core *core = begin_core(BUDGET);
    ufo *region = new_region(core, read_only);
    const unsigned char *bytes = ufo_data(region);
    size_t visits = 0;
    for (ptrdiff_t chunk = step > 0 ? 0 : (ptrdiff_t)walked - 1; chunk >= 0 && chunk < (ptrdiff_t)walked; chunk += step, visits++) {
        unsigned char part[100];
        const size_t at = (size_t)chunk * CHUNK + 1000;
        if (by_call) {
            assert_ok(ufo_read(region, at, sizeof part, part));
            assert_pattern(part, at, sizeof part);
        } else {
            assert_pattern(bytes + at, at, sizeof part);
        }
    }
    if ((step == 1 || step == -1) && has_extents(core, read_only)) /* mostly 32 chunks at once */
        assert_true(atomic_load(&source.calls) < visits / 2);
    assert_pattern(bytes, 0, walked * CHUNK);
    assert_in_range(core_stats(core).peak_bytes, 1, BUDGET);
    ufo_core_free(core);
}

static void forward(void **state) { (void)state, walk(true, 1, false), walk(false, 1, false); }
static void backward(void **state) { (void)state, walk(true, -1, false), walk(false, -1, false); }
static void in_strides(void **state) { (void)state, walk(true, 3, false), walk(false, -7, false); }
static void by_call(void **state) { (void)state, walk(true, 1, true), walk(false, -1, true); }

/* Extents that are changed, pinned, evicted and reset in part. */
static void in_parts(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    ufo *region = new_region(core, false);
    unsigned char *bytes = ufo_data(region);
    for (int round = 0; round < 3; round++) {
        for (size_t chunk = 0; chunk < walked; chunk++) {
            const size_t at = chunk * CHUNK + (size_t)round;
            assert_int_equal(bytes[at + 100], pattern(at + 100));
            if (chunk % 50 == 7)
                bytes[at] = (unsigned char)~pattern(at);
            if (chunk % 60 == 9) {
                assert_ok(ufo_pin(region, at, 1));
                assert_ok(ufo_touch(region, (at + LENGTH / 2) % LENGTH, 1));
                assert_int_equal(bytes[at + 200], pattern(at + 200));
                assert_ok(ufo_unpin(region, at, 1));
            }
            if (chunk % 70 == 11)
                assert_ok(ufo_evict(region, at, 1));
        }
        for (size_t chunk = 7; chunk < walked; chunk += 50)
            for (int i = 0; i <= round; i++) {
                const size_t at = chunk * CHUNK + (size_t)i;
                assert_int_equal(bytes[at], (unsigned char)~pattern(at));
            }
    }
    assert_ok(ufo_reset(region, 0, LENGTH));
    assert_pattern(bytes, 0, walked * CHUNK);
    assert_in_range(core_stats(core).peak_bytes, 1, BUDGET);
    ufo_core_free(core);
}

/* What is used again and again stays while something far larger is walked through once. */
static void a_scan_spares_what_is_used(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    ufo *region = new_region(core, true);
    const unsigned char *bytes = ufo_data(region);
    enum { HOT = (12 << 20) / CHUNK };
    static size_t hot[HOT];
    for (size_t i = 0; i < HOT; i++)
        hot[i] = (i * i * 7 + i * 389) % CHUNKS; /* here and there */
    ufo_config *config = ufo_config_new();
    static struct source other;
    memset(&other, 0, sizeof other);
    const size_t scanned = rounds_for(256, 128) * MIB;
    other.count = scanned;
    other.element_size = 1;
    assert_ok(ufo_config_set_elements(config, scanned, 1));
    assert_ok(ufo_config_set_read_only(config, 1));
    assert_ok(ufo_config_set_populate(config, source_populate, &other, source_free));
    ufo *large = ufo_new(core, config);
    ufo_config_free(config);
    for (size_t i = 0; i < HOT; i++)
        assert_int_equal(bytes[hot[i] * CHUNK], pattern(hot[i] * CHUNK));
    const size_t before = region_stats(region).populates;
    for (size_t at = 0; at < scanned; at += 4096)
        assert_int_equal(((const unsigned char *)ufo_data(large))[at], pattern(at));
    for (size_t i = 0; i < HOT; i++)
        assert_int_equal(bytes[hot[i] * CHUNK], pattern(hot[i] * CHUNK));
    const size_t again = region_stats(region).populates - before;
    print_message("%zu of %d came back by populate\n", again, HOT);
    if ((ufo_core_features(core) & UFO_FEATURE_MOVE) != 0 && has_extents(core, true))
        assert_true(again <= HOT / 10);
    ufo_core_free(core);
}

int main(void)
{
    walked = rounds_for(CHUNKS, CHUNKS / 2);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forward),  cmocka_unit_test(backward),  cmocka_unit_test(in_strides),
        cmocka_unit_test(by_call),  cmocka_unit_test(in_parts),  cmocka_unit_test(a_scan_spares_what_is_used),
    };
    return RUN(tests);
}
