// SPDX-License-Identifier: MIT

package lazy_test

import (
	"errors"
	"testing"

	"ufomem/lazy"
)

func Test140MatrixRowMajor(t *testing.T)    { matrixIn(t, lazy.RowMajor) }
func Test140MatrixColumnMajor(t *testing.T) { matrixIn(t, lazy.ColumnMajor) }

func matrixIn(t *testing.T, order lazy.Order) {
	const rows, columns = 2100, 1100 // more than is gathered at a time
	core := newCore(t, 2*mib)
	value := func(row, column int) int64 { return int64(row*10000 + column) }
	array := ready[int64](t)(lazy.New(rows*columns, func(start, end int, out []int64) error {
		for i := range out {
			row, column := (start+i)/columns, (start+i)%columns
			if order == lazy.ColumnMajor {
				row, column = (start+i)%rows, (start+i)/rows
			}
			out[i] = value(row, column)
		}
		return nil
	}, lazy.On(core), lazy.Chunk(512)))
	matrix, err := lazy.NewMatrix(array, rows, columns, order)
	must(t, err)
	equal(t, matrix.Rows(), rows)
	equal(t, matrix.Columns(), columns)
	equal(t, matrix.Order(), order)
	equal(t, matrix.Array(), array)

	at := func(row, column int, want int64) {
		t.Helper()
		got, err := matrix.At(row, column)
		must(t, err)
		equal(t, got, want)
	}
	at(0, 0, 0)
	at(rows-1, columns-1, value(rows-1, columns-1))
	at(17, 1000, value(17, 1000))

	row, err := matrix.Row(33, nil)
	must(t, err)
	equal(t, len(row), columns)
	column, err := matrix.Column(44, make([]int64, rows+10))
	must(t, err)
	equal(t, len(column), rows)
	for i, got := range row {
		equal(t, got, value(33, i))
	}
	for i, got := range column {
		equal(t, got, value(i, 44))
	}

	seen := 0
	must(t, matrix.EachRow(func(row int, values []int64) error {
		equal(t, row, seen)
		equal(t, len(values), columns)
		for i, got := range values {
			equal(t, got, value(row, i))
		}
		seen++
		return nil
	}))
	equal(t, seen, rows)
	seen = 0
	must(t, matrix.EachColumn(func(column int, values []int64) error {
		equal(t, column, seen)
		equal(t, len(values), rows)
		for i, got := range values {
			equal(t, got, value(i, column))
		}
		seen++
		return nil
	}))
	equal(t, seen, columns)
	enough := errors.New("enough")
	equal(t, matrix.EachRow(func(int, []int64) error { return enough }), enough)
	equal(t, matrix.EachColumn(func(int, []int64) error { return enough }), enough)

	must(t, matrix.Set(5, 6, -1))
	at(5, 6, -1)
	at(6, 5, value(6, 5))
	for i := range row {
		row[i] = int64(-i)
	}
	must(t, matrix.SetRow(7, row))
	for i := range column {
		column[i] = int64(-2 * i)
	}
	must(t, matrix.SetColumn(8, column))
	at(7, 9, -9)
	at(9, 8, -18)
	at(7, 8, -14)
	at(8, 7, value(8, 7))
}

// What is left of the array behind the matrix is not touched.
func Test140MatrixIsThePartInFront(t *testing.T) {
	array := ready[int8](t)(lazy.Zeros[int8](103))
	matrix, err := lazy.NewMatrix(array, 10, 10, lazy.ColumnMajor)
	must(t, err)
	ones := []int8{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}
	for i := 0; i < 10; i++ {
		must(t, matrix.SetRow(i, ones))
	}
	for i := 0; i < 103; i++ {
		want := int8(1)
		if i >= 100 {
			want = 0
		}
		wantElement(t, array, i, want)
	}
}
