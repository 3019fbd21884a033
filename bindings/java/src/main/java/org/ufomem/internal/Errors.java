// SPDX-License-Identifier: MIT
package org.ufomem.internal;

import java.util.LinkedHashMap;
import java.util.Map;
import org.ufomem.UfoException;
import org.ufomem.UfoStatus;

/**
 * Failures on their way through the library.  What a callback throws is kept here, and the library carries a number: the call in which the
 * callback ran throws the same object, and whoever meets the failure later gets it as the cause.
 */
final class Errors {
    /** Numbers from here on; those of native callbacks are normally small. */
    private static final int FIRST_CODE = 1 << 30;
    /** As many thrown objects are kept; a failure whose object is gone is still an exception with the library's sentence. */
    private static final int KEPT = 256;

    private static final Map<Integer, Failure> FAILURES = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Integer, Failure> eldest) {
            return size() > KEPT;
        }
    };
    private static int nextCode = FIRST_CODE;

    private Errors() {}

    private static final class Failure {
        final Throwable thrown;
        private Thread thread;

        Failure(Throwable thrown, Thread thread) {
            this.thrown = thrown;
            this.thread = thread;
        }

        /** Whether the calling thread ran the callback, and has not thrown its object yet. */
        synchronized boolean isForCaller() {
            boolean mine = thread == Thread.currentThread();
            if (mine) {
                thread = null;
            }
            return mine;
        }
    }

    /** Keeps what a callback threw on this thread, and gives the number for it. */
    static int remember(Throwable thrown) {
        Failure failure = new Failure(thrown, Thread.currentThread());
        synchronized (FAILURES) {
            int code = nextCode;
            nextCode = code == Integer.MAX_VALUE ? FIRST_CODE : code + 1;
            FAILURES.put(code, failure);
            return code;
        }
    }

    /**
     * Called by the native side after a failed call.
     *
     * @param status what the call returned, or the last status after a constructor
     * @param sentence the library's last error
     * @param code the callback's number
     * @throws Throwable always: a {@link UfoException}, or what the callback threw
     */
    private static void raise(int status, byte[] sentence, int code) throws Throwable {
        Failure failure = null;
        if (code >= FIRST_CODE) {
            synchronized (FAILURES) {
                failure = FAILURES.get(code);
            }
        }
        UfoStatus reason = UfoStatus.of(status);
        if (failure == null) {
            throw new UfoException(reason, NativeText.decode(sentence), null);
        }
        if (!failure.isForCaller()) {
            String what = reason == UfoStatus.POPULATE
                    ? "These elements could not be had before, and failed until reset() is called: the callback threw "
                    : "A callback failed in another thread, or before: it threw ";
            throw new UfoException(reason, what + failure.thrown, failure.thrown);
        }
        if (failure.thrown instanceof RuntimeException || failure.thrown instanceof Error) {
            throw failure.thrown;
        }
        if (failure.thrown instanceof InterruptedException) {
            Thread.currentThread().interrupt();
        }
        throw new UfoException(reason, "The callback threw: " + failure.thrown, failure.thrown);
    }
}
