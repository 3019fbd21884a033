// SPDX-License-Identifier: MIT
package org.ufomem;

/**
 * A failed call.  The message says what happened and what to do about it; {@link #status} is for programs.
 *
 * <p>An unchecked exception, or an error, of a callback is not wrapped: the call in which the callback ran throws that very object.  A
 * checked one is the cause of a {@code UfoException}, and so is every one in later calls that meet the same failed elements.
 */
public final class UfoException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** Why. */
    private final UfoStatus status;

    /**
     * Makes an exception.
     *
     * @param status why
     * @param message a sentence for people
     * @param cause what a callback threw, or null
     */
    public UfoException(UfoStatus status, String message, Throwable cause) {
        super(message, cause);
        this.status = status;
    }

    /**
     * Why the call failed.
     *
     * @return the status
     */
    public UfoStatus status() {
        return status;
    }
}
