/* SPDX-License-Identifier: MIT */
/* Control groups for memory, of version 1 or 2, as far as they can be made here. */
#ifndef UFOMEM_TEST_PRESSURE_GROUP_H
#define UFOMEM_TEST_PRESSURE_GROUP_H

#include "support/support.h"

struct group {
    char path[256]; /**< "" if there is none */
};

/**
 * A group below `parent` (NULL: below $UFOMEM_TEST_CGROUP, or where the hierarchy is mounted) that may have `limit` bytes (0: no limit of its own), with
 * or without swap.  Skips the test if it cannot be made, with a sentence.
 */
void group_make(struct group *group, const struct group *parent, size_t limit, bool swap);
/** The calling process is in it from now on. */
bool group_enter(const struct group *group);
/** Bytes that it has left; page cache that can go counts as left. */
size_t group_left(const struct group *group, size_t limit);
/** Bytes of page cache, memory files not counted. */
size_t group_cache(const struct group *group);
/** A group as group_make() makes it, for as long as a child runs `body`, which enters it; see in_child(). */
int group_child(struct group *group, const struct group *parent, size_t limit, bool swap, int (*body)(void *argument), void *argument);
/** When nobody is in it any more. */
void group_remove(struct group *group);

#endif
