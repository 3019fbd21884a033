// SPDX-License-Identifier: MIT
#include "injector.hpp"

#include <algorithm>
#include <cstring>

#include <link.h>
#include <unwind.h>

namespace torture {
namespace {

struct Image {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    std::uintptr_t base = 0;
    bool contains(std::uintptr_t address) const { return address >= begin && address < end; }
};

struct Images {
    Image library;
    Image run_time; ///< of C++: allocates, and makes threads, on behalf of who calls it
};

int note_image(dl_phdr_info *info, std::size_t, void *out)
{
    auto &images = *static_cast<Images *>(out);
    Image *image = std::strstr(info->dlpi_name, "libufomem.so")   ? &images.library
                   : std::strstr(info->dlpi_name, "libstdc++.so") ? &images.run_time
                                                                  : nullptr;
    if (!image)
        return 0;
    image->base = info->dlpi_addr;
    for (int i = 0; i < info->dlpi_phnum; ++i) {
        const auto &header = info->dlpi_phdr[i];
        if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0)
            continue;
        image->begin = info->dlpi_addr + header.p_vaddr;
        image->end = image->begin + header.p_memsz;
    }
    return 0;
}

Images g_images;
std::span<const Code> g_looked_through; // in order

bool is_looked_through(std::uint64_t offset)
{
    const auto after = std::upper_bound(g_looked_through.begin(), g_looked_through.end(), offset,
                                        [](std::uint64_t at, const Code &code) { return at < code.begin; });
    return after != g_looked_through.begin() && std::prev(after)->contains(offset);
}

thread_local constinit bool t_inside = false;

struct Walk {
    std::array<std::uint64_t, Site::most_frames> frames{};
    std::size_t count = 0;
    std::size_t wanted = 0;
    bool met_run_time = false;
};

_Unwind_Reason_Code visit_frame(_Unwind_Context *context, void *argument)
{
    auto &walk = *static_cast<Walk *>(argument);
    const std::uintptr_t address = _Unwind_GetIP(context) - 1;
    if (g_images.library.contains(address)) {
        if (is_looked_through(address - g_images.library.base))
            return _URC_NO_REASON;
        walk.frames[walk.count++] = address - g_images.library.base;
        return walk.count == walk.wanted ? _URC_END_OF_STACK : _URC_NO_REASON;
    }
    if (g_images.run_time.contains(address))
        walk.met_run_time = true;
    else if (walk.count != 0 || walk.met_run_time)
        return _URC_END_OF_STACK; // who called the library, or the run-time
    return _URC_NO_REASON;
}

std::uint64_t hash_of(Call call, std::uint64_t request, std::span<const std::uint64_t> frames)
{
    std::uint64_t hash = 0xcbf29ce484222325ULL ^ static_cast<std::uint64_t>(call);
    const auto mix = [&](std::uint64_t value) {
        hash = (hash ^ value) * 0x9e3779b97f4a7c15ULL;
        hash ^= hash >> 29;
    };
    mix(request);
    for (const std::uint64_t frame : frames)
        mix(frame);
    return (hash >> 16) | 1; // short enough to be typed
}

} // namespace

Site *SiteTable::find(std::uint64_t id) noexcept
{
    for (std::size_t i = 0; i < capacity; ++i) {
        Site &site = sites_[(id + i) % capacity];
        const std::uint64_t there = site.id.load(std::memory_order_acquire);
        if (there == id)
            return &site;
        if (there == 0)
            return nullptr;
    }
    return nullptr;
}

Site *SiteTable::find_or_add(std::uint64_t id, Call call, std::uint64_t request,
                             std::span<const std::uint64_t> frames) noexcept
{
    static std::atomic_flag adding = ATOMIC_FLAG_INIT;
    if (Site *site = find(id))
        return site;
    while (adding.test_and_set(std::memory_order_acquire)) {
    }
    Site *site = find(id);
    for (std::size_t i = 0; !site && i < capacity; ++i) {
        Site &free = sites_[(id + i) % capacity];
        if (free.id.load() != 0)
            continue;
        free.call = call;
        free.request = request;
        free.frames = {};
        std::copy(frames.begin(), frames.end(), free.frames.begin());
        free.calls.store(0);
        free.id.store(id, std::memory_order_release);
        site = &free;
    }
    adding.clear(std::memory_order_release);
    return site;
}

void SiteTable::clear() noexcept
{
    for (Site &site : sites_)
        site.id.store(0);
}

Injector &Injector::of_process() noexcept
{
    static constinit Injector injector;
    return injector;
}

void Injector::look_through(std::span<const Code> code) noexcept { g_looked_through = code; }

void Injector::start(SiteTable *table, std::size_t frames) noexcept
{
    dl_iterate_phdr(note_image, &g_images);
    table_ = table;
    frames_ = frames;
}

void Injector::set_rules(std::span<const Rule> rules) noexcept
{
    rule_count_ = 0;
    for (const Rule &rule : rules)
        rules_[rule_count_++].rule = rule;
}

bool Injector::strikes(Armed &armed) noexcept
{
    constexpr std::uint32_t patience = 1000;
    const std::uint32_t met = armed.met.fetch_add(1) + 1;
    const unsigned every = armed.rule.pattern.every;
    if (every == 0 ? met != 1 : met % every != 0)
        return false;
    return !armed.rule.fault.asks_again || armed.failed.fetch_add(1) < patience;
}

Injector::Verdict Injector::judge(Call call, std::uint64_t request, void *return_address) noexcept
{
    Verdict verdict;
    const auto caller = reinterpret_cast<std::uintptr_t>(return_address);
    const bool direct = g_images.library.contains(caller);
    if (!table_ || t_inside || (!direct && !g_images.run_time.contains(caller)))
        return verdict;
    Walk walk;
    walk.wanted = frames_;
    if (direct && frames_ == 1 && !is_looked_through(caller - 1 - g_images.library.base)) {
        walk.frames[walk.count++] = caller - 1 - g_images.library.base;
    } else {
        t_inside = true;
        _Unwind_Backtrace(visit_frame, &walk);
        t_inside = false;
    }
    if (walk.count == 0)
        return verdict;
    const std::span<const std::uint64_t> frames(walk.frames.data(), walk.count);
    verdict.site = hash_of(call, request, frames);
    if (Site *site = table_->find_or_add(verdict.site, call, request, frames))
        site->calls.fetch_add(1, std::memory_order_relaxed);
    if (!armed_.load(std::memory_order_acquire))
        return verdict;
    for (std::size_t i = 0; i < rule_count_; ++i)
        if (rules_[i].rule.site == verdict.site && strikes(rules_[i])) {
            hits_.fetch_add(1);
            static_assert(static_cast<unsigned>(Call::count) <= 64);
            hit_calls_.fetch_or(std::uint64_t{1} << static_cast<unsigned>(call));
            verdict.fault = &rules_[i].rule.fault;
            break;
        }
    return verdict;
}

} // namespace torture
