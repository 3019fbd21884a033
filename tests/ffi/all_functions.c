/* SPDX-License-Identifier: MIT */
/*
 * Every function of the header, called the way in which other languages do it: found by name, called through libffi, with callbacks
 * that are libffi closures.
 */
#include "call.h"

/* ---- Closures ---- */

static ATOMIC(int) populates, writebacks, messages, wrong_user_data;
static int user_data[3]; /* of populate, writeback and log */
static ATOMIC(bool) failing;

static void populate(ffi_cif *interface, void *result, void **arguments, void *data)
{
    (void)interface, (void)data;
    if (*(void **)arguments[0] != &user_data[0])
        atomic_fetch_add(&wrong_user_data, 1);
    size_t first = *(size_t *)arguments[1], count = *(size_t *)arguments[2];
    pattern_fill(*(void **)arguments[3], first * 8, count * 8);
    atomic_fetch_add(&populates, 1);
    *(ffi_sarg *)result = first == 0 && atomic_load(&failing) ? -4321 : 0;
}

static void writeback(ffi_cif *interface, void *result, void **arguments, void *data)
{
    (void)interface, (void)data;
    if (*(void **)arguments[0] != &user_data[1])
        atomic_fetch_add(&wrong_user_data, 1);
    atomic_fetch_add(&writebacks, 1);
    *(ffi_sarg *)result = 0;
}

static void log_message(ffi_cif *interface, void *result, void **arguments, void *data)
{
    (void)interface, (void)data, (void)result;
    if (*(void **)arguments[0] != &user_data[2] || !**(const char **)arguments[2])
        atomic_fetch_add(&wrong_user_data, 1);
    atomic_fetch_add(&messages, 1);
}

static ATOMIC(int) frees[3];

static void released(ffi_cif *interface, void *result, void **arguments, void *data)
{
    (void)interface, (void)data, (void)result;
    atomic_fetch_add(&frees[*(int **)arguments[0] - user_data], 1);
}

/* ---- The tests ---- */

static struct closure populate_closure, writeback_closure, log_closure, free_closure;

static void *make_core(void)
{
    void *config = pointer(call("ufo_core_config_new", "p"));
    assert_non_null(config);
    OK("ufo_core_config_set_budget", "ipz", config, Z(4 * MIB));
    OK("ufo_core_config_set_watermarks", "ipuu", config, 80u, 95u);
    OK("ufo_core_config_set_workers", "ipu", config, 8u);
    OK("ufo_core_config_set_least_budget", "ipz", config, Z(MIB));
    OK("ufo_core_config_set_spill_dir", "ipp", config, temp_dir());
    OK("ufo_core_config_set_log", "ipppp", config, log_closure.code, &user_data[2], free_closure.code);
    OK("ufo_core_config_set_delivery", "ipi", config, UFO_DELIVERY_AUTO);
    OK("ufo_core_config_set_features_off", "ipu", config, (uint32_t)UFO_FEATURE_BATCHED_DROP);
    void *core = pointer(call("ufo_core_new", "pp", config));
    assert_non_null(core);
    call("ufo_core_config_free", "vp", config);
    assert_int_equal(call("ufo_core_features", "up", core) & UFO_FEATURE_BATCHED_DROP, 0);
    return core;
}

static void *make_config(size_t count)
{
    void *config = pointer(call("ufo_config_new", "p"));
    assert_non_null(config);
    OK("ufo_config_set_elements", "ipzz", config, Z(count), Z(8));
    OK("ufo_config_set_header", "ipz", config, Z(16));
    OK("ufo_config_set_chunk", "ipz", config, Z(512));
    OK("ufo_config_set_read_only", "ipi", config, 0);
    OK("ufo_config_set_populate_policy", "ipi", config, UFO_POPULATE_ANYWHERE);
    OK("ufo_config_set_delivery", "ipi", config, UFO_DELIVERY_AUTO);
    OK("ufo_config_set_readahead", "ipz", config, Z(0));
    OK("ufo_config_set_retry", "ipuu", config, 0u, 0u);
    OK("ufo_config_set_address", "ipp", config, NULL);
    return config;
}

static void callbacks_are_closures(void *core)
{
    void *config = make_config(100000);
    OK("ufo_config_set_populate", "ipppp", config, populate_closure.code, &user_data[0], free_closure.code);
    OK("ufo_config_set_writeback", "ipppp", config, writeback_closure.code, &user_data[1], free_closure.code);
    void *region = pointer(call("ufo_new", "ppp", core, config));
    assert_non_null(region);
    call("ufo_config_free", "vp", config);

    unsigned char *data = pointer(call("ufo_data", "pp", region));
    assert_ptr_equal(pointer(call("ufo_header", "pp", region)), data - 16);
    assert_int_equal(call("ufo_count", "zp", region), 100000);
    assert_int_equal(call("ufo_element_size", "zp", region), 8);
    assert_true(call("ufo_chunk", "zp", region) >= 512);
    assert_int_equal(call("ufo_get_delivery", "ip", region), call("ufo_core_delivery", "ip", core));
    assert_ptr_equal(pointer(call("ufo_find", "ppp", core, data + 50)), region);
    assert_pattern(data, 0, 800000); /* worker threads call the closure */

    OK("ufo_touch", "ipzz", region, Z(10), Z(10));
    OK("ufo_pin", "ipzz", region, Z(10), Z(10));
    assert_int_equal((int64_t)call("ufo_evict", "ipzz", region, Z(10), Z(1)), UFO_ERR_PINNED);
    assert_string_not_equal(pointer(call("ufo_last_error", "p")), "");
    assert_string_not_equal(pointer(call("ufo_status_string", "pi", UFO_ERR_PINNED)), "");
    OK("ufo_unpin", "ipzz", region, Z(10), Z(10));
    OK("ufo_pin_write", "ipzz", region, Z(10), Z(10));
    OK("ufo_unpin", "ipzz", region, Z(10), Z(10));
    uint64_t value = 0, new_value = 5;
    OK("ufo_read", "ipzzp", region, Z(99999), Z(1), &value);
    assert_pattern(&value, 99999 * 8, 8);
    OK("ufo_write", "ipzzp", region, Z(99999), Z(1), &new_value);
    OK("ufo_flush", "ipzz", region, Z(0), Z(100000));
    assert_true(atomic_load(&writebacks) >= 1);
    OK("ufo_advise", "ipzzi", region, Z(0), Z(100000), UFO_ADVICE_RANDOM);
    OK("ufo_evict", "ipzz", region, Z(0), Z(100000));

    atomic_store(&failing, true); /* fails from now on, with a negative code of its own */
    OK("ufo_reset", "ipzz", region, Z(0), Z(100000));
    assert_int_equal((int64_t)call("ufo_touch", "ipzz", region, Z(0), Z(1)), UFO_ERR_POPULATE);
    assert_int_equal((int64_t)call("ufo_last_callback_code", "i"), -4321);
    assert_int_equal((int64_t)call("ufo_last_status", "i"), UFO_ERR_POPULATE);
    uint8_t byte;
    assert_int_equal(guarded_read(data, &byte), SIGBUS);
    atomic_store(&failing, false);

    ufo_stats stats = {.struct_size = sizeof stats};
    OK("ufo_stats_get", "ipp", region, &stats);
    assert_int_equal(stats.populates, atomic_load(&populates) - 1);

    ufo_residency residency = {.struct_size = sizeof residency};
    OK("ufo_residency_open", "ipp", region, &residency);
    assert_ptr_equal(residency.data, data);
    call("ufo_residency_wake", "vpz", &residency, Z(0));
    call("ufo_residency_close", "vp", &residency);
    assert_null(residency.words);
    call("ufo_free", "vp", region);
}

static void every_function(void **state)
{
    (void)state;
    begin_test(60);
    make(&populate_closure, "ipzzp", populate, NULL);
    make(&writeback_closure, "ipzzp", writeback, NULL);
    make(&log_closure, "vpip", log_message, NULL);
    make(&free_closure, "vp", released, NULL);

    assert_int_equal(call("ufo_version", "u"), UFO_VERSION);
    void *core = make_core();
    callbacks_are_closures(core);
    assert_int_equal(atomic_load(&frees[0]), 1);
    assert_int_equal(atomic_load(&frees[1]), 1);

    void *config = make_config(100);
    OK("ufo_config_set_header", "ipz", config, Z(0));
    OK("ufo_config_set_file", "ippzi", config, temp_file(1000), Z(200), 0);
    void *region = pointer(call("ufo_new", "ppp", core, config));
    assert_non_null(region);
    assert_pattern(pointer(call("ufo_data", "pp", region)), 200, 800);
    OK("ufo_config_set_sequence_real", "ipdd", config, 0.5, -2.0);
    region = pointer(call("ufo_new", "ppp", core, config));
    assert_true(((double *)pointer(call("ufo_data", "pp", region)))[99] == -197.5);
    OK("ufo_config_set_sequence_int", "ipzz", config, Z(-5), Z(7));
    region = pointer(call("ufo_new", "ppp", core, config));
    assert_int_equal(((int64_t *)pointer(call("ufo_data", "pp", region)))[99], 688);
    call("ufo_config_free", "vp", config);

    OK("ufo_core_set_budget", "ipz", core, Z(2 * MIB));
    ufo_core_stats stats = {.struct_size = sizeof stats};
    OK("ufo_core_stats_get", "ipp", core, &stats);
    assert_int_equal(stats.budget_bytes, 2 * MIB);
    assert_int_equal(atomic_load(&frees[2]), 0);
    call("ufo_core_free", "vp", core);
    assert_int_equal(atomic_load(&frees[2]), 1);
    assert_non_null(pointer(call("ufo_core_default", "p")));
    assert_true(atomic_load(&populates) > 0);
    assert_int_equal(atomic_load(&wrong_user_data), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(atomic_load(&frees[i]), 1);
    ffi_closure_free(populate_closure.closure);
    ffi_closure_free(writeback_closure.closure);
    ffi_closure_free(log_closure.closure);
    ffi_closure_free(free_closure.closure);
}

static void none_was_forgotten(void **state)
{
    (void)state;
    assert_all_called(50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_function), cmocka_unit_test(none_was_forgotten)};
    return RUN(tests);
}
