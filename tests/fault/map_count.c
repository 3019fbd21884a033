/* SPDX-License-Identifier: MIT */
/* Page protection, and more chunks of different protection than the kernel allows mappings (vm.max_map_count): errors, no hang, no zeros. */
#include "support/support.h"

#include <sys/mman.h>

enum { MOST = 200000 };

static size_t map_count_limit(void)
{
    size_t limit = 0;
    FILE *file = fopen("/proc/sys/vm/max_map_count", "re");
    if (!file || fscanf(file, "%zu", &limit) != 1)
        limit = SIZE_MAX;
    if (file)
        fclose(file);
    return limit;
}

/* Every other chunk, so that no two mappings can be joined. */
static size_t stride;
static ufo_core *core;
static struct source source;
static ufo *region;

/* Where pages are dear, others have most of the mappings: the limit is the same, and nearer. */
static char *others;
static size_t others_length;

static void take_mappings(size_t count)
{
    const size_t page = page_size();
    others_length = (count | 1) * page;
    others = mmap(NULL, others_length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_ptr_not_equal(others, MAP_FAILED);
    for (size_t i = 1; i < count; i += 2)
        assert_int_equal(mprotect(others + i * page, page, PROT_READ), 0);
}

/* As many chunks as mappings are left. */
static size_t start(void)
{
    begin_watched(60);
    const size_t limit = map_count_limit();
    if (limit > MOST)
        SKIP_TEST("vm.max_map_count is large");
    const size_t chunks = rounds_for(limit, limit < 10000 ? limit : 10000);
    take_mappings(limit - chunks);
    core = new_core(2 * GIB);
    stride = 2 * page_size();
    memset(&source, 0, sizeof source);
    region = source_region(core, &source, chunks * stride, 1, 1);
    return chunks;
}

/* The process is at its limit: nothing here may need memory of its own. */
static size_t wrong_values(size_t chunks, bool stored)
{
    const unsigned char *bytes = ufo_data(region);
    size_t wrong = 0;
    for (size_t i = 0; i < chunks; i++) {
        uint8_t value = 0;
        const size_t at = i * stride;
        if (guarded_read(bytes + at, &value) != 0 || value != (stored ? (uint8_t)~pattern(at) : pattern(at)))
            wrong++;
    }
    return wrong;
}

static void finish(size_t done, size_t chunks, bool stored)
{
    assert_true(done > 1000);
    assert_int_equal(wrong_values(done, stored), 0);
    /* With fewer of them in memory it goes on. */
    assert_ok(ufo_evict(region, 0, done * stride));
    assert_ok(ufo_touch(region, (chunks - 1) * stride, 1));
    assert_pattern((unsigned char *)ufo_data(region) + (chunks - 1) * stride, (chunks - 1) * stride, 1);
    assert_int_equal(wrong_values(1000, stored), 0);
    ufo_free(region);
    region = source_region(core, &source, MIB, 1, 1);
    assert_pattern(ufo_data(region), 0, MIB);
    ufo_core_free(core);
    munmap(others, others_length);
}

static void by_call(void **state)
{
    (void)state;
    const size_t chunks = start();
    ufo_status status = UFO_OK;
    size_t done = 0;
    for (; done < chunks && status == UFO_OK; done += status == UFO_OK) {
        const unsigned char value = (unsigned char)~pattern(done * stride);
        status = ufo_write(region, done * stride, 1, &value);
    }
    if (status != UFO_OK && status != UFO_ERR_LIMIT && status != UFO_ERR_BUDGET)
        fail_msg("chunk %zu: %s: %s", done, ufo_status_string(status), ufo_last_error());
    const bool says_why = status == UFO_OK || ufo_last_error()[0] != '\0';
    finish(done, chunks, true);
    assert_true(says_why);
}

static void by_load(void **state)
{
    (void)state;
    const size_t chunks = start();
    const unsigned char *bytes = ufo_data(region);
    int signal_number = 0;
    size_t done = 0;
    bool right = true;
    for (; done < chunks && signal_number == 0 && right; done += signal_number == 0) {
        uint8_t value = 0;
        signal_number = guarded_read(bytes + done * stride, &value);
        right = signal_number != 0 || value == pattern(done * stride);
    }
    if (!right)
        fail_msg("a wrong value in chunk %zu", done - 1);
    if (signal_number != 0 && signal_number != SIGBUS && signal_number != SIGSEGV)
        fail_msg("signal %d", signal_number);
    finish(done, chunks, false);
}

static void by_store(void **state)
{
    (void)state;
    const size_t chunks = start();
    unsigned char *bytes = ufo_data(region);
    int signal_number = 0;
    size_t done = 0;
    for (; done < chunks && signal_number == 0; done += signal_number == 0)
        signal_number = guarded_write(bytes + done * stride, (uint8_t)~pattern(done * stride));
    if (signal_number != 0 && signal_number != SIGBUS && signal_number != SIGSEGV)
        fail_msg("signal %d", signal_number);
    finish(done, chunks, true);
}

/* Loaded first, stored to later: each store splits what was one mapping. */
static void stores_after_loads(void **state)
{
    (void)state;
    const size_t chunks = start();
    unsigned char *bytes = ufo_data(region);
    assert_ok(ufo_touch(region, 0, chunks * stride));
    int signal_number = 0;
    size_t done = 0;
    for (; done < chunks && signal_number == 0; done += signal_number == 0)
        signal_number = guarded_write(bytes + done * stride, (uint8_t)~pattern(done * stride));
    if (signal_number != 0 && signal_number != SIGBUS && signal_number != SIGSEGV)
        fail_msg("signal %d", signal_number);
    finish(done, chunks, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_call),
        cmocka_unit_test(by_load),
        cmocka_unit_test(by_store),
        cmocka_unit_test(stores_after_loads),
    };
    return RUN(tests);
}
