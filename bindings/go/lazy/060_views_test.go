// SPDX-License-Identifier: MIT

package lazy_test

import (
	"errors"
	"os"
	"runtime"
	"testing"
	"unsafe"

	"ufomem/lazy"
)

func Test060ViewInPlace(t *testing.T) {
	var fills filled
	array := ready[int64](t)(lazy.New(100000, fills.squares, lazy.Chunk(512), lazy.Readahead(0)))
	var first unsafe.Pointer
	must(t, array.View(1000, 3000, func(part []int64) error {
		equal(t, len(part), 2000)
		for i, value := range part {
			equal(t, value, square(1000+i))
		}
		first = unsafe.Pointer(&part[0])
		return array.View(1000, 1001, func(again []int64) error { // views nest, and are the same memory
			equal(t, unsafe.Pointer(&again[0]), first)
			return nil
		})
	}))
	equal(t, fills.elements.Load(), 5*512) // chunks 1 to 5
	stats, err := array.Stats()
	must(t, err)
	equal(t, stats.Pins, 0)
	must(t, array.View(500, 500, func(part []int64) error { equal(t, len(part), 0); return nil }))
}

func Test060ViewGivesItsFunctionsError(t *testing.T) {
	array := ready[int64](t)(lazy.New(1000, squares))
	own := errors.New("my own")
	equal(t, array.View(0, 10, func([]int64) error { return own }), own)
	func() {
		defer func() { equal(t, recover(), any("my panic")) }()
		_ = array.View(0, 10, func([]int64) error { panic("my panic") })
	}()
	stats, err := array.Stats()
	must(t, err)
	equal(t, stats.Pins, 0)
}

func Test060ViewStaysUnderEviction(t *testing.T) {
	core := newCore(t, 1*mib)
	array := ready[int64](t)(lazy.New(mib, squares, lazy.On(core), lazy.Chunk(512)))
	must(t, array.View(0, 2048, func(part []int64) error {
		for i := 0; i < mib; i += 256 { // all of the array, 8 times the budget
			wantElement(t, array, i, square(i))
		}
		wantError(t, array.Evict(0, 1), lazy.ErrPinned)
		runtime.GC()
		for i, value := range part {
			equal(t, value, square(i))
		}
		return nil
	}))
	must(t, array.Evict(0, 2048))
}

func Test060ViewLargerThanTheBudget(t *testing.T) {
	core := newCore(t, 1*mib)
	array := ready[int64](t)(lazy.New(mib, squares, lazy.On(core), lazy.Chunk(512)))
	wantError(t, array.View(0, mib, func([]int64) error { t.Error("called"); return nil }), lazy.ErrBudget)
	stats, err := array.Stats()
	must(t, err)
	equal(t, stats.Pins, 0)
	wantElement(t, array, mib-1, square(mib-1))
}

func Test060ViewWrite(t *testing.T) {
	core := newCore(t, 1*mib)
	array := ready[int64](t)(lazy.New(mib, squares, lazy.On(core), lazy.Chunk(512)))
	for start := 0; start < mib; start += 4096 {
		must(t, array.ViewWrite(start, start+4096, func(part []int64) error {
			for i := range part {
				part[i] = -part[i]
			}
			return nil
		}))
	}
	for i := 0; i < mib; i += 101 {
		wantElement(t, array, i, -square(i))
	}
}

// A view is memory like any other, to system calls too.
func Test060ViewInSystemCalls(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "view")
	must(t, err)
	defer file.Close()
	array := ready[uint8](t)(lazy.New(100000, func(start, end int, out []uint8) error {
		for i := range out {
			out[i] = uint8(start + i)
		}
		return nil
	}))
	must(t, array.View(0, 100000, func(part []uint8) error { return second(file.Write(part)) }))
	read := ready[uint8](t)(lazy.New(100000, func(start, end int, out []uint8) error { return nil }))
	must(t, read.ViewWrite(0, 100000, func(part []uint8) error { return second(file.ReadAt(part, 0)) }))
	for i := 0; i < 100000; i += 7 {
		wantElement(t, read, i, uint8(i))
	}
}

func Test060ViewOutlivesClose(t *testing.T) {
	array, err := lazy.New(1000, squares)
	must(t, err)
	must(t, array.View(10, 1000, func(part []int64) error {
		must(t, array.Close())
		for i, value := range part {
			equal(t, value, square(10+i))
		}
		_, err := array.Get(10)
		wantError(t, err, lazy.ErrClosed)
		return nil
	}))
	wantError(t, array.View(10, 20, func([]int64) error { return nil }), lazy.ErrClosed)
}
