/* SPDX-License-Identifier: MIT */
#include "callback.h"

#include "_cgo_export.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

struct ufomem_go_callback {
    uintptr_t handle;
    struct ufomem_go_callback *next; /* in the list of those that were released */
};

static _Thread_local int depth; /* of callbacks on this thread */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* held for a few instructions only, and never around a call */
static struct ufomem_go_callback *released;

ufomem_go_callback *ufomem_go_callback_new(uintptr_t handle)
{
    ufomem_go_callback *callback = malloc(sizeof *callback);
    if (callback)
        *callback = (ufomem_go_callback){.handle = handle};
    return callback;
}

void ufomem_go_release(void *pointer)
{
    ufomem_go_callback *callback = pointer;
    pthread_mutex_lock(&mutex);
    callback->next = released;
    released = callback;
    pthread_mutex_unlock(&mutex);
}

uintptr_t ufomem_go_take_released(void)
{
    pthread_mutex_lock(&mutex);
    ufomem_go_callback *callback = released;
    if (callback)
        released = callback->next;
    pthread_mutex_unlock(&mutex);
    const uintptr_t handle = callback ? callback->handle : 0;
    free(callback);
    return handle;
}

void ufomem_go_call_release(void (*release)(void *user_data), uintptr_t user_data) { release((void *)user_data); }

int ufomem_go_inside(void) { return depth != 0; }

/*
 * The library holds signals back while a chunk is filled.  Go's scheduler stops a goroutine by SIGURG: without it, a callback that spins
 * until another goroutine has done something would wait for ever once a garbage collection begins.  (Go's handlers for it and for
 * SIGPROF do not touch lazy memory, which is what the library guards against.)
 */
static void let_go_preempt(sigset_t *before)
{
    sigset_t own;
    sigemptyset(&own);
    sigaddset(&own, SIGURG);
    sigaddset(&own, SIGPROF);
    pthread_sigmask(SIG_UNBLOCK, &own, before);
    depth++;
}

static void as_before(const sigset_t *before)
{
    depth--;
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

int32_t ufomem_go_populate(void *callback, size_t first, size_t count, void *out)
{
    sigset_t before;
    let_go_preempt(&before);
    const int32_t code = ufomemGoPopulate(((ufomem_go_callback *)callback)->handle, first, count, out);
    as_before(&before);
    return code;
}

int32_t ufomem_go_writeback(void *callback, size_t first, size_t count, const void *data)
{
    sigset_t before;
    let_go_preempt(&before);
    const int32_t code = ufomemGoWriteback(((ufomem_go_callback *)callback)->handle, first, count, (void *)data);
    as_before(&before);
    return code;
}
