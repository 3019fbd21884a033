// SPDX-License-Identifier: MIT
// Regions whose data comes from a class of the application's.
#include "umap_support.hpp"

#include <atomic>
#include <cstring>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t page = 8192;
constexpr std::size_t length = 64 * page;

/// Byte i is pattern(i); takes no changes.  Notes requests that are not one page.
class Computed : public Umap::Store {
  public:
    ssize_t read_from_store(char *buffer, std::size_t bytes, off_t offset) override
    {
        reads++;
        if (bytes != page || offset % static_cast<off_t>(page) != 0)
            odd++;
        pattern_fill(buffer, static_cast<std::size_t>(offset), bytes);
        return static_cast<ssize_t>(bytes);
    }
    ssize_t write_to_store(char *, std::size_t, off_t) override
    {
        writes++;
        return -1;
    }
    int predict_offsets(off_t *, off_t) override { return 0; }

    std::atomic<int> reads{0}, writes{0}, odd{0};
};

/// An array in memory, as stores that keep things elsewhere.
class Kept : public Umap::Store {
  public:
    Kept() : bytes_(length) { pattern_fill(bytes_.data(), 0, length); }
    ssize_t read_from_store(char *buffer, std::size_t bytes, off_t offset) override
    {
        std::memcpy(buffer, &bytes_[static_cast<std::size_t>(offset)], bytes);
        return 0; // some stores of UMap's own say this when all is well
    }
    ssize_t write_to_store(char *buffer, std::size_t bytes, off_t offset) override
    {
        if (full) {
            errno = ENOSPC;
            return -1;
        }
        std::memcpy(&bytes_[static_cast<std::size_t>(offset)], buffer, bytes);
        const std::lock_guard lock(mutex_);
        written.insert(static_cast<std::size_t>(offset) / page);
        return static_cast<ssize_t>(bytes);
    }
    unsigned char at(std::size_t offset) const { return bytes_[offset]; }

    std::atomic<bool> full{false};
    std::set<std::size_t> written;

  private:
    std::vector<unsigned char> bytes_;
    std::mutex mutex_;
};

unsigned char *map_store(Umap::Store &store, int prot = PROT_READ | PROT_WRITE)
{
    void *region = Umap::umap_ex(NULL, length, prot, UMAP_PRIVATE, -1, 0, &store);
    assert_ptr_not_equal(region, UMAP_FAILED);
    return static_cast<unsigned char *>(region);
}

void computed(void **)
{
    begin_mapping();
    Computed store;
    unsigned char *bytes = map_store(store, PROT_READ);
    assert_pattern(bytes, 0, length);
    assert_int_equal(uunmap(bytes, length), 0);
    assert_in_range(store.reads, length / page, 100 * length / page);
    assert_int_equal(store.odd, 0); // exactly pages
    assert_int_equal(store.writes, 0);
}

/// Where ufomem itself moves much more at a time.
void page_by_page(void **)
{
    begin_mapping();
    umapcfg_set_max_pages_in_buffer(4096);
    Computed store;
    constexpr std::size_t large = 16 * MIB;
    void *region = Umap::umap_ex(NULL, large, PROT_READ, UMAP_PRIVATE, -1, 0, &store);
    assert_ptr_not_equal(region, UMAP_FAILED);
    assert_pattern(region, 0, large);
    assert_int_equal(store.odd, 0);
    assert_int_equal(store.reads, large / page); // each once
    assert_int_equal(uunmap(region, large), 0);
    umapcfg_set_max_pages_in_buffer(48);
}

void written_back(void **)
{
    begin_mapping();
    Kept store;
    unsigned char *bytes = map_store(store);
    std::vector<std::thread> threads;
    for (std::size_t thread = 0; thread < 4; thread++)
        threads.emplace_back([=] {
            for (std::size_t number = thread; number < length / page; number += 4)
                bytes[number * page + 7] = static_cast<unsigned char>(number);
        });
    for (std::thread &thread : threads)
        thread.join();
    assert_int_equal(umap_flush(), 0);
    for (std::size_t number = 0; number < length / page; number++)
        assert_int_equal(store.at(number * page + 7), static_cast<unsigned char>(number));
    bytes[length - 1] = 99;
    assert_int_equal(uunmap(bytes, length), 0);
    assert_int_equal(store.at(length - 1), 99);
    for (std::size_t i = 8; i < page; i++)
        assert_int_equal(store.at(i), pattern(i));
}

void only_changes_are_written(void **)
{
    begin_mapping();
    ufo_core *core = ufo_core_new(NULL);
    const bool knows = knows_changes(core);
    ufo_core_free(core);
    if (!knows)
        SKIP_TEST("this kernel does not tell which pages were changed");
    Kept store;
    unsigned char *bytes = map_store(store);
    assert_pattern(bytes, 0, 16 * page);
    bytes[3 * page] = 1;
    assert_int_equal(uunmap(bytes, length), 0);
    assert_int_equal(store.written.size(), 1);
    assert_int_equal(store.written.count(3), 1);
}

/// Fails, in various ways, for the second page and later ones.
class Broken : public Umap::Store {
  public:
    explicit Broken(int way) : way_(way) {}
    ssize_t read_from_store(char *buffer, std::size_t bytes, off_t offset) override
    {
        if (offset < static_cast<off_t>(page) || whole) {
            pattern_fill(buffer, static_cast<std::size_t>(offset), bytes);
            return static_cast<ssize_t>(bytes);
        }
        switch (way_) {
        case 0: throw std::runtime_error("the tape is torn");
        case 1: throw 7;
        case 2: errno = ENXIO; return -1;
        default: return -5; // and no errno
        }
    }
    ssize_t write_to_store(char *, std::size_t, off_t) override { throw std::runtime_error("no tape left"); }

    std::atomic<bool> whole{false};

  private:
    int way_;
};

void failures_reach_who_asks(void **)
{
    static const char *const words[] = {"the tape is torn", "no std::exception", strerror(ENXIO), strerror(EIO)};
    for (int way = 0; way < 4; way++) {
        begin_mapping();
        Broken store(way);
        unsigned char *bytes = map_store(store, PROT_READ);
        std::uint8_t value = 0;
        const std::string messages = messages_of([&] {
            assert_int_equal(guarded_read(bytes + 9, &value), 0);
            assert_int_equal(value, pattern(9));
            assert_int_equal(guarded_read(bytes + 20 * page, &value), SIGBUS);
            assert_int_equal(guarded_read(bytes + 8, &value), 0); // the rest goes on
        });
        assert_true(contains(messages, words[way]));
        errno = 0;
        umap_fetch_and_pin(reinterpret_cast<char *>(bytes + 21 * page), page);
        assert_int_equal(errno, way == 2 ? ENXIO : EIO);
        assert_int_equal(uunmap(bytes, length), 0);
    }
}

void nothing_is_lost(void **)
{
    begin_mapping();
    Kept store;
    unsigned char *bytes = map_store(store);
    bytes[5 * page] = 123;
    store.full = true;
    assert_errno(umap_flush(), -1, ENOSPC);
    assert_errno(uunmap(bytes, length), -1, ENOSPC);
    assert_int_equal(bytes[5 * page], 123); // still there
    store.full = false;
    assert_int_equal(uunmap(bytes, length), 0);
    assert_int_equal(store.at(5 * page), 123);

    Broken broken(0);
    broken.whole = true;
    bytes = map_store(broken);
    bytes[0] = 1;
    const std::string messages = messages_of([&] { assert_errno(uunmap(bytes, length), -1, EIO); });
    assert_true(contains(messages, "no tape left"));
}

/// Puts something of its own before UMap's store for files.
class Shifted : public Umap::Store {
  public:
    explicit Shifted(int file) : file_(Umap::Store::make_store(nullptr, length, page, file)) { assert_non_null(file_.get()); }
    ssize_t read_from_store(char *buffer, std::size_t bytes, off_t offset) override
    {
        const ssize_t got = file_->read_from_store(buffer, bytes, offset);
        for (std::size_t i = 0; i < bytes; i++)
            buffer[i] = static_cast<char>(~buffer[i]);
        return got;
    }
    ssize_t write_to_store(char *buffer, std::size_t bytes, off_t offset) override
    {
        std::vector<char> turned(buffer, buffer + bytes);
        for (char &byte : turned)
            byte = static_cast<char>(~byte);
        return file_->write_to_store(turned.data(), bytes, offset);
    }

  private:
    std::unique_ptr<Umap::Store> file_;
};

void made_stores(void **)
{
    begin_mapping();
    const char *path = temp_file(length);
    Shifted store(Opened{path});
    unsigned char *bytes = map_store(store);
    for (std::size_t i = 0; i < length; i += 97)
        assert_int_equal(bytes[i], static_cast<unsigned char>(~pattern(i)));
    bytes[100] = static_cast<unsigned char>(~42);
    assert_int_equal(uunmap(bytes, length), 0);
    unsigned char byte = 0;
    assert_int_equal(pread(Opened{path}, &byte, 1, 100), 1);
    assert_int_equal(byte, 42);
    assert_errno(Umap::Store::make_store(nullptr, length, page, -1), static_cast<Umap::Store *>(nullptr), EBADF);
}

void offsets_and_lengths(void **)
{
    begin_mapping();
    Computed store;
    // One byte of the last page: the store gives the whole of it.
    void *region = Umap::umap_ex(NULL, page + 1, PROT_READ, UMAP_PRIVATE, -1, 3 * page, &store);
    assert_ptr_not_equal(region, UMAP_FAILED);
    assert_pattern(region, 3 * page, 2 * page);
    assert_int_equal(store.odd, 0);
    assert_int_equal(uunmap(region, page + 1), 0);
}

/// A store that leaves most of a page out.
class Sparse : public Umap::Store {
  public:
    ssize_t read_from_store(char *buffer, std::size_t, off_t) override
    {
        buffer[0] = 1;
        return 1;
    }
    ssize_t write_to_store(char *, std::size_t bytes, off_t) override { return static_cast<ssize_t>(bytes); }
};

void rest_is_zero(void **)
{
    begin_mapping();
    Kept before; // whose pages' memory is used again
    unsigned char *bytes = map_store(before);
    assert_pattern(bytes, 0, length);
    assert_int_equal(uunmap(bytes, length), 0);
    Sparse store;
    bytes = map_store(store, PROT_READ);
    for (std::size_t at = 0; at < length; at += page) {
        assert_int_equal(bytes[at], 1);
        assert_true(all_zero(bytes + at + 1, page - 1));
    }
    assert_int_equal(uunmap(bytes, length), 0);
}

/// Asks UMap itself while it is asked.
class Curious : public Umap::Store {
  public:
    ssize_t read_from_store(char *buffer, std::size_t bytes, off_t offset) override
    {
        pattern_fill(buffer, static_cast<std::size_t>(offset), bytes);
        return umapcfg_get_umap_page_size() == page && umapcfg_get_max_pages_in_buffer() != 0 ? static_cast<ssize_t>(bytes) : -1;
    }
    ssize_t write_to_store(char *, std::size_t bytes, off_t) override
    {
        return umapcfg_get_umap_page_size() == page && umapcfg_get_max_pages_in_buffer() != 0 ? static_cast<ssize_t>(bytes) : -1;
    }
};

void stores_may_ask(void **)
{
    begin_mapping();
    Curious store;
    unsigned char *bytes = map_store(store);
    for (std::size_t at = 0; at < length; at += page)
        bytes[at] = pattern(at);
    umapcfg_set_max_pages_in_buffer(4); // has to write pages back
    assert_int_equal(umapcfg_get_max_pages_in_buffer(), 4);
    assert_pattern(bytes, 0, length);
    umapcfg_set_max_pages_in_buffer(48);
    assert_int_equal(uunmap(bytes, length), 0);
}

} // namespace

int main()
{
    setenv("UMAP_PAGESIZE", "8192", 1);
    setenv("UMAP_BUFSIZE", "48", 1);
    const CMUnitTest tests[] = {
        cmocka_unit_test(computed), cmocka_unit_test(page_by_page),    cmocka_unit_test(written_back),        cmocka_unit_test(only_changes_are_written),
        cmocka_unit_test(failures_reach_who_asks), cmocka_unit_test(made_stores), cmocka_unit_test(offsets_and_lengths),
        cmocka_unit_test(rest_is_zero), cmocka_unit_test(stores_may_ask),     cmocka_unit_test(nothing_is_lost),
    };
    return RUN(tests);
}
