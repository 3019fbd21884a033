// SPDX-License-Identifier: MIT

package lazy

import (
	"runtime"
	"sync"
	"sync/atomic"

	"ufomem/internal/ufo"
)

// A region is what an array has in C, and how calls get in while another goroutine may close it.
type region struct {
	handle uintptr
	count  int     // elements
	core   *core   // nil: the process's default core
	causes *causes // of the callbacks
	saves  bool    // changes go to a callback or a file
	// closed | goroutines in calls.  A handle may be somebody else's after the region is freed, so that happens when nobody is in.
	users   atomic.Int64
	drained chan struct{} // closed by the last one out of a closed region
	ended   sync.Once
}

const closed = 1 << 62

func (r *region) enter() bool {
	if r.users.Add(1)&closed == 0 {
		return true
	}
	r.leave()
	return false
}

func (r *region) leave() {
	if r.users.Add(-1) == closed {
		r.ended.Do(func() { close(r.drained) })
	}
}

// call runs a function of the C interface on the region and turns its status into an error.  (The error's text belongs to the thread.)
func (r *region) call(op string, function func(handle uintptr) int) error {
	if !r.enter() {
		return newError(op, ErrClosed, "the array has been closed")
	}
	defer r.leave()
	return r.checked(op, function)
}

// checked is call without the way in: for those who are in, or hold a pin.
func (r *region) checked(op string, function func(handle uintptr) int) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if status := function(r.handle); status < 0 {
		return lastError(op, status, r.causes)
	}
	return nil
}

// onRange is call for the functions that take a range of elements.
func (r *region) onRange(op string, start, end int, function func(handle uintptr, first, count int) int) error {
	return r.call(op, func(handle uintptr) int { return function(handle, start, end-start) })
}

// close frees the region when all calls in progress have ended, and waits for that; only inside a callback, which is part of such a call, it
// does not wait.  Again: nothing.
func (r *region) close() error {
	for {
		users := r.users.Load()
		if users&closed != 0 {
			return nil
		}
		if r.users.CompareAndSwap(users, users|closed) {
			break
		}
	}
	r.users.Add(1)
	r.leave() // the last one out, if nobody else is in
	if insideCallback() {
		go r.free()
		return nil
	}
	return r.free()
}

func (r *region) free() error {
	<-r.drained
	var err error
	if r.saves {
		err = r.checked("close", func(handle uintptr) int { return ufo.Flush(handle, 0, r.count) })
	}
	ufo.Free(r.handle)
	forgetReleased()
	if r.core != nil {
		r.core.forget(r)
	}
	return err
}
