// SPDX-License-Identifier: MIT
// The settings, as the functions of umap.h tell and change them.
#include "umap/umap.h"

#include "engine.hpp"
#include "log.hpp"

#include <cerrno>

namespace {

using compat::Engine;
using compat::Settings;

Settings settings() { return Engine::of_process().settings(); }

void set(const char *what, std::uint64_t Settings::*field, std::uint64_t value, std::uint64_t least)
{
    if (value < least)
        return compat::fail(EINVAL, "%s: %llu is too few", what, static_cast<unsigned long long>(value));
    Engine::of_process().set(what, [&](Settings &settings) { settings.*field = value; });
}

void set_thresholds(const char *what, int Settings::*field, int percent)
{
    Engine::of_process().set(what, [&](Settings &settings) {
        Settings changed = settings;
        changed.*field = percent;
        if (compat::are_thresholds(changed.low_percent, changed.high_percent))
            settings = changed;
        else
            compat::fail(EINVAL, "%s: %d is no percentage, or the low threshold would not be below the high one", what, percent);
    });
}

} // namespace

extern "C" {

long umapcfg_get_system_page_size(void) { return static_cast<long>(compat::system_page_size()); }

uint64_t umapcfg_get_umap_page_size(void) { return settings().page_size; }
uint64_t umapcfg_get_max_pages_in_buffer(void) { return Engine::of_process().buffer_pages(); }
uint64_t umapcfg_get_read_ahead(void) { return settings().read_ahead_pages; }
uint64_t umapcfg_get_num_fillers(void) { return settings().fillers; }
uint64_t umapcfg_get_num_evictors(void) { return settings().evictors; }
int umapcfg_get_evict_low_water_threshold(void) { return settings().low_percent; }
int umapcfg_get_evict_high_water_threshold(void) { return settings().high_percent; }
uint64_t umapcfg_get_max_fault_events(void) { return settings().max_fault_events; }

void umapcfg_set_umap_page_size(uint64_t page_size) { Engine::of_process().set_page_size(page_size); }
void umapcfg_set_max_pages_in_buffer(uint64_t max_pages) { Engine::of_process().set_buffer_pages(max_pages); }
void umapcfg_set_read_ahead(uint64_t num_pages) { set("umapcfg_set_read_ahead", &Settings::read_ahead_pages, num_pages, 0); }
void umapcfg_set_num_fillers(uint64_t num_fillers) { set("umapcfg_set_num_fillers", &Settings::fillers, num_fillers, 1); }
void umapcfg_set_num_evictors(uint64_t num_evictors) { set("umapcfg_set_num_evictors", &Settings::evictors, num_evictors, 1); }
void umapcfg_set_max_fault_events(uint64_t max_events) { set("umapcfg_set_max_fault_events", &Settings::max_fault_events, max_events, 1); }

void umapcfg_set_evict_low_water_threshold(int threshold_percentage)
{
    set_thresholds("umapcfg_set_evict_low_water_threshold", &Settings::low_percent, threshold_percentage);
}

void umapcfg_set_evict_high_water_threshold(int threshold_percentage)
{
    set_thresholds("umapcfg_set_evict_high_water_threshold", &Settings::high_percent, threshold_percentage);
}
}
