/* SPDX-License-Identifier: MIT */
/* The sentence of the last failed call, and the names of the statuses. */
#include "support/support.h"

static void *error_of_a_new_thread(void *argument)
{
    if (ufo_last_error()[0] != '\0' || ufo_last_callback_code() != 0)
        return "not empty at the start";
    if (ufo_touch(NULL, 0, 1) != UFO_ERR_INVALID || ufo_last_error()[0] == '\0')
        return "no sentence";
    strncpy(argument, ufo_last_error(), 199);
    return NULL;
}

static void empty_at_the_start_and_per_thread(void **state)
{
    (void)state;
    ufo_core *core = begin_core(MIB);
    assert_string_equal(ufo_last_error(), "");
    assert_int_equal(ufo_last_callback_code(), 0);
    assert_int_equal(ufo_last_status(), UFO_OK);
    ufo *region = zero_region(core, 1000, 0);
    assert_ok(ufo_touch(region, 0, 10));
    ufo_free(NULL);
    assert_string_equal(ufo_last_error(), ""); /* success says nothing */

    pthread_t thread;
    void *complaint = NULL;
    char other[200] = "";
    assert_int_equal(pthread_create(&thread, NULL, error_of_a_new_thread, other), 0);
    pthread_join(thread, &complaint);
    if (complaint)
        fail_msg("%s", (char *)complaint);
    assert_string_equal(ufo_last_error(), "");
    assert_string_not_equal(other, "");
    ufo_core_free(core);
}

static void stays_until_the_next_failure(void **state)
{
    (void)state;
    ufo_core *core = begin_core(MIB);
    ufo *region = zero_region(core, 1000, 0);
    assert_status(ufo_unpin(region, 0, 1), UFO_ERR_NOT_PINNED);
    char first[500];
    snprintf(first, sizeof first, "%s", ufo_last_error());
    assert_ok(ufo_touch(region, 0, 1));
    assert_string_equal(ufo_last_error(), first);
    assert_int_equal(ufo_last_status(), UFO_ERR_NOT_PINNED);
    assert_status(ufo_touch(region, 2000, 1), UFO_ERR_RANGE);
    assert_string_not_equal(ufo_last_error(), first);
    assert_int_equal(ufo_last_status(), UFO_ERR_RANGE);
    ufo_core_free(core);
}

static void the_status_of_a_constructor(void **state)
{
    (void)state;
    ufo_core *core = begin_core(MIB);
    ufo_config *config = ufo_config_new();
    assert_null(ufo_new(core, config));
    assert_int_equal(ufo_last_status(), UFO_ERR_INVALID); /* no elements */
    assert_ok(ufo_config_set_elements(config, SIZE_MAX / 2, 1));
    assert_null(ufo_new(core, config));
    assert_int_equal(ufo_last_status(), UFO_ERR_OVERFLOW);
    ufo_config_free(config);
    ufo_core_free(core);
}

static void callback_code(void **state)
{
    (void)state;
    ufo_core *core = begin_core(MIB);
    struct source source = {.fail_count = SIZE_MAX};
    ufo *region = source_region(core, &source, 1000, 8, 0);
    atomic_store(&source.fail_times, -1);
    static const int32_t codes[] = {1, -1, 12345, INT32_MIN, INT32_MAX, UFO_ERR_RANGE};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        atomic_store(&source.fail_code, codes[i]);
        assert_ok(ufo_reset(region, 0, 1000));
        assert_status(ufo_touch(region, 0, 1), UFO_ERR_POPULATE); /* whatever the code looks like */
        assert_int_equal(ufo_last_callback_code(), codes[i]);
    }
    assert_status(ufo_touch(region, 2000, 1), UFO_ERR_RANGE);
    assert_int_equal(ufo_last_callback_code(), 0);
    ufo_core_free(core);
}

static void status_names(void **state)
{
    (void)state;
    begin_test(10);
    for (ufo_status status = UFO_OK; status >= UFO_ERR_LOST; status--) {
        assert_non_null(ufo_status_string(status));
        assert_string_not_equal(ufo_status_string(status), "");
        for (ufo_status other = UFO_OK; other > status; other--)
            assert_string_not_equal(ufo_status_string(status), ufo_status_string(other));
    }
    assert_non_null(ufo_status_string(1));
    assert_non_null(ufo_status_string(-1000));
    assert_non_null(ufo_status_string(INT32_MIN));
    assert_int_equal(ufo_version(), UFO_VERSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_at_the_start_and_per_thread),
        cmocka_unit_test(stays_until_the_next_failure),
        cmocka_unit_test(the_status_of_a_constructor),
        cmocka_unit_test(callback_code),
        cmocka_unit_test(status_names),
    };
    return RUN(tests);
}
