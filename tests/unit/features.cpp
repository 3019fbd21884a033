// SPDX-License-Identifier: MIT
// What UFOMEM_FEATURES_OFF may say.
#include "unit/unit.hpp"

#include "features.hpp"

using namespace ufomem;

namespace {

void assert_parses(const char *list, std::uint32_t bits)
{
    Result<std::uint32_t> parsed = parse_features(list);
    assert_ok(parsed);
    assert_int_equal(*parsed, bits);
}

void nothing_is_switched_off_by_nothing(void **)
{
    assert_parses(nullptr, 0);
    assert_parses("", 0);
    assert_parses(",", 0);
}

void every_feature_has_a_name(void **)
{
    assert_parses("userfaultfd_device", feature_userfaultfd_device);
    assert_parses("userfaultfd_syscall", feature_userfaultfd_syscall);
    assert_parses("userfaultfd_user", feature_userfaultfd_user);
    assert_parses("write_protect", feature_write_protect);
    assert_parses("move", feature_move);
    assert_parses("poison", feature_poison);
    assert_parses("batched_drop", feature_batched_drop);
    assert_parses("userfaultfd_device,userfaultfd_syscall,userfaultfd_user,write_protect,move,poison,batched_drop",
                  all_features);
}

void names_are_separated_by_commas(void **)
{
    assert_parses("move,write_protect", feature_move | feature_write_protect);
    assert_parses("move,move,", feature_move);
    assert_parses(",,poison,,move", feature_move | feature_poison);
}

void an_unknown_name_is_named(void **)
{
    for (const char *list : {"teleport", "move,teleport", "teleport,move", "move,,teleport,"}) {
        assert_fails(parse_features(list), Code::invalid);
        assert_error_names("'teleport' is not a feature");
        assert_error_names("write_protect, move"); // and what would be right is said
    }
    // Neither parts of names, nor other cases, nor blanks.
    for (const char *list : {"mov", "moves", "MOVE", " move", "move poison", "move;poison"})
        assert_fails(parse_features(list), Code::invalid);
}

void a_set_has_what_was_added(void **)
{
    Features features;
    assert_int_equal(features.bits(), 0);
    features.add(feature_move);
    features.add(feature_poison);
    assert_true(features.has(feature_move) && features.has(feature_poison));
    assert_false(features.has(feature_write_protect));
    assert_int_equal(features.bits(), feature_move | feature_poison);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_switched_off_by_nothing), cmocka_unit_test(every_feature_has_a_name),
        cmocka_unit_test(names_are_separated_by_commas),      cmocka_unit_test(an_unknown_name_is_named),
        cmocka_unit_test(a_set_has_what_was_added),
    };
    return RUN(tests);
}
