/* SPDX-License-Identifier: MIT */
/* How C calls the Go functions of an array. */
#ifndef UFOMEM_GO_CALLBACK_H
#define UFOMEM_GO_CALLBACK_H

#include <stddef.h>
#include <stdint.h>

/* The user_data of a callback: the cgo.Handle of the Go function. */
typedef struct ufomem_go_callback ufomem_go_callback;

/* NULL if there is no memory. */
ufomem_go_callback *ufomem_go_callback_new(uintptr_t handle);

int32_t ufomem_go_populate(void *callback, size_t first, size_t count, void *out);
int32_t ufomem_go_writeback(void *callback, size_t first, size_t count, const void *data);

/* For free_fn: any thread may call it, also one that a goroutine in a page fault waits for.  It therefore does not call Go. */
void ufomem_go_release(void *callback);
/* The handle of a callback that was released; 0: there is none, for now. */
uintptr_t ufomem_go_take_released(void);

/* Calls a ufo_free_fn of the program's. */
void ufomem_go_call_release(void (*release)(void *user_data), uintptr_t user_data);

/* Nonzero inside a callback, on its thread. */
int ufomem_go_inside(void);

#endif
