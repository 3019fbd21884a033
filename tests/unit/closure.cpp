// SPDX-License-Identifier: MIT
// A user's callback: free_fn runs exactly once, when the last one who could call is gone.
#include "unit/unit.hpp"

#include "closure.hpp"

#include <optional>

using namespace ufomem;

namespace {

using Function = int (*)(void *user_data);

int answer(void *user_data) { return *static_cast<int *>(user_data); }

int frees;
void *freed;
void count_free(void *user_data)
{
    ++frees;
    freed = user_data;
}

int begin(void **)
{
    frees = 0;
    freed = nullptr;
    return 0;
}

void an_empty_one_calls_nothing(void **)
{
    const Closure<Function> none;
    assert_false(static_cast<bool>(none));
}

void it_calls_with_its_data(void **)
{
    int data = 42;
    const Closure<Function> closure(answer, &data, nullptr);
    assert_true(static_cast<bool>(closure));
    assert_int_equal(closure.function()(closure.user_data()), 42);
}

void the_last_copy_frees(void **)
{
    int data = 0;
    std::optional<Closure<Function>> first(std::in_place, answer, &data, count_free);
    Closure<Function> second = *first;
    first.reset();
    assert_int_equal(frees, 0);
    assert_ptr_equal(second.user_data(), &data);
    second = {};
    assert_int_equal(frees, 1);
    assert_ptr_equal(freed, &data);
}

void replacing_frees_what_was_there(void **)
{
    int one = 1;
    int two = 2;
    Closure<Function> closure(answer, &one, count_free);
    closure = Closure<Function>(answer, &two, count_free);
    assert_int_equal(frees, 1);
    assert_ptr_equal(freed, &one);
    closure = {};
    assert_int_equal(frees, 2);
    assert_ptr_equal(freed, &two);
}

void no_data_is_freed_like_any_other(void **)
{
    freed = &frees;
    {
        const Closure<Function> closure(answer, nullptr, count_free);
    }
    assert_int_equal(frees, 1);
    assert_null(freed);
}

void data_without_a_function_is_freed_too(void **)
{
    int data = 0;
    {
        const Closure<Function> closure(nullptr, &data, count_free);
        assert_false(static_cast<bool>(closure));
    }
    assert_int_equal(frees, 1);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_empty_one_calls_nothing, begin),
        cmocka_unit_test_setup(it_calls_with_its_data, begin),
        cmocka_unit_test_setup(the_last_copy_frees, begin),
        cmocka_unit_test_setup(replacing_frees_what_was_there, begin),
        cmocka_unit_test_setup(no_data_is_freed_like_any_other, begin),
        cmocka_unit_test_setup(data_without_a_function_is_freed_too, begin),
    };
    return RUN(tests);
}
