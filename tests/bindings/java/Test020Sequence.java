// SPDX-License-Identifier: MIT
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.ufomem.LazyByteArray;
import org.ufomem.LazyDoubleArray;
import org.ufomem.LazyFloatArray;
import org.ufomem.LazyIntArray;
import org.ufomem.LazyLongArray;

/** Arrays of the numbers from + index * step, in all element types, and zeros. */
class Test020Sequence {
    private static final long LENGTH = 300_000;

    @Test
    void longs() {
        try (var array = LazyLongArray.sequence(LENGTH, 7, -3)) {
            assertEquals(LENGTH, array.length());
            for (long i = 0; i < LENGTH; i += 997) {
                assertEquals(7 - 3 * i, array.get(i));
            }
        }
    }

    @Test
    void ints() {
        try (var array = LazyIntArray.sequence(LENGTH, Integer.MAX_VALUE - 1, 1)) {
            assertEquals(Integer.MAX_VALUE, array.get(1));
            assertEquals(Integer.MIN_VALUE, array.get(2)); // wraps around
        }
    }

    @Test
    void bytes() {
        try (var array = LazyByteArray.sequence(LENGTH, 1, 1)) {
            for (long i = 0; i < LENGTH; i += 997) {
                assertEquals((byte) (1 + i), array.get(i));
            }
        }
    }

    @Test
    void doubles() {
        try (var array = LazyDoubleArray.sequence(LENGTH, 0.5, 0.25)) {
            double[] block = new double[1000];
            array.read(LENGTH - 1000, block);
            for (int i = 0; i < block.length; i++) {
                assertEquals(0.5 + (LENGTH - 1000 + i) * 0.25, block[i]);
            }
        }
    }

    @Test
    void floats() {
        try (var array = LazyFloatArray.sequence(LENGTH, 1, 2)) {
            assertEquals(1 + 2f * 12345, array.get(12345));
        }
    }

    @Test
    void zeros() {
        try (var array = LazyLongArray.zeros(LENGTH)) {
            long[] block = new long[100];
            array.read(LENGTH - 100, block);
            assertArrayEquals(new long[100], block);
            array.set(LENGTH - 1, 5);
            assertEquals(5, array.get(LENGTH - 1));
        }
    }
}
