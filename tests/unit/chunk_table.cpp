// SPDX-License-Identifier: MIT
// The words of a region's chunks: as sparse as the region.
#include "unit/unit.hpp"

#include "chunk_table.hpp"

#include <algorithm>
#include <atomic>
#include <set>
#include <vector>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <sys/mman.h>
#include <unistd.h>

using namespace ufomem;
using unit::Random;

namespace {

constexpr std::size_t block = 1024; // chunks that are marked together

ChunkTable make(std::size_t chunks)
{
    Result<ChunkTable> table = ChunkTable::make(chunks);
    assert_ok(table);
    return std::move(*table);
}

std::set<std::size_t> visited(const ChunkTable &table, ChunkRange range)
{
    std::set<std::size_t> chunks;
    table.for_each_touched(range, [&](ChunkIndex chunk) { chunks.insert(chunk.value); });
    return chunks;
}

bool under_valgrind()
{
    const char *variant = std::getenv("UFOMEM_TEST_VARIANT");
    return variant && std::string_view(variant) == "memcheck";
}

/// Resident pages of the process.
long resident_pages()
{
    long all = 0;
    long resident = 0;
    std::FILE *file = std::fopen("/proc/self/statm", "re");
    assert_non_null(file);
    assert_int_equal(std::fscanf(file, "%ld %ld", &all, &resident), 2);
    std::fclose(file);
    return resident;
}

void every_chunk_begins_absent_and_unvisited(void **)
{
    const ChunkTable table = make(5000);
    for (std::size_t i = 0; i < 5000; ++i)
        assert_int_equal(table.at({i}).load(), 0);
    assert_int_equal(table.all().count, 5000);
    assert_true(visited(table, table.all()).empty());
}

void words_are_kept_apart(void **)
{
    const ChunkTable table = make(3000);
    for (std::size_t i = 0; i < 3000; ++i)
        table.at({i}).store(static_cast<ChunkWord::Bits>(i * 7));
    for (std::size_t i = 0; i < 3000; ++i)
        assert_int_equal(table.at({i}).load(), i * 7);
}

void what_was_touched_is_visited_with_its_neighbours_and_no_others(void **)
{
    const ChunkTable table = make(10 * block);
    table.mark_touched({5 * block + 3});
    const std::set<std::size_t> chunks = visited(table, table.all());
    assert_int_equal(chunks.size(), block);
    assert_int_equal(*chunks.begin(), 5 * block);
    assert_int_equal(*chunks.rbegin(), 6 * block - 1);
}

void a_visit_stays_in_its_range(void **)
{
    const ChunkTable table = make(3 * block);
    table.mark_touched({0});
    table.mark_touched({block});
    assert_int_equal(visited(table, {ChunkIndex{10}, 1}).size(), 1);
    assert_int_equal(visited(table, {ChunkIndex{block - 2}, 4}).size(), 4);
    assert_int_equal(visited(table, {ChunkIndex{2 * block - 2}, 4}).size(), 2); // the other two were not touched
    assert_true(visited(table, {ChunkIndex{10}, 0}).empty());
}

void the_last_block_may_be_shorter(void **)
{
    const ChunkTable table = make(block + 5);
    table.mark_touched({block + 4});
    assert_int_equal(visited(table, table.all()).size(), 5);
    const ChunkTable one = make(1);
    one.mark_touched({0});
    assert_int_equal(visited(one, one.all()).size(), 1);
}

void any_pattern_of_touches_is_found_again(void **)
{
    Random random;
    for (std::size_t i = 0, last = unit::rounds(50); i < last; ++i) {
        const std::size_t chunks = random.between(1, 20 * block);
        const ChunkTable table = make(chunks);
        std::set<std::size_t> touched;
        std::set<std::size_t> blocks;
        for (std::size_t n = random.below(10); n > 0; --n) {
            touched.insert(random.below(chunks));
            table.mark_touched({*touched.begin()});
            table.mark_touched({*touched.rbegin()});
        }
        for (const std::size_t chunk : touched) {
            table.mark_touched({chunk});
            blocks.insert(chunk / block);
        }
        const std::size_t first = random.below(chunks);
        const ChunkRange range{ChunkIndex{first}, random.between(1, chunks - first)};
        const std::set<std::size_t> found = visited(table, range);
        for (std::size_t chunk = range.first.value; chunk < range.end().value; ++chunk)
            assert_int_equal(found.count(chunk), blocks.count(chunk / block));
    }
}

void a_huge_table_takes_memory_only_where_it_was_used(void **)
{
    constexpr std::size_t chunks = std::size_t{1} << 28; // a gibibyte of words, for an array of a tebibyte
    const long before = resident_pages();
    const ChunkTable table = make(chunks);
    for (const std::size_t chunk : {std::size_t{0}, chunks / 2, chunks - 1}) {
        table.mark_touched({chunk});
        table.at({chunk}).store(1);
    }
    std::size_t sum = 0;
    table.for_each_touched(table.all(), [&](ChunkIndex chunk) { sum += table.at(chunk).load(); });
    assert_int_equal(sum, 3);
    // Marks for all of it, and three blocks of words; sanitizers need some for themselves, and Valgrind a table of every page.
    const long marks = static_cast<long>(chunks / block) / sysconf(_SC_PAGESIZE);
    if (!under_valgrind())
        assert_true(resident_pages() - before < 10 * (marks + 3) + 1000);
}

void skip_without_pages_of_blocks()
{
    if (!ChunkTable::has_pages_of_blocks())
        skip(); // this kernel's pages are larger, and are never given back
}

constexpr auto always = [](ChunkWord) { return true; };

void a_block_goes_when_its_words_say_nothing(void **)
{
    skip_without_pages_of_blocks();
    const ChunkTable table = make(2 * block + 5);
    for (const ChunkIndex chunk : {ChunkIndex{3}, ChunkIndex{block + 3}, ChunkIndex{2 * block + 3}}) {
        const ChunkRange of_it = table.block_of(chunk);
        assert_int_equal(of_it.count, chunk.value > 2 * block ? 5 : block);
        assert_true(table.mark_touched(chunk));
        assert_false(table.mark_touched(chunk));
        table.at(chunk).store(ChunkWord{}.absent_since(7).bits());
        assert_false(table.give_back(of_it, [](ChunkWord word) { return word.left_at() == 0; }));
        assert_int_equal(table.look(chunk).left_at(), 7); // as before
        assert_int_equal(visited(table, of_it).size(), of_it.count);
        assert_true(table.give_back(of_it, always));
        assert_int_equal(table.look(chunk).bits(), 0);
        assert_true(visited(table, of_it).empty());
        assert_true(table.mark_touched(chunk)); // and from the beginning again
    }
}

void whatever_a_word_says_keeps_its_block(void **)
{
    skip_without_pages_of_blocks();
    const ChunkTable table = make(block);
    const ChunkWord absent;
    for (const ChunkWord word : {absent.with(ChunkWord::spilled), absent.with(ChunkWord::poisoned), absent.with(ChunkWord::queued),
                                 absent.with(ChunkWord::waiters), absent.to(ChunkState::filling), absent.to(ChunkState::resident),
                                 absent.to(ChunkState::leaving), absent.to(ChunkState::failed), absent.parked_in(0)})
        for (const std::size_t chunk : {std::size_t{0}, block / 2, block - 1}) {
            table.mark_touched({chunk});
            table.at({chunk}).store(word.bits());
            assert_false(table.give_back(table.all(), always));
            assert_int_equal(table.at({chunk}).load(), word.bits());
            assert_false(visited(table, table.all()).empty());
            table.at({chunk}).store(0);
        }
    assert_true(table.give_back(table.all(), always));
}

/// Threads take chunks, keep something in the words of some, and forget it again, while one gives back whatever it may: no word that says something is lost,
/// nor the mark of its block.
void nobody_loses_a_word(void **)
{
    skip_without_pages_of_blocks();
    constexpr std::size_t chunks = 2 * block;
    constexpr std::size_t used = 8; // of each block, so that all of them say nothing now and then
    const ChunkTable table = make(chunks);
    std::atomic<std::size_t> lost{0};
    std::atomic<std::size_t> given{0};
    std::atomic<std::size_t> at_work{3};
    std::vector<std::atomic<bool>> kept(2 * used);
    const auto work = [&](Random random) {
        // And on, if whoever gives back has not had a processor yet.
        for (std::size_t i = 0, last = unit::rounds(100000); i < last || (given.load() == 0 && i < 100 * last); ++i) {
            const std::size_t number = random.below(2 * used);
            const ChunkIndex chunk{number / used * block + number % used * 100};
            ChunkWord seen = table.look(chunk);
            if (!seen.is(ChunkState::absent) || !table.change(chunk, seen, seen.to(ChunkState::filling)))
                continue;
            table.mark_touched(chunk);
            if (seen.has(ChunkWord::spilled) != kept[number].load())
                ++lost;
            bool is_visited = false;
            table.for_each_touched({chunk, 1}, [&](ChunkIndex) { is_visited = true; });
            const bool keep = random.one_in(8);
            kept[number].store(keep);
            if (keep) // as an owner may, without a look
                table.at(chunk).fetch_or(ChunkWord::spilled);
            else
                table.at(chunk).fetch_and(~ChunkWord::spilled);
            ChunkWord filling = table.look(chunk);
            if (!is_visited || !filling.is(ChunkState::filling) || filling.has(ChunkWord::spilled) != keep
                || !table.change(chunk, filling, keep ? filling.to(ChunkState::absent) : ChunkWord{}.absent_since(static_cast<ChunkWord::Bits>(i % 100))))
                ++lost;
        }
        --at_work;
    };
    unit::on_threads(4, [&](std::size_t thread) {
        if (thread != 0)
            return work(Random(thread));
        do {
            for (const std::size_t first : {std::size_t{0}, block})
                if (table.give_back(table.block_of({first}), always))
                    ++given;
        } while (at_work.load() != 0);
    });
    assert_int_equal(lost.load(), 0);
    if (!under_valgrind()) // which runs one thread at a time, and rarely the one that gives back for long enough
        assert_true(given.load() != 0);
    for (std::size_t number = 0; number < kept.size(); ++number)
        assert_int_equal(table.look({number / used * block + number % used * 100}).has(ChunkWord::spilled), kept[number].load());
}

void memory_comes_back(void **)
{
    skip_without_pages_of_blocks();
    constexpr std::size_t blocks = 256;
    const ChunkTable table = make(blocks * block);
    for (std::size_t i = 0; i < blocks; ++i) {
        table.mark_touched({i * block});
        table.at({i * block}).store(ChunkWord{}.absent_since(1).bits());
    }
    const auto in_memory = [&] {
        std::vector<unsigned char> pages(blocks);
        assert_int_equal(mincore(&table.at({0}), blocks * ChunkTable::block_bytes, pages.data()), 0);
        return std::count_if(pages.begin(), pages.end(), [](unsigned char page) { return (page & 1) != 0; });
    };
    assert_int_equal(in_memory(), blocks);
    for (std::size_t i = 0; i < blocks; ++i)
        assert_true(table.give_back(table.block_of({i * block}), always));
    assert_int_equal(in_memory(), 0);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(every_chunk_begins_absent_and_unvisited),
        cmocka_unit_test(words_are_kept_apart),
        cmocka_unit_test(what_was_touched_is_visited_with_its_neighbours_and_no_others),
        cmocka_unit_test(a_visit_stays_in_its_range),
        cmocka_unit_test(the_last_block_may_be_shorter),
        cmocka_unit_test(any_pattern_of_touches_is_found_again),
        cmocka_unit_test(a_huge_table_takes_memory_only_where_it_was_used),
        cmocka_unit_test(a_block_goes_when_its_words_say_nothing),
        cmocka_unit_test(whatever_a_word_says_keeps_its_block),
        cmocka_unit_test(nobody_loses_a_word),
        cmocka_unit_test(memory_comes_back),
    };
    return RUN(tests);
}
