// SPDX-License-Identifier: MIT

package lazy

import (
	"math"
	"strings"
	"time"
	"unsafe"

	"ufomem/internal/ufo"
)

// An Option says more about an array than its constructor's arguments.  One that does not fit the constructor is [ErrInvalid].
type Option struct {
	name string
	fits sources
	set  func(*settings)
}

type sources int

const (
	goSource sources = 1 << iota
	fileSource
	sequenceSource
	zeroSource
	cSource
	sharedSource
	sharedFileSource
	anySource = goSource | fileSource | sequenceSource | zeroSource | cSource // of this process
)

// settings are all options together.
type settings struct {
	core       *Core
	chunk      int
	readOnly   bool
	readahead  int // or unset
	retries    int
	retryDelay time.Duration
	// of Go callbacks
	writeback     func(first, count int, data unsafe.Pointer) error
	writebackSize int // of its element type
	writebackType string
	// of C functions
	cWriteback unsafe.Pointer
	cRelease   unsafe.Pointer
	// of files
	offset   int64
	length   int // or unset: as many elements as there are
	fileSave bool
	direct   bool
}

// unset is a number that nobody has given.
const unset = math.MinInt

func gather(op string, source sources, options []Option) (*settings, error) {
	s := &settings{readahead: unset, length: unset}
	for _, option := range options {
		if option.set == nil {
			return nil, newError(op, ErrInvalid, "an option is empty; make options by the functions of this package")
		}
		if option.fits&source == 0 {
			return nil, newError(op, ErrInvalid, "option %s does not fit this source", option.name)
		}
		option.set(s)
	}
	return s, nil
}

// On makes the array one of this core's.
func On(core *Core) Option {
	return Option{"On", anySource, func(s *settings) { s.core = core }}
}

// Chunk is the least number of elements that are filled together; rounded up to whole pages.  Default: 64 KiB of them.
func Chunk(elements int) Option {
	return Option{"Chunk", anySource | sharedFileSource, func(s *settings) { s.chunk = elements }}
}

// ReadOnly makes every change an error.
func ReadOnly() Option {
	return Option{"ReadOnly", anySource, func(s *settings) { s.readOnly = true }}
}

// Readahead is the most elements that are filled beyond what was asked for when a goroutine walks through the array.  Default: 32 MiB of
// them; 0 fills chunks one by one.
func Readahead(elements int) Option {
	return Option{"Readahead", anySource, func(s *settings) { s.readahead = elements }}
}

// Retry asks a source that fails again, up to this often, before the elements are failed.
func Retry(times int, delay time.Duration) Option {
	return Option{"Retry", goSource | fileSource | cSource, func(s *settings) { s.retries, s.retryDelay = times, delay }}
}

// Writeback has changed elements given to `save` on Flush and on Close; data must not be changed or kept.  What save has taken, a later fill
// must give.  Elements that were not changed may be among them.  Until then changed elements are kept in memory, or in the spill file.  For
// [New]; without it changes end with the array.
func Writeback[T Number](save func(start, end int, data []T) error) Option {
	return Option{"Writeback", goSource, func(s *settings) {
		s.writebackType, s.writebackSize = typeName[T](), sizeOf[T]()
		s.writeback = nil
		if save != nil {
			s.writeback = elements(save)
		}
	}}
}

// Offset is where in the file the array begins, in bytes.
func Offset(bytes int64) Option {
	return Option{"Offset", fileSource | sharedFileSource, func(s *settings) { s.offset = bytes }}
}

// Length is the number of elements of a file's array, or of a service's.  Default: as many as there are.
func Length(elements int) Option {
	return Option{"Length", fileSource | sharedFileSource | sharedSource, func(s *settings) { s.length = elements }}
}

// Save has changes written to the file, when elements leave memory, on Flush and on Close.  Without it they end with the array.
func Save() Option {
	return Option{"Save", fileSource, func(s *settings) { s.fileSave = true }}
}

// Direct bypasses the page cache where alignment and file system allow it.
func Direct() Option {
	return Option{"Direct", fileSource, func(s *settings) { s.direct = true }}
}

// WritebackC has changed elements given to a C function, a ufo_writeback_fn, with the user data of [FromC].
func WritebackC(function unsafe.Pointer) Option {
	return Option{"WritebackC", cSource, func(s *settings) { s.cWriteback = function }}
}

// ReleaseC has a C function, a ufo_free_fn, called with the user data of [FromC] once nothing uses them any more, also if FromC fails.
func ReleaseC(function unsafe.Pointer) Option {
	return Option{"ReleaseC", cSource, func(s *settings) { s.cRelease = function }}
}

// configure sets what all sources have in common; count may be unset where the source knows it.
func (s *settings) configure(op string, config uintptr, count, size int) error {
	if count <= 0 && count != unset {
		return newError(op, ErrInvalid, "an array of %d elements cannot be made; it takes at least 1", count)
	}
	if s.chunk < 0 || s.retries < 0 || s.retryDelay < 0 || (s.readahead < 0 && s.readahead != unset) {
		return newError(op, ErrInvalid, "an option has a negative number")
	}
	retries, delay := clamp(int64(s.retries)), clamp(s.retryDelay.Milliseconds())
	status := 0
	if count != unset {
		status = ufo.Config_set_elements(config, count, size)
	}
	if status == 0 && s.chunk > 0 {
		status = ufo.Config_set_chunk(config, s.chunk)
	}
	if status == 0 && s.readOnly {
		status = ufo.Config_set_read_only(config, 1)
	}
	if status == 0 && s.readahead != unset {
		status = ufo.Config_set_readahead(config, s.readahead)
	}
	if status == 0 && retries > 0 {
		status = ufo.Config_set_retry(config, retries, delay)
	}
	if status < 0 {
		return lastError(op, status, nil)
	}
	return nil
}

// clamp fits a number that is not negative into 32 bits.
func clamp(number int64) uint {
	const most = 1<<32 - 1
	if number > most {
		return most
	}
	return uint(number)
}

func noNul(text string) bool { return !strings.Contains(text, "\x00") }
