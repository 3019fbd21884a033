/* SPDX-License-Identifier: MIT */
/* A server ends, in order or by force, and another one takes its place: its clients go on at the same addresses, with errors in between. */
#include "support/support.h"

#include <ufomem/service.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { SIZE = 3 << 20 };

/* What the test, the process that starts servers, and those tell each other. */
struct notes {
    ATOMIC(int) wanted;  /* servers, so far */
    ATOMIC(int) ready;   /* that have listened */
    ATOMIC(int) ended;   /* that have ended ... */
    ATOMIC(int) status;  /* ... the last one like this */
    ATOMIC(int) process; /* the one that runs */
    ATOMIC(bool) end;    /* it shall end in order */
    ATOMIC(bool) over;
};

static int serve(struct notes *notes, const char *path)
{
    ufo_core_config *core_config = ufo_core_config_new();
    CHILD_CHECK(ufo_core_config_set_budget(core_config, MIB) == UFO_OK);
    ufo_core *core = ufo_core_new(core_config);
    CHILD_CHECK(core);
    ufo_server_config *config = ufo_server_config_new();
    CHILD_CHECK(ufo_server_config_set_path(config, path) == UFO_OK);
    ufo_server *server = ufo_server_new(core, config);
    CHILD_CHECK(server);
    static struct source source = {.count = SIZE, .element_size = 1};
    ufo_config *array = ufo_config_new();
    CHILD_CHECK(ufo_config_set_elements(array, SIZE, 1) == UFO_OK);
    CHILD_CHECK(ufo_config_set_populate(array, source_populate, &source, NULL) == UFO_OK);
    CHILD_CHECK(ufo_server_publish(server, "array", array) == UFO_OK);
    atomic_fetch_add(&notes->ready, 1);
    while (!atomic_load(&notes->end))
        sleep_ms(1);
    ufo_server_free(server);
    ufo_core_free(core);
    return 0;
}

/* A process that has no threads, and can fork whenever it likes. */
static int start_servers(struct notes *notes, const char *path)
{
    while (!atomic_load(&notes->over)) {
        if (atomic_load(&notes->wanted) == atomic_load(&notes->ended)) {
            sleep_ms(1);
            continue;
        }
        const pid_t process = fork();
        if (process == 0) {
            alarm(100);
            _exit(serve(notes, path));
        }
        atomic_store(&notes->process, process);
        int status;
        while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
        }
        atomic_store(&notes->status, status);
        atomic_fetch_add(&notes->ended, 1);
    }
    return 0;
}

/* Before this process has made anything of the library's. */
static struct notes *begin_servers(const char *path)
{
    struct notes *notes = mmap(NULL, sizeof *notes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(notes, MAP_FAILED);
    fflush(NULL);
    const pid_t process = fork();
    if (process == 0) {
        alarm(100);
        signal(SIGSEGV, SIG_DFL);
        signal(SIGBUS, SIG_DFL);
        _exit(start_servers(notes, path));
    }
    assert_true(process > 0);
    return notes;
}

static bool comes_to(const ATOMIC(int) *count, int value)
{
    for (const uint64_t begin = now_ms(); atomic_load(count) != value; sleep_ms(1))
        if (now_ms() - begin > 20000)
            return false;
    return true;
}

static void start_server(struct notes *notes)
{
    const int wanted = atomic_fetch_add(&notes->wanted, 1) + 1;
    assert_true(comes_to(&notes->ready, wanted));
}

static void kill_server(struct notes *notes)
{
    kill(atomic_load(&notes->process), SIGKILL);
    assert_true(comes_to(&notes->ended, atomic_load(&notes->wanted)));
}

static void end_server(struct notes *notes)
{
    atomic_store(&notes->end, true);
    assert_true(comes_to(&notes->ended, atomic_load(&notes->wanted)));
    atomic_store(&notes->end, false);
    assert_int_equal(atomic_load(&notes->status), 0);
}

static void skip_without_service(void)
{
    ufo_core *core = new_core(MIB);
    const bool can = (ufo_core_features(core) & UFO_FEATURE_POISON) != 0 && ufo_core_delivery(core) == UFO_DELIVERY_THREAD;
    ufo_core_free(core);
    if (!can)
        SKIP_TEST("a service needs userfaultfd, and poison (Linux 6.6)");
}

/* How many of the bytes that can be had are wrong. */
static size_t look_everywhere(const unsigned char *bytes, int *signals)
{
    size_t wrong = 0;
    *signals = 0;
    for (size_t at = 0; at < SIZE; at += 4001) {
        uint8_t value = 0;
        if (guarded_read(bytes + at, &value) != 0)
            ++*signals;
        else
            wrong += value != pattern(at);
    }
    return wrong;
}

static void wait_until_readable(const unsigned char *bytes)
{
    const uint64_t begin = now_ms();
    int signals = 1;
    while (signals != 0 && now_ms() - begin < 20000) {
        assert_int_equal(look_everywhere(bytes, &signals), 0);
        sleep_ms(1);
    }
    assert_int_equal(signals, 0);
}

static void wait_until_lost(const unsigned char *bytes)
{
    uint8_t value;
    const uint64_t begin = now_ms();
    while (guarded_read(bytes, &value) == 0 && now_ms() - begin < 20000)
        sleep_ms(1);
    assert_int_equal(guarded_read(bytes, &value), SIGBUS);
}

static ufo *open_shared(ufo_client *client, const char *file, const char *name)
{
    ufo_config *config = ufo_config_new();
    if (file) {
        assert_ok(ufo_config_set_elements(config, SIZE, 1));
        assert_ok(ufo_config_set_file(config, file, 0, 0));
    }
    assert_ok(ufo_config_set_shared(config, client, name));
    ufo *region = ufo_new(NULL, config);
    ufo_config_free(config);
    return region;
}

static void clients_go_on(void **state)
{
    (void)state;
    begin_test(100);
    const char *path = temp_name("first"), *file = temp_file(SIZE), *changing = temp_file(SIZE);
    struct notes *notes = begin_servers(path);
    skip_without_service();
    start_server(notes);
    for (int round = 0; round < 4; round++) {
        ufo_client *client = ufo_client_connect(path);
        if (!client)
            fail_msg("%s", ufo_last_error());
        ufo *of_file = open_shared(client, file, NULL), *of_name = open_shared(client, NULL, "array"), *of_changing = open_shared(client, changing, NULL);
        assert_true(of_file && of_name && of_changing);
        int signals;
        assert_int_equal(look_everywhere(ufo_data(of_file), &signals), 0);
        assert_int_equal(signals, 0);
        assert_pattern(ufo_data(of_name), 0, SIZE);
        assert_ok(ufo_pin(of_file, 5000, 60000));

        if (round % 2 == 0)
            kill_server(notes);
        else
            end_server(notes);
        wait_until_lost(ufo_data(of_file));
        wait_until_lost(ufo_data(of_changing));
        assert_status(ufo_touch(of_name, 0, 10), UFO_ERR_CLOSED);
        assert_null(open_shared(client, file, NULL));
        assert_int_equal(ufo_last_status(), UFO_ERR_CLOSED);
        const int descriptor = open(changing, O_WRONLY | O_CLOEXEC);
        assert_int_equal(pwrite(descriptor, "x", 1, 0), 1);
        close(descriptor);

        start_server(notes);
        wait_until_readable(ufo_data(of_file));
        wait_until_readable(ufo_data(of_name));
        assert_pattern(ufo_data(of_file), 0, SIZE);
        assert_int_equal(region_stats(of_file).pins, 1);
        assert_ok(ufo_unpin(of_file, 5000, 60000));
        /* What has been changed in between is not what it was: never a mixture of both. */
        uint8_t value;
        assert_int_equal(guarded_read(ufo_data(of_changing), &value), SIGBUS);
        assert_status(ufo_touch(of_changing, 0, 1), UFO_ERR_CLOSED);
        ufo *anew = open_shared(client, changing, NULL);
        assert_non_null(anew);
        assert_int_equal(guarded_read(ufo_data(anew), &value), 0);
        assert_int_equal(value, 'x');
        ufo_free(anew);
        ufo_free(of_changing);
        ufo_free(of_name);
        ufo_client_free(client); /* the region goes on */
        assert_pattern(ufo_data(of_file), 0, SIZE);
        ufo_free(of_file);
    }
    kill_server(notes);
    atomic_store(&notes->over, true);
}

static ATOMIC(bool) reading;
static ATOMIC(size_t) read_wrong;
static void *read_on(void *bytes)
{
    while (atomic_load(&reading)) {
        int signals;
        atomic_fetch_add(&read_wrong, look_everywhere(bytes, &signals));
    }
    return NULL;
}

/* Whatever the moment, who reads on sees the right bytes or an error, and sees them again. */
static void readers_never_see_anything_else(void **state)
{
    (void)state;
    begin_test(100);
    const char *path = temp_name("second"), *file = temp_file(SIZE);
    struct notes *notes = begin_servers(path);
    skip_without_service();
    start_server(notes);
    ufo_client *client = ufo_client_connect(path);
    ufo *region = open_shared(client, file, NULL);
    assert_non_null(region);
    atomic_store(&reading, true);
    struct team team;
    team_start(&team, 3, read_on, ufo_data(region));
    for (int round = 0; round < 15; round++) {
        sleep_ms(5 + 3 * (unsigned)round);
        kill_server(notes);
        start_server(notes);
        wait_until_readable(ufo_data(region));
    }
    atomic_store(&reading, false);
    team_join(&team);
    assert_int_equal(atomic_load(&read_wrong), 0);
    ufo_free(region);
    ufo_client_free(client);
    kill_server(notes);
    atomic_store(&notes->over, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(clients_go_on), cmocka_unit_test(readers_never_see_anything_else)};
    return RUN(tests);
}
