// SPDX-License-Identifier: MIT
package org.ufomem;

import org.ufomem.internal.FlatConstants;

/** What the program knows about its next accesses; never needed for correctness. */
public enum Advice {
    /** Who walks through the array is recognised.  Holds for the whole array, as the next two do. */
    NORMAL(FlatConstants.UFO_ADVICE_NORMAL),
    /** No order: never fill more than was asked for. */
    RANDOM(FlatConstants.UFO_ADVICE_RANDOM),
    /** Ascending order. */
    SEQUENTIAL(FlatConstants.UFO_ADVICE_SEQUENTIAL),
    /** Needed soon: fill the range in the background.  Ignored by arrays with a callback in Java. */
    WILL_NEED(FlatConstants.UFO_ADVICE_WILLNEED),
    /** Not needed soon: the range leaves memory first; changes are kept. */
    DONT_NEED(FlatConstants.UFO_ADVICE_DONTNEED);

    final int code;

    Advice(int code) {
        this.code = code;
    }
}
