// SPDX-License-Identifier: MIT

package lazy_test

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ufomem/lazy"
)

// Readers see right elements until they see ErrClosed, and Close waits for the callbacks.
func Test080CloseInUse(t *testing.T) {
	within(t, time.Minute, func() {
		core := newCore(t, 1*mib)
		for round := 0; round < 200; round++ {
			var running atomic.Int64
			var ended atomic.Bool
			array, err := lazy.New(mib, func(start, end int, out []int64) error {
				running.Add(1)
				defer running.Add(-1)
				if ended.Load() {
					t.Error("a callback runs after Close")
				}
				runtime.Gosched()
				return squares(start, end, out)
			}, lazy.On(core), lazy.Chunk(512))
			must(t, err)
			var group sync.WaitGroup
			for reader := 0; reader < 4; reader++ {
				group.Add(1)
				go func(i int) {
					defer group.Done()
					for ; ; i = (i*5 + 12345) % mib {
						value, err := array.Get(i)
						if errors.Is(err, lazy.ErrClosed) {
							return
						}
						if err != nil || value != square(i) {
							t.Errorf("element %d is %d; %v", i, value, err)
							return
						}
						err = array.View(i, min(i+100, mib), func(part []int64) error {
							if part[0] != square(i) {
								t.Errorf("element %d is %d in a view", i, part[0])
							}
							return nil
						})
						if err != nil && !errors.Is(err, lazy.ErrClosed) {
							t.Error(err)
							return
						}
					}
				}(reader * 1000)
			}
			time.Sleep(time.Duration(round%10) * 100 * time.Microsecond)
			must(t, array.Close())
			ended.Store(true)
			equal(t, running.Load(), 0)
			group.Wait()
		}
	})
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}

// A callback that closes its own array does not wait for itself.
func Test080CloseInsideACallback(t *testing.T) {
	within(t, time.Minute, func() {
		var array *lazy.Array[int64]
		array, err := lazy.New(1000, func(start, end int, out []int64) error {
			must(t, array.Close())
			return squares(start, end, out)
		})
		must(t, err)
		value, err := array.Get(5)
		if err == nil {
			equal(t, value, 25)
		}
		// The end comes when the callback has returned.
		for err == nil {
			_, err = array.Get(5)
		}
		wantError(t, err, lazy.ErrClosed)
	})
}

func Test080CloseTheCoreInUse(t *testing.T) {
	within(t, time.Minute, func() {
		for round := 0; round < 50; round++ {
			core, err := lazy.NewCore(lazy.CoreOptions{Budget: mib})
			must(t, err)
			array, err := lazy.New(mib, squares, lazy.On(core), lazy.Chunk(512))
			must(t, err)
			var group sync.WaitGroup
			for reader := 0; reader < 4; reader++ {
				group.Add(1)
				go func(i int) {
					defer group.Done()
					for ; ; i = (i*5 + 12345) % mib {
						value, err := array.Get(i)
						if errors.Is(err, lazy.ErrClosed) {
							return
						}
						if err != nil || value != square(i) {
							t.Errorf("element %d is %d; %v", i, value, err)
							return
						}
					}
				}(reader * 1000)
			}
			time.Sleep(time.Duration(round%10) * 100 * time.Microsecond)
			must(t, core.Close())
			group.Wait()
			must(t, array.Close())
		}
	})
}
