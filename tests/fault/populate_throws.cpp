// SPDX-License-Identifier: MIT
// A callback that leaves by a C++ exception: not allowed, and turned into an error, in whatever thread it runs.
#include "support/support.h"

#include <new>
#include <stdexcept>

namespace {

std::atomic<int> throws{0};
std::atomic<int> kind{0};

void maybe_throw()
{
    if (throws.load() == 0)
        return;
    switch (kind.load()) {
    case 0:
        throw std::runtime_error("the well is dry");
    case 1:
        throw 42;
    default:
        throw std::bad_alloc();
    }
}

std::int32_t populate(void *, std::size_t first, std::size_t count, void *out)
{
    maybe_throw();
    pattern_fill(out, first, count);
    return 0;
}

std::int32_t writeback(void *, std::size_t, std::size_t, const void *)
{
    maybe_throw();
    return 0;
}

constexpr std::size_t length = 1 << 20;

ufo *throwing_region(ufo_core *core)
{
    throws = 1;
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, length, 1));
    assert_ok(ufo_config_set_populate(config, populate, nullptr, nullptr));
    assert_ok(ufo_config_set_writeback(config, writeback, nullptr, nullptr));
    ufo *region = ufo_new(core, config);
    assert_non_null(region);
    ufo_config_free(config);
    return region;
}

void in_populate(void **)
{
    ufo_core *core = begin_core(MIB);
    for (int k = 0; k < 3; k++) {
        kind = k;
        ufo *region = throwing_region(core);
        const auto *bytes = static_cast<const unsigned char *>(ufo_data(region));
        std::uint8_t value;
        assert_status(ufo_touch(region, 0, 1), UFO_ERR_POPULATE);
        assert_int_equal(guarded_read(bytes + length - 1, &value), SIGBUS);
        throws = 0;
        assert_ok(ufo_reset(region, 0, length));
        assert_pattern(bytes, 0, length);
        ufo_free(region);
    }
    ufo_core_free(core);
}

void in_writeback(void **)
{
    ufo_core *core = begin_core(MIB);
    kind = 0;
    ufo *region = throwing_region(core);
    throws = 0;
    auto *bytes = static_cast<unsigned char *>(ufo_data(region));
    bytes[0] = 99;
    throws = 1;
    assert_status(ufo_flush(region, 0, 1), UFO_ERR_WRITEBACK);
    assert_status(ufo_evict(region, 0, 1), UFO_ERR_WRITEBACK);
    assert_int_equal(bytes[0], 99);
    throws = 0;
    assert_ok(ufo_flush(region, 0, 1));
    ufo_core_free(core);
}

std::atomic<int> logged{0};

void log_and_throw(void *, ufo_log_level, const char *)
{
    logged.fetch_add(1);
    throw std::runtime_error("no paper");
}

/// What is logged is an error, which comes as if nobody logged.
void in_the_log(void **)
{
    begin_test(60);
    ufo_core_config *config = ufo_core_config_new();
    assert_ok(ufo_core_config_set_budget(config, MIB));
    assert_ok(ufo_core_config_set_log(config, log_and_throw, nullptr, nullptr));
    ufo_core *core = ufo_core_new(config);
    assert_non_null(core);
    ufo_core_config_free(config);
    kind = 0;
    ufo *region = throwing_region(core);
    logged = 0;
    std::uint8_t value;
    assert_status(ufo_touch(region, 0, 1), UFO_ERR_POPULATE);
    assert_int_equal(guarded_read(ufo_data(region), &value), SIGBUS);
    assert_true(logged.load() > 0);
    throws = 0;
    assert_ok(ufo_reset(region, 0, length));
    assert_pattern(ufo_data(region), 0, length);
    ufo_core_free(core);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {cmocka_unit_test(in_populate), cmocka_unit_test(in_writeback),
                                cmocka_unit_test(in_the_log)};
    return RUN(tests);
}
