// SPDX-License-Identifier: MIT

package lazy_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"unsafe"

	"ufomem/lazy"
)

func Test100WrongRanges(t *testing.T) {
	const n = 1000
	array := ready[int64](t)(lazy.New(n, squares))
	nothing := func([]int64) error { t.Error("called"); return nil }
	for _, i := range []int{-1, n, n + 1, math.MaxInt, math.MinInt} {
		_, err := array.Get(i)
		wantError(t, err, lazy.ErrRange)
		wantError(t, array.Set(i, 1), lazy.ErrRange)
	}
	for _, r := range [][2]int{{-1, 5}, {5, 4}, {0, n + 1}, {n, n + 1}, {n + 1, n + 1}, {math.MinInt, math.MaxInt}, {math.MaxInt, math.MaxInt}, {5, math.MinInt}} {
		for _, err := range []error{
			array.View(r[0], r[1], nothing), array.ViewWrite(r[0], r[1], nothing), array.Touch(r[0], r[1]), array.FlushRange(r[0], r[1]),
			array.Evict(r[0], r[1]), array.Reset(r[0], r[1]), array.Advise(r[0], r[1], lazy.AdviseRandom),
			array.ChunksOf(r[0], r[1], func(int, []int64) error { t.Error("called"); return nil }),
		} {
			wantError(t, err, lazy.ErrRange)
		}
	}
	buffer := make([]int64, 10)
	for _, first := range []int{-1, n + 1, math.MaxInt, math.MinInt} {
		_, err := array.ReadAt(buffer, first)
		wantError(t, err, lazy.ErrRange)
		_, err = array.WriteAt(buffer, first)
		wantError(t, err, lazy.ErrRange)
	}
	_, err := array.WriteAt(buffer, n-9)
	wantError(t, err, lazy.ErrRange)
	_, err = array.WriteAt(make([]int64, n+1), 0)
	wantError(t, err, lazy.ErrRange)
	for _, r := range [][2]int{{0, n}, {n, n}, {0, 0}} {
		must(t, array.Touch(r[0], r[1]))
	}
}

func Test100WrongLengths(t *testing.T) {
	for _, n := range []int{0, -1, math.MinInt} {
		_, err := lazy.New(n, squares)
		wantError(t, err, lazy.ErrInvalid)
		_, err = lazy.Zeros[int64](n)
		wantError(t, err, lazy.ErrInvalid)
	}
	for _, n := range []int{math.MaxInt, math.MaxInt / 8, 1 << 60} {
		_, err := lazy.New(n, squares)
		wantError(t, err, lazy.ErrOverflow)
	}
}

func Test100WrongOptions(t *testing.T) {
	floats := lazy.Writeback(func(int, int, []float64) error { return nil })
	sameSize := lazy.Writeback(func(int, int, []uint64) error { return nil })
	for what, option := range map[string]lazy.Option{
		"another type": floats, "another type of the same size": sameSize, "a file's": lazy.Offset(8), "a file's length": lazy.Length(1),
		"Save": lazy.Save(), "a C function": lazy.WritebackC(unsafe.Pointer(t)), "empty": {}, "negative": lazy.Chunk(-1),
		"negative retries": lazy.Retry(-1, 0), "negative readahead": lazy.Readahead(-1),
	} {
		_, err := lazy.New(1000, squares, option)
		t.Log(what, err)
		wantError(t, err, lazy.ErrInvalid)
	}
	_, err := lazy.Zeros[int64](1000, lazy.Writeback(func(int, int, []int64) error { return nil }))
	wantError(t, err, lazy.ErrInvalid)
	_, err = lazy.New[int64](1000, nil)
	wantError(t, err, lazy.ErrInvalid)
	_, err = lazy.FromC[int64](1000, nil, 0)
	wantError(t, err, lazy.ErrInvalid)
	_, err = lazy.NewCore(lazy.CoreOptions{Budget: -1})
	wantError(t, err, lazy.ErrInvalid)
	_, err = lazy.NewCore(lazy.CoreOptions{LowWatermark: 99, HighWatermark: 50})
	wantError(t, err, lazy.ErrInvalid)
	array := ready[int64](t)(lazy.New(1000, squares))
	wantError(t, array.Advise(0, 1000, lazy.Advice(99)), lazy.ErrInvalid)
	_, err = array.Slice()
	wantError(t, err, lazy.ErrUnsupported)
}

func Test100WrongFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	_, err := lazy.Open[int64](path)
	wantError(t, err, lazy.ErrFile)
	wantError(t, err, os.ErrNotExist)
	_, err = lazy.Open[int64](path, lazy.Length(10))
	wantError(t, err, lazy.ErrFile)
	must(t, os.WriteFile(path, make([]byte, 1003), 0o600))
	_, err = lazy.Open[int64](path)
	wantError(t, err, lazy.ErrInvalid) // no whole number of elements
	_, err = lazy.Open[int64](path, lazy.Length(126))
	wantError(t, err, lazy.ErrTruncated)
	_, err = lazy.Open[int64](path, lazy.Offset(1000))
	wantError(t, err, lazy.ErrTruncated)
	_, err = lazy.Open[int64](path, lazy.Offset(math.MaxInt64))
	wantError(t, err, lazy.ErrTruncated)
	_, err = lazy.Open[int64](path, lazy.Length(-1))
	wantError(t, err, lazy.ErrInvalid)
	_, err = lazy.Open[int64](path, lazy.Offset(-1))
	wantError(t, err, lazy.ErrInvalid)
	_, err = lazy.Open[int64](path+"\x00", lazy.Length(1))
	wantError(t, err, lazy.ErrInvalid)
	_, err = lazy.Open[int64](filepath.Dir(path))
	wantError(t, err, lazy.ErrInvalid)
	array := ready[int64](t)(lazy.Open[int64](path, lazy.Length(125)))
	wantElement(t, array, 124, 0)
}

func Test100WrongMatrices(t *testing.T) {
	array := ready[int64](t)(lazy.New(1000, squares))
	for _, shape := range [][2]int{{0, 5}, {5, 0}, {-1, 5}, {-5, -5}} {
		_, err := lazy.NewMatrix(array, shape[0], shape[1], lazy.RowMajor)
		wantError(t, err, lazy.ErrInvalid)
	}
	_, err := lazy.NewMatrix(array, 10, 10, lazy.Order(7))
	wantError(t, err, lazy.ErrInvalid)
	for _, shape := range [][2]int{{1001, 1}, {100, 11}, {math.MaxInt, 2}, {1 << 32, 1 << 32}} {
		_, err := lazy.NewMatrix(array, shape[0], shape[1], lazy.RowMajor)
		wantError(t, err, lazy.ErrRange)
	}
	matrix, err := lazy.NewMatrix(array, 10, 20, lazy.ColumnMajor)
	must(t, err)
	for _, place := range [][2]int{{10, 0}, {0, 20}, {-1, 0}, {0, -1}, {math.MaxInt, math.MaxInt}} {
		_, err := matrix.At(place[0], place[1])
		wantError(t, err, lazy.ErrRange)
		wantError(t, matrix.Set(place[0], place[1], 1), lazy.ErrRange)
	}
	_, err = matrix.Row(10, nil)
	wantError(t, err, lazy.ErrRange)
	_, err = matrix.Column(-1, nil)
	wantError(t, err, lazy.ErrRange)
	_, err = matrix.Row(0, make([]int64, 19))
	wantError(t, err, lazy.ErrInvalid)
	wantError(t, matrix.SetColumn(0, make([]int64, 11)), lazy.ErrInvalid)
	wantError(t, matrix.SetRow(10, make([]int64, 20)), lazy.ErrRange)
}
