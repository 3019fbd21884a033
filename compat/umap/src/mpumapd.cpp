// SPDX-License-Identifier: MIT
#include "umap/mpumapd.h"

#include "engine.hpp"
#include "log.hpp"
#include "status.hpp"

#include <ufomem/service.h>

#include <memory>

#include <unistd.h>

namespace {

using compat::Engine;

using Config = std::unique_ptr<ufo_server_config, decltype(&ufo_server_config_free)>;

/// Null, with errno set and the reason in the log, if it cannot start.
ufo_server *start(const char *path)
{
    const compat::Settings settings = Engine::of_process().settings();
    ufo_core *core = Engine::of_process().core();
    if (!core)
        return nullptr;
    const Config config(ufo_server_config_new(), ufo_server_config_free);
    ufo_server *server = nullptr;
    if (config && ufo_server_config_set_path(config.get(), path) == UFO_OK && ufo_server_config_set_chunk_bytes(config.get(), settings.page_size) == UFO_OK
        && ufo_server_config_set_limit(config.get(), UFO_LIMIT_THREADS, settings.fillers) == UFO_OK
        && ufo_server_config_set_limit(config.get(), UFO_LIMIT_FAULTS, settings.max_fault_events) == UFO_OK)
        server = ufo_server_new(core, config.get());
    if (!server)
        compat::fail_as_ufomem_says("umap_server");
    return server;
}

} // namespace

void umap_server(std::string path) // NOLINT(performance-unnecessary-value-param): so it is declared
{
    const char *where = path.empty() ? UMAP_SERVER_PATH : path.c_str();
    if (!start(where))
        return;
    compat::log(compat::Level::info, "serving at %s", where);
    for (;;) // the server has threads of its own; a handler of the application's may run here
        pause();
}
