// SPDX-License-Identifier: MIT
// Values as people write them, at their limits.
#include "unit.hpp"

#include "values.hpp"

#include <string>

using namespace ufod;

namespace {

template <class Parse> bool refuses(Parse parse, const char *text)
{
    try {
        parse(text);
        return false;
    } catch (const BadValue &) {
        return true;
    }
}

void sizes_take_powers_of_1024(void **)
{
    assert_int_equal(parse_size("1"), 1);
    assert_int_equal(parse_size("64K"), 64 << 10);
    assert_int_equal(parse_size("3M"), 3 << 20);
    assert_int_equal(parse_size("2G"), 2ULL << 30);
    assert_int_equal(parse_size("1T"), 1ULL << 40);
    assert_true(parse_size("16777215T") == 16777215ULL << 40);
    assert_true(parse_size("18446744073709551615") == UINT64_MAX);
    for (const char *text :
         {"", "0", "0K", "K", "1k", "1KB", "1 K", " 1", "+1", "-1", "0x10", "16777216T", "18446744073709551616"})
        assert_true(refuses(parse_size, text));
}

void amounts_are_sizes_or_shares(void **)
{
    assert_true(parse_amount("auto").automatic());
    assert_int_equal(parse_amount("auto").of(1000), 0);
    assert_int_equal(parse_amount("1K").of(1000), 1024);
    assert_int_equal(parse_amount("25%").of(1000), 250);
    assert_true(parse_amount("100%").of(UINT64_MAX) <= UINT64_MAX);
    assert_true(parse_amount("50%").of(UINT64_MAX) > UINT64_MAX / 2 - 100);
    for (const char *text : {"", "0", "0%", "101%", "%", "AUTO", "12.5%"})
        assert_true(refuses(parse_amount, text));
}

void durations_have_units(void **)
{
    assert_int_equal(parse_duration("0").count(), 0);
    assert_int_equal(parse_duration("250ms").count(), 250);
    assert_int_equal(parse_duration("3").count(), 3000);
    assert_int_equal(parse_duration("3s").count(), 3000);
    assert_int_equal(parse_duration("2min").count(), 120'000);
    assert_int_equal(parse_duration("1440min").count(), 86'400'000);
    for (const char *text : {"", "s", "1441min", "1h", "1 s", "-1s", "18446744073709551615s"})
        assert_true(refuses(parse_duration, text));
}

void modes_are_octal(void **)
{
    assert_int_equal(parse_mode("0660"), 0660);
    assert_int_equal(parse_mode("600"), 0600);
    for (const char *text : {"", "0", "0680", "01777", "rw-"})
        assert_true(refuses(parse_mode, text));
}

void sizes_are_rounded_for_people(void **)
{
    assert_string_equal(readable_size(0).c_str(), "0 bytes");
    assert_string_equal(readable_size(1023).c_str(), "1023 bytes");
    assert_string_equal(readable_size(1536).c_str(), "1.5 KiB");
    assert_string_equal(readable_size(64ULL << 40).c_str(), "64.0 TiB");
    assert_string_equal(readable_size(UINT64_MAX).c_str(), "16.0 EiB");
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(sizes_take_powers_of_1024),    cmocka_unit_test(amounts_are_sizes_or_shares),
        cmocka_unit_test(durations_have_units),         cmocka_unit_test(modes_are_octal),
        cmocka_unit_test(sizes_are_rounded_for_people),
    };
    return RUN(tests);
}
