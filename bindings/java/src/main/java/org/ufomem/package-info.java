// SPDX-License-Identifier: MIT
/**
 * Lazy arrays: {@link org.ufomem.LazyLongArray} and its like for other element types are arrays with {@code long} indices, larger than memory if need
 * be, whose elements are computed, or read from a file, when they are first used.
 *
 * <p>Callbacks run on the thread that asks for elements, inside its call; never on a page fault.  So the garbage collector, and locks that
 * the caller holds, are no danger to them, and what they throw reaches the caller.
 */
package org.ufomem;
