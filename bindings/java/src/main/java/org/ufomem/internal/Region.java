// SPDX-License-Identifier: MIT
package org.ufomem.internal;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.Cleaner;
import java.nio.ByteBuffer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.ufomem.UfoException;
import org.ufomem.UfoStatus;

/**
 * A region of the library, and who still uses it: the array, calls in progress, and buffers over its memory.  Calls end with close(); the
 * memory stays mapped until no buffer over it is reachable, since a JVM does not survive an access to memory that is not there.
 */
public final class Region {
    /** Runs what is left to do when an array, a core or a buffer is no longer reachable. */
    public static final Cleaner CLEANER = Cleaner.create();

    private static final System.Logger LOGGER = System.getLogger("org.ufomem");
    private static final int CLOSED = 1 << 31;
    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(Region.class, "state", int.class);
        } catch (ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    private final Core core; // null: memory of a service
    private final long handle;
    private final long address;
    private final long length;
    private final boolean flushedAtEnd;

    /** Calls in progress, and {@link #CLOSED}. */
    @SuppressWarnings("unused") // by STATE
    private volatile int state;

    private final AtomicBoolean ending = new AtomicBoolean();
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile Throwable lastWriteFailure;
    /** Nobody waits to be told of the last write-back's failure. */
    private volatile boolean unattended;

    // Guarded by this.
    private int buffers;
    private boolean mayBeFreed;

    private Region(Core core, long handle, boolean flushedAtEnd) {
        this.core = core;
        this.handle = handle;
        this.address = Flat.ufo_data(handle);
        this.length = Flat.ufo_count(handle);
        this.flushedAtEnd = flushedAtEnd;
    }

    /**
     * Makes a region.
     *
     * @param core where
     * @param config the library's; stays the caller's
     * @param flushedAtEnd whether there is a source that takes changes
     * @return the region, to be closed
     */
    public static Region create(Core core, long config, boolean flushedAtEnd) {
        return core.call(coreHandle -> {
            Region region = new Region(core, Flat.ufo_new(coreHandle, config), flushedAtEnd);
            if (!core.add(region)) {
                region.close();
            }
            return region;
        });
    }

    /**
     * Opens a region of a service.
     *
     * @param config the library's; stays the caller's
     * @return the region, to be closed
     */
    public static Region createShared(long config) {
        return new Region(null, Flat.ufo_new(0, config), false);
    }

    /**
     * Begins a call: until {@link #exit} the handle is valid.  The caller keeps the array reachable, whose end would close the region.
     *
     * @return the handle
     */
    public long enter() {
        if ((int) STATE.getAndAdd(this, 1) < 0) {
            exit();
            throw new UfoException(UfoStatus.CLOSED, "The array has been closed", null);
        }
        return handle;
    }

    /** Ends a call.  The last one out of a closed region ends it. */
    public void exit() {
        if ((int) STATE.getAndAdd(this, -1) == CLOSED + 1) {
            end();
        }
    }

    /**
     * Number of elements.
     *
     * @return the length
     */
    public long length() {
        return length;
    }

    /**
     * Whether close() has been called.
     *
     * @return true from then on
     */
    public boolean isClosed() {
        return state < 0;
    }

    /**
     * Lets no new call in, waits for those in progress, gives changes to the source if that takes them, and ends the region.  Inside a
     * callback it does not wait: the last call ends the region then.  Idempotent; throws what the last write-back threw.
     */
    public void close() {
        shut();
        if (ended.getCount() > 0) {
            if (ElementCallback.isRunning()) {
                unattended = true;
                return; // the call that waits for this callback may be the one to wait for
            }
            awaitEnd();
        }
        Throwable failure = lastWriteFailure;
        lastWriteFailure = null;
        if (failure instanceof RuntimeException unchecked) {
            throw unchecked;
        }
        if (failure instanceof Error error) {
            throw error;
        }
    }

    /** As close(), for an array that nobody can reach any more: failures can only be logged. */
    public void abandon() {
        if (!isClosed()) {
            unattended = true;
            shut();
        }
    }

    private void shut() {
        if ((int) STATE.getAndBitwiseOr(this, CLOSED) == 0) {
            end();
        }
    }

    private void awaitEnd() {
        boolean interrupted = false;
        for (;;) {
            try {
                ended.await();
                break;
            } catch (InterruptedException later) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** No call is in progress, and none comes any more.  (Late ones count up and down again, hence once.) */
    private void end() {
        if (!ending.compareAndSet(false, true)) {
            return;
        }
        try {
            if (flushedAtEnd) {
                Flat.ufo_flush(handle, 0, length);
            }
        } catch (Throwable failure) {
            lastWriteFailure = failure;
            if (unattended) {
                LOGGER.log(System.Logger.Level.ERROR, "Changes of an array that is closed could not be written back", failure);
            }
        }
        boolean last;
        synchronized (this) {
            mayBeFreed = true;
            last = buffers == 0;
        }
        if (last) {
            free();
        } else if (lastWriteFailure == null) {
            giveMemoryBack();
        }
        ended.countDown();
    }

    private void free() {
        Flat.ufo_free(handle);
        if (core != null) {
            core.remove(this);
        }
    }

    /** Buffers keep the addresses; what is not pinned need not keep the memory. */
    private void giveMemoryBack() {
        try {
            Flat.ufo_reset(handle, 0, length);
        } catch (UfoException pinned) {
            // It goes with the last buffer.
        }
    }

    /**
     * Memory of the region that is resident until {@link #unpin}, and mapped as long as the buffer, or one made from it, is reachable.
     */
    public static final class Pin implements Runnable {
        private final Region region;
        private final long first;
        private final long count;
        private final AtomicBoolean held = new AtomicBoolean(true);

        private Pin(Region region, long first, long count) {
            this.region = region;
            this.first = first;
            this.count = count;
        }

        /** Lets the memory leave again.  Idempotent. */
        public void unpin() {
            if (held.compareAndSet(true, false)) {
                Flat.ufo_unpin(region.handle, first, count); // valid: the buffer keeps the region from being freed
            }
        }

        /** The buffer is no longer reachable. */
        @Override
        public void run() {
            unpin();
            boolean last;
            synchronized (region) {
                last = --region.buffers == 0 && region.mayBeFreed;
            }
            if (last) {
                region.free();
            }
        }
    }

    /** A pin and the buffer over its memory. */
    public record Pinned(Pin pin, ByteBuffer buffer) {}

    /**
     * Pins elements.
     *
     * @param first index of the first
     * @param count how many
     * @param elementBytes their size; at most 2 GiB together
     * @param writable whether they will be written to
     * @return the pin, and a buffer in big-endian order, as all are born
     */
    public Pinned pin(long first, long count, int elementBytes, boolean writable) {
        enter();
        try {
            if (writable) {
                Flat.ufo_pin_write(handle, first, count);
            } else {
                Flat.ufo_pin(handle, first, count);
            }
            Pin pin = new Pin(this, first, count);
            ByteBuffer buffer = Flat.buffer_over(address + first * elementBytes, count * elementBytes);
            synchronized (this) {
                buffers++;
            }
            CLEANER.register(buffer, pin);
            return new Pinned(pin, buffer);
        } finally {
            exit();
        }
    }
}
