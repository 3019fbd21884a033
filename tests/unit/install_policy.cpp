// SPDX-License-Identifier: MIT
// Which mechanism brings a chunk in, and which takes it out: the whole table, one line for each kind of machine and region.
#include "unit/unit.hpp"

#include "install_policy.hpp"

using namespace ufomem;

namespace {

enum Kernel { older, protects, moves, moves_only };
enum Rights { writable, read_only };
enum Chunk { small, large };

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

// The plan is {how, protected against stores, counts as changed at once}.
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
    return chunk == large ? InstallPolicy::least_move_bytes : InstallPolicy::least_move_bytes - 1;
}

InstallPolicy policy_of(const Row &row)
{
    return InstallPolicy::choose(features_of(row.kernel), row.rights == read_only, bytes_of(row.chunk));
}

bool same(const InstallPlan &left, const InstallPlan &right)
{
    return left.install == right.install && left.protect == right.protect && left.dirty == right.dirty;
}

void the_table_holds(void **)
{
    for (const Row &row : table) {
        const InstallPolicy policy = policy_of(row);
        if (same(policy.plan(Access::read), row.on_read) && same(policy.plan(Access::write), row.on_write)
            && policy.maps_writable() == row.maps_writable && policy.leaves_by_move(true) == row.dirty_leaves_by_move
            && policy.leaves_by_move(false) == row.clean_leaves_by_move)
            continue;
        fail_test("line %d of the table does not hold\n", static_cast<int>(&row - table) + 1);
    }
}

// Whatever is decided, these have to hold.

void a_store_is_never_lost(void **)
{
    for (const Row &row : table)
        for (const Access access : {Access::read, Access::write}) {
            const InstallPlan plan = policy_of(row).plan(access);
            if (row.rights == writable)
                assert_true(plan.dirty || plan.protect); // known from the start, or reported
            else
                assert_true(plan.protect || !policy_of(row).maps_writable()); // refused
        }
}

void what_may_be_read_only_is_never_changed(void **)
{
    for (const Row &row : table)
        if (row.rights == read_only)
            assert_false(policy_of(row).plan(Access::read).dirty || policy_of(row).plan(Access::write).dirty);
}

void nothing_moves_where_that_cannot_be(void **)
{
    for (const Row &row : table)
        if (row.kernel != moves || row.chunk == small) {
            const InstallPolicy policy = policy_of(row);
            assert_true(policy.plan(Access::read).install == copy && policy.plan(Access::write).install == copy);
            assert_false(policy.leaves_by_move(false));
            assert_true(policy.leaves_by_move(true) == (row.kernel == moves && row.rights == writable));
        }
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(the_table_holds),
        cmocka_unit_test(a_store_is_never_lost),
        cmocka_unit_test(what_may_be_read_only_is_never_changed),
        cmocka_unit_test(nothing_moves_where_that_cannot_be),
    };
    return RUN(tests);
}
