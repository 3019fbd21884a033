/* SPDX-License-Identifier: MIT */
/* What goes on beside the actors: signals to each of them every millisecond, children that come and go, regions that come and go. */
#ifndef UFOMEM_TEST_STRESS_DISTURBANCE_H
#define UFOMEM_TEST_STRESS_DISTURBANCE_H

#include "stress/actor.h"

struct disturbance {
    struct team *actors;
    ufo_core *core;
    const struct model *model; /**< a child asks for it, and must be told that it has none */
    pthread_t threads[3];
    size_t signals, children, regions;
};

/** Until `stop`. */
void disturbance_start(struct disturbance *disturbance);
/** Before the actors are joined. */
void disturbance_join(struct disturbance *disturbance);

#endif
