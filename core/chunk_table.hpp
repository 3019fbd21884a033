// SPDX-License-Identifier: MIT
// The words of a region's chunks.  The table is as sparse as the region: only parts that were touched take memory, and only those
// are looked at when the region ends.  They lose it again if their words say nothing any more.
#pragma once

#include "chunk_state.hpp"
#include "kernel/memory.hpp"
#include "signal_guard.hpp"
#include "units.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <span>

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

    using Word = std::atomic<ChunkWord::Bits>;
    /// For what needs more than look() and change().  Who does not own the chunk may find it sealed, and what he changes then may be lost.
    Word &at(ChunkIndex chunk) const { return words()[chunk.value]; }

    ChunkWord look(ChunkIndex chunk) const
    {
        const ChunkWord seen{at(chunk).load(std::memory_order_acquire)};
        return seen.is_sealed() ? look_again(chunk) : seen;
    }
    /// False if somebody was faster; `seen` is then what he left.  Sequentially consistent, as who takes a chunk looks for glances afterwards.
    bool change(ChunkIndex chunk, ChunkWord &seen, ChunkWord next) const
    {
        ChunkWord::Bits bits = seen.bits();
        if (at(chunk).compare_exchange_strong(bits, next.bits()))
            return true;
        seen = ChunkWord(bits);
        if (seen.is_sealed()) [[unlikely]]
            seen = look_again(chunk);
        return false;
    }

    /// To be called before a word is first looked at that will soon be changed: a page that is read first, and then written to, costs two faults.
    void prepare(ChunkIndex chunk) const
    {
        if (mark_of(chunk).load(std::memory_order_relaxed) != untouched)
            return;
        ChunkWord::Bits absent = 0;
        at(chunk).compare_exchange_strong(absent, absent, std::memory_order_relaxed);
    }

    /// By who has just changed the word of an absent chunk, before anybody can count on that.  True if nobody had marked its block.
    bool mark_touched(ChunkIndex chunk) const
    {
        Mark &mark = mark_of(chunk);
        return mark.load() != touched && mark_first(mark);
    }

    /// The chunks whose words lie in the same page.
    ChunkRange block_of(ChunkIndex chunk) const
    {
        const std::size_t first = number_of_block(chunk) * block_chunks;
        return {ChunkIndex{first}, std::min(block_chunks, chunks_ - first)};
    }
    static constexpr std::size_t number_of_block(ChunkIndex chunk) { return chunk.value / block_chunks; }
    static constexpr std::size_t block_bytes = 4096;
    /// Whether blocks can be given back.
    static bool has_pages_of_blocks() { return kernel::page_size() == block_bytes; }

    /// Gives back the page of a block if all of its words say nothing, and may_forget(ChunkWord) agrees; they are as in the beginning then.  By one
    /// thread at a time for each block.
    template <class MayForget> bool give_back(ChunkRange block, MayForget may_forget) const
    {
        const std::span words(&at(block.first), block.count);
        const auto may_go = [&may_forget](ChunkWord word) { return word.says_nothing() && may_forget(word); };
        // To look first costs little, and mostly says no.
        if (!has_pages_of_blocks()
            || !std::all_of(words.begin(), words.end(), [&](const Word &word) { return may_go(ChunkWord(word.load(std::memory_order_relaxed))); }))
            return false;
        const SignalGuard guard; // whoever meets a seal waits for this thread
        const auto first_open = std::find_if_not(words.begin(), words.end(), [&](Word &word) {
            ChunkWord::Bits bits = word.load(std::memory_order_relaxed);
            return may_go(ChunkWord(bits)) && word.compare_exchange_strong(bits, bits | ChunkWord::seal);
        });
        const bool gone = first_open == words.end() && drop(block.first);
        if (!gone)
            std::for_each(words.begin(), first_open, [](Word &word) { word.fetch_and(~ChunkWord::seal); });
        return gone;
    }

    /// Calls visit(ChunkIndex) for every chunk of `range` that may not be in its first state.
    template <class Visit> void for_each_touched(ChunkRange range, Visit visit) const
    {
        for (ChunkIndex next = range.first; next < range.end();) {
            const bool met = mark_of(next).load(std::memory_order_relaxed) != untouched;
            const ChunkIndex end = std::min(block_of(next).end(), range.end());
            for (ChunkIndex chunk = next; met && chunk < end; ++chunk)
                visit(chunk);
            next = end;
        }
    }
    /// A forked child sees absent chunks, and not no words at all.
    Status make_absent_in_children() const { return kernel::wipe_in_children(words_.data(), words_.size()); }
    ChunkRange all() const { return {ChunkIndex{0}, chunks_}; }

  private:
    enum BlockMark : std::uint8_t { untouched, touched, going };
    using Mark = std::atomic<std::uint8_t>; // changed by who has sealed the block, and from `untouched` by anybody
    static constexpr std::size_t block_chunks = block_bytes / sizeof(ChunkWord::Bits);

    ChunkWord look_again(ChunkIndex chunk) const noexcept;
    static bool mark_first(Mark &mark) noexcept;
    bool drop(ChunkIndex first) const noexcept;

    static std::size_t bytes_for(std::size_t chunks) { return round_up(chunks * sizeof(ChunkWord::Bits), kernel::page_size()); }
    static std::size_t block_count(std::size_t chunks) { return (chunks + block_chunks - 1) / block_chunks; }
    Word *words() const { return reinterpret_cast<Word *>(words_.data()); }
    Mark *marks() const { return reinterpret_cast<Mark *>(touched_.data()); }
    Mark &mark_of(ChunkIndex chunk) const { return marks()[number_of_block(chunk)]; }

    kernel::Mapping words_;
    kernel::Mapping touched_;
    std::size_t chunks_ = 0;
};

} // namespace ufomem
