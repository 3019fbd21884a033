// SPDX-License-Identifier: MIT
#include "glance.hpp"

#include "handle.hpp"

#include <ctime>

#include <pthread.h>

namespace ufomem {
namespace {

thread_local constinit void *t_place = nullptr;
thread_local constinit bool t_asked = false; // there is none for this thread, or it has given it back at its end

/// Gives a thread's place back when it ends.  A destructor of the language's would have to be registered by an allocation that must not fail.
struct EndOfThread {
    explicit EndOfThread(void (*give)(void *)) noexcept : made(pthread_key_create(&key, give) == 0) {}
    pthread_key_t key{};
    bool made;
};

} // namespace

constinit std::array<Glances::Place, Glances::most_threads> Glances::places_{};
constinit std::atomic<std::size_t> Glances::used_{0};

Glances::Place *Glances::take_place() noexcept
{
    static const EndOfThread end(give_place);
    t_asked = true;
    if (!end.made)
        return nullptr;
    for (std::size_t i = 0; i < places_.size(); ++i) {
        bool taken = false;
        if (places_[i].taken.load(std::memory_order_relaxed) || !places_[i].taken.compare_exchange_strong(taken, true))
            continue;
        if (pthread_setspecific(end.key, &places_[i]) != 0) {
            places_[i].taken.store(false);
            return nullptr;
        }
        std::size_t used = used_.load();
        while (used <= i && !used_.compare_exchange_weak(used, i + 1)) {
        }
        t_place = &places_[i];
        return &places_[i];
    }
    return nullptr;
}

void Glances::give_place(void *place) noexcept
{
    t_place = nullptr;
    static_cast<Place *>(place)->taken.store(false);
}

bool Glances::meet(const RegionHandle *handle, const void *word, Own own) noexcept
{
    for (std::size_t i = 0, used = used_.load(); i < used; ++i) {
        if (places_[i].handle.load() != handle)
            continue;
        const void *const at = places_[i].word.load();
        const bool is_own = &places_[i] == t_place; // interrupted: without a word it has not looked at any chunk yet
        if (is_own ? own == Own::counts && at == word : !at || at == word)
            return true;
    }
    return false;
}

bool Glances::any(const RegionHandle *handle) noexcept
{
    for (std::size_t i = 0, used = used_.load(); i < used; ++i)
        if (places_[i].handle.load() == handle)
            return true;
    return false;
}

void Glances::wait_for_end(const RegionHandle *handle) noexcept
{
    for (std::size_t i = 0, used = used_.load(); i < used; ++i)
        while (places_[i].handle.load() == handle) {
            const timespec moment{0, 50'000};
            nanosleep(&moment, nullptr);
        }
}

void Glances::forget_other_threads() noexcept
{
    for (Place &place : places_) {
        if (&place == t_place)
            continue;
        place.handle.store(nullptr);
        place.word.store(nullptr);
        place.taken.store(false);
    }
}

Glance::Glance(RegionHandle *handle) noexcept
{
    auto *place = static_cast<Glances::Place *>(t_place);
    if (!place) [[unlikely]] {
        if (t_asked || !(place = Glances::take_place()))
            return;
    }
    if (place->handle.load(std::memory_order_relaxed)) // a signal handler that interrupts a glance
        return;
    place_ = place;
    place_->handle.store(handle);
    region_ = handle->if_open();
}

} // namespace ufomem
