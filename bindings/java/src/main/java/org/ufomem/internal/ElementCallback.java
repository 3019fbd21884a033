// SPDX-License-Identifier: MIT
package org.ufomem.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** What the native side calls for elements: a populate or writeback function of the user's. */
public abstract class ElementCallback {
    private static final ThreadLocal<int[]> DEPTH = ThreadLocal.withInitial(() -> new int[1]);

    /** For subclasses. */
    protected ElementCallback() {}

    /**
     * Passes the elements to the user's function.
     *
     * @param first index of the first element
     * @param memory the elements, in native byte order; valid until the return
     * @throws Exception whatever the user's function throws
     */
    protected abstract void call(long first, ByteBuffer memory) throws Exception;

    /** Whether the calling thread is inside a callback. */
    static boolean isRunning() {
        return DEPTH.get()[0] > 0;
    }

    /** Called by the native side.  Returns 0, or a number that stands for what was thrown. */
    private static int run(ElementCallback callback, long first, ByteBuffer memory, boolean readOnly) {
        int[] depth = DEPTH.get();
        depth[0]++;
        try {
            ByteBuffer elements = readOnly ? memory.asReadOnlyBuffer() : memory;
            callback.call(first, elements.order(ByteOrder.nativeOrder()));
            return 0;
        } catch (Throwable thrown) {
            return Errors.remember(thrown);
        } finally {
            depth[0]--;
        }
    }
}
