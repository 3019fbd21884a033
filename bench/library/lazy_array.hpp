// SPDX-License-Identifier: MIT
// A lazy array of the library's, made as the command line says; an error ends the program.
#pragma once

#include "common/options.hpp"
#include "common/record.hpp"
#include "common/source.hpp"

#include <ufomem/ufo.h>

#include <span>

namespace bench {

inline void must(ufo_status status, const char *what)
{
    if (status != UFO_OK)
        die(std::string(what) + ": " + ufo_last_error());
}

inline std::int32_t populate_numbers(void *, std::size_t first, std::size_t count, void *out)
{
    generate(first, count, static_cast<Element *>(out));
    return 0;
}

class LazyArray {
  public:
    LazyArray(Options &options, std::size_t bytes, std::size_t budget)
    {
        const std::string file = options.text("file", "");
        const std::size_t chunk = options.size("chunk", 0); // 0: the library's default
        const std::string advice = options.text("advice", "normal");
        const bool read_only = options.flag("read-only");
        const bool in_line = options.text("delivery", "auto") == "inline";

        ufo_core_config *core_config = ufo_core_config_new();
        must(ufo_core_config_set_budget(core_config, budget), "set_budget");
        if (in_line)
            must(ufo_core_config_set_delivery(core_config, UFO_DELIVERY_INLINE), "set_delivery");
        core_ = ufo_core_new(core_config);
        if (core_ == nullptr)
            die(ufo_last_error());
        ufo_core_config_free(core_config);

        config_ = ufo_config_new();
        must(ufo_config_set_chunk(config_, chunk / sizeof(Element)), "set_chunk");
        must(ufo_config_set_read_only(config_, read_only), "set_read_only");
        must(file.empty() ? ufo_config_set_populate(config_, populate_numbers, nullptr, nullptr)
                          : ufo_config_set_file(config_, file.c_str(), 0, 0),
             "source");
        region_ = another(bytes);
        if (advice != "normal")
            must(ufo_advise(region_, 0, ufo_count(region_), advice == "random" ? UFO_ADVICE_RANDOM : UFO_ADVICE_SEQUENTIAL),
                 "advise");
    }

    ~LazyArray()
    {
        ufo_config_free(config_);
        ufo_core_free(core_);
    }
    LazyArray(const LazyArray &) = delete;
    LazyArray &operator=(const LazyArray &) = delete;

    [[nodiscard]] ufo *region() const { return region_; }
    /// One more region of the same kind in the same core.
    [[nodiscard]] ufo *another(std::size_t bytes) const
    {
        must(ufo_config_set_elements(config_, bytes / sizeof(Element), sizeof(Element)), "set_elements");
        ufo *region = ufo_new(core_, config_);
        if (region == nullptr)
            die(ufo_last_error());
        return region;
    }
    [[nodiscard]] std::span<Element> elements() const
    {
        return {static_cast<Element *>(ufo_data(region_)), ufo_count(region_)};
    }

    /// What the library itself counted.
    void record_stats() const
    {
        ufo_core_stats stats = {};
        stats.struct_size = sizeof(stats);
        must(ufo_core_stats_get(core_, &stats), "stats");
        record("faults", stats.faults);
        record("populated_bytes", stats.populated_bytes);
        record("evictions", stats.evictions);
        record("rescues", stats.rescues);
        record("spill_written_bytes", stats.spill_written_bytes);
        record("charged_peak_bytes", stats.peak_bytes);
    }

  private:
    ufo_core *core_ = nullptr;
    ufo_config *config_ = nullptr;
    ufo *region_ = nullptr;
};

} // namespace bench
