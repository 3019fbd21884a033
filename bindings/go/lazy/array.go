// SPDX-License-Identifier: MIT

package lazy

import (
	"fmt"
	"runtime"
	"unsafe"

	"ufomem/internal/ufo"
)

// Array is a lazy array of Len elements.  Make one with [New], [Open], [Sequence], [Zeros] or [FromC], or with a [Client].
type Array[T Number] struct {
	region *region
	fast   residency // for access without a call
	chunk  int       // whole elements in a chunk
	native bool      // filled without Go: may be touched by pointer
	shared bool      // memory of a service, which may end: never touched by pointer, only copied
	core   *Core     // kept alive
}

// newArray takes over a region that was made.
func newArray[T Number](r *region, core *Core, native bool) (*Array[T], error) {
	fast, err := r.openResidency()
	if err != nil {
		r.close()
		return nil, err
	}
	a := &Array[T]{region: r, fast: fast, chunk: int(fast.c.chunk_bytes) / sizeOf[T](), native: native, core: core}
	a.closeWhenForgotten()
	return a, nil
}

// newShared takes over a region of a service.
func newShared[T Number](r *region) *Array[T] {
	a := &Array[T]{region: r, chunk: ufo.Chunk(r.handle), shared: true}
	a.closeWhenForgotten()
	return a
}

func (a *Array[T]) closeWhenForgotten() {
	// The callback belongs to C and not to the array, or it would keep the array alive.
	runtime.SetFinalizer(a, func(a *Array[T]) {
		// Writing back may take long, and other finalizers are waiting.
		go func() {
			a.region.close()
			a.fast.close()
		}()
	})
}

// Len is the number of elements.
func (a *Array[T]) Len() int { return a.region.count }

// Chunk is the number of elements that come and go together.
func (a *Array[T]) Chunk() int { return a.chunk }

// Close ends the array: changed elements are given to its source, if that takes changes, and the memory is given back.  It waits for calls in
// progress on other goroutines; only inside a callback it does not wait, and the end comes after that.  Views that are open stay valid until they end.  Afterwards every call gives
// [ErrClosed]; a second Close does nothing, and does not wait for the first.
//
// The error is that of the last write-back; what could not be saved then is lost: call Flush before to be able to try again.
func (a *Array[T]) Close() error {
	err := a.region.close()
	runtime.KeepAlive(a)
	return err
}

// inside checks that the elements [start, end) exist.
func (a *Array[T]) inside(op string, start, end int) error {
	if start < 0 || end < start || end > a.region.count {
		return newError(op, ErrRange, "elements [%d, %d) are not inside the array of %d elements", start, end, a.region.count)
	}
	return nil
}

func typeName[T Number]() string {
	var element T
	return fmt.Sprintf("%T", element)
}

// elements takes the element type off a function of a range.
func elements[T Number](function func(start, end int, part []T) error) func(first, count int, memory unsafe.Pointer) error {
	return func(first, count int, memory unsafe.Pointer) error {
		return function(first, first+count, unsafe.Slice((*T)(memory), count))
	}
}
