// SPDX-License-Identifier: MIT

package lazy

// #include <ufomem/ufo.h>
import "C"

import (
	"fmt"
	"strings"

	"ufomem/internal/ufo"
)

// Status is the kind of an error.  The constants below are for [errors.Is].
type Status int32

const (
	ErrInvalid     Status = C.UFO_ERR_INVALID     // an argument or an option is not acceptable
	ErrNoMemory    Status = C.UFO_ERR_NOMEM       // no memory for the library's tables, or no address space
	ErrOverflow    Status = C.UFO_ERR_OVERFLOW    // a size does not fit the address space
	ErrRange       Status = C.UFO_ERR_RANGE       // elements are not all inside the array
	ErrSystem      Status = C.UFO_ERR_SYSTEM      // the kernel refused a system call
	ErrPermission  Status = C.UFO_ERR_PERMISSION  // the user may not do this
	ErrFile        Status = C.UFO_ERR_FILE        // a file cannot be opened, read or written
	ErrTruncated   Status = C.UFO_ERR_TRUNCATED   // the file ends before the array does
	ErrPopulate    Status = C.UFO_ERR_POPULATE    // the callback that fills elements failed
	ErrWriteback   Status = C.UFO_ERR_WRITEBACK   // the callback that takes changed elements failed
	ErrSpill       Status = C.UFO_ERR_SPILL       // the spill file cannot take a changed chunk
	ErrBudget      Status = C.UFO_ERR_BUDGET      // no memory inside the budget
	ErrPinned      Status = C.UFO_ERR_PINNED      // elements are in use by a view
	ErrNotPinned   Status = C.UFO_ERR_NOT_PINNED  // a pin was taken back that does not exist
	ErrReadOnly    Status = C.UFO_ERR_READ_ONLY   // the array is read-only
	ErrDeadlock    Status = C.UFO_ERR_DEADLOCK    // filling these elements waits for itself
	ErrForked      Status = C.UFO_ERR_FORKED      // the array belongs to the parent process
	ErrClosed      Status = C.UFO_ERR_CLOSED      // the array, or its core, has been closed
	ErrUnsupported Status = C.UFO_ERR_UNSUPPORTED // this kernel, or this array, cannot do it
	ErrAddress     Status = C.UFO_ERR_ADDRESS     // an address is not free
	ErrStray       Status = C.UFO_ERR_STRAY       // plain access to a missing element of an array with a Go callback
	ErrLimit       Status = C.UFO_ERR_LIMIT       // a limit of the library or of the system is reached
	ErrLost        Status = C.UFO_ERR_LOST        // the program discarded changed memory of the array
)

// Error is the meaning of the status in a few words.
func (s Status) Error() string { return "lazy: " + ufo.Status_string(int(s)) }

// Error is the error of every call of this package, except that errors of the functions given to [Array.View], [Array.Chunks] and their like are
// returned as they are.
//
// errors.Is recognises its status (errors.Is(err, lazy.ErrRange)) and, as errors.As does, what the array's own callback returned.
type Error struct {
	Op      string // what was asked for: "get", "view" ...
	Status  Status
	Message string // a sentence: the cause, and what to do about it
	Err     error  // what the array's callback returned, or a *PanicError; nil if the error is no callback's
}

func (e *Error) Error() string {
	text := "lazy: " + e.Op + ": " + e.Message
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Is recognises the status.
func (e *Error) Is(target error) bool {
	status, ok := target.(Status)
	return ok && status == e.Status
}

// Unwrap gives the callback's own error.
func (e *Error) Unwrap() error { return e.Err }

// PanicError stands for a callback that panicked.  It is an error, and not the same panic once more, because elements that failed stay so
// until [Array.Reset], for all goroutines, which have nothing to do with the one that saw the panic.
type PanicError struct {
	Value any    // what was given to panic
	Stack []byte // of the callback, as debug.Stack gives it
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic in the callback: %v", e.Value) }

// Unwrap gives the value of the panic if that is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// newError is an error that is found before the library is asked.
func newError(op string, status Status, format string, arguments ...any) error {
	return &Error{Op: op, Status: status, Message: fmt.Sprintf(format, arguments...)}
}

// lastError makes an error of a failed call.  The goroutine must have been locked to its thread since before that call.
func lastError(op string, status int, causes *causes) error {
	err := &Error{Op: op, Status: Status(status), Message: strings.TrimSuffix(ufo.Last_error(), ".")}
	if err.Status == ErrPopulate || err.Status == ErrWriteback {
		err.Err = causes.of(int32(ufo.Last_callback_code()))
	}
	return err
}
