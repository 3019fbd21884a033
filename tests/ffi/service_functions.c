/* SPDX-License-Identifier: MIT */
/* Every function of the service's header, through libffi: a server with a closure for its source, and a client of it in the same process. */
#include "call.h"

#include <ufomem/service.h>

static void populate(ffi_cif *interface, void *result, void **arguments, void *data)
{
    (void)interface, (void)data;
    const size_t first = *(size_t *)arguments[1], count = *(size_t *)arguments[2];
    pattern_fill(*(void **)arguments[3], first * 8, count * 8);
    *(ffi_sarg *)result = 0;
}

enum { COUNT = 100000 };

static void *make_server(void *core, const char *path)
{
    void *config = pointer(call("ufo_server_config_new", "p"));
    assert_non_null(config);
    OK("ufo_server_config_set_path", "ipp", config, path);
    OK("ufo_server_config_set_mode", "ipu", config, 0600u);
    OK("ufo_server_config_set_socket", "ipi", config, -1);
    OK("ufo_server_config_set_chunk_bytes", "ipz", config, Z(8192));
    OK("ufo_server_config_set_admit_later", "ipi", config, 1);
    OK("ufo_server_config_allow_directory", "ipp", config, temp_dir());
    OK("ufo_server_config_set_limit", "ipiz", config, UFO_LIMIT_CLIENTS, Z(2));
    void *server = pointer(call("ufo_server_new", "ppp", core, config));
    call("ufo_server_config_free", "vp", config);
    return server;
}

static void publish(void *server, struct closure *source)
{
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, COUNT, 8));
    OK("ufo_config_set_populate", "ipppp", config, source->code, NULL, NULL);
    OK("ufo_server_publish", "ippp", server, "numbers", config);
    OK("ufo_server_publish", "ippp", server, "withdrawn", config);
    OK("ufo_server_withdraw", "ipp", server, "withdrawn");
    ufo_config_free(config);
}

static void *open_shared(void *client, const char *name)
{
    ufo_config *config = ufo_config_new();
    OK("ufo_config_set_shared", "ippp", config, client, name);
    void *region = pointer(call("ufo_new", "ppp", NULL, config));
    ufo_config_free(config);
    return region;
}

static void *connect_to(void *path) { return pointer(call("ufo_client_connect", "pp", path)); }

static void every_function(void **state)
{
    (void)state;
    begin_test(60);
    ufo_core *core = new_core(MIB);
    if ((ufo_core_features(core) & UFO_FEATURE_POISON) == 0 || ufo_core_delivery(core) != UFO_DELIVERY_THREAD)
        SKIP_TEST("a service needs userfaultfd, and poison (Linux 6.6)");
    struct closure source;
    make(&source, "ipzzp", populate, NULL);
    assert_true(*(const char *)pointer(call("ufo_service_path", "p")) == '/');
    const char *path = temp_name("socket");
    void *server = make_server(core, path);
    if (!server)
        fail_msg("%s", ufo_last_error());

    /* Whoever comes early is let in when there is something to find. */
    pthread_t early;
    assert_int_equal(pthread_create(&early, NULL, connect_to, (void *)(uintptr_t)path), 0);
    sleep_ms(20);
    ufo_server_stats figures = {.struct_size = sizeof figures};
    OK("ufo_server_stats_get", "ipp", server, &figures);
    assert_int_equal(figures.clients_ever, 0);
    publish(server, &source);
    OK("ufo_server_admit", "ip", server);
    OK("ufo_server_admit", "ip", server);
    void *client = NULL;
    assert_int_equal(pthread_join(early, &client), 0);
    assert_non_null(client);

    void *region = open_shared(client, "numbers");
    if (!region)
        fail_msg("%s", ufo_last_error());
    assert_int_equal(call("ufo_count", "zp", region), COUNT);
    assert_pattern(pointer(call("ufo_data", "pp", region)), 0, COUNT * 8);
    assert_null(open_shared(client, "withdrawn"));
    OK("ufo_client_stats_get", "ipp", client, &figures);
    assert_int_equal(figures.clients, 1);
    assert_int_equal(figures.chunk_bytes, 8192);
    call("ufo_client_free", "vp", client);
    call("ufo_free", "vp", region);
    call("ufo_server_free", "vp", server);
    ufo_core_free(core);
    ffi_closure_free(source.closure);
}

static void none_was_forgotten(void **state)
{
    (void)state;
    assert_all_called(20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_function), cmocka_unit_test(none_was_forgotten)};
    return RUN(tests);
}
