/* SPDX-License-Identifier: MIT */
#include "pressure/group.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static bool first_version(const char *folder)
{
    char path[320];
    snprintf(path, sizeof path, "%s/memory.limit_in_bytes", folder);
    return access(path, F_OK) == 0;
}

static bool put(const struct group *group, const char *name, const char *text)
{
    char path[320];
    snprintf(path, sizeof path, "%s/%s", group->path, name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool done = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    close(fd);
    return done;
}

/* The number behind `key` at the start of a line; with "" the first one. */
static size_t get(const struct group *group, const char *name, const char *key)
{
    char path[320], line[256];
    unsigned long long value = 0;
    snprintf(path, sizeof path, "%s/%s", group->path, name);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, key, strlen(key)) == 0) {
            value = strtoull(line + strlen(key), NULL, 10);
            break;
        }
    if (file)
        fclose(file);
    return (size_t)value;
}

void group_make(struct group *group, const struct group *parent, size_t limit, bool swap)
{
    static unsigned number;
    const char *root = getenv("UFOMEM_TEST_CGROUP");
    if (!root)
        root = first_version("/sys/fs/cgroup/memory") ? "/sys/fs/cgroup/memory" : "/sys/fs/cgroup";
    if (parent)
        root = parent->path;
    snprintf(group->path, sizeof group->path, "%.200s/ufomem-test-%d-%u", root, (int)getpid(), number++);
    if (mkdir(group->path, 0755) != 0) {
        group->path[0] = '\0';
        SKIP_TEST("no control group can be made here (root, and a hierarchy with the controller of memory, are needed)");
    }
    if (limit == 0)
        return;
    char text[32];
    bool first = first_version(group->path);
    snprintf(text, sizeof text, "%zu", limit);
    if (!put(group, first ? "memory.limit_in_bytes" : "memory.max", text)) {
        group_remove(group);
        SKIP_TEST("control groups for memory have no limit here (version 2: the controller is not delegated)");
    }
    /* Without accounting of swap there is none to forbid, or it is used in the worst case. */
    if (!swap)
        put(group, first ? "memory.memsw.limit_in_bytes" : "memory.swap.max", first ? text : "0");
    else if (first)
        put(group, "memory.swappiness", "100");
}

bool group_enter(const struct group *group) { return put(group, "cgroup.procs", "0"); }

size_t group_cache(const struct group *group)
{
    bool first = first_version(group->path);
    return get(group, "memory.stat", first ? "total_inactive_file " : "inactive_file ") + get(group, "memory.stat", first ? "total_active_file " : "active_file ");
}

size_t group_left(const struct group *group, size_t limit)
{
    bool first = first_version(group->path);
    size_t used = get(group, first ? "memory.usage_in_bytes" : "memory.current", "");
    size_t cache = group_cache(group);
    /* What has to be written first does not leave at once. */
    size_t unwritten = get(group, "memory.stat", first ? "total_dirty " : "file_dirty ") + get(group, "memory.stat", first ? "total_writeback " : "file_writeback ");
    cache -= unwritten < cache ? unwritten : cache;
    used -= cache < used ? cache : used;
    return used < limit ? limit - used : 0;
}

void group_remove(struct group *group)
{
    if (group->path[0] == '\0')
        return;
    /* The kernel needs a moment after the last process has gone. */
    for (int i = 0; i < 500 && rmdir(group->path) != 0 && errno == EBUSY; i++)
        sleep_ms(10);
    group->path[0] = '\0';
}

int group_child(struct group *group, const struct group *parent, size_t limit, bool swap, int (*body)(void *), void *argument)
{
    group_make(group, parent, limit, swap);
    const int end = in_child(body, argument);
    group_remove(group);
    return end;
}
