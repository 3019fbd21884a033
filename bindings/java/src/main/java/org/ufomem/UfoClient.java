// SPDX-License-Identifier: MIT
package org.ufomem;

import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.file.Path;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.LongFunction;
import org.ufomem.internal.Flat;
import org.ufomem.internal.NativeText;
import org.ufomem.internal.Region;
import org.ufomem.internal.ufo_server_stats;

/**
 * A connection to a service: the daemon {@code ufod}, or any process that is a server by {@code <ufomem/service.h>}.  A service keeps arrays in its
 * memory, within its budget, for all processes that read them.
 *
 * <pre>{@code
 * try (var client = UfoClient.connect(); var squares = LazyLongArray.open(client, "squares")) {
 *     System.out.println(squares.get(1_000_000));
 * }
 * }</pre>
 *
 * <p>Its arrays are read-only.  The service may end at any moment, and its memory with it; so that is never shown, and views are copies.  When it has ended, every
 * call that needs it throws {@link UfoException} with {@link UfoStatus#CLOSED}, those that are waiting for it included, until there is a service at the same
 * socket again: the arrays go on with that.
 *
 * <p>All methods may be called by any thread at any time.
 */
public final class UfoClient implements AutoCloseable {
    private final Connection connection;
    private final Cleaner.Cleanable cleanable;

    private UfoClient(byte[] path) {
        connection = new Connection(Flat.ufo_client_connect(path));
        cleanable = Region.CLEANER.register(this, connection);
    }

    /**
     * Connects to the service at the usual socket, where {@code ufod} listens.
     *
     * @return a new client, to be closed
     */
    public static UfoClient connect() {
        return new UfoClient(null);
    }

    /**
     * Connects to the service at a socket.
     *
     * @param path of the socket
     * @return a new client, to be closed
     */
    public static UfoClient connect(Path path) {
        return new UfoClient(NativeText.encode(path));
    }

    /** What is left of a client that is no longer reachable. */
    private static final class Connection implements Runnable {
        private final ReadWriteLock lock = new ReentrantReadWriteLock(); // for writing: the end
        private long handle; // 0: closed

        Connection(long handle) {
            this.handle = handle;
        }

        @Override
        public void run() {
            lock.writeLock().lock();
            try {
                long ended = handle;
                handle = 0;
                Flat.ufo_client_free(ended);
            } finally {
                lock.writeLock().unlock();
            }
        }

        <T> T call(LongFunction<T> call) {
            lock.readLock().lock();
            try {
                if (handle == 0) {
                    throw new UfoException(UfoStatus.CLOSED, "The client has been closed", null);
                }
                return call.apply(handle);
            } finally {
                lock.readLock().unlock();
            }
        }
    }

    /** Calls a function that uses the client, which is not freed meanwhile. */
    <T> T call(LongFunction<T> call) {
        try {
            return connection.call(call);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Figures of the service at this moment.
     *
     * @return the figures
     */
    public ServerStats stats() {
        ufo_server_stats stats = new ufo_server_stats();
        try {
            return call(handle -> {
                Flat.ufo_client_stats_get(handle, stats);
                return new ServerStats(stats.getPage_bytes(), stats.getChunk_bytes(), stats.getBudget_bytes(), stats.getUsed_bytes(),
                        stats.getPeak_bytes(), stats.getLow_bytes(), stats.getHigh_bytes(), stats.getFillers(), stats.getMost_fillers(),
                        stats.getEvictors(), stats.getFaults_at_once(), stats.getClients(), stats.getClients_ever(), stats.getDismissed(),
                        stats.getRegions(), stats.getFaults(), stats.getLate(), stats.getFailures(), stats.getPopulated_bytes(),
                        stats.getEvictions());
            });
        } finally {
            stats.delete();
        }
    }

    /** Opens nothing any more; arrays that were opened by it go on until they are closed.  Idempotent. */
    @Override
    public void close() {
        cleanable.clean();
    }
}
