/* SPDX-License-Identifier: MIT */
/* Two copies of the library in one process, with their handlers for the same signals; and one that is loaded and unloaded, again and again. */
#include "hostile/copies.h"
#include "hostile/use.h"

#include <dlfcn.h>

enum { WORDS = 64 * 1024 };

static void *plugin_function(void *plugin, const char *name)
{
    void *function = dlsym(plugin, name);
    if (!function)
        fail_msg("%s", dlerror());
    return function;
}

static void *read_all(void *argument)
{
    volatile uint64_t *words = argument;
    size_t errors = 0;
    for (unsigned round = 0; round < 5; round++)
        for (size_t i = 0; i < WORDS; i += 100)
            errors += words[i] != 11 * (uint64_t)i;
    return (void *)errors;
}

static void two_copies(void **state)
{
    (void)state;
    ufo_core *core = begin_core(MIB);
    struct source source = {0};
    ufo *region = source_region(core, &source, 4 * MIB, 1, 16 * KIB);
    unsigned char *bytes = ufo_data(region);
    assert_pattern(bytes, 0, MIB);

    void *plugin = dlopen(UFOMEM_TEST_PLUGIN, RTLD_NOW | RTLD_LOCAL);
    if (!plugin)
        fail_msg("%s", dlerror());
    plugin_start_fn *start = (plugin_start_fn *)plugin_function(plugin, "plugin_start");
    plugin_owns_fn *owns = (plugin_owns_fn *)plugin_function(plugin, "plugin_owns");
    plugin_stop_fn *end = (plugin_stop_fn *)plugin_function(plugin, "plugin_stop");
    uint64_t *words = start();
    assert_non_null(words);

    assert_true(owns(words) && !owns(bytes)); /* they are two */
    assert_null(ufo_find(core, words));
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, read_all, words), 0);
    assert_pattern(bytes, 0, 4 * MIB);
    void *errors = NULL;
    pthread_join(thread, &errors);
    assert_null(errors);
    assert_pattern(bytes, 0, 4 * MIB);

    /* What neither knows reaches the program's own handler. */
    uint8_t value;
    assert_int_equal(guarded_read((const void *)16, &value), SIGSEGV);

    end();
    assert_pattern(bytes, 0, 4 * MIB);
    assert_int_equal(dlclose(plugin), 0);
    assert_pattern(bytes, 0, 4 * MIB);
    ufo_core_free(core);
}

/* The program is linked with the library; here is another copy of the file, which nobody holds. */
static void loaded_and_unloaded(void **state)
{
    (void)state;
    begin_watched(60);
    for (int round = 0; round < 10; round++) {
        void *plugin = dlopen(UFOMEM_TEST_PLUGIN, RTLD_NOW | RTLD_LOCAL);
        if (!plugin)
            fail_msg("%s", dlerror());
        plugin_start_fn *start = (plugin_start_fn *)plugin_function(plugin, "plugin_start");
        plugin_stop_fn *end = (plugin_stop_fn *)plugin_function(plugin, "plugin_stop");
        uint64_t *words = start();
        assert_non_null(words);
        assert_null(read_all(words));
        end();
        assert_int_equal(dlclose(plugin), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(two_copies), cmocka_unit_test(loaded_and_unloaded)};
    return RUN(tests);
}
