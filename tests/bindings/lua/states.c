/* SPDX-License-Identifier: MIT */
/*
 * Several Lua states, each in a thread of its own, on one core with a small budget.
 *
 *     states SCRIPT THREADS SECONDS BUDGET
 *
 * Each state runs SCRIPT with the arguments: the core (a light userdata), the thread's number, and the seconds it shall take.  Exit
 * status 1 if one of them fails, and what it says.
 */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <ufomem/ufo.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_THREADS = 16 };

typedef struct job {
    const char *script;
    ufo_core *core;
    int number;
    double seconds;
    int failed;
} job;

static void *run(void *argument)
{
    job *j = argument;
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    j->failed = luaL_loadfile(L, j->script);
    if (!j->failed) {
        lua_pushlightuserdata(L, j->core);
        lua_pushinteger(L, j->number);
        lua_pushnumber(L, j->seconds);
        j->failed = lua_pcall(L, 3, 0, 0);
    }
    if (j->failed) {
        lua_getglobal(L, "tostring");
        lua_insert(L, -2);
        lua_call(L, 1, 1);
        fprintf(stderr, "state %d: %s\n", j->number, lua_tostring(L, -1));
    }
    lua_close(L);
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: states SCRIPT THREADS SECONDS BUDGET\n");
        return 2;
    }
    const int threads = atoi(argv[2]) < MOST_THREADS ? atoi(argv[2]) : MOST_THREADS;
    ufo_core_config *config = ufo_core_config_new();
    ufo_core_config_set_budget(config, strtoul(argv[4], NULL, 0));
    ufo_core *core = ufo_core_new(config);
    ufo_core_config_free(config);
    if (core == NULL) {
        fprintf(stderr, "states: %s\n", ufo_last_error());
        return 1;
    }

    pthread_t ids[MOST_THREADS];
    job jobs[MOST_THREADS];
    int started = 0;
    for (; started < threads; started++) {
        jobs[started] = (job){.script = argv[1], .core = core, .number = started, .seconds = atof(argv[3])};
        if (pthread_create(&ids[started], NULL, run, &jobs[started]) != 0)
            break;
    }
    int failed = started < threads;
    for (int i = 0; i < started; i++) {
        pthread_join(ids[i], NULL);
        failed |= jobs[i].failed != 0;
    }

    ufo_core_stats stats = {.struct_size = sizeof(stats)};
    ufo_core_stats_get(core, &stats);
    printf("%d states: %llu evictions, %llu bytes spilled, peak %llu of %llu bytes\n", started,
           (unsigned long long)stats.evictions, (unsigned long long)stats.spill_written_bytes,
           (unsigned long long)stats.peak_bytes, (unsigned long long)stats.budget_bytes);
    /* A run in which hardly anything left memory has not tried what it is for. */
    failed |= stats.evictions < 2000 || stats.peak_bytes > stats.budget_bytes || stats.regions != 0;
    ufo_core_free(core);
    return failed ? 1 : 0;
}
