// SPDX-License-Identifier: MIT
// ufo_client.
#include "handles.hpp"
#include "ufomem/service.h"

#include "immortal.hpp"
#include "listener.hpp"
#include "server_figures.hpp"

using namespace ufomem;
using namespace ufomem::capi;

namespace ufomem::capi {

HandlePool<ufo_client> &clients() noexcept
{
    static Immortal<HandlePool<ufo_client>> pool;
    return pool.get();
}

} // namespace ufomem::capi

extern "C" {

const char *ufo_service_path(void)
{
    static const std::string *const path = []() noexcept -> const std::string * {
        try {
            return new std::string(service::default_socket_path()); // for as long as the process lasts
        } catch (...) {
            return nullptr;
        }
    }();
    return path ? path->c_str() : "/run/ufomem/service";
}

ufo_client *ufo_client_connect(const char *path)
{
    ufo_client *handle = nullptr;
    const ufo_status status = guarded([&]() -> Status {
        if (path && !*path)
            return fail(Code::invalid, "the path is empty; give that of a service's socket, or NULL for %s", ufo_service_path());
        Result<std::shared_ptr<service::Client>> client = service::Client::connect(path ? path : ufo_service_path(), {});
        if (!client.ok())
            return client.status();
        handle = own(clients(), std::move(*client));
        return {};
    });
    return status == UFO_OK ? handle : nullptr;
}

void ufo_client_free(ufo_client *handle)
{
    const CancelGuard guard;
    if (handle && disown(handle, "client"))
        clients().give(handle);
}

ufo_status ufo_client_stats_get(ufo_client *handle, ufo_server_stats *stats)
{
    return guarded([&]() -> Status {
        if (!stats || stats->struct_size < sizeof stats->struct_size)
            return fail(Code::invalid, "stats is NULL, or its struct_size is not set; set it to sizeof(ufo_server_stats)");
        Result<std::shared_ptr<service::Client>> client = object_of(handle, "client");
        if (!client.ok())
            return client.status();
        Result<service::ServerFiguresAnswer> answer = (*client)->ask<service::ServerFiguresAnswer>(service::make<service::ServerStats>(0));
        if (!answer.ok())
            return answer.status();
        copy_out(public_figures(answer->figures), *stats);
        return {};
    });
}

ufo_status ufo_config_set_shared(ufo_config *config, ufo_client *handle, const char *name)
{
    return guarded([&]() -> Status {
        if (Status status = check(config, "config"); !status.ok())
            return status;
        Result<std::shared_ptr<service::Client>> client = object_of(handle, "client");
        if (!client.ok())
            return client.status();
        if (name && !*name)
            return fail(Code::invalid, "the name is empty; give that of an array of the service, or NULL for the config's file");
        config->client = std::move(*client);
        config->shared_name = name ? name : "";
        return {};
    });
}

} // extern "C"
