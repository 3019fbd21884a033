// SPDX-License-Identifier: MIT
package org.ufomem;

import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.file.Path;
import java.util.function.LongConsumer;
import org.ufomem.internal.Core;
import org.ufomem.internal.Flat;
import org.ufomem.internal.NativeText;
import org.ufomem.internal.Region;
import org.ufomem.internal.ufo_core_stats;

/**
 * A budget for memory, and the arrays that share it.  Programs normally need one; arrays that name none share {@link #standard()}.
 *
 * <p>All methods may be called by any thread at any time.  Arrays keep their core reachable.
 */
public final class UfoCore implements AutoCloseable {
    private static final class Standard {
        static final UfoCore CORE = new UfoCore(Flat.ufo_core_default(), true);
    }

    final Core core;
    private final Cleaner.Cleanable cleanable;

    private UfoCore(long handle, boolean shared) {
        core = new Core(handle, shared);
        cleanable = Region.CLEANER.register(this, core::close);
    }

    /**
     * The core of the process, with half of the memory that is available when it is first needed.  It is never closed.
     *
     * @return always the same
     */
    public static UfoCore standard() {
        return Standard.CORE;
    }

    /**
     * A core with a budget.
     *
     * @param bytes the most memory that its arrays have in memory at any time, all of them together
     * @return a new core, to be closed
     */
    public static UfoCore withBudget(long bytes) {
        return builder().budget(bytes).build();
    }

    /**
     * For a core with more wishes.
     *
     * @return a builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** What a core shall be like. */
    public static final class Builder {
        private LongConsumer wishes = config -> {};

        private Builder() {}

        private Builder with(LongConsumer wish) {
            wishes = wishes.andThen(wish);
            return this;
        }

        /**
         * Sets the most memory that the arrays may have in memory at any time.
         *
         * @param bytes all of them together; 0 (default): half of what is available
         * @return this
         */
        public Builder budget(long bytes) {
            if (bytes < 0) {
                throw new IllegalArgumentException("A budget of " + bytes + " bytes: it cannot be negative");
            }
            return with(config -> Flat.ufo_core_config_set_budget(config, bytes));
        }

        /**
         * Sets when chunks leave in the background, and until when.
         *
         * @param lowPercent of the budget, default 88
         * @param highPercent of the budget, default 100
         * @return this
         */
        public Builder watermarks(int lowPercent, int highPercent) {
            return with(config -> Flat.ufo_core_config_set_watermarks(config, lowPercent, highPercent));
        }

        /**
         * Sets where changed elements go that have no other place and are not in memory.
         *
         * @param directory default: environment UFOMEM_SPILL_DIR, TMPDIR, else /var/tmp
         * @return this
         */
        public Builder spillDirectory(Path directory) {
            byte[] path = NativeText.encode(directory);
            return with(config -> Flat.ufo_core_config_set_spill_dir(config, path));
        }

        /**
         * Makes the core.
         *
         * @return a new core, to be closed
         */
        public UfoCore build() {
            long config = Flat.ufo_core_config_new();
            try {
                wishes.accept(config);
                return new UfoCore(Flat.ufo_core_new(config), false);
            } finally {
                Flat.ufo_core_config_free(config);
            }
        }
    }

    /**
     * Changes the budget while running.
     *
     * @param bytes the new one; 0 stands for the default
     * @throws UfoException if the memory in use cannot be brought below it; the old budget stays
     */
    public void setBudget(long bytes) {
        try {
            core.call(handle -> {
                Flat.ufo_core_set_budget(handle, bytes);
                return null;
            });
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Figures of this moment.
     *
     * @return the figures
     */
    public CoreStats stats() {
        ufo_core_stats stats = new ufo_core_stats();
        try {
            return core.call(handle -> {
                Flat.ufo_core_stats_get(handle, stats);
                return new CoreStats(stats.getBudget_bytes(), stats.getUsed_bytes(), stats.getPeak_bytes(), stats.getSpilled_bytes(),
                        stats.getRegions(), stats.getPopulated_bytes(), stats.getEvictions(), stats.getRescues(),
                        stats.getWritten_back_bytes(), stats.getSpill_written_bytes(), stats.getSpill_read_bytes(), stats.getFailures());
            });
        } finally {
            stats.delete();
            Reference.reachabilityFence(this);
        }
    }

    /** Closes all arrays of the core, the newest first, and the core.  Idempotent; does nothing to {@link #standard()}. */
    @Override
    public void close() {
        try {
            core.close();
        } finally {
            cleanable.clean();
        }
    }
}
