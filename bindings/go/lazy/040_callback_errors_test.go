// SPDX-License-Identifier: MIT

package lazy_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ufomem/lazy"
)

type httpError struct{ code int }

func (e *httpError) Error() string { return fmt.Sprintf("status %d", e.code) }

var errUnplugged = errors.New("the disk is unplugged")

func Test040ErrorIsTheCallbacksOwn(t *testing.T) {
	array := ready[int64](t)(lazy.New(1<<20, func(start, end int, out []int64) error {
		if start >= 1<<19 {
			return fmt.Errorf("reading %d: %w", start, &httpError{503})
		}
		if start > 0 {
			return errUnplugged
		}
		return squares(start, end, out)
	}, lazy.Chunk(512), lazy.Readahead(0)))
	wantElement(t, array, 5, 25)

	_, err := array.Get(1000)
	wantError(t, err, lazy.ErrPopulate)
	wantError(t, err, errUnplugged)
	if errors.Is(err, lazy.ErrRange) {
		t.Fatal("it is no ErrRange")
	}
	var lazyError *lazy.Error
	if !errors.As(err, &lazyError) {
		t.Fatal("no *lazy.Error")
	}
	equal(t, lazyError.Status, lazy.ErrPopulate)
	equal(t, lazyError.Err, errUnplugged)
	equal(t, lazyError.Op, "get")
	if !strings.Contains(err.Error(), "the disk is unplugged") || lazyError.Message == "" {
		t.Fatalf("says %q", err)
	}

	buffer := make([]int64, 10)
	for _, err := range []error{
		array.Touch(1<<20-1, 1<<20),
		array.View(1<<20-5, 1<<20, func([]int64) error { return nil }),
		array.Set(1<<20-1, 7),
		second(array.ReadAt(buffer, 1<<20-10)),
		second(array.WriteAt(buffer, 1<<20-10)),
	} {
		var cause *httpError
		if !errors.As(err, &cause) || cause.code != 503 {
			t.Fatalf("%v has no *httpError", err)
		}
	}
}

func second(_ int, err error) error { return err }

func Test040ErrorStaysUntilReset(t *testing.T) {
	var plugged atomic.Bool
	var asked atomic.Int32
	array := ready[int64](t)(lazy.New(1000, func(start, end int, out []int64) error {
		asked.Add(1)
		if !plugged.Load() {
			return errUnplugged
		}
		return squares(start, end, out)
	}))
	_, err := array.Get(3)
	wantError(t, err, errUnplugged)
	plugged.Store(true)
	_, err = array.Get(4)
	wantError(t, err, errUnplugged)
	equal(t, asked.Load(), 1)
	must(t, array.Reset(0, 1000))
	wantElement(t, array, 3, 9)
}

func Test040ErrorRetry(t *testing.T) {
	var asked atomic.Int32
	array := ready[int64](t)(lazy.New(1000, func(start, end int, out []int64) error {
		if asked.Add(1) < 3 {
			return errUnplugged
		}
		return squares(start, end, out)
	}, lazy.Retry(2, time.Millisecond)))
	wantElement(t, array, 9, 81)
	equal(t, asked.Load(), 3)
}

// Errors of different chunks are not mixed up, not even by many goroutines at once.
func Test040ErrorPerChunk(t *testing.T) {
	const chunks = 300
	array := ready[int64](t)(lazy.New(chunks*512, func(start, end int, out []int64) error {
		return &httpError{start / 512}
	}, lazy.Chunk(512), lazy.Readahead(0)))
	var group sync.WaitGroup
	for worker := 0; worker < 8; worker++ {
		group.Add(1)
		go func(worker int) {
			defer group.Done()
			for i := 0; i < 2*chunks; i++ {
				chunk := (i*(2*worker+1) + worker) % chunks
				_, err := array.Get(chunk*512 + i%512)
				var cause *httpError
				if !errors.As(err, &cause) || cause.code != chunk {
					t.Errorf("chunk %d gave %v", chunk, err)
					return
				}
			}
		}(worker)
	}
	group.Wait()
}

// Of very many failures the latest are known; the others are failures still.
func Test040ErrorForgotten(t *testing.T) {
	const chunks = 1100
	array := ready[int64](t)(lazy.New(chunks*512, func(start, end int, out []int64) error {
		return &httpError{start / 512}
	}, lazy.Chunk(512), lazy.Readahead(0)))
	for chunk := 0; chunk < chunks; chunk++ {
		_, err := array.Get(chunk * 512)
		wantError(t, err, lazy.ErrPopulate)
	}
	var cause *httpError
	_, err := array.Get(0)
	wantError(t, err, lazy.ErrPopulate)
	if errors.As(err, &cause) {
		t.Fatal("a cause was kept that should have been dropped:", err)
	}
	if _, err = array.Get((chunks - 1) * 512); !errors.As(err, &cause) {
		t.Fatal("the latest cause is gone:", err)
	}
}

func Test040ErrorPanic(t *testing.T) {
	array := ready[int64](t)(lazy.New(5*512, func(start, end int, out []int64) error {
		switch start / 512 {
		case 0:
			panic("no more squares")
		case 1:
			panic(errUnplugged)
		case 2:
			out[len(out)+start-2*512] = 1 // index out of range
		case 3:
			panic(nil)
		}
		return squares(start, end, out)
	}, lazy.Chunk(512), lazy.Readahead(0)))

	_, err := array.Get(1)
	wantError(t, err, lazy.ErrPopulate)
	var panicked *lazy.PanicError
	if !errors.As(err, &panicked) {
		t.Fatalf("%v is no panic", err)
	}
	equal(t, panicked.Value, any("no more squares"))
	if !strings.Contains(string(panicked.Stack), "Test040ErrorPanic") {
		t.Fatalf("the stack does not show the callback:\n%s", panicked.Stack)
	}
	if !strings.Contains(err.Error(), "no more squares") {
		t.Fatalf("says %q", err)
	}

	_, err = array.Get(513)
	wantError(t, err, errUnplugged)
	_, err = array.Get(2*512 + 1)
	var runtimeError interface{ RuntimeError() }
	if !errors.As(err, &runtimeError) {
		t.Fatalf("%v wraps no runtime.Error", err)
	}
	_, err = array.Get(3*512 + 1)
	if !errors.As(err, &panicked) || panicked.Value != nil {
		t.Fatalf("panic(nil) gave %v", err)
	}
	wantElement(t, array, 4*512, square(4*512)) // and nothing is broken
}

func Test040ErrorOfWriteback(t *testing.T) {
	var broken atomic.Bool
	store := make([]int64, 1000)
	array := ready[int64](t)(lazy.New(1000, func(start, end int, out []int64) error {
		copy(out, store[start:end])
		return nil
	}, lazy.Writeback(func(start, end int, data []int64) error {
		if broken.Load() {
			return errUnplugged
		}
		copy(store[start:end], data)
		return nil
	})))
	must(t, array.Set(7, 70))
	broken.Store(true)
	err := array.Flush()
	wantError(t, err, lazy.ErrWriteback)
	wantError(t, err, errUnplugged)
	equal(t, store[7], 0)
	wantElement(t, array, 7, 70) // nothing is lost
	broken.Store(false)
	must(t, array.Flush())
	equal(t, store[7], 70)

	array, err = lazy.New(1000, squares, lazy.Writeback(func(int, int, []int64) error { panic("full") }))
	must(t, err)
	must(t, array.Set(7, 70))
	var panicked *lazy.PanicError
	if err = array.Close(); !errors.As(err, &panicked) {
		t.Fatalf("Close gave %v", err)
	}
}
