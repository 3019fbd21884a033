/* SPDX-License-Identifier: MIT */
/* A shared region is an ordinary one, for who only reads.  The server is in this process: its clients do not notice. */
#include "support/support.h"

#include <ufomem/service.h>

#include <fcntl.h>
#include <sys/wait.h>

struct served {
    ufo_core *core;
    ufo_server *server;
    ufo_client *client;
    const char *path;
};

static bool cannot_serve(const ufo_core *core)
{
    return (ufo_core_features(core) & UFO_FEATURE_POISON) == 0 || ufo_core_delivery(core) != UFO_DELIVERY_THREAD;
}

static struct served begin_service(size_t budget)
{
    struct served served = {.core = begin_core(budget), .path = temp_name("socket")};
    if (cannot_serve(served.core)) {
        ufo_core_free(served.core);
        SKIP_TEST("a service needs userfaultfd, and poison (Linux 6.6)");
    }
    ufo_server_config *config = ufo_server_config_new();
    assert_ok(ufo_server_config_set_path(config, served.path));
    served.server = ufo_server_new(served.core, config);
    if (!served.server)
        fail_msg("no server: %s", ufo_last_error());
    ufo_server_config_free(config);
    served.client = ufo_client_connect(served.path);
    if (!served.client)
        fail_msg("no client: %s", ufo_last_error());
    return served;
}

static void end_service(struct served *served)
{
    ufo_client_free(served->client);
    ufo_server_free(served->server);
    assert_int_equal(core_stats(served->core).regions, 0);
    ufo_core_free(served->core);
}

static ufo *shared_file(struct served *served, const char *file, size_t offset, size_t count, size_t element_size)
{
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, count, element_size));
    assert_ok(ufo_config_set_file(config, file, offset, 0));
    assert_ok(ufo_config_set_shared(config, served->client, NULL));
    ufo *region = ufo_new(NULL, config);
    ufo_config_free(config);
    return region;
}

static ufo *shared_name(struct served *served, const char *name, size_t count, size_t element_size)
{
    ufo_config *config = ufo_config_new();
    if (count)
        assert_ok(ufo_config_set_elements(config, count, element_size));
    assert_ok(ufo_config_set_shared(config, served->client, name));
    ufo *region = ufo_new(NULL, config);
    ufo_config_free(config);
    return region;
}

static void file_reads_as_any_region(void **state)
{
    (void)state;
    struct served served = begin_service(2 * MIB);
    const size_t size = 5 * MIB + 123;
    const char *file = temp_file(size);
    const size_t offset = 1000, count = (size - offset) / 8;
    ufo *region = shared_file(&served, file, offset, count, 8);
    assert_non_null(region);
    const unsigned char *data = ufo_data(region);
    assert_int_equal(ufo_count(region), count);
    assert_int_equal(ufo_element_size(region), 8);
    assert_int_equal(ufo_chunk(region), 64 * KIB / 8);
    assert_int_equal(ufo_get_delivery(region), UFO_DELIVERY_SERVICE);
    assert_null(ufo_header(region));
    assert_pattern(data, offset, count * 8);
    assert_ptr_equal(ufo_find(served.core, data), region);
    assert_ptr_equal(ufo_find(served.core, data + count * 8 - 1), region);
    assert_null(ufo_find(served.core, data - 1));
    assert_null(ufo_find(served.core, data + count * 8));

    unsigned char out[80];
    for (size_t first = 0; first + 10 <= count; first += 9973) {
        assert_ok(ufo_read(region, first, 10, out));
        for (size_t i = 0; i < 80; i++)
            assert_int_equal(out[i], pattern(offset + first * 8 + i));
    }
    assert_ok(ufo_touch(region, 0, count));
    assert_ok(ufo_advise(region, 0, count, UFO_ADVICE_WILLNEED));
    assert_ok(ufo_advise(region, 0, count, UFO_ADVICE_DONTNEED));
    assert_ok(ufo_evict(region, 0, count));
    assert_ok(ufo_reset(region, 0, count));
    assert_ok(ufo_flush(region, 0, count));
    assert_pattern(data, offset, count * 8);
    assert_status(ufo_touch(region, count, 1), UFO_ERR_RANGE);
    assert_status(ufo_write(region, 0, 1, out), UFO_ERR_READ_ONLY);
    assert_status(ufo_pin_write(region, 0, 1), UFO_ERR_READ_ONLY);
    assert_int_equal(guarded_write((void *)(uintptr_t)data, 1), SIGSEGV);

    ufo_residency residency = {.struct_size = sizeof residency};
    assert_status(ufo_residency_open(region, &residency), UFO_ERR_UNSUPPORTED);
    ufo_stats stats = region_stats(region);
    assert_true(stats.populated_bytes >= size && stats.resident_bytes > 0 && stats.resident_bytes <= 2 * MIB);
    ufo_free(region);
    ufo_free(region);
    assert_error_names("freed");
    assert_status(ufo_touch(region, 0, 1), UFO_ERR_CLOSED);
    end_service(&served);
}

static void two_share_what_was_read(void **state)
{
    (void)state;
    struct served served = begin_service(16 * MIB);
    const char *file = temp_file(3 * MIB);
    ufo *first = shared_file(&served, file, 0, 3 * MIB, 1);
    ufo *second = shared_file(&served, file, MIB, 2 * MIB, 1);
    assert_true(first && second);
    assert_pattern(ufo_data(first), 0, 3 * MIB);
    const uint64_t populated = region_stats(first).populated_bytes;
    assert_pattern(ufo_data(second), MIB, 2 * MIB);
    assert_int_equal(populated, 3 * MIB);
    assert_int_equal(region_stats(second).populated_bytes, populated);
    ufo_free(first);
    assert_pattern(ufo_data(second), MIB, 2 * MIB);
    ufo_free(second);
    end_service(&served);
}

static void callbacks_run_in_the_server(void **state)
{
    (void)state;
    struct served served = begin_service(MIB);
    static struct source source;
    source = (struct source){.count = MIB, .element_size = 4, .fail_first = 700 * KIB, .fail_count = 1, .fail_code = 77, .fail_times = -1};
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, MIB, 4));
    assert_ok(ufo_config_set_populate(config, source_populate, &source, source_free));
    assert_ok(ufo_config_set_readahead(config, 0));
    assert_ok(ufo_server_publish(served.server, "numbers", config));
    assert_status(ufo_server_publish(served.server, "numbers", config), UFO_ERR_INVALID);
    assert_status(ufo_server_publish(served.server, "no name", config), UFO_ERR_INVALID);
    ufo_config_free(config);
    assert_null(shared_name(&served, "letters", 0, 0));
    assert_error_names("letters");
    assert_null(shared_name(&served, "numbers", 10, 8));
    assert_null(shared_name(&served, "numbers", 2 * MIB, 4));
    assert_int_equal(ufo_last_status(), UFO_ERR_RANGE);

    ufo *region = shared_name(&served, "numbers", 0, 0);
    assert_non_null(region);
    assert_int_equal(ufo_count(region), MIB);
    assert_int_equal(ufo_element_size(region), 4);
    const unsigned char *data = ufo_data(region);
    assert_pattern(data, 0, 600 * KIB * 4);
    uint8_t value;
    assert_int_equal(guarded_read(data + 700 * KIB * 4, &value), SIGBUS);
    assert_status(ufo_touch(region, 700 * KIB, 1), UFO_ERR_POPULATE);
    atomic_store(&source.fail_code, 0);
    assert_int_equal(guarded_read(data + 700 * KIB * 4, &value), SIGBUS); /* until it is asked for again */
    assert_ok(ufo_reset(region, 700 * KIB, 1));
    assert_pattern(data + 700 * KIB * 4, 700 * KIB * 4, 100);

    assert_ok(ufo_server_withdraw(served.server, "numbers"));
    assert_status(ufo_server_withdraw(served.server, "numbers"), UFO_ERR_INVALID);
    assert_null(shared_name(&served, "numbers", 0, 0));
    assert_pattern(data, 0, 600 * KIB * 4); /* who has it keeps it */
    ufo_free(region);
    end_service(&served);
    assert_int_equal(atomic_load(&source.frees), 1);
}

static void pins_keep_elements_in_memory(void **state)
{
    (void)state;
    struct served served = begin_service(4 * MIB);
    const char *file = temp_file(16 * MIB);
    ufo *region = shared_file(&served, file, 0, 16 * MIB, 1);
    assert_non_null(region);
    assert_ok(ufo_pin(region, 100 * KIB, 300 * KIB));
    assert_int_equal(region_stats(region).pins, 6);
    assert_status(ufo_pin(region, 0, 2 * MIB), UFO_ERR_LIMIT); /* an eighth of the budget */
    assert_pattern(ufo_data(region), 0, 16 * MIB);
    assert_ok(ufo_evict(region, 0, 16 * MIB)); /* which unmaps them here */
    const uint64_t populated = region_stats(region).populated_bytes;
    assert_pattern((const unsigned char *)ufo_data(region) + 100 * KIB, 100 * KIB, 300 * KIB);
    assert_int_equal(region_stats(region).populated_bytes, populated);
    assert_status(ufo_unpin(region, 0, 10), UFO_ERR_NOT_PINNED);
    assert_ok(ufo_unpin(region, 100 * KIB, 300 * KIB));
    assert_status(ufo_unpin(region, 100 * KIB, 300 * KIB), UFO_ERR_NOT_PINNED);
    assert_int_equal(region_stats(region).pins, 0);
    ufo_free(region);
    end_service(&served);
}

static void what_cannot_be_shared_is_refused(void **state)
{
    (void)state;
    struct served served = begin_service(4 * MIB);
    const char *file = temp_file(MIB);
    assert_null(shared_file(&served, file, 0, 2 * MIB, 1));
    assert_int_equal(ufo_last_status(), UFO_ERR_TRUNCATED);
    ufo_config *config = ufo_config_new();
    assert_status(ufo_config_set_shared(config, NULL, NULL), UFO_ERR_INVALID);
    assert_status(ufo_config_set_shared(config, served.client, ""), UFO_ERR_INVALID);
    assert_ok(ufo_config_set_shared(config, served.client, NULL));
    assert_ok(ufo_config_set_elements(config, MIB, 1));
    assert_null(ufo_new(NULL, config)); /* neither a file nor a name */
    assert_error_names("ufo_config_set_file");
    assert_ok(ufo_config_set_file(config, file, 0, UFO_FILE_WRITEBACK));
    assert_null(ufo_new(NULL, config));
    assert_ok(ufo_config_set_file(config, file, 0, 0));
    assert_ok(ufo_config_set_header(config, 100));
    assert_null(ufo_new(NULL, config));
    assert_error_names("header");
    assert_status(ufo_server_publish(served.server, "again", config), UFO_ERR_INVALID);
    ufo_config_free(config);
    assert_null(ufo_client_connect("/nowhere/at/all"));
    assert_error_names("/nowhere/at/all");
    end_service(&served);
}

static ufo *shared_file_at(struct served *served, const char *file, size_t offset, void *address)
{
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, MIB, 1));
    assert_ok(ufo_config_set_file(config, file, offset, 0));
    assert_ok(ufo_config_set_shared(config, served->client, NULL));
    assert_ok(ufo_config_set_address(config, address));
    ufo *region = ufo_new(NULL, config);
    ufo_config_free(config);
    return region;
}

/* Element 0 is there, wherever in the file it is. */
static void addresses_can_be_chosen(void **state)
{
    (void)state;
    struct served served = begin_service(4 * MIB);
    const char *file = temp_file(2 * MIB);
    char *const address = place_apart();
    ufo *region = shared_file_at(&served, file, 512 * KIB, address);
    assert_non_null(region);
    assert_ptr_equal(ufo_data(region), address);
    assert_pattern(address, 512 * KIB, MIB);
    assert_null(shared_file_at(&served, file, 512 * KIB, address)); /* taken */
    assert_int_equal(ufo_last_status(), UFO_ERR_ADDRESS);
    ufo_free(region);
    assert_null(shared_file_at(&served, file, 1000, address)); /* pages of a file lie in pages of memory */
    assert_int_equal(ufo_last_status(), UFO_ERR_ADDRESS);
    end_service(&served);
}

static void both_sides_tell_their_figures(void **state)
{
    (void)state;
    struct served served = begin_service(4 * MIB);
    const char *file = temp_file(8 * MIB);
    ufo *region = shared_file(&served, file, 0, 8 * MIB, 1);
    assert_pattern(ufo_data(region), 0, 8 * MIB);
    ufo_server_stats there = {.struct_size = sizeof there}, here = {.struct_size = sizeof here};
    assert_ok(ufo_server_stats_get(served.server, &there));
    assert_ok(ufo_client_stats_get(served.client, &here));
    for (const ufo_server_stats *stats = &there;; stats = &here) {
        assert_int_equal(stats->page_bytes, page_size());
        assert_int_equal(stats->chunk_bytes, 64 * KIB);
        assert_int_equal(stats->budget_bytes, 4 * MIB);
        assert_true(stats->used_bytes <= 4 * MIB && stats->peak_bytes <= 4 * MIB && stats->peak_bytes > MIB);
        assert_true(stats->low_bytes < stats->high_bytes && stats->high_bytes <= 4 * MIB);
        assert_true(stats->fillers >= 1 && stats->fillers <= stats->most_fillers && stats->evictors >= 1);
        assert_int_equal(stats->clients, 1);
        assert_int_equal(stats->clients_ever, 1);
        assert_int_equal(stats->dismissed, 0);
        assert_int_equal(stats->regions, 1);
        assert_true(stats->faults > 0 && stats->populated_bytes >= 8 * MIB && stats->evictions > 0);
        assert_int_equal(stats->failures, 0);
        if (stats == &here)
            break;
    }
    ufo_free(region);
    end_service(&served);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_reads_as_any_region),
        cmocka_unit_test(two_share_what_was_read),
        cmocka_unit_test(callbacks_run_in_the_server),
        cmocka_unit_test(pins_keep_elements_in_memory),
        cmocka_unit_test(what_cannot_be_shared_is_refused),
        cmocka_unit_test(addresses_can_be_chosen),
        cmocka_unit_test(both_sides_tell_their_figures),
    };
    return RUN(tests);
}
