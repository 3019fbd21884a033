// SPDX-License-Identifier: MIT
package org.ufomem;

import org.ufomem.internal.FlatConstants;

/** Why a call failed. */
public enum UfoStatus {
    /** An argument is not acceptable. */
    INVALID(FlatConstants.UFO_ERR_INVALID),
    /** Memory for the library's own tables, or address space, is used up. */
    NO_MEMORY(FlatConstants.UFO_ERR_NOMEM),
    /** A size does not fit the address space. */
    OVERFLOW(FlatConstants.UFO_ERR_OVERFLOW),
    /** Elements that are not all inside the array. */
    RANGE(FlatConstants.UFO_ERR_RANGE),
    /** The kernel refused a system call. */
    SYSTEM(FlatConstants.UFO_ERR_SYSTEM),
    /** The user may not do this. */
    PERMISSION(FlatConstants.UFO_ERR_PERMISSION),
    /** A file cannot be opened, read or written. */
    FILE(FlatConstants.UFO_ERR_FILE),
    /** The file ends before the array does. */
    TRUNCATED(FlatConstants.UFO_ERR_TRUNCATED),
    /** The populate callback failed. */
    POPULATE(FlatConstants.UFO_ERR_POPULATE),
    /** The writeback callback failed. */
    WRITEBACK(FlatConstants.UFO_ERR_WRITEBACK),
    /** The spill file cannot take a changed chunk (disk full?). */
    SPILL(FlatConstants.UFO_ERR_SPILL),
    /** No memory inside the budget: everything is pinned or cannot leave, or the budget is too small. */
    BUDGET(FlatConstants.UFO_ERR_BUDGET),
    /** A chunk of the range is pinned. */
    PINNED(FlatConstants.UFO_ERR_PINNED),
    /** Something was unpinned that was not pinned. */
    NOT_PINNED(FlatConstants.UFO_ERR_NOT_PINNED),
    /** The array is read-only. */
    READ_ONLY(FlatConstants.UFO_ERR_READ_ONLY),
    /** Filling this chunk waits, directly or through other chunks, for itself. */
    DEADLOCK(FlatConstants.UFO_ERR_DEADLOCK),
    /** The object belongs to the parent process. */
    FORKED(FlatConstants.UFO_ERR_FORKED),
    /** The array or core has been closed. */
    CLOSED(FlatConstants.UFO_ERR_CLOSED),
    /** This kernel, or this array, cannot do it. */
    UNSUPPORTED(FlatConstants.UFO_ERR_UNSUPPORTED),
    /** An address is not free, or not page-aligned. */
    ADDRESS(FlatConstants.UFO_ERR_ADDRESS),
    /** Memory of a computed array was used where it was not resident. */
    STRAY(FlatConstants.UFO_ERR_STRAY),
    /** A limit of the library or of the system (threads, mappings, pins) is reached. */
    LIMIT(FlatConstants.UFO_ERR_LIMIT),
    /** The program discarded changed memory of the array. */
    LOST(FlatConstants.UFO_ERR_LOST);

    private final int code;

    UfoStatus(int code) {
        this.code = code;
    }

    /**
     * The number in the C interface.
     *
     * @return less than 0
     */
    public int code() {
        return code;
    }

    /**
     * The status with a number of the C interface.
     *
     * @param code the number
     * @return its status
     * @throws IllegalArgumentException if no failure has this number
     */
    public static UfoStatus of(int code) {
        for (UfoStatus status : values()) {
            if (status.code == code) {
                return status;
            }
        }
        throw new IllegalArgumentException(code + " is the number of no failure");
    }
}
