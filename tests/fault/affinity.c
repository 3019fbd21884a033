/* SPDX-License-Identifier: MIT */
/* Threads of the library may stay on one processor.  Those that callbacks and the library start from there do not. */
#include "support/support.h"

#include <dirent.h>
#include <sched.h>

enum { CHUNK = 64 * KIB, LENGTH = 64 << 20 };

/* Processors that a thread may run on; 0: the caller. */
static int processors_of(pid_t thread)
{
    cpu_set_t set;
    return sched_getaffinity(thread, sizeof set, &set) == 0 ? CPU_COUNT(&set) : -1;
}

static ATOMIC(int) seen;

static void *look(void *unused)
{
    atomic_store(&seen, processors_of(0));
    return unused;
}

static int32_t populate(void *user_data, size_t first, size_t count, void *out)
{
    (void)user_data;
    pthread_t thread;
    if (atomic_load(&seen) == 0) {
        if (pthread_create(&thread, NULL, look, NULL) != 0)
            return 1;
        pthread_join(thread, NULL);
    }
    pattern_fill(out, first, count);
    return 0;
}

/* So many threads of that name, each of which may run where this program may. */
static size_t free_threads_named(const char *name)
{
    size_t found = 0;
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    for (struct dirent *task; (task = readdir(tasks));) {
        char path[300], comm[32] = "";
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", task->d_name);
        FILE *file = fopen(path, "r");
        if (!file)
            continue;
        if (fgets(comm, sizeof comm, file) && strncmp(comm, name, strlen(name)) == 0) {
            found++;
            assert_int_equal(processors_of((pid_t)atoi(task->d_name)), processors_of(0));
        }
        fclose(file);
    }
    closedir(tasks);
    return found;
}

static void is_not_inherited(void **state)
{
    (void)state;
    ufo_core *core = begin_core(16 * MIB);
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, LENGTH, 1));
    assert_ok(ufo_config_set_chunk(config, CHUNK));
    assert_ok(ufo_config_set_populate(config, populate, NULL, NULL));
    ufo *region = ufo_new(core, config);
    assert_non_null(region);
    ufo_config_free(config);
    const volatile unsigned char *bytes = ufo_data(region);
    assert_int_equal(bytes[5], pattern(5));
    assert_int_equal(atomic_load(&seen), processors_of(0));
    for (int pass = 0; pass < 2; pass++) {
        assert_ok(ufo_advise(region, 0, LENGTH,
                             pass == 0 ? UFO_ADVICE_RANDOM
                                       : UFO_ADVICE_NORMAL)); /* for the evictor, and for what fills ahead */
        for (size_t at = 0; at < LENGTH; at += CHUNK)
            assert_int_equal(bytes[at], pattern(at));
    }
    size_t others = free_threads_named("ufomem-evict") + free_threads_named("ufomem-ahead");
    if (ufo_core_delivery(core) == UFO_DELIVERY_THREAD)
        assert_in_range(others, 1, 64);
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(is_not_inherited)};
    return RUN(tests);
}
