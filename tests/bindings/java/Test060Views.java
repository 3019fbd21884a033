// SPDX-License-Identifier: MIT
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.nio.ReadOnlyBufferException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.ufomem.LazyByteArray;
import org.ufomem.LazyLongArray;
import org.ufomem.UfoCore;
import org.ufomem.UfoStatus;
import org.ufomem.View;

/** Buffers over an array's own memory: how long it stays. */
class Test060Views {
    private static final int LENGTH = 1 << 19;

    @Test
    void showTheElements() {
        try (var core = UfoCore.withBudget(Support.MIB); var array = Support.values(core, LENGTH)) {
            try (View<LongBuffer> view = array.view(1000, 3000)) {
                LongBuffer elements = view.buffer();
                assertSame(elements, view.buffer());
                assertEquals(1000, view.first());
                assertEquals(2000, elements.remaining());
                assertEquals(ByteOrder.nativeOrder(), elements.order());
                for (int i = 0; i < 2000; i++) {
                    assertEquals(Support.value(1000 + i), elements.get(i));
                }
                assertThrows(ReadOnlyBufferException.class, () -> elements.put(0, 1));
                assertThrows(IndexOutOfBoundsException.class, () -> elements.get(2000));
            }
        }
    }

    @Test
    void changeTheElements() {
        try (var core = UfoCore.withBudget(Support.MIB); var array = Support.values(core, LENGTH)) {
            for (int start = 0; start < LENGTH; start += 1024) {
                try (View<LongBuffer> view = array.writableView(start, start + 10)) {
                    view.buffer().put(3, -start);
                }
            }
            for (int start = 0; start < LENGTH; start += 1024) {
                assertEquals(-start, array.get(start + 3));
                assertEquals(Support.value(start + 4), array.get(start + 4));
            }
        }
    }

    @Test
    void keepTheElementsInMemory() {
        try (var core = UfoCore.withBudget(Support.MIB); var array = Support.values(core, LENGTH)) {
            View<LongBuffer> view = array.view(0, 1024);
            assertEquals(2, array.stats().pins());
            Support.assertFails(UfoStatus.PINNED, () -> array.evict(0, LENGTH));
            for (long i = 0; i < LENGTH; i += 512) {
                array.get(i); // everything else comes and goes
            }
            assertEquals(Support.value(5), view.buffer().get(5));
            view.close();
            view.close();
            assertEquals(0, array.stats().pins());
            array.evict(0, LENGTH);
        }
    }

    @Test
    void cannotTakeMoreThanTheBudget() {
        try (var core = UfoCore.withBudget(Support.MIB); var array = Support.values(core, LENGTH)) {
            Support.assertFails(UfoStatus.BUDGET, () -> array.view(0, LENGTH));
            assertEquals(0, array.stats().pins());
            assertEquals(Support.value(5), array.get(5));
        }
    }

    @Test
    void areEmptyAfterTheirEnd() {
        try (var array = LazyLongArray.computed(1000, Support::fill)) {
            View<LongBuffer> view = array.view(0, 1000);
            LongBuffer elements = view.buffer();
            view.close();
            assertThrows(IndexOutOfBoundsException.class, () -> elements.get(0));
        }
    }

    @Test
    void outliveTheArray() {
        UfoCore core = UfoCore.withBudget(Support.MIB);
        LazyLongArray array = Support.values(core, LENGTH);
        View<LongBuffer> view = array.view(0, 1024);
        array.close();
        assertEquals(Support.value(5), view.buffer().get(5));
        core.close();
        assertEquals(Support.value(1023), view.buffer().get(1023));
        view.close();
    }

    /** The buffer alone keeps its memory, pinned if the view was not closed. */
    @Test
    void lastAsLongAsTheirBuffer() throws Exception {
        try (var core = UfoCore.withBudget(Support.MIB)) {
            LazyLongArray array = Support.values(core, LENGTH);
            LongBuffer[] kept = {bufferOfLostView(array)};
            for (int i = 0; i < 5; i++) {
                System.gc();
                Thread.sleep(5);
            }
            assertEquals(1, array.stats().pins());
            assertEquals(Support.value(105), kept[0].get(5));
            kept[0] = null;
            Support.collectUntil("the pin of a buffer that nobody has is taken back", () -> array.stats().pins() == 0);

            // The same when the array is gone before.
            kept[0] = bufferOfLostArray(core);
            for (int i = 0; i < 5; i++) {
                System.gc();
                Thread.sleep(5);
            }
            assertEquals(Support.value(105), kept[0].get(5));
            assertEquals(2, core.stats().regions());
            kept[0] = null;
            Support.collectUntil("the array of a buffer that nobody has is freed", () -> core.stats().regions() == 1);
        }
    }

    private static LongBuffer bufferOfLostView(LazyLongArray array) {
        return array.view(100, 110).buffer();
    }

    private static LongBuffer bufferOfLostArray(UfoCore core) {
        return Support.values(core, LENGTH).view(100, 110).buffer();
    }

    /** Against the rules, and yet no crash, whatever they read: the addresses are there as long as the buffers. */
    @Test
    void usedAfterTheirEndDoNoHarm() throws Exception {
        List<LongBuffer> kept = new ArrayList<>();
        try (var core = UfoCore.withBudget(Support.MIB)) {
            for (int round = 0; round < 20; round++) {
                try (var array = Support.values(core, LENGTH)) {
                    try (View<LongBuffer> view = array.view(0, 512)) {
                        kept.add(view.buffer().duplicate());
                    }
                    if (round % 2 == 0) {
                        array.evict(0, LENGTH);
                    } else {
                        assertEquals(Support.value(5), kept.get(round).get(5));
                    }
                    read(kept.get(round));
                }
                System.gc();
            }
            assertEquals(20, core.stats().regions());
            readAll(kept);
        }
        readAll(kept);
        System.gc();
        readAll(kept);
    }

    private static void readAll(List<LongBuffer> buffers) throws InterruptedException {
        for (LongBuffer buffer : buffers) {
            read(buffer);
        }
    }

    /** An InternalError may come, now or later in the same thread; it may also get lost in the JVM. */
    private static void read(LongBuffer buffer) throws InterruptedException {
        Throwable thrown = Support.thrownBy(() -> buffer.get(5));
        assertTrue(thrown == null || thrown instanceof InternalError, () -> "" + thrown);
    }

    @Test
    void ofBytes() {
        try (var array = LazyByteArray.zeros(100_000)) {
            try (View<ByteBuffer> view = array.writableView(10, 18)) {
                view.buffer().putLong(0, 0x0102030405060708L);
            }
            byte[] bytes = new byte[8];
            array.read(10, bytes);
            assertEquals(0x0102030405060708L, ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).getLong());
            assertTrue(bytes[0] == 1 || bytes[0] == 8);
        }
    }
}
