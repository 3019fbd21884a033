// SPDX-License-Identifier: MIT
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.ufomem.LazyByteArray;
import org.ufomem.LazyDoubleArray;
import org.ufomem.LazyFloatArray;
import org.ufomem.LazyIntArray;
import org.ufomem.LazyLongArray;
import org.ufomem.UfoCore;

/** Streams over all elements. */
class Test110Streams {
    private static final int LENGTH = 300_001;

    @Test
    void inOrder() {
        try (var core = UfoCore.withBudget(Support.MIB); var array = Support.values(core, LENGTH)) {
            assertArrayEquals(LongStream.range(0, LENGTH).map(Support::value).toArray(), array.stream().toArray());
            assertEquals(Support.value(2), array.stream().skip(2).findFirst().getAsLong());
        }
    }

    @Test
    void inParallel() {
        long expected = LongStream.range(0, LENGTH).map(Support::value).sum();
        try (var core = UfoCore.withBudget(Support.MIB); var array = Support.values(core, LENGTH)) {
            for (int i = 0; i < 5; i++) {
                assertEquals(expected, array.stream().parallel().sum());
            }
            assertArrayEquals(LongStream.range(0, LENGTH).map(Support::value).toArray(), array.stream().parallel().toArray());
        }
    }

    @Test
    void divideAtChunks() {
        try (var core = UfoCore.withBudget(Support.MIB); var array = Support.values(core, LENGTH)) {
            var back = array.spliterator();
            var front = back.trySplit();
            assertNotNull(front);
            assertEquals(0, front.estimateSize() % array.chunk());
            assertEquals(LENGTH, front.estimateSize() + back.estimateSize());
        }
    }

    @Test
    void ofOtherTypes() {
        try (var bytes = LazyByteArray.sequence(1000, 0, 1);
                var ints = LazyIntArray.sequence(1000, 0, 2);
                var floats = LazyFloatArray.sequence(1000, 0, 0.5f);
                var doubles = LazyDoubleArray.sequence(1000, 0, 0.5)) {
            assertEquals(IntStream.range(0, 1000).map(i -> (byte) i).sum(), bytes.stream().sum());
            assertEquals(999 * 1000, ints.stream().sum());
            assertEquals(999 * 250.0, floats.stream().sum());
            assertEquals(999 * 250.0, doubles.stream().sum());
        }
    }

    @Test
    void passOnWhatACallbackThrows() {
        RuntimeException mine = new IllegalStateException("mine");
        try (var array = LazyLongArray.builder(LENGTH).chunk(512).populate((first, count, out) -> {
            if (first > 100_000) {
                throw mine;
            }
            Support.fill(first, count, out);
        }).build()) {
            assertSame(mine, assertThrows(IllegalStateException.class, () -> array.stream().sum()));
        }
    }
}
