// SPDX-License-Identifier: MIT
// Memory that does not come from malloc.
#include "unit/unit.hpp"

#include "heap.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <thread>
#include <vector>

using namespace ufomem;
using unit::Random;

namespace {

struct Piece {
    unsigned char *data;
    std::size_t size;
    unsigned char mark;
};

bool is_intact(const Piece &piece)
{
    return std::all_of(piece.data, piece.data + piece.size, [&](unsigned char byte) { return byte == piece.mark; });
}

/// Allocates and releases at random, and looks whether anybody else has written to what it has.
bool work(Heap &heap, Random &random, int steps)
{
    std::vector<Piece> pieces;
    bool intact = true;
    for (int step = 0; step < steps; ++step) {
        if (pieces.size() < 200 && random.below(2) == 0) {
            const std::size_t size = random.below(20) == 0 ? 1 + random.below(100'000) : 1 + random.below(1000);
            const Piece piece{static_cast<unsigned char *>(heap.allocate(size)), size,
                              static_cast<unsigned char>(step)};
            intact &= reinterpret_cast<std::uintptr_t>(piece.data) % alignof(std::max_align_t) == 0;
            std::memset(piece.data, piece.mark, size);
            pieces.push_back(piece);
        } else if (!pieces.empty()) {
            std::swap(pieces[random.below(pieces.size())], pieces.back());
            intact &= is_intact(pieces.back());
            heap.release(pieces.back().data, pieces.back().size);
            pieces.pop_back();
        }
    }
    for (const Piece &piece : pieces) {
        intact &= is_intact(piece);
        heap.release(piece.data, piece.size);
    }
    return intact;
}

void pieces_never_overlap(void **)
{
    Heap heap;
    Random random;
    assert_true(work(heap, random, 20'000));
}

void threads_do_not_get_in_each_others_way(void **)
{
    Heap heap;
    std::atomic<int> intact{0};
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 4; ++i)
        threads.emplace_back([&, i] {
            Random random(i);
            intact += work(heap, random, 5000) ? 1 : 0;
        });
    for (std::thread &thread : threads)
        thread.join();
    assert_int_equal(intact.load(), 4);
}

void what_was_released_is_used_again(void **)
{
    Heap heap;
    for (const std::size_t size : {1, 32, 33, 500, 1024, 1025, 1'000'000}) {
        heap.release(heap.allocate(size), size);
        const std::size_t before = heap.bytes();
        for (int i = 0; i < 1000; ++i)
            heap.release(heap.allocate(size), size);
        assert_int_equal(heap.bytes(), before);
    }
}

/// Who allocates and who releases need not be on the same processor.
void what_another_thread_released_is_used_again(void **)
{
    Heap heap;
    std::size_t bytes = 0;
    for (int round = 0; round < 50; ++round) {
        std::vector<void *> blocks;
        for (int i = 0; i < 500; ++i)
            blocks.push_back(heap.allocate(512));
        std::thread([&] {
            for (void *block : blocks)
                heap.release(block, 512);
        }).join();
        if (round == 10)
            bytes = heap.bytes();
    }
    assert_int_equal(heap.bytes(), bytes);
}

void large_pieces_go_back_to_the_system(void **)
{
    Heap heap;
    void *const block = heap.allocate(1'000'000);
    assert_true(heap.bytes() >= 1'000'000);
    heap.release(block, 1'000'000);
    assert_int_equal(heap.bytes(), 0);
}

void too_much_is_an_exception(void **)
{
    Heap heap;
    bool refused = false;
    try {
        (void)heap.allocate(std::size_t{1} << 60);
    } catch (const std::bad_alloc &) {
        refused = true;
    }
    assert_true(refused);
    assert_int_equal(heap.bytes(), 0);
}

void containers_live_in_it(void **)
{
    Heap heap;
    {
        std::map<int, int, std::less<>, HeapAllocator<std::pair<const int, int>>> map(heap);
        for (int i = 0; i < 1000; ++i)
            map[i] = -i;
        assert_int_equal(map[999], -999);
        const HeapPointer<std::vector<int>> single = make_in<std::vector<int>>(heap, 3, 7);
        assert_int_equal(single->at(2), 7);
        assert_true(heap.bytes() >= 1000 * sizeof(std::pair<const int, int>));
    }
    const std::size_t before = heap.bytes();
    std::map<int, int, std::less<>, HeapAllocator<std::pair<const int, int>>> map(heap);
    for (int i = 0; i < 1000; ++i)
        map[i] = i;
    assert_int_equal(heap.bytes(), before);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {cmocka_unit_test(pieces_never_overlap),
                                cmocka_unit_test(threads_do_not_get_in_each_others_way),
                                cmocka_unit_test(what_was_released_is_used_again),
                                cmocka_unit_test(what_another_thread_released_is_used_again),
                                cmocka_unit_test(large_pieces_go_back_to_the_system),
                                cmocka_unit_test(too_much_is_an_exception),
                                cmocka_unit_test(containers_live_in_it)};
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
