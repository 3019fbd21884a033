// SPDX-License-Identifier: MIT

package lazy

import (
	"io"
	"runtime"
	"unsafe"

	"ufomem/internal/ufo"
)

// ReadAt copies the elements from `first` on to p and gives their number.  As with an [io.ReaderAt], that is less than len(p), with an error: [io.EOF] if
// the array ends before.  After another error none of p is certain.
func (a *Array[T]) ReadAt(p []T, first int) (int, error) {
	defer runtime.KeepAlive(a)
	if err := a.inside("read", first, a.region.count); err != nil {
		return 0, err
	}
	count, short := len(p), error(nil)
	if left := a.region.count - first; count > left {
		count, short = left, io.EOF
	}
	if count == 0 {
		return 0, short
	}
	err := a.region.call("read", func(handle uintptr) int { return ufo.Read(handle, first, count, unsafe.Pointer(&p[0])) })
	if err != nil {
		return 0, err
	}
	return count, short
}

// WriteAt copies p to the elements from `first` on, all of them, and gives their number.  After an error any part of p may have been copied.
func (a *Array[T]) WriteAt(p []T, first int) (int, error) {
	defer runtime.KeepAlive(a)
	// (No sum that could overflow.)
	if first < 0 || len(p) > a.region.count || first > a.region.count-len(p) {
		return 0, newError("write", ErrRange, "%d elements from %d on are not inside the array of %d elements", len(p), first, a.region.count)
	}
	if len(p) == 0 {
		return 0, nil
	}
	err := a.region.call("write", func(handle uintptr) int { return ufo.Write(handle, first, len(p), unsafe.Pointer(&p[0])) })
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// Slice is the whole array as a plain slice, for arrays with a native source ([ErrUnsupported] otherwise, and for those of a service: see [Array.View]).  It is valid until
// Close, and only as long as the array itself is reachable: `defer a.Close()` sees to both.  Elements that cannot be filled are a fault
// when touched, which debug.SetPanicOnFault turns into a panic.  A system call that is given a part of it may fail with EFAULT: see
// [Array.View].
func (a *Array[T]) Slice() ([]T, error) {
	defer runtime.KeepAlive(a)
	if a.shared {
		return nil, newError("slice", ErrUnsupported, "the memory of a service can go with it at any time; use View, or ReadAt, which copy")
	}
	if !a.native {
		return nil, newError("slice", ErrUnsupported,
			"elements that a Go function fills cannot be touched by pointer; use View, or ReadAt")
	}
	if !a.region.enter() {
		return nil, newError("slice", ErrClosed, "the array has been closed")
	}
	defer a.region.leave()
	return unsafe.Slice((*T)(a.fast.data), a.region.count), nil
}
