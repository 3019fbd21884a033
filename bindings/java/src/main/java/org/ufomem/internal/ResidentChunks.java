// SPDX-License-Identifier: MIT
package org.ufomem.internal;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Function;

/**
 * Resident elements without a call of the library: {@code ufo_residency} of ufo.h.  A chunk that is held cannot leave, so its memory may be
 * used like any other; who does not get a hold makes a call.  Between hold and release there is one access or one short copy.
 *
 * @param <B> the elements' buffer
 */
public final class ResidentChunks<B extends Buffer> {
    /** Buffers are windows of this size: no buffer spans a whole array. */
    private static final int SEGMENT_SHIFT = 30;
    private static final int WORDS_SHIFT = SEGMENT_SHIFT - 2;
    private static final VarHandle WORD = MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.nativeOrder());

    private final ufo_residency residency;
    private final Function<ByteBuffer, B> typing;
    private final long address;
    private final long bytes;
    private final int elementShift;
    private final int segmentShift;
    private final int chunkShift;
    private final ByteBuffer[] words;
    /** Made when they are first missed, since an array can have very many. */
    private final AtomicReferenceArray<B> segments;

    private final int mask;
    private final int resident;
    private final int dirty;
    private final int oneHold;
    private final int holds;
    private final int waiters;

    private ResidentChunks(ufo_residency residency, long length, int elementBytes, Function<ByteBuffer, B> typing) {
        this.residency = residency;
        this.typing = typing;
        address = residency.getData();
        bytes = length * elementBytes;
        elementShift = Integer.numberOfTrailingZeros(elementBytes);
        segmentShift = SEGMENT_SHIFT - elementShift;
        // Chunks that are no power of two, or a meaning of the words that is not known here: nothing is ever found resident, in word 0.
        boolean known = residency.getVersion() == 1 && residency.getChunk_shift() != 0 && residency.getChunk_shift() <= SEGMENT_SHIFT;
        chunkShift = known ? residency.getChunk_shift() - elementShift : Long.SIZE - 1;
        mask = known ? residency.getMask() : 0;
        resident = known ? residency.getResident() : 1;
        dirty = residency.getDirty();
        oneHold = residency.getOne_hold();
        holds = residency.getHolds();
        waiters = residency.getWaiters();

        long chunks = residency.getChunks();
        words = new ByteBuffer[(int) ((chunks - 1 >>> WORDS_SHIFT) + 1)];
        for (int i = 0; i < words.length; i++) {
            words[i] = window(residency.getWords(), chunks << 2, i);
        }
        segments = new AtomicReferenceArray<>((int) ((bytes - 1 >>> SEGMENT_SHIFT) + 1));
    }

    /** Nothing is ever found resident: everything is a call. */
    private ResidentChunks() {
        residency = null;
        typing = null;
        address = bytes = 0;
        elementShift = 0;
        segmentShift = chunkShift = Long.SIZE - 1;
        words = new ByteBuffer[0];
        segments = new AtomicReferenceArray<>(1);
        mask = resident = dirty = oneHold = holds = waiters = 0;
    }

    /**
     * For memory that is not this process's to hold.
     *
     * @param <B> the elements' buffer
     * @return what finds nothing
     */
    public static <B extends Buffer> ResidentChunks<B> none() {
        return new ResidentChunks<>();
    }

    /**
     * Looks at a region's chunks; the memory of their words, and the array's addresses, stay reserved until {@link #close}.
     *
     * @param <B> the elements' buffer
     * @param region whose
     * @param elementBytes 1, 2, 4 or 8
     * @param typing makes a buffer of the right type and order
     * @return what tells resident elements
     */
    public static <B extends Buffer> ResidentChunks<B> of(Region region, int elementBytes, Function<ByteBuffer, B> typing) {
        ufo_residency residency = new ufo_residency();
        long handle = region.enter();
        try {
            Flat.ufo_residency_open(handle, residency);
        } catch (RuntimeException | Error failure) {
            residency.delete();
            throw failure;
        } finally {
            region.exit();
        }
        return new ResidentChunks<>(residency, region.length(), elementBytes, typing);
    }

    /** For the cleaner: nobody can reach the array, and so nobody looks at words any more. */
    public void close() {
        Flat.ufo_residency_close(residency);
        residency.delete();
    }

    private static ByteBuffer window(long address, long bytes, int number) {
        long offset = (long) number << SEGMENT_SHIFT;
        return Flat.buffer_over(address + offset, Math.min(bytes - offset, 1L << SEGMENT_SHIFT)).order(ByteOrder.nativeOrder());
    }

    /**
     * The window that an element lies in.
     *
     * @param index of the element
     * @return null if there has been no need for it yet: make a call, and {@link #reach} it
     */
    public B segment(long index) {
        return segments.getAcquire((int) (index >>> segmentShift));
    }

    /**
     * Makes sure that there is a window next time.
     *
     * @param index of an element
     */
    public void reach(long index) {
        int number = (int) (index >>> segmentShift);
        if (residency != null && segments.getAcquire(number) == null) {
            segments.setRelease(number, typing.apply(window(address, bytes, number)));
        }
    }

    /**
     * Where an element lies in its window.
     *
     * @param index of the element
     * @return index in the buffer
     */
    public int inSegment(long index) {
        return (int) index & (1 << segmentShift) - 1;
    }

    /**
     * How many elements from one on lie in the same chunk.
     *
     * @param index of the element
     * @return at least 1
     */
    public long leftInChunk(long index) {
        long chunkElements = 1L << chunkShift;
        return chunkElements - (index & chunkElements - 1);
    }

    /**
     * Holds an element's chunk, if it is resident.
     *
     * @param index of the element
     * @return whether it is held now, and has to be released
     */
    public boolean hold(long index) {
        long chunk = index >>> chunkShift;
        ByteBuffer window = words[(int) (chunk >>> WORDS_SHIFT)];
        int at = (int) (chunk & (1 << WORDS_SHIFT) - 1) << 2;
        for (;;) {
            int word = (int) WORD.getVolatile(window, at);
            if ((word & mask) != resident) {
                return false;
            }
            if (WORD.compareAndSet(window, at, word, word + oneHold)) {
                return true;
            }
        }
    }

    /**
     * Holds an element's chunk, if it is resident and counts as changed already.
     *
     * @param index of the element
     * @return whether it is held now, and has to be released
     */
    public boolean holdToWrite(long index) {
        long chunk = index >>> chunkShift;
        ByteBuffer window = words[(int) (chunk >>> WORDS_SHIFT)];
        int at = (int) (chunk & (1 << WORDS_SHIFT) - 1) << 2;
        for (;;) {
            int word = (int) WORD.getVolatile(window, at);
            if ((word & mask) != resident || (word & dirty) == 0) {
                return false;
            }
            if (WORD.compareAndSet(window, at, word, word + oneHold)) {
                return true;
            }
        }
    }

    /**
     * Gives a hold back.
     *
     * @param index of an element of the chunk
     */
    public void release(long index) {
        long chunk = index >>> chunkShift;
        ByteBuffer window = words[(int) (chunk >>> WORDS_SHIFT)];
        int at = (int) (chunk & (1 << WORDS_SHIFT) - 1) << 2;
        int after = (int) WORD.getAndAdd(window, at, -oneHold) - oneHold;
        if ((after & holds) == 0 && (after & waiters) != 0) {
            Flat.ufo_residency_wake(residency, chunk);
        }
    }
}
