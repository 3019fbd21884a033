// SPDX-License-Identifier: MIT
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.ufomem.LazyLongArray;
import org.ufomem.UfoCore;
import org.ufomem.UfoException;
import org.ufomem.UfoStatus;
import org.ufomem.View;

/** What hung when callbacks ran on page faults, and waiting in a circle.  None may hang; the time limit of the whole run would tell. */
class Test200Deadlocks {
    private static final int LENGTH = 1 << 17;

    /** The thread that asks cannot reach a safepoint on a fault, and a callback that allocates waits for one. */
    @Test
    void aCallbackThatCollectsGarbage() {
        try (var core = UfoCore.withBudget(Support.MIB);
                var array = LazyLongArray.builder(LENGTH).core(core).chunk(4096).populate((first, count, out) -> {
                    System.gc();
                    Support.fill(first, count, out);
                }).build()) {
            for (long i = 0; i < LENGTH; i += 4096) {
                assertEquals(Support.value(i), array.get(i));
            }
        }
    }

    @Test
    void aCallbackThatTakesALockOfItsCaller() {
        Object lock = new Object();
        try (var array = LazyLongArray.computed(LENGTH, (first, count, out) -> {
            synchronized (lock) {
                Support.fill(first, count, out);
            }
        })) {
            synchronized (lock) {
                assertEquals(Support.value(5), array.get(5));
            }
        }
    }

    @Test
    void aCallbackThatWaitsForOtherThreads() {
        try (var core = UfoCore.withBudget(Support.MIB);
                var base = Support.values(core, LENGTH);
                var array = LazyLongArray.builder(LENGTH).core(core).chunk(512).populate((first, count, out) -> {
                    long sum = base.stream().parallel().limit(first + 1).sum();
                    for (int i = 0; i < count; i++) {
                        out.put(sum);
                    }
                }).build()) {
            assertEquals(base.stream().limit(512 * 7 + 1).sum(), array.get(512 * 7));
        }
    }

    @Test
    void aCallbackThatReadsItsOwnElements() {
        AtomicReference<LazyLongArray> self = new AtomicReference<>();
        try (var array = LazyLongArray.computed(LENGTH, (first, count, out) -> out.put(self.get().get(first)))) {
            self.set(array);
            Support.assertFails(UfoStatus.DEADLOCK, () -> array.get(5));
        }
    }

    @Test
    void aCircleOfArrays() {
        LazyLongArray[] arrays = new LazyLongArray[3];
        for (int i = 0; i < 3; i++) {
            int next = (i + 1) % 3;
            arrays[i] = LazyLongArray.computed(LENGTH, (first, count, out) -> out.put(arrays[next].get(first)));
        }
        Support.assertFails(UfoStatus.DEADLOCK, () -> arrays[0].get(5));
        for (LazyLongArray array : arrays) {
            array.close();
        }
    }

    @Test
    void aCircleOfThreads() throws Exception {
        CyclicBarrier both = new CyclicBarrier(2);
        LazyLongArray[] arrays = new LazyLongArray[2];
        for (int i = 0; i < 2; i++) {
            int other = 1 - i;
            arrays[i] = LazyLongArray.computed(LENGTH, (first, count, out) -> {
                both.await(5, TimeUnit.SECONDS);
                out.put(arrays[other].get(first));
            });
        }
        List<CompletableFuture<Long>> readers = new ArrayList<>();
        for (LazyLongArray array : arrays) {
            readers.add(CompletableFuture.supplyAsync(() -> array.get(5), Support.THREADS));
        }
        int deadlocks = 0;
        for (CompletableFuture<Long> reader : readers) {
            Throwable failure = assertThrows(ExecutionException.class, reader::get).getCause();
            UfoException found = (UfoException) failure;
            assertTrue(found.status() == UfoStatus.DEADLOCK || found.status() == UfoStatus.POPULATE, found::toString);
            for (Throwable cause = found; cause != null; cause = cause.getCause()) {
                if (cause instanceof UfoException ufo && ufo.status() == UfoStatus.DEADLOCK) {
                    deadlocks++;
                    break;
                }
            }
        }
        assertTrue(deadlocks > 0);
        for (LazyLongArray array : arrays) {
            array.close();
        }
    }

    /** A raw touch of a computed array's memory that is not there is answered at once, by an error. */
    @Test
    void aStrayAccess() throws Exception {
        try (var array = Support.values(UfoCore.standard(), LENGTH)) {
            LongBuffer stray;
            try (View<LongBuffer> view = array.view(0, 512)) {
                stray = view.buffer().duplicate();
                sum(stray, 100_000); // enough for compiled code
            }
            array.evict(0, LENGTH);
            // Not always at once: the JVM throws when it next looks, and may have forgotten by then.
            assertInstanceOf(InternalError.class, Support.thrownBy(() -> {
                for (int i = 0; i < 10_000; i++) {
                    sum(stray, 10);
                    Thread.yield();
                }
            }));
            assertEquals(Support.value(3), array.get(3));
            assertEquals(Support.value(3), stray.get(3));
        }
    }

    private static long sum(LongBuffer elements, int reads) {
        long sum = 0;
        for (int i = 0; i < reads; i++) {
            sum += elements.get(i % 512);
        }
        return sum;
    }
}
