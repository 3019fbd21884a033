// SPDX-License-Identifier: MIT
// An array that callbacks compute and take back.  They see whole elements, also where chunks end in the middle of one.
#include "unit/unit.hpp"

#include "sources/callback.hpp"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <stdexcept>

using namespace ufomem;
using unit::Random;

namespace {

/// An array in ordinary memory behind callbacks that can fail.
struct Store {
    Geometry geometry;
    std::vector<std::byte> bytes;
    std::int32_t code = 0;
    bool throws = false;
    bool slow = false;
    std::atomic<int> outside{0}; // calls for no elements, or some that are not there
    std::mutex mutex{};
    std::size_t populated = 0; // elements asked for; guarded by mutex
    std::size_t written = 0;

    explicit Store(const Geometry::Request &request) : geometry(*Geometry::make(request)), bytes(geometry.body_bytes())
    {
        Random random;
        for (std::byte &byte : bytes)
            byte = static_cast<std::byte>(random.next());
    }
    /// The bytes of elements, or null if the call has to fail.
    std::byte *find(std::size_t first, std::size_t count, std::size_t &counter)
    {
        if (throws)
            throw std::runtime_error("on purpose");
        if (count == 0 || !geometry.contains({first, count}))
            ++outside;
        counter += count;
        return bytes.data() + first * geometry.element_size();
    }
};

std::int32_t populate(void *user_data, std::size_t first, std::size_t count, void *out)
{
    auto &store = *static_cast<Store *>(user_data);
    {
        const std::lock_guard lock(store.mutex);
        const std::byte *from = store.find(first, count, store.populated);
        std::memcpy(out, from, count * store.geometry.element_size());
    }
    if (store.slow)
        std::this_thread::sleep_for(std::chrono::microseconds(100));
    return store.code;
}

std::int32_t writeback(void *user_data, std::size_t first, std::size_t count, const void *data)
{
    auto &store = *static_cast<Store *>(user_data);
    const std::lock_guard lock(store.mutex);
    std::byte *to = store.find(first, count, store.written);
    if (store.code == 0)
        std::memcpy(to, data, count * store.geometry.element_size());
    return store.code;
}

struct Setting : Store {
    explicit Setting(const Geometry::Request &request, bool caller_only = false, bool takes = true)
        : Store(request),
          source({populate, static_cast<Store *>(this), nullptr},
                 takes ? Closure<WritebackFunction>(writeback, static_cast<Store *>(this), nullptr)
                       : Closure<WritebackFunction>(),
                 caller_only)
    {
        source.prepare(geometry);
    }
    ByteRange data(std::size_t chunk) const { return geometry.data_of(ChunkIndex{chunk}); }

    CallbackSource source;
};

constexpr Geometry::Request whole{.count = 3000, .element_size = 24, .min_chunk_elements = 1, .whole_elements = true};
constexpr Geometry::Request straddling{
    .count = 3000, .element_size = 24, .min_chunk_elements = 1, .whole_elements = false};

void chunks_of_whole_elements_are_filled_in_place(void **)
{
    Setting setting(whole);
    std::vector<std::byte> out(setting.data(0).length);
    assert_int_equal(setting.source.scratch_bytes(setting.geometry, setting.data(0)), 0);
    assert_ok(setting.source.load(setting.geometry, setting.data(0), out.data()));
    assert_true(std::equal(out.begin(), out.end(), setting.bytes.begin()));
    assert_int_equal(setting.populated, out.size() / 24);
}

void straddling_elements_are_computed_whole_and_used_in_part(void **)
{
    Setting setting(straddling);
    for (std::size_t i = 0; i < setting.geometry.chunk_count(); ++i) {
        const ByteRange data = setting.data(i);
        std::vector<std::byte> out(data.length);
        const bool aligned = data.offset % 24 == 0 && data.length % 24 == 0;
        assert_int_equal(setting.source.scratch_bytes(setting.geometry, data) == 0, aligned);
        assert_ok(setting.source.load(setting.geometry, data, out.data()));
        assert_memory_equal(out.data(), setting.bytes.data() + data.offset, data.length);
    }
    assert_int_equal(setting.outside, 0);
}

void scratch_memory_is_stated_in_whole_pages(void **)
{
    Setting setting(straddling);
    // 4096 bytes meet 171 elements, 4104 bytes.
    assert_int_equal(setting.source.scratch_bytes(setting.geometry, setting.data(0)), 2 * 4096);
}

/// The neighbours' parts of an element come from the store, so the order does not matter.
void changes_of_neighbours_are_merged(void **)
{
    Random random;
    for (std::size_t element_size : {24, 7, 5000}) {
        Setting setting({.count = 100000 / element_size, .element_size = element_size, .min_chunk_elements = 1});
        assert_true(setting.geometry.straddles());
        std::vector<std::byte> changed(setting.bytes.size());
        for (std::byte &byte : changed)
            byte = static_cast<std::byte>(random.next());
        std::vector<std::size_t> chunks(setting.geometry.chunk_count());
        std::iota(chunks.begin(), chunks.end(), 0);
        for (std::size_t i = chunks.size(); i > 1; --i)
            std::swap(chunks[i - 1], chunks[random.below(i)]);
        for (const std::size_t chunk : chunks)
            assert_ok(setting.source.store(setting.geometry, setting.data(chunk),
                                           changed.data() + setting.data(chunk).offset));
        assert_true(setting.bytes == changed);
        assert_int_equal(setting.outside, 0);
    }
}

void neighbours_may_be_written_back_at_the_same_time(void **)
{
    Setting setting(straddling);
    setting.slow = true;
    std::vector<std::byte> changed(setting.bytes.size());
    for (std::size_t i = 0; i < changed.size(); ++i)
        changed[i] = ~setting.bytes[i];
    std::atomic<int> wrong{0};
    unit::on_threads(2, [&](std::size_t thread) {
        for (std::size_t chunk = thread; chunk < setting.geometry.chunk_count(); chunk += 2) {
            const ByteRange data = setting.data(chunk);
            wrong += !setting.source.store(setting.geometry, data, changed.data() + data.offset).ok();
        }
    });
    assert_int_equal(wrong.load(), 0);
    assert_true(setting.bytes == changed);
}

void a_failing_callback_gives_its_code(void **)
{
    for (const Geometry::Request &request : {whole, straddling}) {
        Setting setting(request);
        const std::vector<std::byte> before = setting.bytes;
        std::vector<std::byte> buffer(setting.data(1).length);
        setting.code = 1234;
        assert_fails(setting.source.load(setting.geometry, setting.data(1), buffer.data()), Code::populate);
        assert_int_equal(last_callback_code(), 1234);
        assert_error_names("returned 1234");
        const Status status = setting.source.store(setting.geometry, setting.data(1), buffer.data());
        assert_true(status.code == Code::writeback || setting.geometry.straddles()); // the merge failed before
        assert_int_equal(last_callback_code(), 1234);
        assert_true(setting.bytes == before);
    }
}

void an_exception_becomes_an_error(void **)
{
    Setting setting(whole);
    setting.throws = true;
    std::vector<std::byte> buffer(setting.data(0).length);
    assert_fails(setting.source.load(setting.geometry, setting.data(0), buffer.data()), Code::populate);
    assert_error_names("exception");
    assert_int_equal(last_callback_code(), 0);
    assert_fails(setting.source.store(setting.geometry, setting.data(0), buffer.data()), Code::writeback);
}

void who_may_call_what(void **)
{
    const Setting plain(whole);
    assert_false(plain.source.loads_only_for_callers());
    assert_true(plain.source.takes_changes() && plain.source.takes_changes_anywhere());
    // To merge an element means to populate, which an evicting thread must not.
    const Setting merging(straddling);
    assert_true(merging.source.takes_changes());
    assert_false(merging.source.takes_changes_anywhere());
    const Setting managed(whole, true);
    assert_true(managed.source.loads_only_for_callers() && managed.source.takes_changes());
    assert_false(managed.source.takes_changes_anywhere());
    const Setting computed(whole, false, false);
    assert_false(computed.source.takes_changes() || computed.source.takes_changes_anywhere());
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(chunks_of_whole_elements_are_filled_in_place),
        cmocka_unit_test(straddling_elements_are_computed_whole_and_used_in_part),
        cmocka_unit_test(scratch_memory_is_stated_in_whole_pages),
        cmocka_unit_test(changes_of_neighbours_are_merged),
        cmocka_unit_test(neighbours_may_be_written_back_at_the_same_time),
        cmocka_unit_test(a_failing_callback_gives_its_code),
        cmocka_unit_test(an_exception_becomes_an_error),
        cmocka_unit_test(who_may_call_what),
    };
    return RUN(tests);
}
