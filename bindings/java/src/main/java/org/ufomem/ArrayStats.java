// SPDX-License-Identifier: MIT
package org.ufomem;

/**
 * Figures of an array.
 *
 * @param residentBytes in memory now
 * @param pins pins held now, in chunks
 * @param faults faults answered
 * @param populates successful requests to the source
 * @param populatedBytes bytes that they gave
 * @param evictions chunks that left memory
 * @param rescues chunks that came back without being populated
 * @param writtenBackBytes changed data given to the source
 * @param spillWrittenBytes changed data written to the spill file
 * @param spillReadBytes changed data read back from it
 * @param failures chunks that failed to fill
 */
public record ArrayStats(long residentBytes, long pins, long faults, long populates, long populatedBytes, long evictions, long rescues,
        long writtenBackBytes, long spillWrittenBytes, long spillReadBytes, long failures) {}
