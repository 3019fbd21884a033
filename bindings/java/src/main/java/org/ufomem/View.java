// SPDX-License-Identifier: MIT
package org.ufomem;

import java.lang.ref.Reference;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.ufomem.internal.Region;

/**
 * Elements of an array as ordinary memory: a buffer over them, in native byte order, without a copy.  They stay resident, and within the
 * budget, until the view is closed.  A view is a window: it spans at most 2 GiB.  Of an array of a service it is a copy: that memory may go at
 * any moment, with the service.
 *
 * <p>After {@link #close} the buffer that the view gave is empty, and throws what an empty buffer throws.  Copies of it (slices, duplicates,
 * or itself after {@code clear()}) must not be used any more.  They do no harm to anybody else if they are: the addresses stay reserved as
 * long as any of these buffers is reachable.  Who reads elements that have left memory since gets an {@link InternalError}, which may come a
 * little later than a value that means nothing; but a native method, or a comparison of whole buffers, may end the process there, as with a
 * mapped file that became shorter.
 *
 * @param <B> {@link java.nio.LongBuffer} and the like
 */
public final class View<B extends Buffer> implements AutoCloseable {
    private final LazyArray array;
    private final long first;
    private final Region.Pin pin; // null: a copy
    private final B buffer;

    /** Makes typed buffers. */
    interface Typing<B> {
        B of(ByteBuffer bytes);
    }

    View(LazyArray array, long start, long end, boolean writable, Typing<B> typing) {
        long count = lengthOfBuffer(end - start, array.elementBytes());
        Region.Pinned pinned = array.region().pin(start, count, array.elementBytes(), writable);
        Reference.reachabilityFence(array);
        this.array = array;
        first = start;
        pin = pinned.pin();
        ByteBuffer bytes = writable ? pinned.buffer() : pinned.buffer().asReadOnlyBuffer();
        buffer = typing.of(bytes.order(ByteOrder.nativeOrder()));
    }

    static int lengthOfBuffer(long count, int elementBytes) {
        if (count > Integer.MAX_VALUE / elementBytes) {
            throw new IllegalArgumentException("A view of " + count + " elements is larger than a buffer can be; use several");
        }
        return (int) count;
    }

    View(LazyArray array, long start, B copy) {
        this.array = array;
        first = start;
        pin = null;
        buffer = copy;
    }

    /**
     * The elements.
     *
     * @return always the same buffer; its index 0 is the array's index {@link #first}
     */
    public B buffer() {
        return buffer;
    }

    /**
     * Where in the array the view begins.
     *
     * @return index of the first element
     */
    public long first() {
        return first;
    }

    /** Lets the elements leave memory again, and empties the buffer.  Idempotent. */
    @Override
    public void close() {
        try {
            buffer.limit(0);
            if (pin != null) {
                pin.unpin();
            }
        } finally {
            Reference.reachabilityFence(buffer);
            Reference.reachabilityFence(array);
        }
    }
}
