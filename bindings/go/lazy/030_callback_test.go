// SPDX-License-Identifier: MIT

package lazy_test

import (
	"io"
	"testing"

	"ufomem/lazy"
)

func Test030CallbackIsAskedOnce(t *testing.T) {
	var fills filled
	array := ready[int64](t)(lazy.New(1<<40, fills.squares, lazy.Chunk(512)))
	equal(t, fills.calls.Load(), 0)
	wantElement(t, array, 1<<40-1, square(1<<40-1))
	wantElement(t, array, 1<<40-2, square(1<<40-2))
	equal(t, fills.calls.Load(), 1)
	equal(t, fills.elements.Load(), 512)
}

func Test030CallbackGetsItsRange(t *testing.T) {
	const n = 100003
	seen := make([]int, n)
	array := ready[int64](t)(lazy.New(n, func(start, end int, out []int64) error {
		if end-start != len(out) || end > n {
			t.Errorf("[%d, %d) with room for %d", start, end, len(out))
		}
		for i := start; i < end; i++ {
			seen[i]++
		}
		return squares(start, end, out)
	}))
	must(t, array.Touch(0, n))
	for i, times := range seen {
		if times != 1 {
			t.Fatalf("element %d was filled %d times", i, times)
		}
	}
}

func Test030CallbackReadAt(t *testing.T) {
	const n = 100003
	array := ready[int64](t)(lazy.New(n, squares))
	all := make([]int64, n)
	count, err := array.ReadAt(all, 0)
	must(t, err)
	equal(t, count, n)
	for i, value := range all {
		equal(t, value, square(i))
	}
	// As with io.ReaderAt: what there is, and io.EOF.
	count, err = array.ReadAt(all, n-5)
	equal(t, count, 5)
	equal(t, err, io.EOF)
	equal(t, all[4], square(n-1))
	count, err = array.ReadAt(all, n)
	equal(t, count, 0)
	equal(t, err, io.EOF)
	count, err = array.ReadAt(nil, 7)
	equal(t, count, 0)
	must(t, err)
}

// An array that is computed from another one, which is computed from its own beginning.
func Test030CallbackNested(t *testing.T) {
	core := newCore(t, 8*mib)
	var powers *lazy.Array[uint64]
	powers = ready[uint64](t)(lazy.New(64*512, func(start, end int, out []uint64) error {
		for i := range out {
			out[i] = 3
			if start > 0 {
				before, err := powers.Get(start + i - 512)
				if err != nil {
					return err
				}
				out[i] = before * 3
			}
		}
		return nil
	}, lazy.On(core), lazy.Chunk(512), lazy.Readahead(0)))
	doubled := ready[uint64](t)(lazy.New(64*512, func(start, end int, out []uint64) error {
		if _, err := powers.ReadAt(out, start); err != nil {
			return err
		}
		for i := range out {
			out[i] *= 2
		}
		return nil
	}, lazy.On(core), lazy.Chunk(512), lazy.Readahead(0)))
	want := uint64(2)
	for i := 0; i < 31; i++ { // 30 chunks deep
		want *= 3
	}
	wantElement(t, doubled, 30*512+7, want)
}

func Test030CallbackIsReleased(t *testing.T) {
	// Many more than the library keeps in mind, so that a handle that was not released would be seen as memory; and used wrongly, as a panic.
	for i := 0; i < 1000; i++ {
		array, err := lazy.New(10, squares)
		must(t, err)
		wantElement(t, array, 3, 9)
		must(t, array.Close())
	}
}

// Chunks of three pages: no power of two.
func Test030CallbackOddChunks(t *testing.T) {
	core := newCore(t, 1*mib)
	array := ready[int64](t)(lazy.New(mib, squares, lazy.On(core), lazy.Chunk(3*512), lazy.Readahead(0)))
	equal(t, array.Chunk(), 3*512)
	for round := 0; round < 2; round++ {
		for i := 0; i < mib; i += 511 {
			wantElement(t, array, i, square(i))
			must(t, array.Set(i, square(i)))
			wantElement(t, array, i, square(i))
		}
	}
}
