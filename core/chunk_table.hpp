// SPDX-License-Identifier: MIT
// The words of a region's chunks.  The table is as sparse as the region: only parts that were touched take memory, and only those
// are looked at when the region ends.
#pragma once

#include "chunk_state.hpp"
#include "kernel/memory.hpp"
#include "units.hpp"

#include <atomic>
#include <cstdint>

namespace ufomem {

class ChunkTable {
  public:
    static Result<ChunkTable> make(std::size_t chunks)
    {
        Result<kernel::Mapping> words = kernel::map_table(bytes_for(chunks));
        if (!words.ok())
            return words.status();
        Result<kernel::Mapping> touched = kernel::map_table(round_up(block_count(chunks), kernel::page_size()));
        if (!touched.ok())
            return touched.status();
        ChunkTable table;
        table.words_ = std::move(*words);
        table.touched_ = std::move(*touched);
        table.chunks_ = chunks;
        return table;
    }

    std::atomic<ChunkWord::Bits> &at(ChunkIndex chunk) const { return words()[chunk.value]; }

    /// To be called before a word is first looked at that will soon be changed: a page that is read first, and then written to, costs two faults.
    void prepare(ChunkIndex chunk) const
    {
        if (marks()[chunk.value / block_chunks].load(std::memory_order_relaxed) != 0)
            return;
        ChunkWord::Bits absent = 0;
        at(chunk).compare_exchange_strong(absent, absent, std::memory_order_relaxed);
    }

    /// To be called before a chunk first leaves the absent state.
    void mark_touched(ChunkIndex chunk) const
    {
        std::atomic<std::uint8_t> &mark = marks()[chunk.value / block_chunks];
        if (mark.load(std::memory_order_relaxed) == 0)
            mark.store(1, std::memory_order_relaxed);
    }

    /// Calls visit(ChunkIndex) for every chunk of `range` that may not be in its first state.
    template <class Visit> void for_each_touched(ChunkRange range, Visit visit) const
    {
        for (std::size_t i = range.first.value; i < range.end().value;) {
            const std::size_t block_end = (i / block_chunks + 1) * block_chunks;
            const std::size_t end = block_end < range.end().value ? block_end : range.end().value;
            if (marks()[i / block_chunks].load(std::memory_order_relaxed) != 0)
                for (std::size_t chunk = i; chunk < end; ++chunk)
                    visit(ChunkIndex{chunk});
            i = end;
        }
    }
    /// A forked child sees absent chunks, and not no words at all.
    Status make_absent_in_children() const { return kernel::wipe_in_children(words_.data(), words_.size()); }
    ChunkRange all() const { return {ChunkIndex{0}, chunks_}; }

  private:
    static constexpr std::size_t block_chunks = 1024; // one page of words

    static std::size_t bytes_for(std::size_t chunks) { return round_up(chunks * sizeof(ChunkWord::Bits), kernel::page_size()); }
    static std::size_t block_count(std::size_t chunks) { return (chunks + block_chunks - 1) / block_chunks; }
    std::atomic<ChunkWord::Bits> *words() const { return reinterpret_cast<std::atomic<ChunkWord::Bits> *>(words_.data()); }
    std::atomic<std::uint8_t> *marks() const { return reinterpret_cast<std::atomic<std::uint8_t> *>(touched_.data()); }

    kernel::Mapping words_;
    kernel::Mapping touched_;
    std::size_t chunks_ = 0;
};

} // namespace ufomem
