// SPDX-License-Identifier: MIT
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.ufomem.LazyLongArray;
import org.ufomem.UfoCore;
import org.ufomem.UfoException;
import org.ufomem.UfoStatus;

/** What a callback throws reaches its caller. */
class Test040CallbackErrors {
    private static LazyLongArray throwing(Throwable thrown) {
        return LazyLongArray.builder(100_000).chunk(512).populate((first, count, out) -> {
            if (thrown instanceof Error error) {
                throw error;
            }
            throw (Exception) thrown;
        }).build();
    }

    @Test
    void anUncheckedOneIsTheSameObject() {
        RuntimeException mine = new IllegalArgumentException("mine");
        try (var array = throwing(mine)) {
            assertSame(mine, assertThrows(IllegalArgumentException.class, () -> array.get(10_000)));
            assertSame(mine, assertThrows(IllegalArgumentException.class, () -> array.set(20_000, 1)));
            assertSame(mine, assertThrows(IllegalArgumentException.class, () -> array.read(30_000, new long[10])));
            assertSame(mine, assertThrows(IllegalArgumentException.class, () -> array.write(40_000, new long[10])));
            assertSame(mine, assertThrows(IllegalArgumentException.class, () -> array.touch(50_000, 50_001)));
            assertSame(mine, assertThrows(IllegalArgumentException.class, () -> array.view(60_000, 60_001)));
        }
    }

    @Test
    void anErrorIsTheSameObject() {
        Error mine = new OutOfMemoryError("not really");
        try (var array = throwing(mine)) {
            assertSame(mine, assertThrows(OutOfMemoryError.class, () -> array.get(0)));
        }
    }

    @Test
    void aCheckedOneIsTheCause() {
        Exception mine = new IOException("mine");
        try (var array = throwing(mine)) {
            UfoException failure = Support.assertFails(UfoStatus.POPULATE, () -> array.get(0));
            assertSame(mine, failure.getCause());
            assertTrue(failure.getMessage().contains("mine"), failure.getMessage());
        }
    }

    @Test
    void anInterruptionStaysOne() {
        try (var array = throwing(new InterruptedException())) {
            assertThrows(UfoException.class, () -> array.get(0));
            assertTrue(Thread.interrupted());
        }
    }

    @Test
    void aStackOverflowIsSurvived() {
        try (var array = LazyLongArray.computed(1000, (first, count, out) -> recurse(0))) {
            assertThrows(StackOverflowError.class, () -> array.get(0));
            array.reset(0, 1000);
            assertThrows(StackOverflowError.class, () -> array.get(0));
        }
    }

    private static int recurse(int depth) {
        return recurse(depth + 1) + 1;
    }

    @Test
    void failedElementsStayFailedUntilReset() throws Exception {
        AtomicBoolean broken = new AtomicBoolean(true);
        AtomicInteger calls = new AtomicInteger();
        RuntimeException mine = new IllegalStateException("broken");
        try (var array = LazyLongArray.computed(1000, (first, count, out) -> {
            calls.incrementAndGet();
            if (broken.get()) {
                throw mine;
            }
            Support.fill(first, count, out);
        })) {
            assertSame(mine, assertThrows(IllegalStateException.class, () -> array.get(7)));
            broken.set(false);
            // Not called again: this is the failure of before, with what was thrown as its cause, also in other threads.
            assertSame(mine, Support.assertFails(UfoStatus.POPULATE, () -> array.get(7)).getCause());
            AtomicReference<Throwable> elsewhere = new AtomicReference<>();
            Thread other = new Thread(() -> elsewhere.set(assertThrows(UfoException.class, () -> array.get(8))));
            other.start();
            other.join();
            assertSame(mine, elsewhere.get().getCause());
            assertEquals(1, calls.get());
            array.reset(0, 1000);
            assertEquals(Support.value(7), array.get(7));
        }
    }

    @Test
    void goesThroughArraysOfArrays() {
        RuntimeException mine = new ArithmeticException("below");
        try (var below = throwing(mine);
                var above = LazyLongArray.computed(1000, (first, count, out) -> out.put(0, below.get(first)))) {
            assertSame(mine, assertThrows(ArithmeticException.class, () -> above.get(0)));
        }
    }

    @Test
    void manyOfThemDoNotDisturbOthers() {
        try (var core = UfoCore.withBudget(Support.MIB);
                var array = LazyLongArray.builder(1 << 20).core(core).chunk(512).populate((first, count, out) -> {
                    if (first / 512 % 2 == 0) {
                        throw new IllegalStateException("chunk " + first / 512);
                    }
                    Support.fill(first, count, out);
                }).build()) {
            for (int chunk = 0; chunk < 2048; chunk++) {
                long index = chunk * 512L + 5;
                if (chunk % 2 == 0) {
                    assertEquals("chunk " + chunk, assertThrows(IllegalStateException.class, () -> array.get(index)).getMessage());
                } else {
                    assertEquals(Support.value(index), array.get(index));
                }
            }
            // Long forgotten which exception it was, but not that it failed.
            Support.assertFails(UfoStatus.POPULATE, () -> array.get(5));
        }
    }

    @Test
    void aFailedWritebackLosesNothing() {
        AtomicBoolean broken = new AtomicBoolean(true);
        RuntimeException mine = new IllegalStateException("disk full");
        long[] store = new long[1000];
        try (var array = LazyLongArray.builder(store.length)
                .populate((first, count, out) -> out.put(store, (int) first, count))
                .writeback((first, count, data) -> {
                    if (broken.get()) {
                        throw mine;
                    }
                    data.get(store, (int) first, count);
                })
                .build()) {
            array.set(3, 4);
            assertSame(mine, assertThrows(IllegalStateException.class, array::flush));
            assertEquals(4, array.get(3));
            broken.set(false);
            array.flush();
            assertEquals(4, store[3]);
        }
    }

    @Test
    void closeTellsOfAFailedWriteback() {
        RuntimeException mine = new IllegalStateException("disk full");
        LazyLongArray array = LazyLongArray.builder(1000).populate(Support::fill).writeback((first, count, data) -> {
            throw mine;
        }).build();
        array.set(3, 4);
        assertSame(mine, assertThrows(IllegalStateException.class, array::close));
        assertTrue(array.isClosed());
        array.close();
    }
}
