/* SPDX-License-Identifier: MIT */
/* Files that cannot be used: said at once, with the system's reason. */
#include "support/support.h"

#include <errno.h>
#include <sys/stat.h>

static void bad_path(void **state)
{
    (void)state;
    begin_test(10);
    ufo_config *config = ufo_config_new();
    const char *path = temp_name("absent");
    assert_status(ufo_config_set_file(config, path, 0, 0), UFO_ERR_FILE);
    assert_error_names(path);
    assert_error_names(strerror(ENOENT));
    assert_status(ufo_config_set_file(config, path, 0, UFO_FILE_WRITEBACK), UFO_ERR_FILE); /* not created either */
    assert_int_equal(access(path, F_OK), -1);
    assert_int_not_equal(ufo_config_set_file(config, "", 0, 0), UFO_OK);
    ufo_config_free(config);
}

static void directory(void **state)
{
    (void)state;
    begin_test(10);
    ufo_config *config = ufo_config_new();
    const char *path = temp_dir();
    assert_status(ufo_config_set_file(config, path, 0, 0), UFO_ERR_FILE);
    assert_error_names(path);
    assert_status(ufo_config_set_file(config, path, 0, UFO_FILE_WRITEBACK), UFO_ERR_FILE);
    ufo_config_free(config);
}

/* Opening a named pipe waits for a writer that never comes. */
static void named_pipe(void **state)
{
    (void)state;
    begin_test(10);
    ufo_config *config = ufo_config_new();
    const char *path = temp_name("pipe");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_not_equal(ufo_config_set_file(config, path, 0, 0), UFO_OK);
    assert_string_not_equal(ufo_last_error(), "");
    assert_int_not_equal(ufo_config_set_file(config, path, 0, UFO_FILE_WRITEBACK), UFO_OK);
    ufo_config_free(config);
}

static int as_nobody(void *argument)
{
    const char *const *paths = argument;
    CHILD_CHECK(setgid(65534) == 0 && setuid(65534) == 0);
    ufo_config *config = ufo_config_new();
    CHILD_CHECK(ufo_config_set_file(config, paths[0], 0, 0) == UFO_ERR_PERMISSION);
    CHILD_CHECK(strstr(ufo_last_error(), strerror(EACCES)) != NULL);
    CHILD_CHECK(ufo_config_set_file(config, paths[1], 0, UFO_FILE_WRITEBACK) == UFO_ERR_PERMISSION);
    CHILD_CHECK(ufo_config_set_file(config, paths[1], 0, 0) == UFO_OK);
    ufo_config_free(config);
    return 0;
}

static void no_permission(void **state)
{
    (void)state;
    begin_test(10);
    if (geteuid() != 0)
        SKIP_TEST("only root can become somebody else");
    const char *secret = temp_file(100), *readable = temp_file(100);
    assert_int_equal(chmod(secret, 0600), 0);
    assert_int_equal(chmod(readable, 0644), 0);
    const char *paths[] = {secret, readable};
    assert_int_equal(in_child(as_nobody, paths), 0);
}

/* The setter that failed leaves the config as it was. */
static void earlier_source_stays(void **state)
{
    (void)state;
    ufo_core *core = begin_core(MIB);
    struct source source = {.count = 100, .element_size = 1};
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, 100, 1));
    assert_ok(ufo_config_set_populate(config, source_populate, &source, source_free));
    assert_status(ufo_config_set_file(config, temp_name("absent"), 0, 0), UFO_ERR_FILE);
    assert_int_equal(atomic_load(&source.frees), 0);
    ufo *region = ufo_new(core, config);
    assert_non_null(region);
    assert_pattern(ufo_data(region), 0, 100);
    ufo_config_free(config);
    ufo_core_free(core);
    assert_int_equal(atomic_load(&source.frees), 1);
}

static void bad_arguments(void **state)
{
    (void)state;
    ufo_core *core = begin_core(MIB);
    ufo_config *config = ufo_config_new();
    const char *path = temp_file(100);
    assert_status(ufo_config_set_file(config, NULL, 0, 0), UFO_ERR_INVALID);
    assert_status(ufo_config_set_file(config, path, 0, 1 << 20), UFO_ERR_INVALID);
    assert_status(ufo_config_set_file(NULL, path, 0, 0), UFO_ERR_INVALID);
    /* An offset that no file can have. */
    assert_ok(ufo_config_set_elements(config, 100, 1));
    if (ufo_config_set_file(config, path, UINT64_MAX - 10, 0) == UFO_OK) {
        ufo *region = ufo_new(core, config);
        if (region)
            assert_status(ufo_touch(region, 0, 1), UFO_ERR_TRUNCATED);
    }
    assert_string_not_equal(ufo_last_error(), "");
    ufo_config_free(config);
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_path),      cmocka_unit_test(directory),     cmocka_unit_test(named_pipe),
        cmocka_unit_test(no_permission), cmocka_unit_test(bad_arguments), cmocka_unit_test(earlier_source_stays),
    };
    return RUN(tests);
}
