// SPDX-License-Identifier: MIT
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.fail;

import java.nio.LongBuffer;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.function.Executable;
import org.ufomem.LazyLongArray;
import org.ufomem.UfoCore;
import org.ufomem.UfoException;
import org.ufomem.UfoStatus;

/** What the tests share. */
final class Support {
    static final int PAGE = 4096;
    static final long MIB = 1 << 20;

    /** For tasks that wait for each other: the pool that CompletableFuture uses by itself may have one thread only. */
    static final ExecutorService THREADS = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task);
        thread.setDaemon(true);
        return thread;
    });

    private Support() {}

    /** A value for every index, with no pattern that a mistake would keep. */
    static long value(long index) {
        long x = index * 0x9E3779B97F4A7C15L;
        return x ^ (x >>> 29);
    }

    static void fill(long first, int count, LongBuffer out) {
        for (int i = 0; i < count; i++) {
            out.put(i, value(first + i));
        }
    }

    /** Chunks of one page, i.e. 512 elements. */
    static LazyLongArray values(UfoCore core, long length) {
        return LazyLongArray.builder(length).core(core).chunk(PAGE / Long.BYTES).populate(Support::fill).build();
    }

    static UfoException assertFails(UfoStatus status, Executable call) {
        UfoException failure = assertThrows(UfoException.class, call);
        assertEquals(status, failure.status(), failure::getMessage);
        return failure;
    }

    /** What a thread of its own ends with, or null: an InternalError may come outside of the try statement that it belongs to. */
    static Throwable thrownBy(Runnable task) throws InterruptedException {
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Thread thread = new Thread(task);
        thread.setUncaughtExceptionHandler((which, what) -> thrown.set(what));
        thread.start();
        thread.join();
        return thrown.get();
    }

    /** Collects garbage until something has come true by it. */
    static void collectUntil(String what, BooleanSupplier done) throws InterruptedException {
        for (int i = 0; i < 500; i++) {
            if (done.getAsBoolean()) {
                return;
            }
            System.gc();
            Thread.sleep(10);
        }
        fail("Not even after 500 collections: " + what);
    }
}
