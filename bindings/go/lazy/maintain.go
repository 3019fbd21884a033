// SPDX-License-Identifier: MIT

package lazy

// #include <ufomem/ufo.h>
import "C"

import (
	"runtime"
	"unsafe"

	"ufomem/internal/ufo"
)

// Touch brings the elements [start, end) into memory.  They may leave again at any time.
func (a *Array[T]) Touch(start, end int) error { return a.onRange("touch", start, end, ufo.Touch) }

// Flush gives all changes to where changes go: the callback of [Writeback], the file with [Save] (which is then made durable), or the spill file.
// What cannot be saved stays changed, and can be flushed again.
func (a *Array[T]) Flush() error { return a.onRange("flush", 0, a.Len(), ufo.Flush) }

// FlushRange is Flush for the elements [start, end), and others of their chunks.
func (a *Array[T]) FlushRange(start, end int) error {
	return a.onRange("flush", start, end, ufo.Flush)
}

// Evict lets the elements [start, end) leave memory; changes are kept.  [ErrPinned] if a view holds some of them.
func (a *Array[T]) Evict(start, end int) error { return a.onRange("evict", start, end, ufo.Evict) }

// Reset forgets what is known of the elements [start, end): failures, what is in memory, and changes that were not given to the source.  The
// source is asked again.
func (a *Array[T]) Reset(start, end int) error { return a.onRange("reset", start, end, ufo.Reset) }

// Advice is what the program knows about its next accesses.
type Advice int

const (
	AdviseNormal     Advice = C.UFO_ADVICE_NORMAL     // walks are recognised; for the whole array
	AdviseRandom     Advice = C.UFO_ADVICE_RANDOM     // never fill more than was asked for; for the whole array
	AdviseSequential Advice = C.UFO_ADVICE_SEQUENTIAL // ascending from the first access on; for the whole array
	AdviseWillNeed   Advice = C.UFO_ADVICE_WILLNEED   // needed soon; no effect where a Go function fills the array
	AdviseDontNeed   Advice = C.UFO_ADVICE_DONTNEED   // not needed soon: leaves memory first
)

// Advise tells what comes next for the elements [start, end).
func (a *Array[T]) Advise(start, end int, advice Advice) error {
	return a.onRange("advise", start, end, func(handle uintptr, first, count int) int {
		return ufo.Advise(handle, first, count, int(advice))
	})
}

func (a *Array[T]) onRange(op string, start, end int, function func(handle uintptr, first, count int) int) error {
	defer runtime.KeepAlive(a)
	if err := a.inside(op, start, end); err != nil {
		return err
	}
	return a.region.onRange(op, start, end, function)
}

// Stats are the figures of an array, in bytes where the name does not say otherwise.
type Stats struct {
	Resident     uint64 // in memory now
	Pins         uint64 // number of chunks that views hold
	Faults       uint64 // number of page faults answered
	Populates    uint64 // number of successful requests to the source
	Populated    uint64 // what they gave
	Evictions    uint64 // number of chunks that left memory
	Rescues      uint64 // number of chunks that came back without being filled again
	WrittenBack  uint64 // changed data given to the source
	SpillWritten uint64 // changed data written to the spill file
	SpillRead    uint64 // ... and read back
	Failures     uint64 // number of chunks that failed to fill
}

// Stats gives the figures as they are now.
func (a *Array[T]) Stats() (Stats, error) {
	defer runtime.KeepAlive(a)
	var s C.ufo_stats
	s.struct_size = C.sizeof_ufo_stats
	err := a.region.call("stats", func(handle uintptr) int { return ufo.Stats_get(handle, unsafe.Pointer(&s)) })
	if err != nil {
		return Stats{}, err
	}
	return Stats{
		Resident: uint64(s.resident_bytes), Pins: uint64(s.pins), Faults: uint64(s.faults), Populates: uint64(s.populates),
		Populated: uint64(s.populated_bytes), Evictions: uint64(s.evictions), Rescues: uint64(s.rescues),
		WrittenBack: uint64(s.written_back_bytes), SpillWritten: uint64(s.spill_written_bytes),
		SpillRead: uint64(s.spill_read_bytes), Failures: uint64(s.failures),
	}, nil
}
