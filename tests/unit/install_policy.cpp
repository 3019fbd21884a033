// SPDX-License-Identifier: MIT
// Which mechanism brings a chunk in, and which takes it out: the whole table, one line for each kind of machine and region.
#include "unit/unit.hpp"

#include "install_policy.hpp"

using namespace ufomem;

namespace {

enum Kernel { older, protects, moves, moves_only };
enum Rights { writable, read_only };
enum Chunk { small, large, extent };

constexpr bool yes = true;
constexpr bool no = false;
constexpr Install copy = Install::copy;
constexpr Install move = Install::move;

struct Row {
    Kernel kernel;
    Rights rights;
    Chunk chunk;
    InstallPlan on_read;
    InstallPlan on_write;
    bool maps_writable;
    bool dirty_leaves_by_move;
    bool clean_leaves_by_move;
};

// The plan is {how, protected against stores, counts as changed at once, compared afterwards}.
constexpr Row table[] = {
    // Without write-protection nobody learns of a store: what may be written to counts as changed.
    {older, writable, small, {copy, no, yes}, {copy, no, yes}, yes, no, no},
    {older, writable, large, {copy, no, yes}, {copy, no, yes}, yes, no, no},
    // With it, a chunk that was read is clean until its first store.
    {protects, writable, small, {copy, yes, no}, {copy, no, yes}, yes, no, no},
    {protects, writable, large, {copy, yes, no}, {copy, no, yes}, yes, no, no},
    // Moves are for large chunks that need no protection.  A moved page arrives writable, so a chunk that was only read is copied.
    // What has changed leaves by a move in any case: it stops direct I/O into the chunk, too.
    {moves, writable, small, {copy, yes, no}, {copy, no, yes}, yes, yes, no},
    {moves, writable, large, {copy, yes, no}, {move, no, yes}, yes, yes, no},
    // Where the copy would be large it is cheaper to look afterwards whether a store came before the protection.
    {moves, writable, extent, {move, yes, no, yes}, {move, no, yes}, yes, yes, yes},
    {protects, writable, extent, {copy, yes, no}, {copy, no, yes}, yes, no, no},
    {older, writable, extent, {copy, no, yes}, {copy, no, yes}, yes, no, no},
    // The pool takes part in moves only with write-protection.
    {moves_only, writable, large, {copy, no, yes}, {copy, no, yes}, yes, no, no},

    // Where only copies come in, the kernel itself refuses stores.
    {older, read_only, small, {copy, no, no}, {copy, no, no}, no, no, no},
    {older, read_only, large, {copy, no, no}, {copy, no, no}, no, no, no},
    {protects, read_only, large, {copy, no, no}, {copy, no, no}, no, no, no},
    {moves, read_only, small, {copy, no, no}, {copy, no, no}, no, no, no},
    {moves_only, read_only, large, {copy, no, no}, {copy, no, no}, no, no, no},
    // A move needs a writable mapping, which is then protected.
    {moves, read_only, large, {move, yes, no}, {move, yes, no}, yes, yes, yes},
    {moves, read_only, extent, {move, yes, no}, {move, yes, no}, yes, yes, yes},
};

Features features_of(Kernel kernel)
{
    Features features;
    if (kernel == protects || kernel == moves)
        features.add(feature_write_protect);
    if (kernel == moves || kernel == moves_only)
        features.add(feature_move);
    return features;
}

std::size_t bytes_of(Chunk chunk)
{
    switch (chunk) {
    case small:
        break;
    case large:
        return InstallPolicy::least_move_bytes;
    case extent:
        return InstallPolicy::least_fresh_move_bytes;
    }
    return InstallPolicy::least_move_bytes - 1;
}

InstallPolicy policy_of(const Row &row)
{
    return InstallPolicy::choose(features_of(row.kernel), row.rights == read_only, bytes_of(row.chunk));
}

bool same(const InstallPlan &left, const InstallPlan &right)
{
    return left.install == right.install && left.protect == right.protect && left.dirty == right.dirty && left.compare == right.compare;
}

void the_table_holds(void **)
{
    for (const Row &row : table) {
        const InstallPolicy policy = policy_of(row);
        const std::size_t bytes = bytes_of(row.chunk);
        if (same(policy.plan(Access::read, bytes), row.on_read) && same(policy.plan(Access::write, bytes), row.on_write)
            && policy.maps_writable() == row.maps_writable && policy.leaves_by_move(true, bytes) == row.dirty_leaves_by_move
            && policy.leaves_by_move(false, bytes) == row.clean_leaves_by_move)
            continue;
        fail_test("line %d of the table does not hold\n", static_cast<int>(&row - table) + 1);
    }
}

// Whatever is decided, these have to hold.

void a_store_is_never_lost(void **)
{
    for (const Row &row : table)
        for (const Access access : {Access::read, Access::write}) {
            const InstallPlan plan = policy_of(row).plan(access, bytes_of(row.chunk));
            if (row.rights == read_only) {
                assert_true(plan.protect || !policy_of(row).maps_writable()); // refused
                continue;
            }
            assert_true(plan.dirty || plan.protect); // known from the start, or reported
            if (plan.install == move)
                assert_true(plan.dirty || plan.compare); // it arrives writable
        }
}

void what_may_be_read_only_is_never_changed(void **)
{
    for (const Row &row : table)
        if (row.rights == read_only)
            assert_false(policy_of(row).plan(Access::read, bytes_of(row.chunk)).dirty || policy_of(row).plan(Access::write, bytes_of(row.chunk)).dirty);
}

void nothing_moves_where_that_cannot_be(void **)
{
    for (const Row &row : table)
        if (row.kernel != moves || row.chunk == small) {
            const InstallPolicy policy = policy_of(row);
            const std::size_t bytes = bytes_of(row.chunk);
            assert_true(policy.plan(Access::read, bytes).install == copy && policy.plan(Access::write, bytes).install == copy);
            assert_false(policy.leaves_by_move(false, bytes));
            assert_true(policy.leaves_by_move(true, bytes) == (row.kernel == moves && row.rights == writable));
        }
}

// A region of small chunks whose neighbours move together.
void small_parts_of_what_can_move_are_copied(void **)
{
    const InstallPolicy policy = InstallPolicy::choose(features_of(moves), true, InstallPolicy::least_fresh_move_bytes);
    assert_true(same(policy.plan(Access::read, InstallPolicy::least_move_bytes - 1), {copy, yes, no}));
    assert_false(policy.leaves_by_move(false, InstallPolicy::least_move_bytes - 1));
    assert_true(same(policy.plan(Access::read, InstallPolicy::least_move_bytes), {move, yes, no}));
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(the_table_holds),
        cmocka_unit_test(a_store_is_never_lost),
        cmocka_unit_test(what_may_be_read_only_is_never_changed),
        cmocka_unit_test(nothing_moves_where_that_cannot_be),
        cmocka_unit_test(small_parts_of_what_can_move_are_copied),
    };
    return RUN(tests);
}
