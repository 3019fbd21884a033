/* SPDX-License-Identifier: MIT */
/* What service.h refuses, and what it says then; and that what it is told takes effect. */
#include "support/support.h"

#include <ufomem/service.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static bool cannot_serve(const ufo_core *core)
{
    return (ufo_core_features(core) & UFO_FEATURE_POISON) == 0 || ufo_core_delivery(core) != UFO_DELIVERY_THREAD;
}

/* A core that can serve, or the end of the test. */
static ufo_core *serving_core(void)
{
    ufo_core *core = begin_core(4 * MIB);
    if (cannot_serve(core)) {
        ufo_core_free(core);
        SKIP_TEST("a service needs userfaultfd, and poison (Linux 6.6)");
    }
    return core;
}

static ufo_server *server_at(ufo_core *core, const char *path)
{
    ufo_server_config *config = ufo_server_config_new();
    assert_ok(ufo_server_config_set_path(config, path));
    ufo_server *server = ufo_server_new(core, config);
    if (!server)
        fail_msg("no server: %s", ufo_last_error());
    ufo_server_config_free(config);
    return server;
}

static ufo *shared_bytes(ufo_client *client, const char *file, size_t count)
{
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, count, 1));
    assert_ok(ufo_config_set_file(config, file, 0, 0));
    assert_ok(ufo_config_set_shared(config, client, NULL));
    ufo *region = ufo_new(NULL, config);
    ufo_config_free(config);
    return region;
}

static void configs_refuse_what_makes_no_sense(void **state)
{
    (void)state;
    begin_test(60);
    ufo_server_config *config = ufo_server_config_new();
    assert_non_null(config);
    assert_status(ufo_server_config_set_path(config, ""), UFO_ERR_INVALID);
    assert_error_names(ufo_service_path());
    assert_ok(ufo_server_config_set_path(config, NULL));
    assert_status(ufo_server_config_set_mode(config, 01660), UFO_ERR_INVALID);
    assert_error_names("1660");
    assert_ok(ufo_server_config_set_mode(config, 0660));
    assert_status(ufo_server_config_set_socket(config, -2), UFO_ERR_INVALID);
    assert_ok(ufo_server_config_set_socket(config, -1));
    assert_status(ufo_server_config_allow_directory(config, NULL), UFO_ERR_INVALID);
    assert_status(ufo_server_config_allow_directory(config, "here/below"), UFO_ERR_INVALID);
    assert_error_names("here/below");
    assert_status(ufo_server_config_set_limit(config, 9, 1), UFO_ERR_INVALID);
    assert_status(ufo_server_config_set_limit(config, -1, 1), UFO_ERR_INVALID);
    const uint64_t too_many = (uint64_t)1 << 32;
    assert_status(ufo_server_config_set_limit(config, UFO_LIMIT_ANSWER_MS, too_many), UFO_ERR_OVERFLOW);
    assert_error_names("4294967296");
    assert_status(ufo_server_config_set_limit(config, UFO_LIMIT_THREADS, too_many), UFO_ERR_OVERFLOW);
    assert_ok(ufo_server_config_set_limit(config, UFO_LIMIT_MAPPED_BYTES, too_many));
    ufo_server_config_free(config);
    ufo_server_config_free(NULL);
}

static void freed_and_null_handles_are_told_apart(void **state)
{
    (void)state;
    ufo_core *core = serving_core();
    const char *path = temp_name("socket");
    ufo_server_config *config = ufo_server_config_new();
    assert_status(ufo_server_config_set_mode(NULL, 0600), UFO_ERR_INVALID);
    ufo_server_config_free(config);
    assert_status(ufo_server_config_set_chunk_bytes(config, 4096), UFO_ERR_CLOSED);
    assert_null(ufo_server_new(core, config));
    assert_int_equal(ufo_last_status(), UFO_ERR_CLOSED);
    ufo_server_config_free(config); /* a second time does nothing */

    ufo_server *server = server_at(core, path);
    ufo_client *client = ufo_client_connect(path);
    assert_non_null(client);
    ufo_config *array = ufo_config_new();
    ufo_server_stats stats = {.struct_size = sizeof stats};
    assert_status(ufo_server_admit(NULL), UFO_ERR_INVALID);
    assert_status(ufo_server_publish(NULL, "name", array), UFO_ERR_INVALID);
    assert_status(ufo_server_withdraw(NULL, "name"), UFO_ERR_INVALID);
    assert_status(ufo_server_stats_get(NULL, &stats), UFO_ERR_INVALID);
    assert_status(ufo_client_stats_get(NULL, &stats), UFO_ERR_INVALID);
    assert_status(ufo_config_set_shared(array, NULL, NULL), UFO_ERR_INVALID);
    assert_status(ufo_config_set_shared(NULL, client, NULL), UFO_ERR_INVALID);
    assert_status(ufo_server_stats_get(server, NULL), UFO_ERR_INVALID);
    assert_status(ufo_client_stats_get(client, NULL), UFO_ERR_INVALID);
    stats.struct_size = 0;
    assert_status(ufo_server_stats_get(server, &stats), UFO_ERR_INVALID);
    assert_error_names("struct_size");
    assert_status(ufo_client_stats_get(client, &stats), UFO_ERR_INVALID);
    assert_error_names("struct_size");

    ufo_client_free(client);
    ufo_client_free(client);
    ufo_client_free(NULL);
    stats.struct_size = sizeof stats;
    assert_status(ufo_client_stats_get(client, &stats), UFO_ERR_CLOSED);
    assert_status(ufo_config_set_shared(array, client, NULL), UFO_ERR_CLOSED);
    ufo_server_free(server);
    ufo_server_free(server);
    ufo_server_free(NULL);
    assert_status(ufo_server_admit(server), UFO_ERR_CLOSED);
    assert_status(ufo_server_publish(server, "name", array), UFO_ERR_CLOSED);
    assert_status(ufo_server_withdraw(server, "name"), UFO_ERR_CLOSED);
    assert_status(ufo_server_stats_get(server, &stats), UFO_ERR_CLOSED);
    ufo_config_free(array);
    ufo_core_free(core);
}

static void what_cannot_be_published_is_refused(void **state)
{
    (void)state;
    ufo_core *core = serving_core();
    const char *path = temp_name("socket");
    ufo_server *server = server_at(core, path);
    ufo_client *client = ufo_client_connect(path);
    assert_non_null(client);
    static struct source source;
    source = (struct source){.count = MIB, .element_size = 1};

    assert_status(ufo_server_publish(server, "name", NULL), UFO_ERR_INVALID);
    ufo_config *array = ufo_config_new();
    assert_ok(ufo_config_set_elements(array, MIB, 1));
    assert_ok(ufo_config_set_populate(array, source_populate, &source, source_free));
    assert_status(ufo_server_publish(server, NULL, array), UFO_ERR_INVALID);
    assert_status(ufo_server_withdraw(server, NULL), UFO_ERR_INVALID);
    assert_status(ufo_server_publish(server, "", array), UFO_ERR_INVALID);
    const char *longest = "a23456789012345678901234567890123456789012345678901234567890123";
    assert_int_equal(strlen(longest), 63);
    assert_status(ufo_server_publish(server, "b234567890123456789012345678901234567890123456789012345678901234", array), UFO_ERR_INVALID);
    assert_ok(ufo_server_publish(server, longest, array));
    assert_ok(ufo_config_set_populate_policy(array, UFO_POPULATE_CALLER));
    assert_status(ufo_server_publish(server, "for-callers", array), UFO_ERR_INVALID);
    assert_error_names("UFO_POPULATE_CALLER");
    assert_ok(ufo_config_set_populate_policy(array, UFO_POPULATE_ANYWHERE));
    assert_ok(ufo_config_set_header(array, 100));
    assert_status(ufo_server_publish(server, "with-a-header", array), UFO_ERR_UNSUPPORTED);
    assert_error_names("header");
    ufo_config_free(array);
    array = ufo_config_new();
    assert_ok(ufo_config_set_populate(array, source_populate, &source, NULL));
    assert_status(ufo_server_publish(server, "nothing", array), UFO_ERR_INVALID);
    assert_error_names("ufo_config_set_elements");
    ufo_config_free(array);

    ufo_config *borrowed = ufo_config_new();
    assert_status(ufo_config_set_shared(borrowed, client, "b234567890123456789012345678901234567890123456789012345678901234"), UFO_OK);
    assert_null(ufo_new(NULL, borrowed)); /* no service can have that name */
    assert_int_equal(ufo_last_status(), UFO_ERR_INVALID);
    assert_ok(ufo_config_set_shared(borrowed, client, longest));
    assert_status(ufo_server_publish(server, "borrowed", borrowed), UFO_ERR_INVALID);
    assert_error_names("ufo_config_set_shared");
    ufo *region = ufo_new(NULL, borrowed);
    assert_non_null(region);
    assert_pattern(ufo_data(region), 0, MIB);
    ufo_free(region);
    ufo_config_free(borrowed);
    ufo_client_free(client);
    ufo_server_free(server);
    ufo_core_free(core);
    assert_int_equal(atomic_load(&source.frees), 1);
}

static ufo_status status_of(ufo_config *config)
{
    ufo *region = ufo_new(NULL, config);
    ufo_free(region);
    return region ? UFO_OK : ufo_last_status();
}

static void what_a_shared_region_cannot_have_is_refused(void **state)
{
    (void)state;
    ufo_core *core = serving_core();
    const char *path = temp_name("socket"), *file = temp_file(64 * KIB);
    ufo_server *server = server_at(core, path);
    ufo_client *client = ufo_client_connect(path);
    assert_non_null(client);
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_file(config, file, 0, 0));
    assert_ok(ufo_config_set_shared(config, client, NULL));
    assert_int_equal(status_of(config), UFO_ERR_INVALID);
    assert_error_names("ufo_config_set_elements");
    assert_ok(ufo_config_set_elements(config, 64 * KIB, 1));
    assert_int_equal(status_of(config), UFO_OK);
    assert_ok(ufo_config_set_header(config, 8));
    assert_int_equal(status_of(config), UFO_ERR_INVALID);
    assert_error_names("ufo_config_set_header");
    assert_ok(ufo_config_set_header(config, 0));
    assert_ok(ufo_config_set_delivery(config, UFO_DELIVERY_INLINE));
    assert_int_equal(status_of(config), UFO_ERR_INVALID);
    assert_error_names("ufo_config_set_delivery");
    ufo_config_free(config);
    ufo_client_free(client);
    ufo_server_free(server);
    ufo_core_free(core);
}

static ufo_core *core_without(ufo_delivery delivery, uint32_t features_off)
{
    ufo_core_config *config = ufo_core_config_new();
    assert_ok(ufo_core_config_set_budget(config, 4 * MIB));
    assert_ok(ufo_core_config_set_delivery(config, delivery));
    assert_ok(ufo_core_config_set_features_off(config, features_off));
    ufo_core *core = ufo_core_new(config);
    assert_non_null(core);
    ufo_core_config_free(config);
    return core;
}

/* By page protection nobody else can be served, and without poison nobody be told of a failure. */
static void who_cannot_serve_says_so(void **state)
{
    (void)state;
    ufo_core_free(serving_core());
    ufo_core *const cores[] = {core_without(UFO_DELIVERY_PROTECT, 0), core_without(UFO_DELIVERY_THREAD, UFO_FEATURE_POISON)};
    static const char *const reasons[] = {"protect", "6.6"};
    for (size_t i = 0; i < 2; i++) {
        ufo_server_config *config = ufo_server_config_new();
        assert_ok(ufo_server_config_set_path(config, temp_name("socket")));
        ufo_server *server = ufo_server_new(cores[i], config);
        assert_non_null(server); /* what it publishes is refused */
        ufo_server_config_free(config);
        static struct source source;
        source = (struct source){.count = MIB, .element_size = 1};
        ufo_config *array = ufo_config_new();
        assert_ok(ufo_config_set_elements(array, MIB, 1));
        assert_ok(ufo_config_set_populate(array, source_populate, &source, NULL));
        assert_status(ufo_server_publish(server, "name", array), UFO_ERR_UNSUPPORTED);
        assert_error_names(reasons[i]);
        ufo_config_free(array);
        ufo_server_free(server);
        ufo_core_free(cores[i]);
    }
}

static void clients_know_the_features_that_are_off(void **state)
{
    (void)state;
    const char *before = getenv("UFOMEM_FEATURES_OFF");
    char *kept = before ? strdup(before) : NULL;
    setenv("UFOMEM_FEATURES_OFF", "telepathy", 1);
    assert_null(ufo_client_connect("/nowhere/at/all"));
    assert_error_names("telepathy");
    if (kept)
        setenv("UFOMEM_FEATURES_OFF", kept, 1);
    else
        unsetenv("UFOMEM_FEATURES_OFF");
    free(kept);
}

static void servers_do_not_start_where_they_cannot(void **state)
{
    (void)state;
    ufo_core *core = serving_core();
    ufo_server_config *config = ufo_server_config_new();
    assert_ok(ufo_server_config_set_path(config, "/nowhere/at/all"));
    assert_null(ufo_server_new(core, config));
    assert_error_names("/nowhere/at/all");
    char longer[200];
    memset(longer, 'x', sizeof longer - 1);
    longer[0] = '/';
    longer[sizeof longer - 1] = 0;
    assert_ok(ufo_server_config_set_path(config, longer));
    assert_null(ufo_server_new(core, config));
    assert_int_equal(ufo_last_status(), UFO_ERR_INVALID);
    assert_null(ufo_client_connect(longer));
    assert_int_equal(ufo_last_status(), UFO_ERR_INVALID);
    assert_null(ufo_client_connect(""));
    assert_int_equal(ufo_last_status(), UFO_ERR_INVALID);

    const char *path = temp_name("socket");
    assert_ok(ufo_server_config_set_path(config, path));
    assert_ok(ufo_server_config_allow_directory(config, "/nowhere/at/all"));
    assert_null(ufo_server_new(core, config));
    assert_int_equal(ufo_last_status(), UFO_ERR_FILE);
    assert_error_names("/nowhere/at/all");
    assert_int_equal(access(path, F_OK), -1);
    ufo_server_config_free(config);

    config = ufo_server_config_new();
    assert_ok(ufo_server_config_set_socket(config, STDIN_FILENO));
    assert_null(ufo_server_new(core, config));
    assert_error_names("SOCK_SEQPACKET");
    ufo_server_config_free(config);

    ufo_server *first = server_at(core, path);
    config = ufo_server_config_new();
    assert_ok(ufo_server_config_set_path(config, path));
    assert_null(ufo_server_new(core, config)); /* somebody listens there */
    assert_error_names(path);
    ufo_client *client = ufo_client_connect(path); /* and goes on */
    assert_non_null(client);
    ufo_client_free(client);
    ufo_server_config_free(config);
    ufo_server_free(first);
    assert_int_equal(access(path, F_OK), -1);
    ufo_core_free(core);
}

static int listen_at(const char *path)
{
    const int listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    assert_true(strlen(path) < sizeof address.sun_path);
    strcpy(address.sun_path, path);
    assert_int_equal(bind(listening, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listening, 5), 0);
    return listening;
}

static void a_socket_that_is_given_stays(void **state)
{
    (void)state;
    ufo_core *core = serving_core();
    const char *path = temp_name("socket");
    const int listening = listen_at(path);
    ufo_server_config *config = ufo_server_config_new();
    assert_ok(ufo_server_config_set_socket(config, listening));
    ufo_server *server = ufo_server_new(core, config);
    assert_non_null(server);
    ufo_server_config_free(config);
    close(listening); /* the server has one of its own */
    ufo_client *client = ufo_client_connect(path);
    assert_non_null(client);
    ufo_client_free(client);
    ufo_server_free(server);
    assert_int_equal(access(path, F_OK), 0);
    unlink(path);
    ufo_core_free(core);
}

static void *connect_to(void *path) { return ufo_client_connect(path); }

static void nobody_is_admitted_before_it_is_allowed(void **state)
{
    (void)state;
    ufo_core *core = serving_core();
    const char *path = temp_name("socket");
    ufo_server_config *config = ufo_server_config_new();
    assert_ok(ufo_server_config_set_path(config, path));
    assert_ok(ufo_server_config_set_mode(config, 0640));
    assert_ok(ufo_server_config_set_admit_later(config, 1));
    ufo_server *server = ufo_server_new(core, config);
    assert_non_null(server);
    ufo_server_config_free(config);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    pthread_t waiting;
    assert_int_equal(pthread_create(&waiting, NULL, connect_to, (void *)path), 0);
    sleep_ms(200);
    ufo_server_stats stats = {.struct_size = sizeof stats};
    assert_ok(ufo_server_stats_get(server, &stats));
    assert_int_equal(stats.clients_ever, 0);
    assert_ok(ufo_server_admit(server));
    assert_ok(ufo_server_admit(server));
    void *client = NULL;
    pthread_join(waiting, &client);
    assert_non_null(client);
    assert_ok(ufo_server_stats_get(server, &stats));
    assert_int_equal(stats.clients_ever, 1);
    ufo_client_free(client);
    ufo_server_free(server);
    ufo_core_free(core);
}

static ufo_server *limited_server(ufo_core *core, const char *path, ufo_server_limit limit, uint64_t value)
{
    ufo_server_config *config = ufo_server_config_new();
    assert_ok(ufo_server_config_set_path(config, path));
    assert_ok(ufo_server_config_set_chunk_bytes(config, 16 * KIB));
    assert_ok(ufo_server_config_set_limit(config, limit, value));
    ufo_server *server = ufo_server_new(core, config);
    assert_non_null(server);
    ufo_server_config_free(config);
    return server;
}

static void limits_hold(void **state)
{
    (void)state;
    ufo_core *core = serving_core();
    const char *path = temp_name("socket");
    const char *file = temp_file(MIB);
    static const ufo_server_limit of_connections[] = {UFO_LIMIT_CLIENTS, UFO_LIMIT_CLIENTS_PER_USER};
    for (size_t i = 0; i < 2; ++i) {
        ufo_server *server = limited_server(core, path, of_connections[i], 1);
        ufo_client *client = ufo_client_connect(path);
        assert_non_null(client);
        assert_null(ufo_client_connect(path));
        assert_int_equal(ufo_last_status(), UFO_ERR_LIMIT);
        ufo_client_free(client);
        ufo_server_free(server);
    }
    static const struct {
        ufo_server_limit limit;
        uint64_t value;
    } of_regions[] = {{UFO_LIMIT_REGIONS, 1}, {UFO_LIMIT_MAPPED_BYTES, MIB}};
    for (size_t i = 0; i < 2; ++i) {
        ufo_server *server = limited_server(core, path, of_regions[i].limit, of_regions[i].value);
        ufo_client *client = ufo_client_connect(path);
        ufo *region = shared_bytes(client, file, MIB);
        assert_non_null(region);
        assert_int_equal(ufo_chunk(region), 16 * KIB);
        assert_null(shared_bytes(client, file, MIB));
        assert_int_equal(ufo_last_status(), UFO_ERR_LIMIT);
        ufo_free(region);
        region = shared_bytes(client, file, MIB); /* there is room again */
        assert_non_null(region);
        assert_pattern(ufo_data(region), 0, MIB);
        ufo_free(region);
        ufo_client_free(client);
        ufo_server_free(server);
    }
    ufo_server *server = limited_server(core, path, UFO_LIMIT_PINNED_BYTES, 32 * KIB);
    ufo_client *client = ufo_client_connect(path);
    ufo *region = shared_bytes(client, file, MIB);
    assert_ok(ufo_pin(region, 0, 32 * KIB));
    assert_status(ufo_pin(region, 32 * KIB, 1), UFO_ERR_LIMIT);
    assert_ok(ufo_unpin(region, 0, 32 * KIB));
    ufo_free(region);
    ufo_client_free(client);
    ufo_server_free(server);

    server = limited_server(core, path, UFO_LIMIT_FAULTS, 3);
    client = ufo_client_connect(path);
    ufo_server_stats stats = {.struct_size = sizeof stats};
    assert_ok(ufo_client_stats_get(client, &stats));
    assert_int_equal(stats.faults_at_once, 3);
    assert_int_equal(stats.chunk_bytes, 16 * KIB);
    ufo_client_free(client);
    ufo_server_free(server);
    server = limited_server(core, path, UFO_LIMIT_THREADS, 5);
    assert_ok(ufo_server_stats_get(server, &stats));
    assert_int_equal(stats.most_fillers, 5);
    assert_int_equal(stats.faults_at_once, 16); /* the default */
    ufo_server_free(server);
    ufo_core_free(core);
}

static void idle_files_end_beyond_their_limit(void **state)
{
    (void)state;
    ufo_core *core = serving_core();
    const char *path = temp_name("socket");
    ufo_server *server = limited_server(core, path, UFO_LIMIT_IDLE_FILES, 1);
    ufo_client *client = ufo_client_connect(path);
    for (int i = 0; i < 3; ++i) {
        ufo *region = shared_bytes(client, temp_file(64 * KIB), 64 * KIB);
        assert_non_null(region);
        assert_pattern(ufo_data(region), 0, 64 * KIB);
        ufo_free(region);
    }
    ufo_server_stats stats = {.struct_size = sizeof stats};
    assert_ok(ufo_server_stats_get(server, &stats));
    assert_int_equal(stats.regions, 1);
    ufo_client_free(client);
    ufo_server_free(server);
    ufo_core_free(core);
}

static void only_files_of_allowed_directories_are_shared(void **state)
{
    (void)state;
    ufo_core *core = serving_core();
    const char *path = temp_name("socket");
    ufo_server_config *config = ufo_server_config_new();
    assert_ok(ufo_server_config_set_path(config, path));
    assert_ok(ufo_server_config_allow_directory(config, temp_dir()));
    ufo_server *server = ufo_server_new(core, config);
    assert_non_null(server);
    ufo_server_config_free(config);
    ufo_client *client = ufo_client_connect(path);
    assert_null(shared_bytes(client, temp_file(64 * KIB), 64 * KIB));
    assert_int_equal(ufo_last_status(), UFO_ERR_PERMISSION);
    ufo_client_free(client);
    ufo_server_free(server);
    ufo_core_free(core);
}

static struct {
    ufo_core *core;
    ufo_server *server;
    ufo_client *client;
} g_of_parent;

static int use_what_is_the_parents(void *argument)
{
    ufo_server_stats stats = {.struct_size = sizeof stats};
    ufo_config *config = ufo_config_new();
    (void)argument;
    CHILD_CHECK(ufo_server_stats_get(g_of_parent.server, &stats) == UFO_ERR_FORKED);
    CHILD_CHECK(ufo_server_admit(g_of_parent.server) == UFO_ERR_FORKED);
    CHILD_CHECK(ufo_client_stats_get(g_of_parent.client, &stats) == UFO_ERR_FORKED);
    CHILD_CHECK(ufo_config_set_shared(config, g_of_parent.client, NULL) == UFO_ERR_FORKED);
    CHILD_CHECK(ufo_server_new(g_of_parent.core, NULL) == NULL && ufo_last_status() == UFO_ERR_FORKED);
    ufo_config_free(config);
    ufo_client_free(g_of_parent.client); /* which is the parent's to do */
    ufo_server_free(g_of_parent.server);
    return 0;
}

static void children_have_none_of_it(void **state)
{
    (void)state;
    g_of_parent.core = serving_core();
    const char *path = temp_name("socket");
    const char *file = temp_file(MIB);
    g_of_parent.server = server_at(g_of_parent.core, path);
    g_of_parent.client = ufo_client_connect(path);
    assert_non_null(g_of_parent.client);
    assert_int_equal(in_child(use_what_is_the_parents, NULL), 0);
    ufo *region = shared_bytes(g_of_parent.client, file, MIB); /* here everything goes on */
    assert_non_null(region);
    assert_pattern(ufo_data(region), 0, MIB);
    ufo_free(region);
    ufo_client_free(g_of_parent.client);
    ufo_server_free(g_of_parent.server);
    ufo_core_free(g_of_parent.core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configs_refuse_what_makes_no_sense),
        cmocka_unit_test(freed_and_null_handles_are_told_apart),
        cmocka_unit_test(what_cannot_be_published_is_refused),
        cmocka_unit_test(what_a_shared_region_cannot_have_is_refused),
        cmocka_unit_test(who_cannot_serve_says_so),
        cmocka_unit_test(clients_know_the_features_that_are_off),
        cmocka_unit_test(servers_do_not_start_where_they_cannot),
        cmocka_unit_test(a_socket_that_is_given_stays),
        cmocka_unit_test(nobody_is_admitted_before_it_is_allowed),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(idle_files_end_beyond_their_limit),
        cmocka_unit_test(only_files_of_allowed_directories_are_shared),
        cmocka_unit_test(children_have_none_of_it),
    };
    return RUN(tests);
}
