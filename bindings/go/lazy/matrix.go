// SPDX-License-Identifier: MIT

package lazy

import "ufomem/internal/ufo"

// Order is how a matrix lies in its array.
type Order int

const (
	RowMajor    Order = iota // row after row
	ColumnMajor              // column after column
)

// Matrix is an array seen as rows and columns.  It has no data of its own: closing the array ends it, too.
type Matrix[T Number] struct {
	array         *Array[T]
	rows, columns int
	order         Order
}

// NewMatrix sees rows * columns elements, the first of the array, as a matrix.
func NewMatrix[T Number](array *Array[T], rows, columns int, order Order) (*Matrix[T], error) {
	if rows <= 0 || columns <= 0 || (order != RowMajor && order != ColumnMajor) {
		return nil, newError("matrix", ErrInvalid, "%d rows and %d columns in order %d are no matrix", rows, columns, order)
	}
	if rows > array.Len()/columns { // (without a product that could overflow)
		return nil, newError("matrix", ErrRange, "%d rows of %d columns are more than the array's %d elements", rows, columns, array.Len())
	}
	return &Matrix[T]{array, rows, columns, order}, nil
}

// Array is what the matrix lies in.
func (m *Matrix[T]) Array() *Array[T] { return m.array }

// Rows and Columns are the shape, Order how it lies.
func (m *Matrix[T]) Rows() int    { return m.rows }
func (m *Matrix[T]) Columns() int { return m.columns }
func (m *Matrix[T]) Order() Order { return m.order }

// At gives the element in a row and a column, both from 0 on.
func (m *Matrix[T]) At(row, column int) (T, error) {
	if uint(row) >= uint(m.rows) || uint(column) >= uint(m.columns) {
		var zero T
		return zero, m.outside("at", row, column)
	}
	return m.array.Get(m.index(row, column))
}

// Set changes it.
func (m *Matrix[T]) Set(row, column int, value T) error {
	if uint(row) >= uint(m.rows) || uint(column) >= uint(m.columns) {
		return m.outside("set", row, column)
	}
	return m.array.Set(m.index(row, column), value)
}

// Row copies a row to `to`, which has to have room for it; nil: to a new slice.
func (m *Matrix[T]) Row(row int, to []T) ([]T, error) {
	if uint(row) >= uint(m.rows) {
		return nil, m.outside("row", row, 0)
	}
	return m.line("row", row, 0, m.columns, m.order == RowMajor, to)
}

// Column copies a column likewise.
func (m *Matrix[T]) Column(column int, to []T) ([]T, error) {
	if uint(column) >= uint(m.columns) {
		return nil, m.outside("column", 0, column)
	}
	return m.line("column", 0, column, m.rows, m.order == ColumnMajor, to)
}

// SetRow changes a whole row.
func (m *Matrix[T]) SetRow(row int, values []T) error {
	if uint(row) >= uint(m.rows) {
		return m.outside("set row", row, 0)
	}
	return m.setLine("set row", row, 0, m.columns, m.order == RowMajor, values)
}

// SetColumn changes a whole column.
func (m *Matrix[T]) SetColumn(column int, values []T) error {
	if uint(column) >= uint(m.columns) {
		return m.outside("set column", 0, column)
	}
	return m.setLine("set column", 0, column, m.rows, m.order == ColumnMajor, values)
}

// EachRow calls `use` with every row in ascending order; values must not be changed or kept.  It ends with the first error, and returns it.
// Rows that lie in one piece are viewed in place; others are gathered, 16 MiB at a time, for each of which the whole matrix is walked through: prefer the
// direction in which it lies.
func (m *Matrix[T]) EachRow(use func(row int, values []T) error) error {
	return m.each("each row", m.rows, m.columns, m.order == RowMajor, use)
}

// EachColumn is EachRow for columns.
func (m *Matrix[T]) EachColumn(use func(column int, values []T) error) error {
	return m.each("each column", m.columns, m.rows, m.order == ColumnMajor, use)
}

func (m *Matrix[T]) index(row, column int) int {
	if m.order == RowMajor {
		return row*m.columns + column
	}
	return column*m.rows + row
}

// stride is how far apart the elements of a line across the order are.
func (m *Matrix[T]) stride() int {
	if m.order == RowMajor {
		return m.columns
	}
	return m.rows
}

// line copies the `length` elements of the row or column that begins at (row, column).
func (m *Matrix[T]) line(op string, row, column, length int, inOnePiece bool, to []T) ([]T, error) {
	if to == nil {
		to = make([]T, length)
	}
	if len(to) < length {
		return nil, newError(op, ErrInvalid, "there is room for %d of %d elements", len(to), length)
	}
	to = to[:length]
	index := m.index(row, column)
	if inOnePiece {
		_, err := m.array.ReadAt(to, index)
		return to, err
	}
	for i := range to {
		var err error
		if to[i], err = m.array.Get(index); err != nil {
			return nil, err
		}
		index += m.stride()
	}
	return to, nil
}

func (m *Matrix[T]) setLine(op string, row, column, length int, inOnePiece bool, values []T) error {
	if len(values) != length {
		return newError(op, ErrInvalid, "%d values for %d elements", len(values), length)
	}
	index := m.index(row, column)
	if inOnePiece {
		_, err := m.array.WriteAt(values, index)
		return err
	}
	for _, value := range values {
		if err := m.array.Set(index, value); err != nil {
			return err
		}
		index += m.stride()
	}
	return nil
}

// gatherBytes is how much is gathered at a time for lines across the order; for each of these pieces the whole array is walked through.
const gatherBytes = 16 << 20

func (m *Matrix[T]) each(op string, lines, length int, inOnePiece bool, use func(line int, values []T) error) error {
	if inOnePiece {
		for line := 0; line < lines; line++ {
			start := line * length
			err := m.array.view(op, ufo.Pin, start, start+length, func(values []T) error { return use(line, values) })
			if err != nil {
				return err
			}
		}
		return nil
	}
	together := gatherBytes / sizeOf[T]() / length
	if together < 1 {
		together = 1
	}
	if together > lines {
		together = lines
	}
	across, gathered := make([]T, together), make([]T, together*length)
	for first := 0; first < lines; first += together {
		count := together
		if count > lines-first {
			count = lines - first
		}
		for i := 0; i < length; i++ {
			if _, err := m.array.ReadAt(across[:count], i*lines+first); err != nil {
				return err
			}
			for line, value := range across[:count] {
				gathered[line*length+i] = value
			}
		}
		for line := 0; line < count; line++ {
			if err := use(first+line, gathered[line*length:(line+1)*length]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *Matrix[T]) outside(op string, row, column int) error {
	return newError(op, ErrRange, "row %d, column %d is not inside the matrix of %d rows and %d columns", row, column, m.rows, m.columns)
}
