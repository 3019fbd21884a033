/* SPDX-License-Identifier: MIT */
/* A use of the library that checks itself, for a child process in surroundings where parts of it may be refused. */
#ifndef UFOMEM_TEST_HOSTILE_USE_H
#define UFOMEM_TEST_HOSTILE_USE_H

#include "support/support.h"

enum { USE_WORKED = 0, USE_WRONG = 1, USE_REFUSED = 3 };

/** Makes a core and regions, changes more than fits its budget, lets it leave and come again.  USE_REFUSED: something failed, and said so. */
int use_library(void);

/** The same with a core of the caller's. */
int use_core(ufo_core *core);

/** Fails the test unless the child of that status worked, or was refused; true if it worked. */
bool note_use(const char *what, size_t amount, int status);

#endif
