// SPDX-License-Identifier: MIT

package lazy

// #include "callback.h"
// #include <ufomem/ufo.h>
import "C"

import (
	"os"
	"runtime"
	"unsafe"

	"ufomem/internal/ufo"
)

// New makes an array of n elements that `fill` computes: out is for elements [start, end), holds arbitrary values before, has to be filled
// entirely, and must not be kept.  It is called for different elements at the same time, on the goroutines that need them.
//
// When fill returns an error, or panics, the call that needed the elements gives an *[Error] with [ErrPopulate] that wraps it, or wraps a
// *[PanicError]; so does every later call that needs them, until [Array.Reset].
func New[T Number](n int, fill func(start, end int, out []T) error, options ...Option) (*Array[T], error) {
	if fill == nil {
		return nil, newError("new", ErrInvalid, "the function that fills the array is nil; Zeros makes an array without one")
	}
	return construct[T]("new", goSource, n, options, func(config uintptr, s *settings, causes *causes) error {
		if s.writebackSize != 0 && s.writebackType != typeName[T]() {
			return newError("new", ErrInvalid, "Writeback takes %s, but the array is of %s", s.writebackType, typeName[T]())
		}
		if err := setCallback("new", config, ufo.Config_set_populate, unsafe.Pointer(C.ufomem_go_populate),
			&callback{run: elements(fill), causes: causes}); err != nil {
			return err
		}
		if s.writeback != nil {
			if err := setCallback("new", config, ufo.Config_set_writeback, unsafe.Pointer(C.ufomem_go_writeback),
				&callback{run: s.writeback, causes: causes}); err != nil {
				return err
			}
		}
		return check("new", ufo.Config_set_populate_policy(config, C.UFO_POPULATE_CALLER))
	})
}

// Open makes an array of a file's content, in the machine's own byte order.  Changes stay private unless there is the option [Save].
func Open[T Number](path string, options ...Option) (*Array[T], error) {
	s, err := gather("open", fileSource, options)
	if err != nil {
		return nil, err
	}
	length, err := s.lengthOf("open", path, sizeOf[T]())
	if err != nil {
		return nil, err
	}
	return construct[T]("open", fileSource, length, options, func(config uintptr, s *settings, _ *causes) error {
		flags := 0
		if s.fileSave {
			flags |= C.UFO_FILE_WRITEBACK
		}
		if s.direct {
			flags |= C.UFO_FILE_DIRECT
		}
		return check("open", ufo.Config_set_file(config, path, uint64(s.offset), flags))
	})
}

// lengthOf is the number of elements that a file's array shall have.
func (s *settings) lengthOf(op, path string, size int) (int, error) {
	if !noNul(path) {
		return 0, newError(op, ErrInvalid, "the path contains a NUL byte")
	}
	if s.offset < 0 || (s.length < 0 && s.length != unset) {
		return 0, newError(op, ErrInvalid, "offset and length must not be negative")
	}
	if s.length != unset {
		return s.length, nil
	}
	return lengthOfFile(op, path, s.offset, size)
}

// lengthOfFile is the number of elements from an offset to the end.
func lengthOfFile(op, path string, offset int64, size int) (int, error) {
	info, err := os.Stat(path)
	if err != nil {
		status := ErrFile
		if os.IsPermission(err) {
			status = ErrPermission
		}
		return 0, &Error{Op: op, Status: status, Message: "the file cannot be asked for its length", Err: err}
	}
	if !info.Mode().IsRegular() {
		return 0, newError(op, ErrInvalid, "'%s' is no regular file: say how many elements it has with the option Length", path)
	}
	bytes := info.Size() - offset
	if bytes < int64(size) {
		return 0, newError(op, ErrTruncated, "'%s' has %d bytes: no whole element of %d bytes begins at byte %d", path, info.Size(), size, offset)
	}
	if bytes%int64(size) != 0 {
		return 0, newError(op, ErrInvalid,
			"'%s' has %d bytes from byte %d on, which is no whole number of elements of %d bytes; say how many to use with the option Length",
			path, bytes, offset, size)
	}
	return int(bytes / int64(size)), nil
}

// Zeros makes an array of n zeros to be written to.
func Zeros[T Number](n int, options ...Option) (*Array[T], error) {
	return construct[T]("zeros", zeroSource, n, options, func(uintptr, *settings, *causes) error { return nil })
}

// Sequence makes an array of the n numbers from + i*step.  Integers wrap around; real ones are rounded once.  Complex types are not supported.
func Sequence[T Number](n int, from, step T, options ...Option) (*Array[T], error) {
	return construct[T]("sequence", sequenceSource, n, options, func(config uintptr, _ *settings, _ *causes) error {
		return setSequence(config, from, step)
	})
}

// FromC makes an array that a C function fills: a ufo_populate_fn, which native threads call with userData, under page faults too.  It must
// not call Go: neither may what it calls.
func FromC[T Number](n int, populate unsafe.Pointer, userData uintptr, options ...Option) (*Array[T], error) {
	given := false // to the library, which releases the user data in any case
	defer func() {
		if !given {
			releaseC(userData, options)
		}
	}()
	if populate == nil {
		return nil, newError("from C", ErrInvalid, "the C function that fills the array is nil")
	}
	return construct[T]("from C", cSource, n, options, func(config uintptr, s *settings, _ *causes) error {
		given = true
		if err := check("from C", ufo.Config_set_populate(config, populate, userData, s.cRelease)); err != nil {
			return err
		}
		if s.cWriteback == nil {
			return nil
		}
		return check("from C", ufo.Config_set_writeback(config, s.cWriteback, userData, nil))
	})
}

// releaseC does what the option ReleaseC says.
func releaseC(userData uintptr, options []Option) {
	var s settings
	for _, option := range options {
		if option.fits == cSource {
			option.set(&s)
		}
	}
	if s.cRelease != nil {
		C.ufomem_go_call_release((*[0]byte)(s.cRelease), C.uintptr_t(userData))
	}
}

// construct makes an array; `describe` adds what is special of its source to the config.
func construct[T Number](op string, source sources, n int, options []Option,
	describe func(config uintptr, s *settings, causes *causes) error) (*Array[T], error) {
	s, err := gather(op, source, options)
	if err != nil {
		return nil, err
	}
	// The text of an error belongs to the thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	causes := new(causes)
	region, err := newRegion(op, s, n, sizeOf[T](), causes, func(config uintptr) error { return describe(config, s, causes) })
	forgetReleased() // a config that came to nothing has let go of its callbacks
	if err != nil {
		return nil, err
	}
	return newArray[T](region, s.core, source != goSource)
}

func newRegion(op string, s *settings, n, size int, causes *causes, describe func(config uintptr) error) (*region, error) {
	config := ufo.Config_new()
	if config == 0 {
		return nil, lastError(op, int(ErrNoMemory), nil)
	}
	defer ufo.Config_free(config)
	if err := describe(config); err != nil {
		return nil, err
	}
	if err := s.configure(op, config, n, size); err != nil {
		return nil, err
	}
	r := &region{count: n, causes: causes, drained: make(chan struct{}), saves: s.fileSave || s.writeback != nil || s.cWriteback != nil}
	coreHandle := uintptr(0)
	if s.core != nil {
		if !s.core.enter() {
			return nil, newError(op, ErrClosed, "the core has been closed")
		}
		r.core, coreHandle = s.core.core, s.core.handle
	}
	if r.handle = ufo.New(coreHandle, config); r.handle == 0 {
		err := lastError(op, ufo.Last_status(), nil)
		if r.core != nil {
			r.core.leave()
		}
		return nil, err
	}
	if r.core != nil && !r.core.adopt(r) {
		r.close()
		return nil, newError(op, ErrClosed, "the core has been closed")
	}
	return r, nil
}

// setCallback gives a Go function to the config, which lets go of it in any case.
func setCallback(op string, config uintptr, set func(config uintptr, function unsafe.Pointer, userData uintptr, free unsafe.Pointer) int,
	function unsafe.Pointer, callback *callback) error {
	data, err := callback.userData()
	if err != nil {
		return err
	}
	return check(op, set(config, function, data, unsafe.Pointer(C.ufomem_go_release)))
}

// check makes an error of a status that is one.
func check(op string, status int) error {
	if status < 0 {
		return lastError(op, status, nil)
	}
	return nil
}
