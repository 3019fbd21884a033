// SPDX-License-Identifier: MIT

package lazy_test

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"time"

	"ufomem/lazy"
)

const kib, mib, gib = 1 << 10, 1 << 20, 1 << 30

// A kernel, or a sandbox, that refuses everything is no failure of the binding's.
func TestMain(m *testing.M) {
	array, err := lazy.Zeros[int8](1)
	if errors.Is(err, lazy.ErrUnsupported) || errors.Is(err, lazy.ErrPermission) {
		fmt.Println("skipped:", err)
		os.Exit(77)
	}
	if err != nil {
		fmt.Println("the simplest array cannot be made:", err)
		os.Exit(1)
	}
	array.Close()
	os.Exit(m.Run())
}

// within ends the whole program, with all stacks, when body hangs.
func within(t *testing.T, limit time.Duration, body func()) {
	t.Helper()
	alarm := time.AfterFunc(limit, func() {
		debug.SetTraceback("all")
		panic(fmt.Sprintf("%s hangs: not done in %v", t.Name(), limit))
	})
	defer alarm.Stop()
	body()
}

func newCore(t testing.TB, budget int) *lazy.Core {
	t.Helper()
	core, err := lazy.NewCore(lazy.CoreOptions{Budget: budget})
	must(t, err)
	t.Cleanup(func() { must(t, core.Close()) })
	return core
}

// ready gives the array that a constructor made, and closes it at the end of the test.
func ready[T lazy.Number](t testing.TB) func(array *lazy.Array[T], err error) *lazy.Array[T] {
	return func(array *lazy.Array[T], err error) *lazy.Array[T] {
		t.Helper()
		must(t, err)
		t.Cleanup(func() { must(t, array.Close()) })
		return array
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error %v, want %v", err, want)
	}
}

func equal[T any](t testing.TB, got, want T) {
	t.Helper()
	if any(got) != any(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

func wantElement[T lazy.Number](t testing.TB, array *lazy.Array[T], i int, want T) {
	t.Helper()
	got, err := array.Get(i)
	if err != nil {
		t.Fatalf("element %d: %v", i, err)
	}
	if got != want {
		t.Fatalf("element %d is %v, want %v", i, got, want)
	}
}

func square(i int) int64 { return int64(i) * int64(i) }

func squares(start, end int, out []int64) error {
	for i := range out {
		out[i] = square(start + i)
	}
	return nil
}

// filled is where tests count their fills.
type filled struct{ calls, elements atomic.Int64 }

func (f *filled) squares(start, end int, out []int64) error {
	f.calls.Add(1)
	f.elements.Add(int64(len(out)))
	return squares(start, end, out)
}
