// SPDX-License-Identifier: MIT

package lazy_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ufomem/internal/csource"
	"ufomem/lazy"
)

func isPinned(err error) bool { return errors.Is(err, lazy.ErrPinned) }

// collecting runs body while another goroutine does nothing but collect garbage.
func collecting(body func()) {
	var stop atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for !stop.Load() {
			runtime.GC()
		}
	}()
	body()
	stop.Store(true)
	<-done
}

// onProcs runs body with so many threads of Go code.
func onProcs(t *testing.T, body func(t *testing.T)) {
	for _, procs := range []int{1, 2} {
		t.Run(map[int]string{1: "GOMAXPROCS=1", 2: "GOMAXPROCS=2"}[procs], func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
			within(t, 2*time.Minute, func() { body(t) })
		})
	}
}

// stray gives a slice over elements that are not in memory: one that was kept from a view, which a program must not do.
func stray(t *testing.T, array *lazy.Array[byte]) []byte {
	t.Helper()
	var kept []byte
	must(t, array.View(0, array.Len(), func(part []byte) error { kept = part; return nil }))
	must(t, array.Evict(0, array.Len()))
	return kept
}

// faults tells whether body ends in the panic that Go makes of a fault.
func faults(body func()) (panicked bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if value := recover(); value != nil {
			_, panicked = value.(runtime.Error)
			if !panicked {
				panic(value)
			}
		}
	}()
	body()
	return false
}

// The naive binding hung here for ever: copy faults inside the runtime, the callback waits for the runtime.
func Test210StrayCopyPanics(t *testing.T) {
	strayAccess(t, func(kept []byte) { copy(make([]byte, len(kept)), kept) })
}

func Test210StrayCountPanics(t *testing.T) {
	strayAccess(t, func(kept []byte) { bytes.Count(kept, []byte{1}) })
}

func Test210StrayLoopPanics(t *testing.T) {
	strayAccess(t, func(kept []byte) {
		sum := 0
		for _, value := range kept {
			sum += int(value)
		}
		strayResult.Store(int64(sum))
	})
}

func Test210StrayStorePanics(t *testing.T) {
	strayAccess(t, func(kept []byte) { kept[0] = 1 })
}

var strayResult atomic.Int64

func strayAccess(t *testing.T, access func(kept []byte)) {
	onProcs(t, func(t *testing.T) {
		core := newCore(t, 4*mib)
		var calls atomic.Int64
		array := ready[byte](t)(lazy.New(1*mib, func(start, end int, out []byte) error {
			calls.Add(1)
			for i := range out {
				out[i] = byte(start + i)
			}
			return nil
		}, lazy.On(core), lazy.Chunk(4096)))
		collecting(func() {
			for round := 0; round < 5; round++ {
				kept := stray(t, array)
				before := calls.Load()
				if !faults(func() { access(kept) }) {
					t.Fatal("no panic")
				}
				equal(t, calls.Load(), before) // no callback on a fault
				wantElement(t, array, 77, 77)  // and no harm done
				wantElement(t, array, mib-1, 255)
			}
		})
	})
}

// Plain slices of native sources may fault: no Go is needed to fill them, not even with one P, which the faulting goroutine holds.
func Test210NativeSliceFaultsUnderCollection(t *testing.T) {
	onProcs(t, func(t *testing.T) {
		const n = 1 << 19
		core := newCore(t, 1*mib)
		source := csource.New(n)
		array := ready[int64](t)(lazy.FromC[int64](n, csource.Populate(), source.UserData(), lazy.On(core), lazy.Chunk(512)))
		slice, err := array.Slice()
		must(t, err)
		collecting(func() {
			var group sync.WaitGroup
			for reader := 0; reader < 3; reader++ {
				group.Add(1)
				go func(reader int) {
					defer group.Done()
					to := make([]int64, 5000)
					for start := reader * 100; start+5000 <= n; start += 5000 {
						copy(to, slice[start:])
						if to[4999] != int64(3*(start+4999)) {
							t.Errorf("element %d is %d", start+4999, to[4999])
							return
						}
					}
				}(reader)
			}
			group.Wait()
		})
		runtime.KeepAlive(array)
	})
}

func Test210CallbackCollects(t *testing.T) {
	onProcs(t, func(t *testing.T) {
		array := ready[int64](t)(lazy.New(100*512, func(start, end int, out []int64) error {
			runtime.GC()
			return squares(start, end, out)
		}, lazy.Chunk(512), lazy.Readahead(0)))
		var group sync.WaitGroup
		for reader := 0; reader < 4; reader++ {
			group.Add(1)
			go func() {
				defer group.Done()
				for i := 0; i < 100*512; i += 256 {
					if value, err := array.Get(i); err != nil || value != square(i) {
						t.Errorf("element %d is %d; %v", i, value, err)
					}
				}
			}()
		}
		group.Wait()
	})
}

// A callback may wait for other goroutines, by a channel ...
func Test210CallbackWaitsForAGoroutine(t *testing.T) {
	onProcs(t, func(t *testing.T) {
		requests := make(chan int)
		answers := make(chan int64)
		go func() {
			for i := range requests {
				answers <- square(i)
			}
		}()
		defer close(requests)
		array := ready[int64](t)(lazy.New(20*512, func(start, end int, out []int64) error {
			for i := range out {
				requests <- start + i
				out[i] = <-answers
			}
			return nil
		}, lazy.Chunk(512), lazy.Readahead(0)))
		collecting(func() {
			for i := 0; i < 20*512; i += 512 {
				wantElement(t, array, i, square(i))
			}
		})
	})
}

// ... and even by spinning: the collector has to be able to stop it, although the library holds back signals while it fills.
func Test210CallbackSpins(t *testing.T) {
	onProcs(t, func(t *testing.T) {
		array := ready[int64](t)(lazy.New(2*512, func(start, end int, out []int64) error {
			var flag int64
			go func() {
				runtime.GC()
				atomic.StoreInt64(&flag, 1)
			}()
			for atomic.LoadInt64(&flag) == 0 {
			}
			return squares(start, end, out)
		}, lazy.Chunk(512), lazy.Readahead(0)))
		for i := 0; i < 2*512; i += 512 {
			wantElement(t, array, i, square(i))
		}
	})
}

func Test210CallbackWantsItsOwnElements(t *testing.T) {
	onProcs(t, func(t *testing.T) {
		var array *lazy.Array[int64]
		array = ready[int64](t)(lazy.New(1000, func(start, end int, out []int64) error {
			value, err := array.Get(start)
			out[0] = value
			return err
		}))
		_, err := array.Get(5)
		wantError(t, err, lazy.ErrPopulate)
		wantError(t, err, lazy.ErrDeadlock)
	})
}

// Two arrays, each computed from the other one, on two goroutines.
func Test210CallbacksWaitForEachOther(t *testing.T) {
	onProcs(t, func(t *testing.T) {
		for round := 0; round < 50; round++ {
			var arrays [2]*lazy.Array[int64]
			var inside sync.WaitGroup
			inside.Add(2)
			var first [2]sync.Once
			for k := range arrays {
				k := k
				arrays[k] = ready[int64](t)(lazy.New(10, func(start, end int, out []int64) error {
					first[k].Do(func() { inside.Done(); inside.Wait() })
					_, err := arrays[1-k].Get(start)
					return err
				}))
			}
			errs := make(chan error)
			for k := range arrays {
				go func(k int) { _, err := arrays[k].Get(0); errs <- err }(k)
			}
			deadlocks := 0
			for range arrays {
				err := <-errs
				wantError(t, err, lazy.ErrPopulate)
				if errors.Is(err, lazy.ErrDeadlock) {
					deadlocks++
				}
			}
			if deadlocks == 0 {
				t.Fatal("nobody was told of the deadlock")
			}
		}
	})
}

// A finalizer may use arrays, and so may what the collector does to arrays.
func Test210FinalizersUseArrays(t *testing.T) {
	onProcs(t, func(t *testing.T) {
		core := newCore(t, 1*mib)
		array := ready[int64](t)(lazy.New(1000*512, squares, lazy.On(core), lazy.Chunk(512)))
		var done atomic.Int64
		for i := 0; i < 500; i++ {
			object := &struct{ i int }{i}
			runtime.SetFinalizer(object, func(object *struct{ i int }) {
				if value, err := array.Get(object.i * 512); err != nil || value != square(object.i*512) {
					t.Errorf("element %d is %d; %v", object.i*512, value, err)
				}
				done.Add(1)
			})
		}
		collected(t, "the finalizers have run", func() bool { return done.Load() >= 499 })
	})
}

// The one thing that a callback must not do ends the program, with a sentence that says so.
func Test210CallbackThatExitsItsGoroutineEndsTheProgram(t *testing.T) {
	if os.Getenv("UFOMEM_TEST_GOEXIT") != "" {
		array, err := lazy.New(1000, func(int, int, []int64) error { runtime.Goexit(); return nil })
		must(t, err)
		_, _ = array.Get(5)
		return
	}
	within(t, time.Minute, func() {
		command := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		command.Env = append(os.Environ(), "UFOMEM_TEST_GOEXIT=1")
		output, err := command.CombinedOutput()
		if err == nil || !strings.Contains(string(output), "runtime.Goexit") || !strings.Contains(string(output), "return an error instead") {
			t.Fatalf("%v:\n%s", err, output)
		}
	})
}
