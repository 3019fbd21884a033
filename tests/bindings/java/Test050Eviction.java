// SPDX-License-Identifier: MIT
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ufomem.CoreStats;
import org.ufomem.LazyLongArray;
import org.ufomem.UfoCore;
import org.ufomem.UfoStatus;

/** Arrays much larger than the budget: changes are kept, and the budget too. */
class Test050Eviction {
    private static final int LENGTH = 1 << 19; // 4 MiB
    private static final long BUDGET = Support.MIB;

    private static void changeAll(LazyLongArray array) {
        for (long i = 0; i < LENGTH; i += 256) {
            array.set(i, -i);
        }
        long[] block = {1, 2, 3};
        for (long i = 100; i < LENGTH; i += 4096) {
            array.write(i, block);
        }
    }

    private static void assertAllChanged(LazyLongArray array, boolean zeros) {
        for (long i = 0; i < LENGTH; i += 128) {
            assertEquals(i % 256 == 0 ? -i : zeros ? 0 : Support.value(i), array.get(i));
        }
        for (long i = 100; i < LENGTH; i += 4096) {
            assertEquals(2, array.get(i + 1));
        }
    }

    private static void assertWithinBudget(UfoCore core) {
        CoreStats stats = core.stats();
        assertTrue(stats.peakBytes() <= BUDGET, stats::toString);
        assertTrue(stats.evictions() > 0, stats::toString);
    }

    @Test
    void zerosKeepChangesInTheSpillFile() {
        try (var core = UfoCore.withBudget(BUDGET); var array = LazyLongArray.builder(LENGTH).core(core).chunk(512).build()) {
            changeAll(array);
            assertAllChanged(array, true);
            assertTrue(array.stats().spillWrittenBytes() > 0);
            assertWithinBudget(core);
        }
    }

    @Test
    void computedElementsKeepChangesInTheSpillFile() {
        try (var core = UfoCore.withBudget(BUDGET); var array = Support.values(core, LENGTH)) {
            changeAll(array);
            assertAllChanged(array, false);
            assertWithinBudget(core);
        }
    }

    @Test
    void aWritebackFunctionGetsEveryChange() {
        long[] store = new long[LENGTH];
        try (var core = UfoCore.withBudget(BUDGET);
                var array = LazyLongArray.builder(LENGTH).core(core).chunk(512)
                        .populate((first, count, out) -> out.put(store, (int) first, count))
                        .writeback((first, count, data) -> data.get(store, (int) first, count)).build()) {
            changeAll(array);
            assertAllChanged(array, true);
            array.flush();
            for (int i = 0; i < LENGTH; i += 256) {
                assertEquals(-i, store[i]);
            }
            array.reset(0, LENGTH);
            assertAllChanged(array, true);
            assertWithinBudget(core);
        }
    }

    @Test
    void aFileGetsEveryChange(@TempDir Path directory) throws Exception {
        Path path = directory.resolve("größen.bin"); // no ASCII
        Files.write(path, new byte[LENGTH * Long.BYTES]);
        try (var core = UfoCore.withBudget(BUDGET);
                var array = LazyLongArray.builder(LENGTH).core(core).chunk(512).fileForWriting(path, 0).build()) {
            changeAll(array);
            assertAllChanged(array, true);
            assertWithinBudget(core);
        }
        ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.nativeOrder());
        for (int i = 0; i < LENGTH; i += 256) {
            assertEquals(-i, file.getLong(i * Long.BYTES));
        }
        try (var again = LazyLongArray.open(path)) {
            assertEquals(LENGTH, again.length());
            assertAllChanged(again, true);
            again.set(0, 99); // private
            again.evict(0, LENGTH);
            assertEquals(99, again.get(0));
        }
        try (var again = LazyLongArray.builder(10).file(path, 256 * Long.BYTES).readOnly().build()) {
            assertEquals(-256, again.get(0));
            Support.assertFails(UfoStatus.READ_ONLY, () -> again.set(0, 1));
            Support.assertFails(UfoStatus.READ_ONLY, () -> again.write(0, new long[] {1}));
            Support.assertFails(UfoStatus.READ_ONLY, () -> again.writableView(0, 1));
        }
    }

    @Test
    void theBudgetCanChange() {
        try (var core = UfoCore.withBudget(4 * BUDGET); var array = Support.values(core, LENGTH)) {
            array.touch(0, LENGTH / 2);
            core.setBudget(BUDGET);
            CoreStats stats = core.stats();
            assertEquals(BUDGET, stats.budgetBytes());
            assertTrue(stats.usedBytes() <= BUDGET, stats::toString);
            assertEquals(Support.value(3), array.get(3));
        }
    }
}
