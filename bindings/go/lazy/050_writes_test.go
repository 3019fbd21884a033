// SPDX-License-Identifier: MIT

package lazy_test

import (
	"sync"
	"testing"

	"ufomem/lazy"
)

// What was written comes back, although it does not fit into memory.
func Test050WritesAreKeptUnderEviction(t *testing.T) {
	const n = 4 * mib
	core := newCore(t, 2*mib)
	array := ready[int64](t)(lazy.New(n, squares, lazy.On(core), lazy.Chunk(512)))
	changed := func(i int) int64 { return -square(i) - 1 }
	for i := 0; i < n; i += 97 {
		must(t, array.Set(i, changed(i)))
	}
	block := make([]int64, 1000)
	for i := range block {
		block[i] = changed(1000*97 + 1 + i)
	}
	written, err := array.WriteAt(block, 1000*97+1)
	must(t, err)
	equal(t, written, 1000)
	stats, err := array.Stats()
	must(t, err)
	if stats.Evictions < 1000 || stats.SpillWritten == 0 {
		t.Fatalf("it fitted into memory: %+v", stats)
	}
	for i := 0; i < n; i += 97 {
		wantElement(t, array, i, changed(i))
	}
	for i := 50; i < n; i += 97 {
		if i < 1000*97+1 || i >= 1000*97+1+1000 {
			wantElement(t, array, i, square(i))
		}
	}
	for i := 0; i < 1000; i++ {
		wantElement(t, array, 1000*97+1+i, changed(1000*97+1+i))
	}
}

func Test050WritesReachTheCallback(t *testing.T) {
	const n = 1 << 20
	core := newCore(t, 1*mib)
	var mutex sync.Mutex
	store := map[int]int64{}
	array, err := lazy.New(n, func(start, end int, out []int64) error {
		mutex.Lock()
		defer mutex.Unlock()
		for i := range out {
			value, stored := store[start+i]
			if !stored {
				value = square(start + i)
			}
			out[i] = value
		}
		return nil
	}, lazy.On(core), lazy.Chunk(512), lazy.Writeback(func(start, end int, data []int64) error {
		mutex.Lock()
		defer mutex.Unlock()
		equal(t, end-start, len(data))
		for i, value := range data {
			if value != square(start+i) {
				store[start+i] = value
			}
		}
		return nil
	}))
	must(t, err)
	for i := 0; i < n; i += 511 {
		must(t, array.Set(i, int64(-i-1)))
	}
	equal(t, len(store), 0) // in the library's own time, no callback runs
	must(t, array.FlushRange(0, n/2))
	if len(store) < n/511/2 || len(store) > n/511/2+5 {
		t.Fatalf("half of the array is %d of %d elements", len(store), n/511)
	}
	must(t, array.Evict(0, n))
	for i := 0; i < n; i += 511 {
		wantElement(t, array, i, int64(-i-1))
	}
	must(t, array.Close()) // gives the rest
	for i := 0; i < n; i += 511 {
		equal(t, store[i], int64(-i-1))
	}
}

func Test050WritesReadOnly(t *testing.T) {
	array := ready[int64](t)(lazy.New(1000, squares, lazy.ReadOnly()))
	wantError(t, array.Set(5, 1), lazy.ErrReadOnly)
	_, err := array.WriteAt([]int64{1, 2}, 5)
	wantError(t, err, lazy.ErrReadOnly)
	wantError(t, array.ViewWrite(0, 10, func([]int64) error { return nil }), lazy.ErrReadOnly)
	wantElement(t, array, 5, 25)
	wantError(t, array.Set(5, 1), lazy.ErrReadOnly) // when it is resident, too
}

func Test050WritesAreForgottenByReset(t *testing.T) {
	array := ready[int64](t)(lazy.New(1000, squares))
	must(t, array.Set(5, -1))
	must(t, array.Evict(0, 1000))
	wantElement(t, array, 5, -1)
	must(t, array.Reset(0, 1000))
	wantElement(t, array, 5, 25)
}
