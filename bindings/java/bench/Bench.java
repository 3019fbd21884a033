// SPDX-License-Identifier: MIT
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.LongSupplier;
import org.ufomem.LazyLongArray;
import org.ufomem.UfoCore;
import org.ufomem.View;

/**
 * What Java's access to elements costs.  Each case runs in rounds until the JVM has compiled it; the median of the later rounds counts.
 *
 * <p>Usage: java -cp ufomem.jar:. Bench
 */
public final class Bench {
    private static final int ROUNDS = 15;
    private static final int CHUNK = 512;
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
    private static volatile long sink;

    private Bench() {}

    /** Nanoseconds of this thread's processor time per unit: the median of the rounds after the first third. */
    private static double measure(long units, LongSupplier round) {
        double[] times = new double[ROUNDS];
        for (int i = 0; i < ROUNDS; i++) {
            long begin = THREADS.getCurrentThreadCpuTime();
            sink += round.getAsLong();
            times[i] = (double) (THREADS.getCurrentThreadCpuTime() - begin) / units;
        }
        double[] warm = Arrays.copyOfRange(times, ROUNDS / 3, ROUNDS);
        Arrays.sort(warm);
        return warm[warm.length / 2];
    }

    private static void report(String what, double value, String unit) {
        System.out.printf(Locale.ROOT, "%-52s %9.2f %s%n", what, value, unit);
    }

    private static void fill(long first, int count, LongBuffer out) {
        for (int i = 0; i < count; i++) {
            out.put(i, first + i);
        }
    }

    private static void elements(UfoCore core) {
        int length = 1 << 20; // 8 MiB, resident
        try (var array = LazyLongArray.builder(length).core(core).populate(Bench::fill).build()) {
            array.touch(0, length);
            report("get, resident, in order", measure(length, () -> {
                long sum = 0;
                for (long i = 0; i < length; i++) {
                    sum += array.get(i);
                }
                return sum;
            }), "ns");
            report("get, resident, in no order", measure(length, () -> {
                long sum = 0;
                long index = 1;
                for (long i = 0; i < length; i++) {
                    index = index * 1103515245 + 12345 & length - 1;
                    sum += array.get(index);
                }
                return sum;
            }), "ns");
            long[] plain = new long[length];
            report("  ... of an ordinary array", measure(length, () -> {
                long sum = 0;
                long index = 1;
                for (long i = 0; i < length; i++) {
                    index = index * 1103515245 + 12345 & length - 1;
                    sum += plain[(int) index];
                }
                return sum;
            }), "ns");
            report("set, resident, in order", measure(length, () -> {
                for (long i = 0; i < length; i++) {
                    array.set(i, i);
                }
                return 0;
            }), "ns");
            report("stream().sum()", measure(length, () -> array.stream().sum()), "ns");
            report("element of an open view", measure(length, () -> {
                try (View<LongBuffer> view = array.view(0, length)) {
                    LongBuffer buffer = view.buffer();
                    long sum = 0;
                    for (int i = 0; i < length; i++) {
                        sum += buffer.get(i);
                    }
                    return sum;
                }
            }), "ns");
        }
    }

    private static void bulk(UfoCore core, int elements, int chunk) {
        int length = 1 << 23; // 64 MiB
        long[] to = new long[elements];
        long[] from = new long[length];
        try (var array = LazyLongArray.builder(length).core(core).chunk(chunk).populate(Bench::fill).build()) {
            array.touch(0, length);
            double copy = measure(length, () -> {
                for (int i = 0; i + elements <= length; i += elements) {
                    System.arraycopy(from, i, to, 0, elements);
                }
                return to[5];
            });
            double read = measure(length, () -> {
                for (int i = 0; i + elements <= length; i += elements) {
                    array.read(i, to);
                }
                return to[5];
            });
            array.write(0, from);
            double write = measure(length, () -> {
                for (int i = 0; i + elements <= length; i += elements) {
                    array.write(i, to);
                }
                return to[5];
            });
            String what = elements * 8 / 1024 + " KiB blocks, chunks of " + chunk * 8 / 1024 + " KiB";
            report("arraycopy, " + what, 8 / copy, "GB/s");
            report("read, " + what, 8 / read, "GB/s");
            report("read / arraycopy", copy / read, "");
            report("write / arraycopy", copy / write, "");
        }
    }

    private static void cold(UfoCore core) {
        int chunks = 8192;
        int length = chunks * CHUNK;
        long[] block = new long[CHUNK];
        LongBuffer plain = ByteBuffer.allocateDirect(CHUNK * 8).order(ByteOrder.nativeOrder()).asLongBuffer();
        report("the callback alone, 4 KiB", measure(chunks, () -> {
            for (int i = 0; i < chunks; i++) {
                fill(i, CHUNK, plain);
            }
            return plain.get(3);
        }) / 1000, "us");
        try (var array = LazyLongArray.builder(length).core(core).chunk(CHUNK).populate(Bench::fill).build()) {
            report("get of a cold 4 KiB chunk", measure(chunks, () -> {
                long sum = 0;
                for (int i = 0; i < chunks; i++) {
                    sum += array.get((long) i * CHUNK);
                }
                array.reset(0, length);
                return sum;
            }) / 1000, "us");
            report("read of a cold 4 KiB chunk", measure(chunks, () -> {
                for (int i = 0; i < chunks; i++) {
                    array.read((long) i * CHUNK, block);
                }
                array.reset(0, length);
                return block[3];
            }) / 1000, "us");
        }
    }

    public static void main(String[] arguments) {
        try (var core = UfoCore.withBudget(512L << 20)) {
            elements(core);
            bulk(core, 1 << 17, 8192);
            bulk(core, 1 << 10, 512);
            cold(core);
        }
    }
}
