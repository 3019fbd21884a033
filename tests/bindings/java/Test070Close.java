// SPDX-License-Identifier: MIT
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.ufomem.LazyLongArray;
import org.ufomem.UfoCore;
import org.ufomem.UfoException;
import org.ufomem.UfoStatus;

/** The end of arrays and cores: while in use, twice, never, and what comes after. */
class Test070Close {
    @Test
    void afterwardsEveryCallFails() {
        LazyLongArray array = LazyLongArray.computed(1000, Support::fill);
        assertFalse(array.isClosed());
        array.close();
        array.close();
        assertTrue(array.isClosed());
        assertEquals(1000, array.length());
        Support.assertFails(UfoStatus.CLOSED, () -> array.get(0));
        Support.assertFails(UfoStatus.CLOSED, () -> array.set(0, 1));
        Support.assertFails(UfoStatus.CLOSED, () -> array.read(0, new long[1]));
        Support.assertFails(UfoStatus.CLOSED, () -> array.write(0, new long[1]));
        Support.assertFails(UfoStatus.CLOSED, () -> array.view(0, 1));
        Support.assertFails(UfoStatus.CLOSED, () -> array.touch(0, 1));
        Support.assertFails(UfoStatus.CLOSED, array::flush);
        Support.assertFails(UfoStatus.CLOSED, () -> array.evict(0, 1));
        Support.assertFails(UfoStatus.CLOSED, array::stats);
        Support.assertFails(UfoStatus.CLOSED, array::stream);
    }

    @Test
    void aCoreClosesItsArrays() {
        UfoCore core = UfoCore.withBudget(Support.MIB);
        LazyLongArray one = Support.values(core, 1000);
        LazyLongArray two = Support.values(core, 1000);
        assertEquals(2, core.stats().regions());
        one.get(1);
        core.close();
        core.close();
        assertTrue(one.isClosed() && two.isClosed());
        Support.assertFails(UfoStatus.CLOSED, () -> one.get(1));
        Support.assertFails(UfoStatus.CLOSED, core::stats);
        Support.assertFails(UfoStatus.CLOSED, () -> Support.values(core, 1000));
    }

    @Test
    void theStandardCoreStays() {
        UfoCore.standard().close();
        try (var array = LazyLongArray.zeros(10)) {
            assertEquals(UfoCore.standard(), array.core());
            assertEquals(0, array.get(0));
        }
    }

    @Test
    void waitsForCallsInProgress() throws Exception {
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        LazyLongArray array = LazyLongArray.computed(1000, (first, count, out) -> {
            inside.countDown();
            go.await();
            Support.fill(first, count, out);
        });
        CompletableFuture<Long> reader = CompletableFuture.supplyAsync(() -> array.get(7), Support.THREADS);
        inside.await();
        CompletableFuture<Void> closer = CompletableFuture.runAsync(array::close, Support.THREADS);
        while (!array.isClosed()) {
            Thread.onSpinWait();
        }
        Support.assertFails(UfoStatus.CLOSED, () -> array.get(7));
        assertThrows(TimeoutException.class, () -> closer.get(50, TimeUnit.MILLISECONDS));
        go.countDown();
        assertEquals(Support.value(7), reader.get());
        closer.get();
    }

    @Test
    void insideItsOwnCallbackDoesNotWait() {
        AtomicReference<LazyLongArray> self = new AtomicReference<>();
        LazyLongArray array = LazyLongArray.computed(1000, (first, count, out) -> {
            self.get().close();
            Support.fill(first, count, out);
        });
        self.set(array);
        assertEquals(Support.value(7), array.get(7));
        Support.assertFails(UfoStatus.CLOSED, () -> array.get(7));
    }

    @Test
    void crosswiseInCallbacksDoesNotWait() throws Exception {
        CountDownLatch inside = new CountDownLatch(2);
        LazyLongArray[] arrays = new LazyLongArray[2];
        for (int i = 0; i < 2; i++) {
            int other = 1 - i;
            arrays[i] = LazyLongArray.computed(1000, (first, count, out) -> {
                inside.countDown();
                inside.await();
                arrays[other].close();
                Support.fill(first, count, out);
            });
        }
        CompletableFuture<Long> one = CompletableFuture.supplyAsync(() -> arrays[0].get(1), Support.THREADS);
        CompletableFuture<Long> two = CompletableFuture.supplyAsync(() -> arrays[1].get(2), Support.THREADS);
        assertEquals(Support.value(1), one.get());
        assertEquals(Support.value(2), two.get());
        assertTrue(arrays[0].isClosed() && arrays[1].isClosed());
    }

    @Test
    void racesWithReaders() throws Exception {
        try (var core = UfoCore.withBudget(Support.MIB)) {
            for (int round = 0; round < 50; round++) {
                LazyLongArray array = Support.values(core, 1 << 16);
                CountDownLatch started = new CountDownLatch(2);
                CompletableFuture<?>[] readers = new CompletableFuture<?>[2];
                for (int r = 0; r < readers.length; r++) {
                    int seed = r;
                    readers[r] = CompletableFuture.runAsync(() -> {
                        UfoException end = null;
                        for (long i = seed; end == null; i += 77) {
                            try {
                                assertEquals(Support.value(i % 65536), array.get(i % 65536));
                            } catch (UfoException closed) {
                                end = closed;
                            }
                            started.countDown();
                        }
                        assertEquals(UfoStatus.CLOSED, end.status());
                    }, Support.THREADS);
                }
                started.await();
                array.close();
                CompletableFuture.allOf(readers).get();
            }
            assertEquals(0, core.stats().regions());
        }
    }

    @Test
    void lostArraysAreClosedByTheCollector() throws Exception {
        try (var core = UfoCore.withBudget(4 * Support.MIB)) {
            for (int i = 0; i < 50; i++) {
                assertEquals(Support.value(5), Support.values(core, 1000).get(5));
            }
            Support.collectUntil("lost arrays are closed", () -> core.stats().regions() == 0);
        }
    }

    @Test
    void lostCoresAreClosedByTheCollector() throws Exception {
        for (int i = 0; i < 20; i++) {
            assertNotNull(UfoCore.withBudget(Support.MIB).stats());
            assertEquals(Support.value(5), Support.values(UfoCore.withBudget(Support.MIB), 1000).get(5));
        }
        Support.collectUntil("lost cores are closed", () -> coreThreads() < 20);
    }

    /** Threads of the library, which every core has some of. */
    private static long coreThreads() {
        java.io.File[] threads = new java.io.File("/proc/self/task").listFiles();
        long count = 0;
        for (java.io.File thread : threads) {
            try {
                if (java.nio.file.Files.readString(thread.toPath().resolve("comm")).startsWith("ufomem")) {
                    count++;
                }
            } catch (java.io.IOException ended) {
                // It has just ended.
            }
        }
        return count;
    }
}
