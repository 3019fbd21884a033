// SPDX-License-Identifier: MIT
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.LongBuffer;
import org.junit.jupiter.api.Test;
import org.ufomem.LazyLongArray;
import org.ufomem.UfoCore;
import org.ufomem.UfoException;
import org.ufomem.UfoStatus;
import org.ufomem.View;

/** An array that a C function computes. */
class Test130Native {
    static {
        System.load(System.getProperty("test.native"));
    }

    private static native long populate();

    private static native long release();

    private static native int frees();

    @Test
    void aFunctionPointer() throws Exception {
        int before = frees();
        try (var core = UfoCore.withBudget(Support.MIB);
                var array = LazyLongArray.builder(1 << 22).core(core).chunk(512).nativePopulate(populate(), 3, release()).build()) {
            long[] block = new long[100_000];
            array.read(500_000, block);
            for (int i = 0; i < block.length; i++) {
                assertEquals(3 * (500_000L + i), block[i]);
            }
            // Memory of such an array may be touched where it is not resident: a view's copy that is used too late is still right.
            assertEquals(3 * 511, tooLate(array, 511));

            UfoException failure = Support.assertFails(UfoStatus.POPULATE, () -> array.get((1 << 22) - 1));
            assertTrue(failure.getMessage().contains("17"), failure.getMessage());
            assertEquals(before, frees());
        }
        Support.collectUntil("the source is let go, once", () -> frees() == before + 1);
        System.gc();
        assertEquals(before + 1, frees());
    }

    private static long tooLate(LazyLongArray array, int index) {
        LongBuffer late;
        try (View<LongBuffer> view = array.view(0, 512)) {
            late = view.buffer().duplicate();
        }
        array.evict(0, 1 << 20);
        return late.get(index);
    }
}
