/* SPDX-License-Identifier: MIT */
/* A thread that does random things to the regions, and checks each of them. */
#ifndef UFOMEM_TEST_STRESS_ACTOR_H
#define UFOMEM_TEST_STRESS_ACTOR_H

#include "stress/model.h"

enum { LONGEST = 512 }; /* elements in one go */

struct actor {
    size_t number;
    uint64_t random;
    uint64_t checked;
    unsigned char *block; /* LONGEST elements */
};

extern size_t threads;
extern ATOMIC(bool) stop, failed;
extern char complaint[1000]; /* the first one */

/** Records what is wrong, and stops everything. */
__attribute__((format(printf, 1, 2))) void complain(const char *format, ...);
void wrong(const struct model *model, const void *bytes, size_t element, uint32_t oldest, uint32_t newest, const char *how);

uint64_t next(struct actor *actor);
/** One random action on the region. */
void act(struct actor *actor, struct model *model);

/** Single actions, for the end, when nobody else is there. */
void load(struct actor *actor, struct model *model, size_t first, size_t count);
void change(struct actor *actor, struct model *model, bool by_call);
void flush_alone(struct model *model, size_t first, size_t count);

#endif
