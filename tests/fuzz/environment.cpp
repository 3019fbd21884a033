// SPDX-License-Identifier: MIT
// What the environment says to the library, and to programs that were written for UMap.
#include "input.hpp"

#include "compat/umap/src/settings.hpp"
#include "features.hpp"
#include "listener.hpp"

#include <ufomem/ufo.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

constexpr const char *names[] = {"UFOMEM_FEATURES_OFF", "UFOMEM_DELIVERY", "UFOMEM_SPILL_DIR", "UFOMEM_SERVICE", "XDG_RUNTIME_DIR", "UMAP_PAGESIZE",
                                 "UMAP_BUFSIZE", "UMAP_READ_AHEAD", "UMAP_PAGE_FILLERS", "UMAP_PAGE_EVICTORS", "UMAP_BUFADAPT_FREQ", "UMAP_MAX_FAULT_EVENTS",
                                 "UMAP_EVICT_LOW_WATER_THRESHOLD", "UMAP_EVICT_HIGH_WATER_THRESHOLD"};

void check_umap()
{
    const compat::Settings settings = compat::settings_from_environment();
    MUST(compat::is_page_size(settings.page_size), "a page size of %zu", settings.page_size);
    MUST(settings.buffer_pages == 0 || settings.buffer_pages >= compat::least_buffer_pages, "a buffer too small");
    MUST(settings.fillers >= 1 && settings.fillers <= 1024 && settings.evictors >= 1 && settings.evictors <= 1024, "threads");
    MUST(compat::are_thresholds(settings.low_percent, settings.high_percent), "thresholds %d and %d", settings.low_percent, settings.high_percent);
}

/// Made as the environment says, or refused with a sentence that names the variable.
void check_core()
{
    ufo_core_config *config = ufo_core_config_new();
    MUST(ufo_core_config_set_budget(config, 64 * 1024) == UFO_OK, "%s", ufo_last_error());
    ufo_core *core = ufo_core_new(config);
    ufo_core_config_free(config);
    if (core) {
        const std::string_view wanted = getenv("UFOMEM_DELIVERY") ? getenv("UFOMEM_DELIVERY") : "";
        MUST(wanted.empty() || wanted == "auto" || (wanted == "thread") == (ufo_core_delivery(core) == UFO_DELIVERY_THREAD),
             "another delivery than '%s'", getenv("UFOMEM_DELIVERY"));
        ufo_core_free(core);
        return;
    }
    MUST(ufo_last_status() == UFO_ERR_PERMISSION || ufo_last_status() == UFO_ERR_UNSUPPORTED || strstr(ufo_last_error(), "UFOMEM_"), "no core: %s", ufo_last_error());
}

} // namespace

/// Words that end with a zero: the values, in the order of the names; an empty one leaves its variable out.
int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    fuzz::Input input(data, size);
    setenv("UMAP_LOG_LEVEL", "ERROR", 1); // of what cannot be used nothing but the outcome is looked at
    for (const char *name : names) {
        const std::string word = input.line(4096);
        if (word.empty())
            unsetenv(name);
        else
            setenv(name, word.c_str(), 1);
    }
    const char *features = getenv("UFOMEM_FEATURES_OFF");
    const bool understood = ufomem::parse_features(features).ok();
    MUST(understood || *ufomem::last_error(), "a refusal without words");
    MUST(!ufomem::service::default_socket_path().empty(), "no path");
    check_umap();
    check_core();
    for (const char *name : names)
        unsetenv(name);
    return 0;
}
