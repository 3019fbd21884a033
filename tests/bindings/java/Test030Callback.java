// SPDX-License-Identifier: MIT
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.ref.WeakReference;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.nio.ReadOnlyBufferException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.ufomem.LazyByteArray;
import org.ufomem.LazyDoubleArray;
import org.ufomem.LazyFloatArray;
import org.ufomem.LazyIntArray;
import org.ufomem.LazyLongArray;
import org.ufomem.UfoCore;

/** Elements that a lambda computes. */
class Test030Callback {
    @Test
    void computesWhatIsAskedForAndOnce() {
        List<Long> calls = new ArrayList<>();
        try (var core = UfoCore.withBudget(Support.MIB);
                var array = LazyLongArray.builder(10_000).core(core).chunk(512).populate((first, count, out) -> {
                    calls.add(first);
                    assertEquals(count, out.remaining());
                    assertEquals(ByteOrder.nativeOrder(), out.order());
                    Support.fill(first, count, out);
                }).build()) {
            assertEquals(512, array.chunk());
            assertEquals(Support.value(5000), array.get(5000));
            assertEquals(Support.value(5001), array.get(5001));
            assertEquals(List.of(5000L / 512 * 512), calls);
            assertEquals(Support.value(9999), array.get(9999)); // in a chunk that is not full
        }
    }

    @Test
    void runsOnTheThreadThatAsks() {
        AtomicReference<Thread> thread = new AtomicReference<>();
        try (var array = LazyIntArray.computed(1000, (first, count, out) -> thread.set(Thread.currentThread()))) {
            array.touch(0, 1000);
            assertSame(Thread.currentThread(), thread.get());
        }
    }

    @Test
    void everyElementType() {
        try (var bytes = LazyByteArray.computed(100_000, (first, count, out) -> {
                    for (int i = 0; i < count; i++) {
                        out.put((byte) (first + i));
                    }
                });
                var ints = LazyIntArray.computed(100_000, (first, count, out) -> {
                    for (int i = 0; i < count; i++) {
                        out.put((int) (first + i));
                    }
                });
                var floats = LazyFloatArray.computed(100_000, (first, count, out) -> {
                    for (int i = 0; i < count; i++) {
                        out.put((first + i) / 2f);
                    }
                });
                var doubles = LazyDoubleArray.computed(100_000, (first, count, out) -> {
                    for (int i = 0; i < count; i++) {
                        out.put((first + i) / 2d);
                    }
                })) {
            byte[] someBytes = new byte[777];
            int[] someInts = new int[777];
            float[] someFloats = new float[777];
            double[] someDoubles = new double[777];
            bytes.read(99_000, someBytes);
            ints.read(99_000, someInts);
            floats.read(99_000, someFloats);
            doubles.read(99_000, someDoubles);
            for (int i = 0; i < 777; i++) {
                assertEquals((byte) (99_000 + i), someBytes[i]);
                assertEquals(99_000 + i, someInts[i]);
                assertEquals((99_000 + i) / 2f, someFloats[i]);
                assertEquals((99_000 + i) / 2d, someDoubles[i]);
                assertEquals(someBytes[i], bytes.get(99_000 + i));
                assertEquals(someInts[i], ints.get(99_000 + i));
                assertEquals(someFloats[i], floats.get(99_000 + i));
                assertEquals(someDoubles[i], doubles.get(99_000 + i));
            }
            bytes.set(5, (byte) -1);
            ints.set(5, -1);
            floats.set(5, -1);
            doubles.set(5, -1);
            assertEquals(-1, bytes.get(5));
            assertEquals(-1, ints.get(5));
            assertEquals(-1, floats.get(5));
            assertEquals(-1, doubles.get(5));
        }
    }

    /** Those that the short way to resident elements cannot be used for. */
    @Test
    void chunksThatAreNoPowerOfTwo() {
        try (var core = UfoCore.withBudget(Support.MIB);
                var array = LazyLongArray.builder(100_000).core(core).chunk(3 * 512).populate(Support::fill).build()) {
            assertEquals(3 * 512, array.chunk());
            for (long i = 0; i < array.length(); i++) {
                assertEquals(Support.value(i), array.get(i));
            }
            long[] block = new long[5000];
            array.write(30_000, block);
            array.read(30_000, block);
            assertEquals(0, block[4999]);
        }
    }

    @Test
    void mayUseOtherArrays() {
        try (var core = UfoCore.withBudget(Support.MIB);
                var base = Support.values(core, 1 << 20);
                var sums = LazyLongArray.builder((1 << 20) - 1).core(core).chunk(512).populate((first, count, out) -> {
                    for (int i = 0; i < count; i++) {
                        out.put(base.get(first + i) + base.get(first + i + 1));
                    }
                }).build()) {
            for (long i = 0; i < sums.length(); i += 5003) {
                assertEquals(Support.value(i) + Support.value(i + 1), sums.get(i));
            }
        }
    }

    @Test
    void theBufferEndsWithTheCall() {
        AtomicReference<LongBuffer> kept = new AtomicReference<>();
        try (var array = LazyLongArray.computed(1000, (first, count, out) -> kept.set(out))) {
            array.touch(0, 1);
            assertThrows(IndexOutOfBoundsException.class, () -> kept.get().put(0, 1));
        }
    }

    @Test
    void writebackGetsChangesAndMayNotMakeAny() {
        long[] store = new long[10_000];
        AtomicReference<LongBuffer> seen = new AtomicReference<>();
        try (var array = LazyLongArray.builder(store.length)
                .populate((first, count, out) -> out.put(store, (int) first, count))
                .writeback((first, count, data) -> {
                    assertThrows(ReadOnlyBufferException.class, () -> data.put(0, 1));
                    seen.set(data);
                    data.get(store, (int) first, count);
                })
                .build()) {
            array.set(1234, 5);
            assertEquals(0, store[1234]);
            array.flush();
            assertEquals(5, store[1234]);
            assertFalse(seen.get().hasRemaining());
            array.set(1235, 6);
        }
        assertEquals(6, store[1235]); // close() writes back, too
    }

    @Test
    void isLetGoAtTheEnd() throws Exception {
        Object[] captured = {new Object()};
        WeakReference<Object> watch = new WeakReference<>(captured[0]);
        LazyLongArray array = capturing(captured[0]);
        captured[0] = null;
        System.gc();
        assertTrue(watch.get() != null); // nobody but the library knows it
        assertEquals(0, array.get(5));
        array.close();
        Support.collectUntil("the callback is let go", () -> watch.get() == null);
    }

    private static LazyLongArray capturing(Object object) {
        return LazyLongArray.computed(1000, (first, count, out) -> {
            for (int i = 0; i < count; i++) {
                out.put(object == null ? 1 : 0);
            }
        });
    }

    @Test
    void isLetGoWhenTheArrayCannotBeMade() throws Exception {
        Object[] captured = {new Object()};
        WeakReference<Object> watch = new WeakReference<>(captured[0]);
        failToBuild(captured[0]);
        captured[0] = null;
        Support.collectUntil("the callback is let go", () -> watch.get() == null);
    }

    private static void failToBuild(Object object) {
        assertThrows(RuntimeException.class, () -> LazyLongArray.computed(Long.MAX_VALUE / 8, (first, count, out) -> object.hashCode()));
    }
}
