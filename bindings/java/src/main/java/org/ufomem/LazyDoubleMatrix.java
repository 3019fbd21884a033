// SPDX-License-Identifier: MIT
package org.ufomem;

import java.util.Objects;

/**
 * A {@link LazyDoubleArray} seen as rows and columns.  It owns nothing: closing the array ends it.
 *
 * <p>The order says which elements are neighbours in the array, and so in a chunk: go along rows of a row-major matrix, along columns of a
 * column-major one.
 */
public final class LazyDoubleMatrix {
    private final LazyDoubleArray array;
    private final long rows;
    private final long columns;
    private final long rowStep;
    private final long columnStep;

    private LazyDoubleMatrix(LazyDoubleArray array, long rows, long columns, boolean rowMajor) {
        if (rows < 1 || columns < 1 || Math.multiplyExact(rows, columns) > array.length()) {
            throw new IllegalArgumentException(rows + " x " + columns + " elements do not lie in an array of " + array.length());
        }
        this.array = array;
        this.rows = rows;
        this.columns = columns;
        rowStep = rowMajor ? columns : 1;
        columnStep = rowMajor ? 1 : rows;
    }

    /**
     * A matrix whose rows lie one after the other, as in C.
     *
     * @param array holds it from index 0 on
     * @param rows number of rows
     * @param columns number of columns
     * @return the matrix
     */
    public static LazyDoubleMatrix rowMajor(LazyDoubleArray array, long rows, long columns) {
        return new LazyDoubleMatrix(array, rows, columns, true);
    }

    /**
     * A matrix whose columns lie one after the other, as in Fortran.
     *
     * @param array holds it from index 0 on
     * @param rows number of rows
     * @param columns number of columns
     * @return the matrix
     */
    public static LazyDoubleMatrix columnMajor(LazyDoubleArray array, long rows, long columns) {
        return new LazyDoubleMatrix(array, rows, columns, false);
    }

    /**
     * The elements.
     *
     * @return the array
     */
    public LazyDoubleArray array() {
        return array;
    }

    /**
     * Number of rows.
     *
     * @return at least 1
     */
    public long rows() {
        return rows;
    }

    /**
     * Number of columns.
     *
     * @return at least 1
     */
    public long columns() {
        return columns;
    }

    /**
     * Where an element lies in the array.
     *
     * @param row from 0
     * @param column from 0
     * @return its index
     */
    public long index(long row, long column) {
        return Objects.checkIndex(row, rows) * rowStep + Objects.checkIndex(column, columns) * columnStep;
    }

    /**
     * One element.
     *
     * @param row from 0
     * @param column from 0
     * @return its value
     */
    public double get(long row, long column) {
        return array.get(index(row, column));
    }

    /**
     * Changes one element.
     *
     * @param row from 0
     * @param column from 0
     * @param value its new value
     */
    public void set(long row, long column, double value) {
        array.set(index(row, column), value);
    }

    /**
     * Copies a row, or its beginning.
     *
     * @param row from 0
     * @param to filled; at most {@link #columns} long
     */
    public void readRow(long row, double[] to) {
        Objects.checkFromIndexSize(0, to.length, columns);
        read(index(row, 0), columnStep, to);
    }

    /**
     * Copies a column, or its beginning.
     *
     * @param column from 0
     * @param to filled; at most {@link #rows} long
     */
    public void readColumn(long column, double[] to) {
        Objects.checkFromIndexSize(0, to.length, rows);
        read(index(0, column), rowStep, to);
    }

    /**
     * Changes a row, or its beginning.
     *
     * @param row from 0
     * @param from the new values; at most {@link #columns}
     */
    public void writeRow(long row, double[] from) {
        Objects.checkFromIndexSize(0, from.length, columns);
        write(index(row, 0), columnStep, from);
    }

    /**
     * Changes a column, or its beginning.
     *
     * @param column from 0
     * @param from the new values; at most {@link #rows}
     */
    public void writeColumn(long column, double[] from) {
        Objects.checkFromIndexSize(0, from.length, rows);
        write(index(0, column), rowStep, from);
    }

    private void read(long index, long step, double[] to) {
        if (step == 1) {
            array.read(index, to);
            return;
        }
        for (int i = 0; i < to.length; i++) {
            to[i] = array.get(index + i * step);
        }
    }

    private void write(long index, long step, double[] from) {
        if (step == 1) {
            array.write(index, from);
            return;
        }
        for (int i = 0; i < from.length; i++) {
            array.set(index + i * step, from[i]);
        }
    }
}
