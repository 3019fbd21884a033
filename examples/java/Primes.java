// SPDX-License-Identifier: MIT
import java.util.Arrays;
import org.ufomem.LazyByteArray;
import org.ufomem.UfoCore;

/**
 * An array larger than memory, computed where it is looked at: whether n is prime, for n up to 2^44.  Only what is used is ever
 * computed, and never more than 32 MiB of it are in memory.
 *
 * <p>Usage: java Primes [first number to look at] [how many]
 */
public final class Primes {
    private static final long LENGTH = 1L << 44; // 16 TiB

    /** Sieves the numbers [first, first + count): 1 for a prime. */
    private static byte[] sieve(long first, int count) {
        byte[] prime = new byte[count];
        Arrays.fill(prime, (byte) 1);
        for (long n = first; n < 2; n++) {
            prime[(int) (n - first)] = 0;
        }
        int root = (int) Math.sqrt((double) (first + count)) + 1;
        for (int divisor = 2; divisor <= root; divisor++) {
            long multiple = Math.max((long) divisor * divisor, (first + divisor - 1) / divisor * divisor);
            for (; multiple < first + count; multiple += divisor) {
                prime[(int) (multiple - first)] = 0;
            }
        }
        return prime;
    }

    public static void main(String[] arguments) {
        long first = arguments.length > 0 ? Long.parseLong(arguments[0]) : 1_000_000_000_000L;
        long count = arguments.length > 1 ? Long.parseLong(arguments[1]) : 1_000_000;
        try (var core = UfoCore.withBudget(32 << 20);
                var prime = LazyByteArray.builder(LENGTH).core(core).chunk(1 << 18)
                        .populate((start, n, out) -> out.put(sieve(start, n))).build()) {
            long found = 0;
            byte[] block = new byte[64 * 1024];
            for (long n = first; n < first + count; n += block.length) {
                int size = (int) Math.min(block.length, first + count - n);
                prime.read(n, block, 0, size);
                for (int i = 0; i < size; i++) {
                    found += block[i];
                }
            }
            System.out.println(found + " primes among the " + count + " numbers from " + first + " on");
            System.out.println("computed: " + prime.stats().populatedBytes() + " of " + LENGTH + " elements; in memory at most "
                    + core.stats().peakBytes() + " bytes");
        }
    }
}
