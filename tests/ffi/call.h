/* SPDX-License-Identifier: MIT */
/* Functions found by name and called through libffi, and callbacks that are libffi closures. */
#pragma once

#include "support/support.h"

#include <ffi.h>

/* `types` is the result and the arguments: v void, i int32_t, u uint32_t, z size_t or 64 bits, d double, p pointer. */
uint64_t call(const char *name, const char *types, ...);
/* Of the functions of the header $UFOMEM_HEADER, of which there are `least` or more, call() has called each. */
void assert_all_called(size_t least);

static inline void *pointer(uint64_t result) { return (void *)(uintptr_t)result; }
#define Z(value) ((uint64_t)(value))
#define OK(...) assert_int_equal((int64_t)call(__VA_ARGS__), UFO_OK)

struct closure {
    ffi_closure *closure;
    void *code;
    ffi_cif interface;
    ffi_type *arguments[4];
};

void make(struct closure *closure, const char *types, void (*body)(ffi_cif *, void *, void **, void *), void *data);
