// SPDX-License-Identifier: MIT
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.ufomem.LazyDoubleArray;
import org.ufomem.LazyDoubleMatrix;
import org.ufomem.UfoCore;

/**
 * A matrix in a file, larger than the memory that it may use: filled row by row, then its columns are summed, and the file is what remains.
 *
 * <p>Usage: java Matrix [rows] [columns] [file]
 */
public final class Matrix {
    public static void main(String[] arguments) throws IOException {
        int rows = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 20_000;
        int columns = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 5_000;
        Path path = arguments.length > 2 ? Path.of(arguments[2]) : Files.createTempFile("matrix", ".bin");
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength((long) rows * columns * Double.BYTES);
        }
        try (var core = UfoCore.withBudget(16 << 20)) {
            try (var elements = LazyDoubleArray.builder((long) rows * columns).core(core).fileForWriting(path, 0).build()) {
                LazyDoubleMatrix matrix = LazyDoubleMatrix.rowMajor(elements, rows, columns);
                double[] row = new double[columns];
                for (int r = 0; r < rows; r++) {
                    for (int c = 0; c < columns; c++) {
                        row[c] = r + c / 1000.0;
                    }
                    matrix.writeRow(r, row);
                }
                matrix.set(rows - 1, columns - 1, 0);
            } // what has changed is in the file now, or close() would have thrown

            try (var elements = LazyDoubleArray.builder((long) rows * columns).core(core).file(path, 0).readOnly().build()) {
                LazyDoubleMatrix matrix = LazyDoubleMatrix.rowMajor(elements, rows, columns);
                double[] sums = new double[columns];
                double[] row = new double[columns];
                for (int r = 0; r < rows; r++) { // along the rows, as they lie in the file
                    matrix.readRow(r, row);
                    for (int c = 0; c < columns; c++) {
                        sums[c] += row[c];
                    }
                }
                System.out.println("first column: " + sums[0] + ", last column: " + sums[columns - 1]);
                if (sums[0] != (double) rows * (rows - 1) / 2 || matrix.get(rows - 1, columns - 1) != 0) {
                    throw new IllegalStateException("The file has not kept what was written");
                }
            }
            System.out.println(Files.size(path) + " bytes, of which at most " + core.stats().peakBytes() + " were in memory");
        }
        if (arguments.length <= 2) {
            Files.delete(path);
        }
    }
}
