// SPDX-License-Identifier: MIT
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import org.junit.jupiter.api.Test;
import org.ufomem.LazyByteArray;
import org.ufomem.LazyLongArray;
import org.ufomem.UfoCore;
import org.ufomem.View;

/** More than an int can count. */
class Test100Huge {
    @Test
    void elementsBehind2GiB() {
        long length = (1L << 32) + 5000;
        try (var core = UfoCore.withBudget(4 * Support.MIB);
                var array = LazyByteArray.builder(length).core(core).populate((first, count, out) -> {
                    for (int i = 0; i < count; i++) {
                        out.put((byte) Support.value(first + i));
                    }
                }).build()) {
            for (long index : new long[] {0, (1L << 31) - 1, 1L << 31, (1L << 32) - 1, 1L << 32, length - 1}) {
                assertEquals((byte) Support.value(index), array.get(index));
                array.set(index, (byte) 77);
                assertEquals(77, array.get(index));
            }
            byte[] across = new byte[20_000];
            long start = (1L << 31) - 10_000;
            array.read(start, across);
            assertEquals(77, across[10_000]);
            for (int i = 0; i < across.length; i++) {
                long index = start + i;
                if (index != (1L << 31) - 1 && index != 1L << 31) {
                    assertEquals((byte) Support.value(index), across[i]);
                }
            }
            array.write((1L << 32) - 10_000, across, 0, 15_000);
            assertEquals(across[14_999], array.get(length - 1));
            assertEquals(across[9_999], array.get((1L << 32) - 1));
            try (View<ByteBuffer> view = array.view((1L << 31) - 100, (1L << 31) + 100)) {
                assertEquals(77, view.buffer().get(100));
                assertEquals((byte) Support.value((1L << 31) + 50), view.buffer().get(150));
            }
        }
    }

    @Test
    void eightTebibytesOfLongs() {
        long length = 1L << 40;
        try (var core = UfoCore.withBudget(4 * Support.MIB); var array = Support.values(core, length)) {
            for (long index = 1; index < length; index = index * 3 + 1) {
                assertEquals(Support.value(index), array.get(index));
            }
            assertEquals(Support.value(length - 1), array.get(length - 1));
            try (View<LongBuffer> view = array.view(length - 10, length)) {
                assertEquals(Support.value(length - 1), view.buffer().get(9));
            }
            array.set(length - 1, 5);
            array.evict(length - 1000, length);
            assertEquals(5, array.get(length - 1));
        }
    }

    @Test
    void aViewCannotBeLargerThanABuffer() {
        try (var array = LazyLongArray.zeros(1L << 32)) {
            assertThrows(IllegalArgumentException.class, () -> array.view(0, 1L << 28));
        }
    }
}
