/* SPDX-License-Identifier: MIT */
#include "support/support.h"

static uint64_t pattern_word(size_t index) { return ((uint64_t)index + 1) * UINT64_C(0x9E3779B97F4A7C15); }

uint8_t pattern(size_t offset) { return (uint8_t)(pattern_word(offset / 8) >> (8 * (offset % 8))); }

void pattern_fill(void *out, size_t offset, size_t length)
{
    unsigned char *bytes = out;
    size_t i = 0;
    for (; i < length && (offset + i) % 8 != 0; i++)
        bytes[i] = pattern(offset + i);
    for (; i + 8 <= length; i += 8) {
        uint64_t word = pattern_word((offset + i) / 8);
        memcpy(bytes + i, &word, 8);
    }
    for (; i < length; i++)
        bytes[i] = pattern(offset + i);
}

size_t pattern_mismatch(const volatile void *memory, size_t offset, size_t length)
{
    const volatile unsigned char *bytes = memory;
    size_t i = 0;
    for (; i < length && (offset + i) % 8 != 0; i++)
        if (bytes[i] != pattern(offset + i))
            return i;
    /* One load per word, so that a wrong word is not read twice. */
    if (((uintptr_t)bytes + i) % 8 == 0)
        for (; i + 8 <= length; i += 8)
            if (*(const volatile uint64_t *)(bytes + i) != pattern_word((offset + i) / 8))
                break;
    for (; i < length; i++)
        if (bytes[i] != pattern(offset + i))
            return i;
    return length;
}

void support_assert_pattern(const volatile void *bytes, size_t offset, size_t length, const char *file, int line)
{
    size_t at = pattern_mismatch(bytes, offset, length);
    if (at != length) {
        print_error("byte %zu is %#x, expected %#x\n", offset + at, ((const volatile unsigned char *)bytes)[at],
                    pattern(offset + at));
        _fail(file, line);
    }
}

bool all_zero(const volatile void *memory, size_t length)
{
    const volatile unsigned char *bytes = memory;
    for (size_t i = 0; i < length; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

/* Whether this call has to fail: takes one of the times that are left. */
static bool fails_now(ATOMIC(int) * times)
{
    int left = atomic_load(times);
    while (left > 0 && !atomic_compare_exchange_weak(times, &left, left - 1)) {
    }
    return left != 0;
}

int32_t source_populate(void *user_data, size_t first, size_t count, void *out)
{
    struct source *source = user_data;
    atomic_fetch_add(&source->calls, 1);
    atomic_fetch_add(&source->elements, count);
    if (count == 0 || first >= source->count || count > source->count - first)
        atomic_fetch_add(&source->outside, 1);
    unsigned delay = atomic_load(&source->delay_ms);
    if (delay)
        sleep_ms(delay);
    int32_t code = atomic_load(&source->fail_code);
    size_t fail_first = atomic_load(&source->fail_first), fail_count = atomic_load(&source->fail_count);
    bool meets = first + count > fail_first && (first <= fail_first || first - fail_first < fail_count);
    if (code != 0 && meets && fails_now(&source->fail_times))
        return code;
    pattern_fill(out, first * source->element_size, count * source->element_size);
    return 0;
}

void source_free(void *user_data) { atomic_fetch_add(&((struct source *)user_data)->frees, 1); }

void store_init(struct store *store, size_t count, size_t element_size)
{
    memset(store, 0, sizeof *store);
    store->bytes = malloc(count * element_size);
    assert_non_null(store->bytes);
    pattern_fill(store->bytes, 0, count * element_size);
    store->count = count;
    store->element_size = element_size;
    atomic_store(&store->lowest, SIZE_MAX);
}

void store_destroy(struct store *store) { free(store->bytes); }

int32_t store_populate(void *user_data, size_t first, size_t count, void *out)
{
    struct store *store = user_data;
    atomic_fetch_add(&store->populates, 1);
    if (count == 0 || first >= store->count || count > store->count - first) {
        atomic_fetch_add(&store->outside, 1);
        return -1;
    }
    memcpy(out, store->bytes + first * store->element_size, count * store->element_size);
    return 0;
}

int32_t store_writeback(void *user_data, size_t first, size_t count, const void *data)
{
    struct store *store = user_data;
    if (count == 0 || first >= store->count || count > store->count - first) {
        atomic_fetch_add(&store->outside, 1);
        return -1;
    }
    int32_t code = atomic_load(&store->fail_code);
    if (code != 0 && fails_now(&store->fail_times))
        return code;
    memcpy(store->bytes + first * store->element_size, data, count * store->element_size);
    atomic_fetch_add(&store->writebacks, 1);
    atomic_fetch_add(&store->written, count);
    size_t old = atomic_load(&store->lowest);
    while (first < old && !atomic_compare_exchange_weak(&store->lowest, &old, first)) {
    }
    old = atomic_load(&store->highest);
    while (first + count > old && !atomic_compare_exchange_weak(&store->highest, &old, first + count)) {
    }
    return 0;
}

void store_free(void *user_data) { atomic_fetch_add(&((struct store *)user_data)->frees, 1); }

static ufo *finish(ufo_core *core, ufo_config *config)
{
    ufo *region = ufo_new(core, config);
    if (!region)
        fail_msg("ufo_new: %s", ufo_last_error());
    ufo_config_free(config);
    return region;
}

static ufo_config *start(size_t count, size_t element_size, size_t chunk)
{
    ufo_config *config = ufo_config_new();
    assert_non_null(config);
    assert_ok(ufo_config_set_elements(config, count, element_size));
    assert_ok(ufo_config_set_chunk(config, chunk));
    return config;
}

ufo *source_region(ufo_core *core, struct source *source, size_t count, size_t element_size, size_t chunk)
{
    source->count = count;
    source->element_size = element_size;
    ufo_config *config = start(count, element_size, chunk);
    assert_ok(ufo_config_set_populate(config, source_populate, source, source_free));
    ufo *region = finish(core, config);
    /* What is counted should be what was asked for; and a test that fails leaves its source behind. */
    assert_ok(ufo_advise(region, 0, count, UFO_ADVICE_RANDOM));
    return region;
}

ufo *walked_region(ufo_core *core, struct source *source, size_t count, bool read_only)
{
    source->count = count;
    source->element_size = 1;
    ufo_config *config = start(count, 1, 0);
    assert_ok(ufo_config_set_read_only(config, read_only));
    assert_ok(ufo_config_set_populate(config, source_populate, source, source_free));
    return finish(core, config);
}

void walk_through(const ufo *region)
{
    const unsigned char *bytes = ufo_data(region);
    const size_t length = ufo_count(region);
    for (size_t at = 0; at < length; at += 4096)
        if (bytes[at] != pattern(at))
            fail_msg("byte %zu is %#x", at, bytes[at]);
}

ufo *store_region(ufo_core *core, struct store *store, size_t chunk)
{
    ufo_config *config = start(store->count, store->element_size, chunk);
    assert_ok(ufo_config_set_populate(config, store_populate, store, store_free));
    assert_ok(ufo_config_set_writeback(config, store_writeback, store, store_free));
    ufo *region = finish(core, config);
    assert_ok(ufo_advise(region, 0, store->count, UFO_ADVICE_RANDOM)); /* likewise */
    return region;
}

ufo *zero_region(ufo_core *core, size_t count, size_t chunk) { return finish(core, start(count, 1, chunk)); }

ufo *file_region(ufo_core *core, const char *path, size_t offset, size_t count, size_t chunk, int flags)
{
    ufo_config *config = start(count, 1, chunk);
    assert_ok(ufo_config_set_file(config, path, offset, flags));
    return finish(core, config);
}

ufo_stats region_stats(const ufo *region)
{
    ufo_stats stats = {.struct_size = sizeof stats};
    assert_ok(ufo_stats_get(region, &stats));
    return stats;
}

ufo_core_stats core_stats(const ufo_core *core)
{
    ufo_core_stats stats = {.struct_size = sizeof stats};
    assert_ok(ufo_core_stats_get(core, &stats));
    return stats;
}
