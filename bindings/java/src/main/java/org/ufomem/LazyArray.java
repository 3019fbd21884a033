// SPDX-License-Identifier: MIT
package org.ufomem;

import java.io.IOException;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.LongConsumer;
import org.ufomem.internal.Flat;
import org.ufomem.internal.FlatConstants;
import org.ufomem.internal.NativeText;
import org.ufomem.internal.Region;
import org.ufomem.internal.ResidentChunks;
import org.ufomem.internal.ufo_stats;

/**
 * What lazy arrays of all element types have in common.
 *
 * <p>An array's elements come into being a <em>chunk</em> at a time, when they are first asked for: a callback computes them, or a file is
 * read, or they start as zeros.  Chunks leave memory again so that all arrays of a {@link UfoCore} together stay within its budget; what was
 * changed is given back to the source, or kept in a private spill file.
 *
 * <p>All methods may be called by any thread at any time; callbacks for different chunks run side by side, each on a thread that asked for
 * its elements.  An access to an element is one load or store; concurrent ones are not ordered by it.  Indices are checked
 * ({@link IndexOutOfBoundsException}); after {@link #close} calls throw {@link UfoException} with {@link UfoStatus#CLOSED}.
 *
 * <p>Arrays of a service, opened by a {@link UfoClient}, are read-only.
 *
 * <p>An array that is no longer reachable is closed by and by; changes are safe with {@link #flush} or {@link #close} only.  A callback that
 * refers to its own array keeps it reachable: close such arrays.
 */
public abstract sealed class LazyArray implements AutoCloseable
        permits LazyByteArray, LazyIntArray, LazyLongArray, LazyFloatArray, LazyDoubleArray {
    /** A source is asked for neighbours in one request, but never so that they push each other out. */
    private static final long MOST_WINDOW_BYTES = 256 * 1024;
    /** A length that the source knows. */
    static final long AS_LONG_AS_IT_IS = Long.MIN_VALUE;

    private final UfoCore core;
    private final boolean shared;
    private final Region region;
    private final long length;
    private final Cleaner.Cleanable cleanable;
    /** Elements that are asked for together by one call. */
    private final int window;

    LazyArray(Builder<?, ?> builder) {
        shared = builder.client != null;
        core = shared ? null : builder.core == null ? UfoCore.standard() : builder.core;
        region = shared ? builder.openShared() : builder.makeRegion(core);
        length = region.length();
        Region mine = region; // not `this`, which the cleaner must not hold
        cleanable = Region.CLEANER.register(this, mine::abandon);
        long share = shared ? MOST_WINDOW_BYTES : core.stats().budgetBytes() / 16;
        window = (int) Math.max(chunk(), Math.min(MOST_WINDOW_BYTES, share) / builder.elementBytes);
    }

    final boolean isShared() {
        return shared;
    }

    /** Memory that another process may take away is not shown: a JVM does not survive every access to what is gone. */
    static UfoException readOnly() {
        return new UfoException(UfoStatus.READ_ONLY, "An array of a service is read-only", null);
    }

    /** The fast way to elements, until nobody can reach the array: it may be in use while close() ends the region. */
    final <B extends Buffer> ResidentChunks<B> resident(Function<ByteBuffer, B> typing) {
        if (shared) {
            return ResidentChunks.none();
        }
        ResidentChunks<B> resident = ResidentChunks.of(region, elementBytes(), typing);
        Region.CLEANER.register(this, resident::close);
        return resident;
    }

    final int window() {
        return window;
    }

    final Region region() {
        return region;
    }

    abstract int elementBytes();

    /**
     * Number of elements.
     *
     * @return the length
     */
    public final long length() {
        return length;
    }

    /**
     * The core whose budget the array shares.
     *
     * @return the core; null for an array of a service
     */
    public final UfoCore core() {
        return core;
    }

    /** A call of the library that is given the handle. */
    interface Call<T> {
        T on(long handle);
    }

    final <T> T call(Call<T> call) {
        try {
            long handle = region.enter();
            try {
                return call.on(handle);
            } finally {
                region.exit();
            }
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    private void onRange(long start, long end, LongConsumer call) {
        Objects.checkFromToIndex(start, end, length);
        call(handle -> {
            call.accept(handle);
            return null;
        });
    }

    /**
     * Number of elements that come and go together.
     *
     * @return at least 1
     */
    public final long chunk() {
        return call(Flat::ufo_chunk);
    }

    /**
     * Brings elements into memory.  They may leave again at any time.
     *
     * @param start index of the first
     * @param end index after the last
     */
    public final void touch(long start, long end) {
        onRange(start, end, handle -> Flat.ufo_touch(handle, start, end - start));
    }

    /** Gives all changes to where they go: see {@link #flush(long, long)}. */
    public final void flush() {
        flush(0, length);
    }

    /**
     * Gives changes to where they go: the writeback callback, the file (made durable) or the spill file.  What cannot be written stays in
     * memory as changed, and can be flushed again.
     *
     * @param start index of the first element
     * @param end index after the last
     */
    public final void flush(long start, long end) {
        onRange(start, end, handle -> Flat.ufo_flush(handle, start, end - start));
    }

    /**
     * Lets elements leave memory now; changes are kept.
     *
     * @param start index of the first
     * @param end index after the last
     * @throws UfoException with {@link UfoStatus#PINNED} if a view is open there; all others have left
     */
    public final void evict(long start, long end) {
        onRange(start, end, handle -> Flat.ufo_evict(handle, start, end - start));
    }

    /**
     * Forgets what the array holds of elements: failures, what is in memory, and changes that were not yet given to the source.  The next
     * access asks the source again.
     *
     * @param start index of the first
     * @param end index after the last
     * @throws UfoException with {@link UfoStatus#PINNED} if a view is open there; all others are forgotten
     */
    public final void reset(long start, long end) {
        onRange(start, end, handle -> Flat.ufo_reset(handle, start, end - start));
    }

    /**
     * Tells what comes next.
     *
     * @param start index of the first element
     * @param end index after the last
     * @param advice what comes
     */
    public final void advise(long start, long end, Advice advice) {
        int code = advice.code;
        onRange(start, end, handle -> Flat.ufo_advise(handle, start, end - start, code));
    }

    /**
     * Figures of this moment.
     *
     * @return the figures
     */
    public final ArrayStats stats() {
        ufo_stats stats = new ufo_stats();
        try {
            return call(handle -> {
                Flat.ufo_stats_get(handle, stats);
                return new ArrayStats(stats.getResident_bytes(), stats.getPins(), stats.getFaults(), stats.getPopulates(),
                        stats.getPopulated_bytes(), stats.getEvictions(), stats.getRescues(), stats.getWritten_back_bytes(),
                        stats.getSpill_written_bytes(), stats.getSpill_read_bytes(), stats.getFailures());
            });
        } finally {
            stats.delete();
        }
    }

    /**
     * Whether the array has been closed.
     *
     * @return true from then on
     */
    public final boolean isClosed() {
        return region.isClosed();
    }

    /**
     * Ends the array.  Calls in progress come to their end, new ones fail; changes are given to the source, if that takes them, and what this
     * throws is thrown here, when the array is closed all the same: {@link #flush} before to be able to try again.  Views stay
     * readable until they are closed.  Inside a callback it does not wait for calls in progress.  Idempotent.
     */
    @Override
    public final void close() {
        try {
            region.close();
        } finally {
            cleanable.clean();
        }
    }

    /**
     * What an array shall be like.
     *
     * @param <B> the builder itself
     * @param <A> what it builds
     */
    public abstract static sealed class Builder<B extends Builder<B, A>, A extends LazyArray>
            permits LazyByteArray.Builder, LazyIntArray.Builder, LazyLongArray.Builder, LazyFloatArray.Builder, LazyDoubleArray.Builder {
        private final long length;
        private final int elementBytes;
        private UfoCore core;
        private UfoClient client;
        private String name;
        private LongConsumer source = config -> {};
        private LongConsumer sink = config -> {};
        private LongConsumer wishes = config -> {};
        private boolean takesChanges;
        private boolean readOnly;

        Builder(long length, int elementBytes) {
            if (length <= 0 && length != AS_LONG_AS_IT_IS) {
                throw new IllegalArgumentException("An array of " + length + " elements: there has to be at least one");
            }
            this.length = length;
            this.elementBytes = elementBytes;
        }

        @SuppressWarnings("unchecked") // B is the class itself
        final B self() {
            return (B) this;
        }

        final B source(LongConsumer setSource) {
            source = setSource;
            return self();
        }

        final B sink(LongConsumer setSink) {
            sink = setSink;
            takesChanges = true;
            return self();
        }

        private B wish(LongConsumer wish) {
            wishes = wishes.andThen(wish);
            return self();
        }

        /**
         * Sets the core whose budget the array shares.
         *
         * @param value default: {@link UfoCore#standard()}
         * @return this
         */
        public final B core(UfoCore value) {
            core = Objects.requireNonNull(value, "core");
            return self();
        }

        /**
         * Sets the least number of elements that come and go together; rounded up to whole pages.
         *
         * @param elements 0 (default): 64 KiB of them
         * @return this
         */
        public final B chunk(long elements) {
            if (elements < 0 || elements > (1 << 30) / elementBytes) {
                throw new IllegalArgumentException("Chunks of " + elements + " elements: at most 1 GiB are possible");
            }
            return wish(config -> Flat.ufo_config_set_chunk(config, elements));
        }

        /**
         * Makes every change an error.
         *
         * @return this
         */
        public final B readOnly() {
            readOnly = true;
            return wish(config -> Flat.ufo_config_set_read_only(config, 1));
        }

        /**
         * Has a source that failed asked again before the elements count as failed.
         *
         * @param retries how often; default 0
         * @param delay the time between
         * @return this
         */
        public final B retry(int retries, Duration delay) {
            int milliseconds = Math.toIntExact(delay.toMillis());
            return wish(config -> Flat.ufo_config_set_retry(config, retries, milliseconds));
        }

        /**
         * The array is the content of a file, in native byte order.  Changes stay private to the array.
         *
         * @param path the file, which is opened by {@link #build}
         * @param offset of element 0, in bytes
         * @return this
         */
        public final B file(Path path, long offset) {
            return file(path, offset, 0);
        }

        /**
         * The array is the content of a file, in native byte order, and changes go to the file.
         *
         * @param path the file, which is opened by {@link #build}
         * @param offset of element 0, in bytes
         * @return this
         */
        public final B fileForWriting(Path path, long offset) {
            takesChanges = true;
            return file(path, offset, FlatConstants.UFO_FILE_WRITEBACK);
        }

        private B file(Path path, long offset, int flags) {
            if (offset < 0) {
                throw new IllegalArgumentException("Offset " + offset + " in a file: it cannot be negative");
            }
            byte[] bytes = NativeText.encode(path);
            return source(config -> Flat.ufo_config_set_file(config, bytes, offset, flags));
        }

        /**
         * The elements are computed by native code, on any thread: see {@code ufo_config_set_populate} in ufo.h.  The addresses are used as
         * they are; a wrong one ends the process.
         *
         * @param populate address of a C function of type {@code ufo_populate_fn}
         * @param userData its first argument
         * @param free address of a {@code ufo_free_fn} that is called with {@code userData} at the end; or 0
         * @return this, for one array
         */
        public final B nativePopulate(long populate, long userData, long free) {
            return source(config -> Flat.set_populate_native(config, populate, userData, free));
        }

        /**
         * Changes are taken by native code: see {@code ufo_config_set_writeback} in ufo.h.
         *
         * @param writeback address of a C function of type {@code ufo_writeback_fn}
         * @param userData its first argument
         * @param free address of a {@code ufo_free_fn} that is called with {@code userData} at the end; or 0
         * @return this, for one array
         */
        public final B nativeWriteback(long writeback, long userData, long free) {
            return sink(config -> Flat.set_writeback_native(config, writeback, userData, free));
        }

        final B shared(UfoClient by, String published) {
            client = Objects.requireNonNull(by, "client");
            name = published;
            return self();
        }

        private Region openShared() {
            Region opened = client.call(handle -> {
                long config = Flat.ufo_config_new();
                try {
                    if (length != AS_LONG_AS_IT_IS) {
                        Flat.ufo_config_set_elements(config, length, elementBytes);
                    }
                    source.accept(config);
                    Flat.ufo_config_set_shared(config, handle, name);
                    return Region.createShared(config);
                } finally {
                    Flat.ufo_config_free(config);
                }
            });
            long found = Flat.ufo_element_size(opened.enter());
            opened.exit();
            if (found != elementBytes) {
                opened.close();
                throw new UfoException(UfoStatus.INVALID, "The elements of '" + name + "' have " + found + " bytes, not " + elementBytes, null);
            }
            return opened;
        }

        /**
         * Makes the array.
         *
         * @return a new array, to be closed
         */
        public abstract A build();

        private Region makeRegion(UfoCore core) {
            long config = Flat.ufo_config_new();
            try {
                Flat.ufo_config_set_elements(config, length, elementBytes);
                source.accept(config);
                sink.accept(config);
                wishes.accept(config);
                return Region.create(core.core, config, takesChanges && !readOnly);
            } finally {
                Flat.ufo_config_free(config);
                Reference.reachabilityFence(core);
            }
        }
    }

    /** Number of elements that a file holds. */
    static long elementsIn(Path path, int elementBytes) {
        try {
            return Files.size(path) / elementBytes;
        } catch (IOException failure) {
            throw new UfoException(UfoStatus.FILE, "The size of " + path + " cannot be read: " + failure, failure);
        }
    }
}
