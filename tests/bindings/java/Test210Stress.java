// SPDX-License-Identifier: MIT
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.ufomem.CoreStats;
import org.ufomem.LazyLongArray;
import org.ufomem.UfoCore;
import org.ufomem.UfoException;
import org.ufomem.UfoStatus;
import org.ufomem.View;

/**
 * What broke bindings that ran callbacks on page faults, all at once: parallel readers, a collector in a loop, eviction under a tiny budget,
 * and callbacks that allocate.
 */
class Test210Stress {
    private static final int CHUNK = 512;
    private static final int CHUNKS = 4096;
    private static final int LENGTH = CHUNK * CHUNKS;
    private static final int READERS = 4;
    private static final int ROUNDS = Integer.getInteger("test.rounds", 3_000);
    private static volatile Object sink;

    private static void fillAndAllocate(long first, int count, LongBuffer out) {
        List<byte[]> garbage = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            if (i % 64 == 0) {
                garbage.add(new byte[1024]);
            }
            out.put(Support.value(first + i));
        }
        sink = garbage;
    }

    @Test
    void readersCollectorAndEviction() throws Exception {
        AtomicBoolean stop = new AtomicBoolean();
        try (var core = UfoCore.withBudget(Support.MIB);
                var array = LazyLongArray.builder(LENGTH).core(core).chunk(CHUNK).populate(Test210Stress::fillAndAllocate).build();
                var counters = LazyLongArray.builder(LENGTH).core(core).chunk(CHUNK).build()) {
            AtomicLong written = new AtomicLong();
            List<CompletableFuture<?>> readers = new ArrayList<>();
            for (int r = 0; r < READERS; r++) {
                int seed = r;
                readers.add(CompletableFuture.runAsync(() -> read(array, counters, seed, written), Support.THREADS));
            }
            CompletableFuture<?> collector = CompletableFuture.runAsync(() -> {
                while (!stop.get()) {
                    long start = System.nanoTime();
                    System.gc();
                    LockSupport.parkNanos(System.nanoTime() - start); // where collecting is slow, the others get on, too
                }
            }, Support.THREADS);
            CompletableFuture<?> evictor = CompletableFuture.runAsync(() -> {
                SplittableRandom random = new SplittableRandom(99);
                while (!stop.get()) {
                    long start = random.nextLong(LENGTH - 8 * CHUNK);
                    try {
                        array.evict(start, start + 8 * CHUNK);
                    } catch (UfoException pinned) {
                        assertEquals(UfoStatus.PINNED, pinned.status());
                    }
                    Thread.yield();
                }
            }, Support.THREADS);
            try {
                CompletableFuture.allOf(readers.toArray(CompletableFuture<?>[]::new)).get();
            } finally {
                stop.set(true);
            }
            collector.get();
            evictor.get();
            // Nothing that was written got lost: every reader counted in elements of its own.
            assertEquals(written.get(), counters.stream().sum());
            CoreStats stats = core.stats();
            assertTrue(stats.peakBytes() <= Support.MIB, stats::toString);
            assertTrue(stats.evictions() > ROUNDS, stats::toString);
        } finally {
            stop.set(true);
        }
    }

    private static void read(LazyLongArray array, LazyLongArray counters, int seed, AtomicLong written) {
        SplittableRandom random = new SplittableRandom(seed);
        long[] block = new long[3 * CHUNK];
        for (int round = 0; round < ROUNDS; round++) {
            long index = random.nextLong(LENGTH - block.length);
            switch (round % 4) {
                case 0 -> {
                    array.read(index, block);
                    for (int i = 0; i < block.length; i++) {
                        assertEquals(Support.value(index + i), block[i]);
                    }
                }
                case 1 -> {
                    try (View<LongBuffer> view = array.view(index, index + CHUNK)) {
                        LongBuffer elements = view.buffer();
                        for (int i = 0; i < CHUNK; i++) {
                            assertEquals(Support.value(index + i), elements.get(i));
                        }
                    }
                }
                default -> {
                    assertEquals(Support.value(index), array.get(index));
                    long own = index - index % READERS + seed;
                    counters.set(own, counters.get(own) + 1);
                    written.incrementAndGet();
                }
            }
        }
    }
}
