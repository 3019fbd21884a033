// SPDX-License-Identifier: MIT
// Failures: a code that is returned, and a sentence that stays with the thread.
#include "unit/unit.hpp"

#include "status.hpp"

#include <cerrno>
#include <memory>
#include <string>

using namespace ufomem;

namespace {

void a_thread_without_failures_has_nothing_to_say(void **)
{
    std::string said = "?";
    std::int32_t code = -1;
    std::thread([&] {
        said = last_error();
        code = last_callback_code();
    }).join();
    assert_string_equal(said.c_str(), "");
    assert_int_equal(code, 0);
}

void a_failure_leaves_a_sentence(void **)
{
    const Status status = fail(Code::range, "elements [%d, %d) leave the array", 3, 9);
    assert_false(status.ok());
    assert_int_equal(status.code, Code::range);
    assert_string_equal(last_error(), "elements [3, 9) leave the array");
}

void success_leaves_the_last_sentence_alone(void **)
{
    (void)fail(Code::file, "before");
    const Status fine;
    assert_true(fine.ok());
    assert_string_equal(last_error(), "before");
}

void the_reason_of_the_system_is_appended(void **)
{
    assert_fails(fail_errno(Code::file, ENOENT, "cannot open '%s'", "here"), Code::file);
    assert_string_equal(last_error(), "cannot open 'here': No such file or directory (errno 2)");
}

void limits_of_the_process_say_what_to_do(void **)
{
    assert_fails(fail_errno(Code::system, EMFILE, "cannot make a socket"), Code::limit);
    assert_string_equal(last_error(), "cannot make a socket: Too many open files (errno 24); close some, or raise ulimit -n");
    assert_fails(fail_errno(Code::file, ENFILE, "cannot open 'here'"), Code::file);
    assert_non_null(std::strstr(last_error(), "fs.file-max"));
    assert_fails(fail_errno(Code::system, EFBIG, "cannot write"), Code::system);
    assert_non_null(std::strstr(last_error(), "ulimit -f"));
}

void the_code_of_a_callback_lasts_until_the_next_failure(void **)
{
    assert_fails(fail_callback(Code::populate, -77, "populate returned %d", -77), Code::populate);
    assert_int_equal(last_callback_code(), -77);
    assert_true(last_code() == Code::populate);
    assert_fails(fail(Code::budget, "another"), Code::budget);
    assert_int_equal(last_callback_code(), 0);
}

void sentences_are_per_thread(void **)
{
    (void)fail_callback(Code::populate, 5, "mine");
    std::thread([] { (void)fail_callback(Code::writeback, 6, "yours"); }).join();
    assert_string_equal(last_error(), "mine");
    assert_int_equal(last_callback_code(), 5);
}

void a_long_sentence_is_cut_and_still_ends(void **)
{
    const std::string longer(2000, 'x');
    assert_fails(fail(Code::file, "%s", longer.c_str()), Code::file);
    assert_int_equal(std::strlen(last_error()), Failure::text_size - 1);
    // There is no room left for the reason either.
    assert_fails(fail_errno(Code::file, EIO, "%s", longer.c_str()), Code::file);
    assert_int_equal(std::strlen(last_error()), Failure::text_size - 1);
    // Here for a part of it.
    assert_fails(fail_errno(Code::file, EIO, "%s", std::string(Failure::text_size - 4, 'x').c_str()), Code::file);
    assert_int_equal(std::strlen(last_error()), Failure::text_size - 1);
    assert_error_names("xx: ");
}

void a_failure_can_be_reported_again_by_another_thread(void **)
{
    Failure failure;
    std::thread([&] {
        failure = Failure::of_this_thread(fail_callback(Code::populate, 42, "it was 100%%s full"));
    }).join();
    (void)fail(Code::range, "something else");
    assert_fails(failure.report(), Code::populate);
    assert_string_equal(last_error(), "it was 100%s full"); // not taken for a format
    assert_int_equal(last_callback_code(), 42);
}

void a_result_is_a_value_or_a_status(void **)
{
    Result<int> value = 7;
    assert_ok(value);
    assert_int_equal(*value, 7);
    Result<int> none = fail(Code::nomem, "no memory");
    assert_fails(none, Code::nomem);
    Result<std::unique_ptr<int>> owner = std::make_unique<int>(8); // also what can only be moved
    const std::unique_ptr<int> taken = std::move(*owner);
    assert_int_equal(*taken, 8);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_without_failures_has_nothing_to_say),
        cmocka_unit_test(a_failure_leaves_a_sentence),
        cmocka_unit_test(success_leaves_the_last_sentence_alone),
        cmocka_unit_test(the_reason_of_the_system_is_appended),
        cmocka_unit_test(limits_of_the_process_say_what_to_do),
        cmocka_unit_test(the_code_of_a_callback_lasts_until_the_next_failure),
        cmocka_unit_test(sentences_are_per_thread),
        cmocka_unit_test(a_long_sentence_is_cut_and_still_ends),
        cmocka_unit_test(a_failure_can_be_reported_again_by_another_thread),
        cmocka_unit_test(a_result_is_a_value_or_a_status),
    };
    return RUN(tests);
}
