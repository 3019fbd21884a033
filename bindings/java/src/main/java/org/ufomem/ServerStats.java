// SPDX-License-Identifier: MIT
package org.ufomem;

/**
 * Figures of a service.
 *
 * @param pageBytes a page of the system
 * @param chunkBytes filled together, of files, by default
 * @param budgetBytes the budget, for all clients together
 * @param usedBytes charged to it now
 * @param peakBytes the most that was ever charged
 * @param lowBytes where eviction ends
 * @param highBytes where it begins
 * @param fillers threads that answer faults, now
 * @param mostFillers how many of these there may be
 * @param evictors threads that make room ahead of need
 * @param faultsAtOnce faults of one client that are answered at a time
 * @param clients connected now
 * @param clientsEver connected so far
 * @param dismissed those of them whose connection the service has ended
 * @param regions arrays
 * @param faults answered
 * @param late faults that ended in an error, because no answer came in time
 * @param failures chunks that could not be filled
 * @param populatedBytes taken from sources
 * @param evictions chunks that left memory
 */
public record ServerStats(long pageBytes, long chunkBytes, long budgetBytes, long usedBytes, long peakBytes, long lowBytes, long highBytes,
        long fillers, long mostFillers, long evictors, long faultsAtOnce, long clients, long clientsEver, long dismissed, long regions,
        long faults, long late, long failures, long populatedBytes, long evictions) {}
