// SPDX-License-Identifier: MIT
#include "array.hpp"

#include "guard.hpp"
#include "random.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

namespace torture {
namespace {

std::uint64_t scramble(std::uint64_t value)
{
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ value >> 27) * 0x94d049bb133111ebULL;
    return value ^ value >> 31;
}

} // namespace

std::uint64_t mixed_word(std::size_t index) { return scramble(index + 1); }
std::uint64_t zero_word(std::size_t) { return 0; }
std::uint64_t counted_word(std::size_t index) { return 7 + 3 * index; }

std::int32_t populate_mixed(void *, std::size_t first, std::size_t count, void *out)
{
    auto *word = static_cast<std::uint64_t *>(out);
    for (std::size_t i = 0; i < count; ++i)
        word[i] = mixed_word(first + i);
    return 0;
}

Array::Array(Pass &pass, ufo *region, Shape shape)
    : pass_(pass),
      region_(region),
      shape_(shape),
      data_(static_cast<volatile std::uint64_t *>(ufo_data(region))),
      chunk_elements_(ufo_chunk(region)),
      versions_((shape.words + shape.stride - 1) / shape.stride)
{
}

std::uint64_t Array::value(std::size_t word, std::uint32_t version) const
{
    return version == 0 ? shape_.base(word) : scramble(word * 0x10001 + (static_cast<std::uint64_t>(version) << 40));
}

Array::Elements Array::elements_of(std::size_t first, std::size_t count) const
{
    const std::size_t begin = word_of(first) / shape_.words_per_element;
    const std::size_t end = word_of(first + count - 1) / shape_.words_per_element + 1;
    return {begin, end - begin};
}

void Array::check(std::size_t slot, std::uint64_t seen, const char *how)
{
    Versions &versions = versions_[slot];
    const std::size_t word = word_of(slot);
    for (std::uint32_t version = versions.newest;; --version) {
        if (seen == value(word, version)) {
            versions.oldest = versions.newest = version; // newer ones never arrived
            return;
        }
        if (version == versions.oldest)
            break;
    }
    for (std::uint32_t version = 0; version < versions.oldest; ++version)
        if (seen == value(word, version))
            return pass_.note(Violation::lost, "%s: word %zu has version %u, and not %u to %u", how, word, version,
                              versions.oldest, versions.newest);
    pass_.note(Violation::wrong, "%s: word %zu is %#llx, and never was; %#llx is version %u", how, word,
               static_cast<unsigned long long>(seen), static_cast<unsigned long long>(value(word, versions.newest)),
               versions.newest);
}

std::uint64_t Array::next_value(std::size_t slot)
{
    Versions &versions = versions_[slot];
    versions.newest = ++versions.given;
    return value(word_of(slot), versions.newest);
}

void Array::load(std::size_t first, std::size_t count)
{
    std::vector<std::uint64_t> seen(count);
    volatile std::size_t done = 0;
    const int signal = guarded([&] {
        for (std::size_t i = 0; i < count; ++i) {
            seen[i] = data_[word_of(first + i)];
            done = i + 1;
        }
    });
    (void)pass_.ok_signal(signal, "load");
    for (std::size_t i = 0; i < done; ++i)
        check(first + i, seen[i], "load");
    pass_.note_checked(done);
}

bool Array::fails(std::size_t slot) const
{
    return guarded([&] { (void)data_[word_of(slot)]; }) != 0;
}

void Array::store(std::size_t first, std::size_t count)
{
    const std::vector<Versions> before(versions_.begin() + static_cast<std::ptrdiff_t>(first),
                                       versions_.begin() + static_cast<std::ptrdiff_t>(first + count));
    std::vector<std::uint64_t> next(count);
    for (std::size_t i = 0; i < count; ++i)
        next[i] = next_value(first + i);
    volatile std::size_t done = 0;
    const int signal = guarded([&] {
        for (std::size_t i = 0; i < count; ++i) {
            data_[word_of(first + i)] = next[i];
            done = i + 1;
        }
    });
    (void)pass_.ok_signal(signal, "store");
    for (std::size_t i = 0; i < count; ++i) {
        Versions &versions = versions_[first + i];
        if (i < done) {
            versions.oldest = versions.newest;
        } else { // a store that ended in a signal was not made
            versions.oldest = before[i].oldest;
            versions.newest = before[i].newest;
        }
    }
}

void Array::read(std::size_t first, std::size_t count)
{
    const Elements elements = elements_of(first, count);
    std::vector<std::uint64_t> room(elements.count * shape_.words_per_element);
    if (!pass_.ok(ufo_read(region_, elements.first, elements.count, room.data()), "ufo_read"))
        return;
    const std::size_t offset = elements.first * shape_.words_per_element;
    for (std::size_t i = 0; i < count; ++i)
        check(first + i, room[word_of(first + i) - offset], "ufo_read");
    pass_.note_checked(count);
}

void Array::write(std::size_t first, std::size_t count)
{
    // Elements as a whole: those at the ends may hold more slots.
    const Elements elements = elements_of(first, count);
    const std::size_t begin = elements.first * shape_.words_per_element;
    const std::size_t end = begin + elements.count * shape_.words_per_element;
    if (shape_.stride == 1) {
        first = begin;
        count = end - begin;
    }
    std::vector<std::uint64_t> room(end - begin);
    for (std::size_t word = begin; word < end; ++word)
        room[word - begin] = shape_.base(word);
    for (std::size_t i = 0; i < count; ++i)
        room[word_of(first + i) - begin] = next_value(first + i);
    if (pass_.ok(ufo_write(region_, elements.first, elements.count, room.data()), "ufo_write"))
        for (std::size_t i = 0; i < count; ++i)
            versions_[first + i].oldest = versions_[first + i].newest;
}

bool Array::touch(std::size_t first, std::size_t count)
{
    const Elements elements = elements_of(first, count);
    return pass_.ok(ufo_touch(region_, elements.first, elements.count), "ufo_touch");
}

void Array::evict(std::size_t first, std::size_t count)
{
    const Elements elements = elements_of(first, count);
    (void)pass_.ok(ufo_evict(region_, elements.first, elements.count), "ufo_evict");
}

bool Array::flush(std::size_t first, std::size_t count, const Stored &stored)
{
    const Elements elements = elements_of(first, count);
    if (!pass_.ok(ufo_flush(region_, elements.first, elements.count), "ufo_flush"))
        return false;
    for (std::size_t i = 0; stored && i < count; ++i)
        check(first + i, stored(word_of(first + i)), "the store, after ufo_flush");
    return true;
}

template <class Visit> void Array::for_slots_of_chunks(Elements elements, Visit visit)
{
    const std::size_t begin = elements.first / chunk_elements_ * chunk_elements_ * shape_.words_per_element;
    const std::size_t end = (elements.first + elements.count + chunk_elements_ - 1) / chunk_elements_ * chunk_elements_
                            * shape_.words_per_element;
    for (std::size_t slot = (begin + shape_.stride - 1) / shape_.stride; slot < slots() && word_of(slot) < end; ++slot)
        visit(slot);
}

void Array::reset(std::size_t first, std::size_t count)
{
    const Elements elements = elements_of(first, count);
    const bool done = pass_.ok(ufo_reset(region_, elements.first, elements.count), "ufo_reset");
    for_slots_of_chunks(elements, [&](std::size_t slot) {
        versions_[slot].oldest = 0;
        if (done)
            versions_[slot].newest = 0;
    });
}

void Array::pin_and_use(std::size_t first, std::size_t count, bool write)
{
    const Elements elements = elements_of(first, count);
    const ufo_status pinned = write ? ufo_pin_write(region_, elements.first, elements.count)
                                    : ufo_pin(region_, elements.first, elements.count);
    if (!pass_.ok(pinned, write ? "ufo_pin_write" : "ufo_pin"))
        return;
    if (write)
        store(first, count);
    else
        load(first, count);
    pass_.expect(ufo_evict(region_, elements.first, elements.count), shape_.shared ? UFO_OK : UFO_ERR_PINNED,
                 "ufo_evict of what is pinned");
    load(first, count);
    if (const ufo_status status = ufo_unpin(region_, elements.first, elements.count); status != UFO_OK)
        pass_.note(Violation::broken, "ufo_unpin: %s", ufo_last_error()); // nothing that may fail
}

void Array::advise(std::size_t first, std::size_t count, ufo_advice advice)
{
    const Elements elements = elements_of(first, count);
    (void)pass_.ok(ufo_advise(region_, elements.first, elements.count, advice), "ufo_advise");
}

bool Array::comes_back(int milliseconds)
{
    for (int waited = 0; ufo_touch(region_, 0, 1) == UFO_ERR_CLOSED; waited += 10) {
        if (waited >= milliseconds)
            return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return true;
}

void Array::recover_and_verify()
{
    pass_.step("recovering");
    (void)flush(0, slots()); // ufo_reset() forgets what was not stored, also of neighbours that share an element
    for (std::size_t first = 0; first < elements(); first += chunk_elements_) {
        // A service's failures are page by page where a part of a chunk was evicted here.
        const std::size_t count = std::min(chunk_elements_, elements() - first);
        if (ufo_touch(region_, first, count) == UFO_OK)
            continue;
        // What a source has refused stays so until it is asked again; there can be no changes in it.
        if (const ufo_status status = ufo_reset(region_, first, 1); status != UFO_OK)
            pass_.note(Violation::broken, "ufo_reset of element %zu: %s", first, ufo_last_error());
        if (const ufo_status status = ufo_touch(region_, first, count); status != UFO_OK)
            pass_.note(Violation::broken, "ufo_touch of element %zu after ufo_reset: %s", first, ufo_last_error());
    }
    pass_.step("verifying");
    constexpr std::size_t block = 512;
    for (std::size_t first = 0; first < slots(); first += block) {
        const std::size_t count = std::min(block, slots() - first);
        if (shape_.stride == 1)
            read(first, count);
        else
            load(first, count);
        load(first, 1);
    }
}

void Array::finish()
{
    pass_.settle();
    recover_and_verify();
    pass_.resume();
    pass_.step("freeing");
}

void Array::verify_stored(const Stored &stored)
{
    pass_.step("verifying the store");
    (void)flush(0, slots(), stored);
}

void mixed_steps(Array &array, const Mix &mix)
{
    Random random(mix.seed * 0x9e3779b97f4a7c15ULL);
    for (unsigned i = 0; i < mix.steps; ++i) {
        const std::size_t first = random.below(array.slots());
        const std::size_t count = std::min(1 + random.below(mix.block), array.slots() - first);
        const std::size_t kind = random.below(24);
        const bool write = mix.writes && random.below(2) == 0;
        if (kind < 8 && mix.by_pointer)
            write ? array.store(first, count) : array.load(first, count);
        else if (kind < 15)
            write ? array.write(first, count) : array.read(first, count);
        else if (kind == 15)
            (void)array.touch(first, count);
        else if (kind < 18)
            array.evict(first, count);
        else if (kind < 20)
            (void)array.flush(first, count, mix.stored);
        else if (kind == 20)
            array.advise(first, count, random.below(2) == 0 ? UFO_ADVICE_WILLNEED : UFO_ADVICE_DONTNEED);
        else if (kind == 21 && mix.resets)
            array.reset(first, count);
        else if (mix.pins)
            array.pin_and_use(first, count, write);
    }
}

} // namespace torture
