// SPDX-License-Identifier: MIT
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.ufomem.LazyDoubleArray;
import org.ufomem.LazyDoubleMatrix;

/** Rows and columns, in both orders. */
class Test120Matrix {
    private static final int ROWS = 7;
    private static final int COLUMNS = 5;

    @Test
    void rowMajor() {
        try (var array = LazyDoubleArray.sequence(ROWS * COLUMNS, 0, 1)) {
            check(LazyDoubleMatrix.rowMajor(array, ROWS, COLUMNS), COLUMNS, 1);
        }
    }

    @Test
    void columnMajor() {
        try (var array = LazyDoubleArray.sequence(ROWS * COLUMNS, 0, 1)) {
            check(LazyDoubleMatrix.columnMajor(array, ROWS, COLUMNS), 1, ROWS);
        }
    }

    private static void check(LazyDoubleMatrix matrix, int rowStep, int columnStep) {
        double[] row = new double[COLUMNS];
        double[] column = new double[ROWS];
        for (int r = 0; r < ROWS; r++) {
            matrix.readRow(r, row);
            for (int c = 0; c < COLUMNS; c++) {
                double expected = r * rowStep + c * columnStep;
                assertEquals(expected, matrix.get(r, c));
                assertEquals(expected, row[c]);
                matrix.readColumn(c, column);
                assertEquals(expected, column[r]);
            }
        }
        matrix.set(6, 4, -1);
        assertEquals(-1, matrix.array().get(6 * rowStep + 4 * columnStep));
        double[] newColumn = {1, 2, 3, 4, 5, 6, 7};
        matrix.writeColumn(2, newColumn);
        matrix.readColumn(2, column);
        assertArrayEquals(newColumn, column);
        double[] newRow = {10, 20, 30, 40, 50};
        matrix.writeRow(3, newRow);
        matrix.readRow(3, row);
        assertArrayEquals(newRow, row);
        assertEquals(30, matrix.get(3, 2));
        assertThrows(IndexOutOfBoundsException.class, () -> matrix.get(ROWS, 0));
        assertThrows(IndexOutOfBoundsException.class, () -> matrix.get(0, COLUMNS));
        assertThrows(IndexOutOfBoundsException.class, () -> matrix.get(-1, 0));
        assertThrows(IndexOutOfBoundsException.class, () -> matrix.readRow(0, new double[COLUMNS + 1]));
        assertThrows(IllegalArgumentException.class, () -> LazyDoubleMatrix.rowMajor(matrix.array(), 6, 6));
    }
}
