// SPDX-License-Identifier: MIT
package org.ufomem;

/**
 * Figures of a core.
 *
 * @param budgetBytes the budget
 * @param usedBytes charged to it now
 * @param peakBytes the most that was ever charged
 * @param spilledBytes held in the spill file now
 * @param regions arrays alive
 * @param populatedBytes taken from sources
 * @param evictions chunks that left memory
 * @param rescues chunks that came back without being populated
 * @param writtenBackBytes changed data given to sources
 * @param spillWrittenBytes changed data written to the spill file
 * @param spillReadBytes changed data read back from it
 * @param failures chunks that failed to fill
 */
public record CoreStats(long budgetBytes, long usedBytes, long peakBytes, long spilledBytes, long regions, long populatedBytes,
        long evictions, long rescues, long writtenBackBytes, long spillWrittenBytes, long spillReadBytes, long failures) {}
