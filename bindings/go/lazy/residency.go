// SPDX-License-Identifier: MIT

package lazy

// #include <ufomem/ufo.h>
import "C"

import (
	"unsafe"

	"ufomem/internal/ufo"
)

// residency is where a region's elements, and the state words of its chunks, are in memory: what access without a call needs, closely together.  It
// lasts longer than the region: until nobody can come late any more, which the garbage collector knows.  The zero value has no elements.
type residency struct {
	data     unsafe.Pointer // element 0
	words    unsafe.Pointer // one uint32 a chunk
	count    int            // elements
	shift    uint32         // of byte offsets to chunks; 0: divide
	mask     uint32
	resident uint32
	dirty    uint32
	oneHold  uint32
	holds    uint32
	waiters  uint32
	c        *C.ufo_residency // (by itself: cgo looks for Go pointers in all of the object that C is given)
}

func (r *region) openResidency() (residency, error) {
	f := residency{c: new(C.ufo_residency)}
	f.c.struct_size = C.sizeof_ufo_residency
	err := r.call("new", func(handle uintptr) int { return ufo.Residency_open(handle, unsafe.Pointer(f.c)) })
	if err != nil {
		return residency{}, err
	}
	if f.c.version != 1 {
		f.close()
		return residency{}, newError("new", ErrUnsupported, "this package does not know version %d of the library's residency; update it", f.c.version)
	}
	f.data, f.words, f.count = unsafe.Pointer(f.c.data), unsafe.Pointer(f.c.words), r.count
	f.shift = uint32(f.c.chunk_shift)
	f.mask, f.resident, f.dirty = uint32(f.c.mask), uint32(f.c.resident), uint32(f.c.dirty)
	f.oneHold, f.holds, f.waiters = uint32(f.c.one_hold), uint32(f.c.holds), uint32(f.c.waiters)
	return f, nil
}

func (f *residency) chunkAt(offset uintptr) uintptr {
	if f.shift != 0 {
		return offset >> (f.shift & 63)
	}
	return offset / uintptr(f.c.chunk_bytes)
}

func (f *residency) wordAt(offset uintptr) *uint32 {
	return (*uint32)(unsafe.Add(f.words, f.chunkAt(offset)*4))
}

// wake tells those who wait for the last hold of a chunk to end.
func (f *residency) wake(offset uintptr) {
	ufo.Residency_wake(unsafe.Pointer(f.c), int(f.chunkAt(offset)))
}

func (f *residency) close() {
	if f.c != nil {
		ufo.Residency_close(unsafe.Pointer(f.c))
	}
}
