// SPDX-License-Identifier: MIT
// Recognises the library's calls by where they come from, keeps a list of these sites, and lets calls fail as it is told.
#pragma once

#include "fault.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace torture {

/// Where a call comes from: the innermost frames inside the library, as offsets in its file.  The same in every process.
struct Site {
    static constexpr std::size_t most_frames = 6;
    std::atomic<std::uint64_t> id{0}; ///< 0: free; set last
    std::uint64_t request = 0;
    std::array<std::uint64_t, most_frames> frames{};
    Call call{};
    std::atomic<std::uint32_t> calls{0};
};

/// Lies in memory that parent and children share.
class SiteTable {
  public:
    static constexpr std::size_t capacity = 4096;
    Site *find(std::uint64_t id) noexcept;
    Site *find_or_add(std::uint64_t id, Call call, std::uint64_t request,
                      std::span<const std::uint64_t> frames) noexcept;
    void clear() noexcept;
    template <class Visit> void for_each(Visit visit)
    {
        for (Site &site : sites_)
            if (site.id.load() != 0)
                visit(site);
    }

  private:
    std::array<Site, capacity> sites_{};
};

struct Rule {
    std::uint64_t site = 0;
    Fault fault{};
    Pattern pattern{};
};

/// A piece of the library's code, as offsets in its file.
struct Code {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    bool contains(std::uint64_t offset) const { return offset >= begin && offset < end; }
};

/// What a process does about the library's calls; all of it may be changed by the main thread only, while nobody is in a call.
class Injector {
  public:
    static Injector &of_process() noexcept;

    /// Allocators, and the standard library: a call belongs to who asks for memory.  In order, and for as long as the process lasts; for its children, too.
    void look_through(std::span<const Code> code) noexcept;
    /// Frames that make a site: 1 tells places in the library apart, more also tells who calls them.
    void start(SiteTable *table, std::size_t frames) noexcept;
    static constexpr std::size_t most_rules = 2;
    void set_rules(std::span<const Rule> rules) noexcept;
    void stop() noexcept { armed_.store(false); }
    void go_on() noexcept { armed_.store(true); }
    bool armed() const noexcept { return armed_.load(); }
    /// Of a child that is not under test: none of its calls fails, or is listed, from now on.
    void leave() noexcept
    {
        stop();
        table_ = nullptr;
    }
    std::uint64_t hits() const noexcept { return hits_.load(); }
    /// Faults of this call happened: address space that the kernel does not take back is no leak of ours.
    bool has_hit(Call call) const noexcept { return (hit_calls_.load() >> static_cast<unsigned>(call) & 1) != 0; }

    /// For the interposed functions.  `site` is that of a call of the library, 0 of any other; the fault that is to happen, or null.
    struct Verdict {
        std::uint64_t site = 0;
        const Fault *fault = nullptr;
    };
    Verdict judge(Call call, std::uint64_t request, void *return_address) noexcept;

  private:
    struct Armed {
        Rule rule;
        std::atomic<std::uint32_t> met{0};
        std::atomic<std::uint32_t> failed{0};
    };
    bool strikes(Armed &armed) noexcept;

    SiteTable *table_ = nullptr;
    std::size_t frames_ = 1;
    std::array<Armed, most_rules> rules_{};
    std::size_t rule_count_ = 0;
    std::atomic<bool> armed_{false};
    std::atomic<std::uint64_t> hits_{0};
    std::atomic<std::uint64_t> hit_calls_{0};
};

} // namespace torture
