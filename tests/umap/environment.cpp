// SPDX-License-Identifier: MIT
// The UMAP_ variables, each in a process of its own.
#include "umap_support.hpp"

#include <functional>
#include <map>
#include <thread>

namespace {

using Variables = std::map<std::string, std::string>;

struct Trial {
    const Variables &variables;
    const std::function<int()> &body;
};

int set_and_run(void *argument)
{
    const Trial &trial = *static_cast<Trial *>(argument);
    for (const char *name : {"UMAP_PAGESIZE", "UMAP_BUFSIZE", "UMAP_READ_AHEAD", "UMAP_PAGE_FILLERS", "UMAP_PAGE_EVICTORS", "UMAP_EVICT_LOW_WATER_THRESHOLD",
                             "UMAP_EVICT_HIGH_WATER_THRESHOLD", "UMAP_BUFADAPT_FREQ", "UMAP_MAX_FAULT_EVENTS", "UMAP_LOG_LEVEL"})
        unsetenv(name);
    for (const auto &[name, value] : trial.variables)
        setenv(name.c_str(), value.c_str(), 1);
    return trial.body();
}

void with(const Variables &variables, const std::function<int()> &body)
{
    begin_test(60);
    Trial trial{variables, body};
    assert_int_equal(in_child(set_and_run, &trial), 0);
}

void defaults(void **)
{
    with({}, [] {
        const unsigned processors = std::thread::hardware_concurrency();
        CHILD_CHECK(umapcfg_get_system_page_size() == sysconf(_SC_PAGESIZE));
        CHILD_CHECK(umapcfg_get_umap_page_size() == page_size());
        CHILD_CHECK(umapcfg_get_num_fillers() == processors && umapcfg_get_num_evictors() == processors);
        CHILD_CHECK(umapcfg_get_evict_low_water_threshold() == 70 && umapcfg_get_evict_high_water_threshold() == 90);
        CHILD_CHECK(umapcfg_get_read_ahead() == 0 && umapcfg_get_max_fault_events() == 256);
        const std::uint64_t pages = umapcfg_get_max_pages_in_buffer();
        CHILD_CHECK(pages >= 2 && pages <= static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)));
        CHILD_CHECK(umap_has_write_support() == 1);
        return 0;
    });
}

void honoured(void **)
{
    with({{"UMAP_PAGESIZE", "65536"}, {"UMAP_BUFSIZE", "100"}, {"UMAP_READ_AHEAD", "4"}, {"UMAP_PAGE_FILLERS", "5"}, {"UMAP_PAGE_EVICTORS", "6"},
          {"UMAP_EVICT_LOW_WATER_THRESHOLD", "40"}, {"UMAP_EVICT_HIGH_WATER_THRESHOLD", "60"}, {"UMAP_MAX_FAULT_EVENTS", "7"}},
         [] {
             CHILD_CHECK(umapcfg_get_umap_page_size() == 65536 && umapcfg_get_max_pages_in_buffer() == 100 && umapcfg_get_read_ahead() == 4);
             CHILD_CHECK(umapcfg_get_num_fillers() == 5 && umapcfg_get_num_evictors() == 6 && umapcfg_get_max_fault_events() == 7);
             CHILD_CHECK(umapcfg_get_evict_low_water_threshold() == 40 && umapcfg_get_evict_high_water_threshold() == 60);
             setenv("UMAP_PAGESIZE", "4096", 1); // read once
             CHILD_CHECK(umapcfg_get_umap_page_size() == 65536);
             return 0;
         });
}

/// The kernel's own count of a region four times the buffer.
void buffer_is_a_limit(void **)
{
    with({{"UMAP_PAGESIZE", "65536"}, {"UMAP_BUFSIZE", "64"}}, [] {
        const std::size_t length = 256 * 65536;
        const Opened file(temp_file(length));
        void *region = umap(NULL, length, PROT_READ | PROT_WRITE, UMAP_PRIVATE, file, 0);
        CHILD_CHECK(region != UMAP_FAILED);
        auto *bytes = static_cast<unsigned char *>(region);
        std::size_t most = 0;
        for (std::size_t at = 0; at < length; at += 4096) {
            CHILD_CHECK(bytes[at] == pattern(at));
            bytes[at] = 1;
            if (at % 65536 == 0)
                most = std::max(most, resident_bytes(bytes, length));
        }
        CHILD_CHECK(most > 16 * 65536 && most <= 64 * 65536);
        CHILD_CHECK(umapcfg_get_max_pages_in_buffer() == 64);
        CHILD_CHECK(uunmap(region, length) == 0);
        return 0;
    });
}

void bad_values(void **)
{
    const struct {
        const char *name, *value;
    } wrong[] = {
        {"UMAP_PAGESIZE", "1000"},     {"UMAP_PAGESIZE", "-4096"},         {"UMAP_PAGESIZE", "64K"},
        {"UMAP_BUFSIZE", "0"},         {"UMAP_BUFSIZE", "many"},           {"UMAP_PAGE_FILLERS", "0"},
        {"UMAP_PAGE_EVICTORS", "-1"},  {"UMAP_BUFADAPT_FREQ", "3s"},       {"UMAP_MAX_FAULT_EVENTS", "1e3"},
        {"UMAP_READ_AHEAD", " 4"},     {"UMAP_LOG_LEVEL", "LOUD"},         {"UMAP_EVICT_HIGH_WATER_THRESHOLD", "60"},
        {"UMAP_EVICT_LOW_WATER_THRESHOLD", "95"}, {"UMAP_EVICT_HIGH_WATER_THRESHOLD", "101"}, {"UMAP_PAGESIZE", "99999999999999999999999"},
    };
    for (const auto &[name, value] : wrong)
        with({{name, value}}, [name = name, value = value] {
            const std::string messages = messages_of([] { umapcfg_get_umap_page_size(); });
            CHILD_CHECK(contains(messages, name) && contains(messages, value) && contains(messages, "using"));
            CHILD_CHECK(umapcfg_get_umap_page_size() == page_size() && umapcfg_get_num_fillers() >= 1);
            CHILD_CHECK(umapcfg_get_num_evictors() >= 1 && umapcfg_get_max_fault_events() == 256 && umapcfg_get_read_ahead() == 0);
            CHILD_CHECK(umapcfg_get_evict_low_water_threshold() == 70 && umapcfg_get_evict_high_water_threshold() == 90);
            CHILD_CHECK(umapcfg_get_max_pages_in_buffer() > 100);
            return 0;
        });
    // One that asks for more than the machine has.
    with({{"UMAP_BUFSIZE", "1000000000"}}, [] {
        const Opened file(temp_file(4096));
        const std::string messages = messages_of([&] { uunmap(umap(NULL, 4096, PROT_READ, UMAP_PRIVATE, file, 0), 4096); });
        CHILD_CHECK(contains(messages, "1000000000 pages"));
        CHILD_CHECK(umapcfg_get_max_pages_in_buffer() < static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)));
        return 0;
    });
}

void log_levels(void **)
{
    const struct {
        const char *level;
        bool errors, infos;
    } levels[] = {{"error", true, false}, {"WARNING", true, false}, {"Info", true, true}, {"DEBUG", true, true}};
    for (const auto &[level, errors, infos] : levels)
        with({{"UMAP_LOG_LEVEL", level}}, [errors = errors, infos = infos] {
            const Opened file(temp_file(4096));
            const std::string messages = messages_of([&] {
                uunmap(umap(NULL, 4096, PROT_READ, UMAP_PRIVATE, file, 0), 4096);
                umap(NULL, 0, PROT_READ, UMAP_PRIVATE, file, 0);
            });
            CHILD_CHECK(contains(messages, "umap [ERROR]: umap: the length is 0\n") == errors);
            CHILD_CHECK(contains(messages, "umap [INFO]: 4096 bytes mapped") == infos);
            return 0;
        });
}

void setters(void **)
{
    with({}, [] {
        umapcfg_set_umap_page_size(3 * page_size());
        umapcfg_set_max_pages_in_buffer(50);
        umapcfg_set_read_ahead(2);
        umapcfg_set_num_fillers(3);
        umapcfg_set_num_evictors(4);
        umapcfg_set_evict_low_water_threshold(30);
        umapcfg_set_evict_high_water_threshold(50);
        umapcfg_set_max_fault_events(9);
        const auto as_set = [](std::uint64_t pages) {
            CHILD_CHECK(umapcfg_get_umap_page_size() == 3 * page_size() && umapcfg_get_max_pages_in_buffer() == pages);
            CHILD_CHECK(umapcfg_get_read_ahead() == 2 && umapcfg_get_num_fillers() == 3 && umapcfg_get_num_evictors() == 4);
            CHILD_CHECK(umapcfg_get_evict_low_water_threshold() == 30 && umapcfg_get_evict_high_water_threshold() == 50);
            CHILD_CHECK(umapcfg_get_max_fault_events() == 9);
            return 0;
        };
        CHILD_CHECK(as_set(50) == 0);
        // Wrong values, and values that come too late, change nothing.
        const Opened file(temp_file(4096));
        void *region = umap(NULL, 4096, PROT_READ, UMAP_PRIVATE, file, 0);
        CHILD_CHECK(region != UMAP_FAILED);
        const std::string messages = messages_of([] {
            umapcfg_set_umap_page_size(5);
            umapcfg_set_umap_page_size(0);
            umapcfg_set_max_pages_in_buffer(1);
            umapcfg_set_num_fillers(8);
            umapcfg_set_evict_low_water_threshold(20);
        });
        CHILD_CHECK(contains(messages, "umapcfg_set_num_fillers") && contains(messages, "5 bytes"));
        CHILD_CHECK(as_set(50) == 0);
        umapcfg_set_max_pages_in_buffer(60);
        CHILD_CHECK(as_set(60) == 0);
        CHILD_CHECK(uunmap(region, 4096) == 0);
        return 0;
    });
    with({}, [] {
        umapcfg_set_evict_low_water_threshold(90);
        CHILD_CHECK(umapcfg_get_evict_low_water_threshold() == 70 && errno == EINVAL);
        umapcfg_set_evict_high_water_threshold(70);
        CHILD_CHECK(umapcfg_get_evict_high_water_threshold() == 90);
        return 0;
    });
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {cmocka_unit_test(defaults),   cmocka_unit_test(honoured),   cmocka_unit_test(buffer_is_a_limit),
                                cmocka_unit_test(bad_values), cmocka_unit_test(log_levels), cmocka_unit_test(setters)};
    return RUN(tests);
}
