// SPDX-License-Identifier: MIT

package lazy

import (
	"runtime"
	"syscall"
	"unsafe"

	"ufomem/internal/ufo"
)

// View calls `use` with the elements [start, end), in place: they are brought into memory before and stay there until use has returned, even if the
// array is closed meanwhile.  The slice is for reading; it must not be kept, which would be a fault sooner or later.  What a view holds counts against
// the budget: [ErrBudget] if there is no room for all of it.
//
// The elements of a [Client]'s array are not shown in place but copied, to memory of Go's own.
//
// View returns what use returns, as it is.
func (a *Array[T]) View(start, end int, use func(part []T) error) error {
	return a.view("view", ufo.Pin, start, end, use)
}

// ViewWrite is View for elements that will be changed: they count as changed from now on.
func (a *Array[T]) ViewWrite(start, end int, use func(part []T) error) error {
	if a.shared {
		return newError("view", ErrReadOnly, "an array of a service is read-only")
	}
	return a.view("view", ufo.Pin_write, start, end, use)
}

type pinFunction func(handle uintptr, first, count int) int

func (a *Array[T]) view(op string, pin pinFunction, start, end int, use func(part []T) error) (err error) {
	defer runtime.KeepAlive(a)
	part, err := a.pin(op, pin, start, end)
	if err != nil {
		return err
	}
	defer func() {
		if failure := a.unpin(op, start, end); err == nil {
			err = failure
		}
	}()
	return use(part)
}

func (a *Array[T]) pin(op string, pin pinFunction, start, end int) ([]T, error) {
	if err := a.inside(op, start, end); err != nil {
		return nil, err
	}
	if a.shared && start < end {
		return a.copyOf(op, start, end)
	}
	if err := a.region.onRange(op, start, end, pin); err != nil {
		return nil, err
	}
	if start == end {
		return nil, nil
	}
	first := unsafe.Add(a.fast.data, start*sizeOf[T]())
	return unsafe.Slice((*T)(first), end-start), nil
}

// copyOf is for memory that may be gone at the next moment.
func (a *Array[T]) copyOf(op string, start, end int) ([]T, error) {
	if !canAllocate(end-start, sizeOf[T]()) {
		return nil, newError(op, ErrNoMemory, "there is no memory for a copy of %d elements; use fewer at a time", end-start)
	}
	part := make([]T, end-start)
	err := a.region.onRange(op, start, end, func(handle uintptr, first, count int) int {
		return ufo.Read(handle, first, count, unsafe.Pointer(&part[0]))
	})
	return part, err
}

// canAllocate asks the kernel before Go does, which takes a refusal for the end of the program.
func canAllocate(count, size int) bool {
	const large = 256 << 20
	if count < large/size {
		return true
	}
	memory, err := syscall.Mmap(-1, 0, count*size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	return err == nil && syscall.Munmap(memory) == nil
}

// unpin needs no way in: the pin keeps the region's handle valid, also when the array has been closed.
func (a *Array[T]) unpin(op string, start, end int) error {
	if start == end || a.shared {
		return nil
	}
	return a.region.checked(op, func(handle uintptr) int { return ufo.Unpin(handle, start, end-start) })
}

// Chunks calls `use` with the whole array, chunk by chunk in ascending order, each in place as View does; part holds the elements from start
// on.  It ends with the first error, and returns it.
func (a *Array[T]) Chunks(use func(start int, part []T) error) error {
	return a.ChunksOf(0, a.Len(), use)
}

// ChunksOf is Chunks for the elements [start, end).
func (a *Array[T]) ChunksOf(start, end int, use func(start int, part []T) error) error {
	if err := a.inside("chunks", start, end); err != nil {
		return err
	}
	for start < end {
		stop := a.chunkEnd(start, end)
		err := a.view("chunks", ufo.Pin, start, stop, func(part []T) error { return use(start, part) })
		if err != nil {
			return err
		}
		start = stop
	}
	return nil
}

// chunkEnd is where the chunk of element start ends, at most end.
func (a *Array[T]) chunkEnd(start, end int) int {
	left := a.chunk - start%a.chunk
	if left > end-start {
		return end
	}
	return start + left
}

// Iterator walks through an array chunk by chunk:
//
//	parts := array.Iterate(0, array.Len())
//	defer parts.Close()
//	for parts.Next() {
//		use(parts.Start(), parts.Part())
//	}
//	return parts.Err()
//
// It is for one goroutine.  One that is neither closed nor at its end keeps its part in memory.
type Iterator[T Number] struct {
	array      *Array[T]
	start, end int // of what is left
	at         int // of part
	part       []T // pinned
	err        error
}

// Iterate makes an iterator for the elements [start, end).
func (a *Array[T]) Iterate(start, end int) *Iterator[T] {
	if err := a.inside("iterate", start, end); err != nil {
		return &Iterator[T]{array: a, err: err}
	}
	return &Iterator[T]{array: a, start: start, end: end}
}

// Next goes to the next part; false at the end, and on an error.
func (it *Iterator[T]) Next() bool {
	it.letGo()
	if it.err != nil || it.start == it.end {
		return false
	}
	stop := it.array.chunkEnd(it.start, it.end)
	if it.part, it.err = it.array.pin("iterate", ufo.Pin, it.start, stop); it.err != nil {
		return false
	}
	it.at, it.start = it.start, stop
	return true
}

// Start is the index of the first element of Part.
func (it *Iterator[T]) Start() int { return it.at }

// Part is the elements of this step, for reading, in place; valid until Next or Close.
func (it *Iterator[T]) Part() []T { return it.part }

// Err is what ended the walk early; nil if nothing did.
func (it *Iterator[T]) Err() error { return it.err }

// Close ends the walk: after a loop that may have been left early.
func (it *Iterator[T]) Close() {
	it.letGo()
	it.start = it.end
}

func (it *Iterator[T]) letGo() {
	if it.part == nil {
		return
	}
	if err := it.array.unpin("iterate", it.at, it.start); it.err == nil {
		it.err = err
	}
	it.part = nil
}
