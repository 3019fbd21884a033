// SPDX-License-Identifier: MIT

package lazy

// #cgo pkg-config: ufomem
// #include "callback.h"
import "C"

import (
	"runtime/cgo"
	"runtime/debug"
	"unsafe"
)

// A callback is a user's function with the element type taken off; memory is that of elements [first, first + count).
type callback struct {
	run    func(first, count int, memory unsafe.Pointer) error
	causes *causes
}

//export ufomemGoPopulate
func ufomemGoPopulate(handle C.uintptr_t, first, count C.size_t, out unsafe.Pointer) C.int32_t {
	return C.int32_t(cgo.Handle(handle).Value().(*callback).call(int(first), int(count), out))
}

//export ufomemGoWriteback
func ufomemGoWriteback(handle C.uintptr_t, first, count C.size_t, data unsafe.Pointer) C.int32_t {
	return C.int32_t(cgo.Handle(handle).Value().(*callback).call(int(first), int(count), data))
}

// call gives 0, or the number of the error: nothing may leave through the C frames below.
func (c *callback) call(first, count int, memory unsafe.Pointer) int32 {
	returned := false
	defer func() {
		if !returned {
			panic("lazy: a callback called runtime.Goexit (as testing's FailNow and SkipNow do), which the library below cannot survive; return an error instead")
		}
	}()
	err := c.guarded(first, count, memory)
	returned = true // after a panic as well, but not on the way of runtime.Goexit
	if err != nil {
		return c.causes.keep(err)
	}
	return 0
}

// guarded makes an error of a panic.
func (c *callback) guarded(first, count int, memory unsafe.Pointer) (err error) {
	returned := false
	defer func() {
		if !returned { // (recover alone does not tell panic(nil) from none)
			err = &PanicError{Value: recover(), Stack: debug.Stack()}
		}
	}()
	err = c.run(first, count, memory)
	returned = true
	return err
}

// userData makes what stands for the callback in C; ufomem_go_release gives it back.
func (c *callback) userData() (uintptr, error) {
	handle := cgo.NewHandle(c)
	data := C.ufomem_go_callback_new(C.uintptr_t(handle))
	if data == nil {
		handle.Delete()
		return 0, newError("new", ErrNoMemory, "no memory for a callback")
	}
	return uintptr(unsafe.Pointer(data)), nil
}

// forgetReleased drops the callbacks that the library has let go of.
func forgetReleased() {
	for {
		handle := C.ufomem_go_take_released()
		if handle == 0 {
			return
		}
		cgo.Handle(handle).Delete()
	}
}

// insideCallback tells whether this goroutine is in a callback of any array.
func insideCallback() bool { return C.ufomem_go_inside() != 0 }
