// SPDX-License-Identifier: MIT

package lazy_test

import (
	"math/rand"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ufomem/lazy"
)

// What broke bindings whose callbacks run under page faults: parallel readers, writers and views, a collector that never rests, evictions because of a
// tiny budget, and callbacks that allocate; thousands of chunks.  UFOMEM_STRESS_SECONDS: for how long, default 3.
func Test200Stress(t *testing.T) {
	const chunks, perChunk = 4096, 512
	const n = chunks * perChunk
	seconds, err := strconv.Atoi(os.Getenv("UFOMEM_STRESS_SECONDS"))
	if err != nil {
		seconds = 3
	}
	within(t, time.Duration(seconds+60)*time.Second, func() {
		core := newCore(t, 1*mib)
		var keep atomic.Pointer[[]byte]
		base := ready[int64](t)(lazy.New(n, func(start, end int, out []int64) error {
			garbage := make([]byte, 1000+start%5000)
			keep.Store(&garbage)
			texts := map[int]string{}
			for i := range out {
				out[i] = square(start + i)
				if i%64 == 0 {
					texts[i] = strconv.Itoa(i)
				}
			}
			if start%7 == 0 {
				runtime.Gosched()
			}
			return nil
		}, lazy.On(core), lazy.Chunk(perChunk), lazy.Readahead(0)))
		// Computed from the other one, so that callbacks meet evictions, too; its odd elements are written to.
		doubled := ready[int64](t)(lazy.New(n, func(start, end int, out []int64) error {
			copied := make([]int64, len(out))
			if _, err := base.ReadAt(copied, start); err != nil {
				return err
			}
			for i, value := range copied {
				out[i] = 2 * value
			}
			return nil
		}, lazy.On(core), lazy.Chunk(perChunk)))

		var stop atomic.Bool
		var group sync.WaitGroup
		var reads, writes, views atomic.Int64
		start := func(body func(random *rand.Rand)) {
			group.Add(1)
			seed := rand.Int63()
			go func() {
				defer group.Done()
				random := rand.New(rand.NewSource(seed))
				for !stop.Load() && !t.Failed() {
					body(random)
				}
			}()
		}
		for reader := 0; reader < 4; reader++ {
			start(func(random *rand.Rand) {
				i := random.Intn(n)
				if value, err := base.Get(i); err != nil || value != square(i) {
					t.Errorf("element %d is %d; %v", i, value, err)
				}
				i = random.Intn(n) &^ 1
				if value, err := doubled.Get(i); err != nil || value != 2*square(i) {
					t.Errorf("element %d of the second is %d; %v", i, value, err)
				}
				reads.Add(2)
			})
		}
		for writer := 0; writer < 2; writer++ {
			writer := writer
			start(func(random *rand.Rand) { // each its own elements, 4k+1 and 4k+3
				i := random.Intn(n/4)*4 + 2*writer + 1
				if err := doubled.Set(i, int64(-i)); err != nil {
					t.Errorf("element %d cannot be set: %v", i, err)
				}
				if value, err := doubled.Get(i); err != nil || value != int64(-i) {
					t.Errorf("element %d is %d after it was set; %v", i, value, err)
				}
				writes.Add(1)
			})
		}
		start(func(random *rand.Rand) {
			i := random.Intn(n - 3000)
			err := base.View(i, i+3000, func(part []int64) error {
				for k := 0; k < len(part); k += 100 {
					if part[k] != square(i+k) {
						t.Errorf("element %d is %d in a view", i+k, part[k])
					}
				}
				return nil
			})
			if err != nil {
				t.Errorf("a view: %v", err)
			}
			views.Add(1)
		})
		start(func(random *rand.Rand) {
			i := random.Intn(n - 3000)
			err := doubled.Evict(i, i+3000)
			if err != nil && !isPinned(err) {
				t.Errorf("evict: %v", err)
			}
			time.Sleep(time.Millisecond)
		})
		start(func(*rand.Rand) { runtime.GC() })
		start(func(*rand.Rand) { // arrays come and go
			array, err := lazy.New(10000, squares, lazy.On(core))
			if err != nil {
				t.Errorf("new: %v", err)
				return
			}
			if value, err := array.Get(9999); err != nil || value != square(9999) {
				t.Errorf("element 9999 of a new array is %d; %v", value, err)
			}
			if rand.Intn(2) == 0 {
				_ = array.Close()
			}
		})
		time.Sleep(time.Duration(seconds) * time.Second)
		stop.Store(true)
		group.Wait()
		for i := 1; i < n; i += 2 {
			if value, err := doubled.Get(i); err != nil || (value != int64(-i) && value != 2*square(i)) {
				t.Fatalf("element %d is %d at the end; %v", i, value, err)
			}
		}
		stats, err := base.Stats()
		must(t, err)
		t.Logf("%d reads, %d writes, %d views, %d evictions", reads.Load(), writes.Load(), views.Load(), stats.Evictions)
		if stats.Evictions < 1000 || reads.Load() < 1000 || writes.Load() < 100 || views.Load() < 10 {
			t.Error("that was no stress")
		}
	})
}
