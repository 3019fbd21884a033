// SPDX-License-Identifier: MIT
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.ufomem.LazyLongArray;
import org.ufomem.UfoCore;
import org.ufomem.UfoException;
import org.ufomem.UfoStatus;

/** Indices and arguments that are not acceptable. */
class Test090Ranges {
    private static void assertOutside(Executable call) {
        assertThrows(IndexOutOfBoundsException.class, call);
    }

    @Test
    void indices() {
        try (var array = LazyLongArray.computed(1000, Support::fill)) {
            for (long index : new long[] {-1, 1000, Long.MIN_VALUE, Long.MAX_VALUE}) {
                assertOutside(() -> array.get(index));
                assertOutside(() -> array.set(index, 1));
                assertOutside(() -> array.read(index, new long[1]));
                assertOutside(() -> array.write(index, new long[1]));
                assertOutside(() -> array.view(index, index + 1));
                assertOutside(() -> array.touch(index, index + 1));
            }
            assertOutside(() -> array.read(999, new long[2]));
            assertOutside(() -> array.read(0, new long[2], 1, 2));
            assertOutside(() -> array.read(0, new long[2], -1, 1));
            assertOutside(() -> array.write(0, new long[2], 0, -1));
            assertOutside(() -> array.view(10, 9));
            assertOutside(() -> array.flush(0, 1001));
            array.read(1000, new long[0]);
            array.touch(1000, 1000);
            assertEquals(0, array.stats().populates());
        }
    }

    @Test
    void arguments() {
        assertThrows(IllegalArgumentException.class, () -> LazyLongArray.zeros(0));
        assertThrows(IllegalArgumentException.class, () -> LazyLongArray.zeros(-1));
        assertThrows(IllegalArgumentException.class, () -> LazyLongArray.builder(1).chunk(-1));
        assertThrows(IllegalArgumentException.class, () -> LazyLongArray.builder(1).chunk(1L << 40));
        assertThrows(NullPointerException.class, () -> LazyLongArray.computed(1, null));
        assertThrows(IllegalArgumentException.class, () -> UfoCore.withBudget(-1));
        Support.assertFails(UfoStatus.OVERFLOW, () -> LazyLongArray.zeros(Long.MAX_VALUE));
        UfoException failure = Support.assertFails(UfoStatus.INVALID, () -> LazyLongArray.builder(1).writeback((f, c, d) -> {}).build());
        assertTrue(failure.getMessage().contains("populate"), failure.getMessage());
    }

    @Test
    void budgetTooSmall() {
        try (UfoCore core = UfoCore.withBudget(Support.PAGE)) {
            Support.assertFails(UfoStatus.BUDGET, () -> LazyLongArray.builder(1000).core(core).chunk(1000).build());
        }
    }

    @Test
    void statuses() {
        for (UfoStatus status : UfoStatus.values()) {
            assertEquals(status, UfoStatus.of(status.code()));
        }
        assertThrows(IllegalArgumentException.class, () -> UfoStatus.of(0));
    }

    @Test
    void files(@TempDir Path directory) throws Exception {
        Path absent = directory.resolve("absent");
        UfoException failure = Support.assertFails(UfoStatus.FILE, () -> LazyLongArray.builder(1).file(absent, 0).build());
        assertTrue(failure.getMessage().contains(absent.toString()), failure.getMessage());
        Support.assertFails(UfoStatus.FILE, () -> LazyLongArray.open(absent));
        Path small = directory.resolve("small");
        Files.write(small, new byte[20]);
        failure = Support.assertFails(UfoStatus.TRUNCATED, () -> LazyLongArray.builder(3).file(small, 0).build());
        assertTrue(failure.getMessage().contains(small.toString()), failure.getMessage());
        assertThrows(IllegalArgumentException.class, () -> LazyLongArray.builder(1).file(small, -8));
        try (var array = LazyLongArray.open(small)) {
            assertEquals(2, array.length());
        }
    }
}
