// SPDX-License-Identifier: MIT

package lazy_test

import (
	"os"
	"path/filepath"
	"testing"

	"ufomem/lazy"
)

// Indices, counts and byte offsets beyond 31 and 32 bits.
func Test110LargeArray(t *testing.T) {
	const n = 1<<40 + 5
	array := ready[int64](t)(lazy.New(n, squares, lazy.Chunk(512)))
	for _, i := range []int{1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 1<<32 + 1, 1 << 39, n - 1} {
		wantElement(t, array, i, square(i))
		must(t, array.Set(i, int64(-i)))
		wantElement(t, array, i, int64(-i))
	}
	for _, border := range []int{1 << 28, 1 << 29, 1 << 31, 1 << 32} { // of 2 GiB, of 4 GiB, of 2^31 and of 2^32 elements
		block := make([]int64, 2000)
		count, err := array.ReadAt(block, border-1500)
		must(t, err)
		equal(t, count, 2000)
		equal(t, block[0], square(border-1500))
		equal(t, block[1999], square(border+499))
		must(t, array.View(border-1500, border-1, func(part []int64) error {
			equal(t, part[1498], square(border-2))
			return nil
		}))
	}
	parts := array.Iterate(n-3000, n)
	last := 0
	for parts.Next() {
		last = parts.Start() + len(parts.Part())
	}
	must(t, parts.Err())
	equal(t, last, n)
}

func Test110LargeSlice(t *testing.T) {
	array := ready[int8](t)(lazy.Zeros[int8](5*gib + 3))
	slice, err := array.Slice()
	must(t, err)
	equal(t, len(slice), 5*gib+3)
	slice[5*gib] = 7
	slice[3*gib] = 8
	wantElement(t, array, 5*gib, 7)
	wantElement(t, array, 3*gib, 8)
}

// More than 2^31 elements in one call.
func Test110LargeRange(t *testing.T) {
	core := newCore(t, 64*mib)
	array := ready[int8](t)(lazy.Zeros[int8](3*gib, lazy.On(core)))
	must(t, array.Set(3*gib-1, 5))
	must(t, array.FlushRange(1, 3*gib))
	must(t, array.Evict(0, 3*gib))
	wantElement(t, array, 3*gib-1, 5)
	must(t, array.Reset(0, 3*gib))
	wantElement(t, array, 3*gib-1, 0)
}

func Test110LargeFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sparse")
	file, err := os.Create(path)
	must(t, err)
	defer file.Close()
	must(t, file.Truncate(6*gib))
	must(t, second(file.WriteAt([]byte{42}, 5*gib)))
	array := ready[uint8](t)(lazy.Open[uint8](path, lazy.Offset(1*gib), lazy.Save()))
	equal(t, array.Len(), 5*gib)
	wantElement(t, array, 4*gib, 42)
	must(t, array.Set(5*gib-1, 43))
	must(t, array.Flush())
	byteAtTheEnd := make([]byte, 1)
	must(t, second(file.ReadAt(byteAtTheEnd, 6*gib-1)))
	equal(t, byteAtTheEnd[0], 43)
}

func Test110LargeMatrix(t *testing.T) {
	array := ready[int64](t)(lazy.New(1<<36, squares, lazy.Chunk(512)))
	for _, order := range []lazy.Order{lazy.RowMajor, lazy.ColumnMajor} {
		matrix, err := lazy.NewMatrix(array, 1<<18, 1<<18, order)
		must(t, err)
		got, err := matrix.At(1<<18-1, 1<<17)
		must(t, err)
		index := (1<<18-1)<<18 + 1<<17
		if order == lazy.ColumnMajor {
			index = 1<<17<<18 + 1<<18 - 1
		}
		equal(t, got, square(index))
	}
}
