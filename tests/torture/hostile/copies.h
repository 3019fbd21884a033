/* SPDX-License-Identifier: MIT */
#ifndef UFOMEM_TEST_HOSTILE_COPIES_H
#define UFOMEM_TEST_HOSTILE_COPIES_H

#include <stdint.h>

/** An array of 65536 words, 11 * i, from the plug-in's copy of the library; NULL if there is none. */
typedef uint64_t *plugin_start_fn(void);
typedef int plugin_owns_fn(const void *address);
typedef void plugin_stop_fn(void);

#endif
