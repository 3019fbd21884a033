// SPDX-License-Identifier: MIT

// Package csource has C functions for tests of lazy.FromC, which test files themselves cannot define.
package csource

/*
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// Element i is i * 3, as int64_t, or what was stored; user_data counts.
struct csource {
	int64_t *stored; // of `length` elements; 0: not stored
	size_t length;
	int fails, populates, writebacks, releases;
};

int32_t csource_populate(void *user_data, size_t first, size_t count, void *out)
{
	struct csource *source = user_data;
	__atomic_add_fetch(&source->populates, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&source->fails, __ATOMIC_SEQ_CST))
		return 77;
	for (size_t i = 0; i < count; i++)
		((int64_t *)out)[i] = source->stored[first + i] ? source->stored[first + i] : (int64_t)(first + i) * 3;
	return 0;
}

int32_t csource_writeback(void *user_data, size_t first, size_t count, const void *data)
{
	struct csource *source = user_data;
	__atomic_add_fetch(&source->writebacks, 1, __ATOMIC_SEQ_CST);
	memcpy(source->stored + first, data, count * sizeof(int64_t));
	return 0;
}

void csource_release(void *user_data)
{
	__atomic_add_fetch(&((struct csource *)user_data)->releases, 1, __ATOMIC_SEQ_CST);
}

static struct csource *csource_new(size_t length)
{
	struct csource *source = calloc(1, sizeof *source);
	source->stored = calloc(length, sizeof(int64_t));
	source->length = length;
	return source;
}

static int csource_get(int *counter) { return __atomic_load_n(counter, __ATOMIC_SEQ_CST); }
static void csource_set(int *counter, int value) { __atomic_store_n(counter, value, __ATOMIC_SEQ_CST); }
*/
import "C"

import "unsafe"

// Source fills an array of int64: element i is 3*i until something else was written back.
type Source struct{ c *C.struct_csource }

// New makes a source for so many elements.  (It is never freed: the library may look at it until the end.)
func New(length int) *Source { return &Source{C.csource_new(C.size_t(length))} }

// UserData, Populate, Writeback and Release are what FromC wants.
func (s *Source) UserData() uintptr { return uintptr(unsafe.Pointer(s.c)) }
func Populate() unsafe.Pointer      { return unsafe.Pointer(C.csource_populate) }
func Writeback() unsafe.Pointer     { return unsafe.Pointer(C.csource_writeback) }
func Release() unsafe.Pointer       { return unsafe.Pointer(C.csource_release) }

// Fail makes populate return 77 from now on, or no more.
func (s *Source) Fail(fails bool) {
	value := C.int(0)
	if fails {
		value = 1
	}
	C.csource_set(&s.c.fails, value)
}

func (s *Source) Populates() int  { return int(C.csource_get(&s.c.populates)) }
func (s *Source) Writebacks() int { return int(C.csource_get(&s.c.writebacks)) }
func (s *Source) Releases() int   { return int(C.csource_get(&s.c.releases)) }
