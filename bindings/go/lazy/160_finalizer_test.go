// SPDX-License-Identifier: MIT

package lazy_test

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"ufomem/lazy"
)

// collected waits for the collector until the condition holds.
func collected(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never happened:", what)
		}
		runtime.GC()
	}
}

func Test160FinalizerClosesArrays(t *testing.T) {
	core := newCore(t, 4*mib)
	var saved atomic.Int64
	for i := 0; i < 50; i++ {
		array, err := lazy.New(1000, squares, lazy.On(core), lazy.Writeback(func(start, end int, data []int64) error {
			saved.Add(1)
			return nil
		}))
		must(t, err)
		must(t, array.Set(i, -1))
	}
	collected(t, "all arrays are closed", func() bool {
		stats, err := core.Stats()
		must(t, err)
		return stats.Regions == 0
	})
	equal(t, saved.Load(), 50) // what was changed has been saved
}

// The callback, and what it refers to, goes with the array.
func Test160FinalizerLetsGoOfTheCallback(t *testing.T) {
	var gone atomic.Int64
	for i := 0; i < 20; i++ {
		big := make([]int64, 100000)
		runtime.SetFinalizer(&big[0], func(*int64) { gone.Add(1) })
		array, err := lazy.New(len(big), func(start, end int, out []int64) error {
			copy(out, big[start:end])
			return nil
		})
		must(t, err)
		wantElement(t, array, 5, 0)
		if i%2 == 0 {
			must(t, array.Close())
		}
	}
	collected(t, "all callbacks are gone", func() bool {
		array, err := lazy.Zeros[int8](1) // making an array drops what the library has let go of
		must(t, err)
		must(t, array.Close())
		return gone.Load() >= 19 // (one may be on the stack still)
	})
}

func Test160FinalizerClosesCores(t *testing.T) {
	var saved atomic.Bool
	func() {
		core, err := lazy.NewCore(lazy.CoreOptions{Budget: mib})
		must(t, err)
		array, err := lazy.New(1000, squares, lazy.On(core), lazy.Writeback(func(int, int, []int64) error {
			saved.Store(true)
			return nil
		}))
		must(t, err)
		must(t, array.Set(1, -1))
	}()
	collected(t, "the changes of the core's array are saved", saved.Load)
}

// An array in use is reachable, although the program has forgotten it.
func Test160FinalizerWaitsForUse(t *testing.T) {
	for i := 0; i < 100; i++ {
		array, err := lazy.New(10000, func(start, end int, out []int64) error {
			runtime.GC()
			runtime.Gosched()
			return squares(start, end, out)
		}, lazy.Chunk(512))
		must(t, err)
		if i%2 == 0 {
			wantElement(t, array, 777, square(777))
			continue
		}
		must(t, array.View(500, 600, func(part []int64) error {
			runtime.GC()
			runtime.Gosched()
			equal(t, part[99], square(599))
			return nil
		}))
	}
}
