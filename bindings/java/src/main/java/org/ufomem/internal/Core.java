// SPDX-License-Identifier: MIT
package org.ufomem.internal;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongFunction;
import org.ufomem.UfoException;
import org.ufomem.UfoStatus;

/** A core of the library, which lasts until it is closed and its last region is gone. */
public final class Core {
    private final long handle;
    private final boolean shared;
    private final Set<Region> regions = new LinkedHashSet<>();
    private boolean closed;
    private int users = 1;

    /**
     * Takes a core over.
     *
     * @param handle the library's
     * @param shared whether it is the process's own, which is never freed
     */
    public Core(long handle, boolean shared) {
        this.handle = handle;
        this.shared = shared;
    }

    /**
     * Calls a function that uses the core, which is not freed meanwhile.
     *
     * @param <T> its result
     * @param call gets the handle
     * @return its result
     */
    public <T> T call(LongFunction<T> call) {
        synchronized (this) {
            if (closed) {
                throw new UfoException(UfoStatus.CLOSED, "The core has been closed", null);
            }
            users++;
        }
        try {
            return call.apply(handle);
        } finally {
            leave();
        }
    }

    /** Counts a region in; inside {@link #call}, so the core is there.  One that comes after close() is closed by the caller. */
    synchronized boolean add(Region region) {
        regions.add(region);
        users++;
        return !closed;
    }

    /** The region is no more. */
    void remove(Region region) {
        synchronized (this) {
            regions.remove(region);
        }
        leave();
    }

    private void leave() {
        boolean last;
        synchronized (this) {
            last = --users == 0;
        }
        if (last && !shared) {
            Flat.ufo_core_free(handle);
        }
    }

    /** Closes all regions, the newest first, and the core with the last of them.  Idempotent. */
    public void close() {
        List<Region> open;
        synchronized (this) {
            if (closed || shared) {
                return;
            }
            closed = true;
            open = new ArrayList<>(regions);
        }
        RuntimeException failure = null;
        for (int i = open.size() - 1; i >= 0; i--) {
            try {
                open.get(i).close();
            } catch (RuntimeException thrown) {
                if (failure == null) {
                    failure = thrown;
                } else {
                    failure.addSuppressed(thrown);
                }
            }
        }
        leave();
        if (failure != null) {
            throw failure;
        }
    }
}
