// SPDX-License-Identifier: MIT
// ufo_server_config and ufo_server.
#include "handles.hpp"
#include "immortal.hpp"
#include "server_figures.hpp"
#include "ufomem/service.h"

#include "server.hpp"

#include <limits>

using namespace ufomem;
using namespace ufomem::capi;

struct ufo_server_config : Handle {
    service::Server::Options options;
};

struct ufo_server : OwnerHandle<service::Server> {};

namespace {

// Never destroyed: handles may be used until the process ends.
HandlePool<ufo_server_config> &server_configs() noexcept
{
    static Immortal<HandlePool<ufo_server_config>> pool;
    return pool.get();
}
HandlePool<ufo_server> &servers() noexcept
{
    static Immortal<HandlePool<ufo_server>> pool;
    return pool.get();
}

/// Applies a change to a live config.
template <class Change> ufo_status configure(ufo_server_config *config, Change change) noexcept
{
    return guarded([&]() -> Status {
        if (Status status = check(config, "server config"); !status.ok())
            return status;
        return change(config->options);
    });
}

/// 0 stands for the default.
template <class Number> Status set(Number &limit, Number otherwise, std::uint64_t value)
{
    if (value > std::numeric_limits<Number>::max())
        return fail(Code::overflow, "%llu is more than that limit can be", static_cast<unsigned long long>(value));
    limit = value != 0 ? static_cast<Number>(value) : otherwise;
    return {};
}

} // namespace

namespace ufomem::capi {

void lock_service_handles()
{
    clients().lock();
    server_configs().lock();
    servers().lock();
}

void unlock_service_handles()
{
    servers().unlock();
    server_configs().unlock();
    clients().unlock();
}

} // namespace ufomem::capi

extern "C" {

ufo_server_config *ufo_server_config_new(void)
{
    ufo_server_config *config = make_handle(server_configs());
    if (config)
        config->options = {};
    return config;
}

void ufo_server_config_free(ufo_server_config *config)
{
    const CancelGuard guard;
    if (!config || !retire(config, "server config"))
        return;
    config->options = {};
    server_configs().give(config);
}

ufo_status ufo_server_config_set_path(ufo_server_config *config, const char *path)
{
    return configure(config, [=](service::Server::Options &options) -> Status {
        if (path && !*path)
            return fail(Code::invalid, "the path is empty; give one, or NULL for %s", ufo_service_path());
        options.path = path ? path : "";
        return {};
    });
}

ufo_status ufo_server_config_set_mode(ufo_server_config *config, uint32_t mode)
{
    return configure(config, [=](service::Server::Options &options) -> Status {
        if ((mode & ~0777U) != 0)
            return fail(Code::invalid, "mode 0%o has more than permissions", mode);
        options.mode = mode;
        return {};
    });
}

ufo_status ufo_server_config_set_socket(ufo_server_config *config, int descriptor)
{
    return configure(config, [=](service::Server::Options &options) -> Status {
        if (descriptor < -1)
            return fail(Code::invalid, "%d is no descriptor", descriptor);
        options.socket = descriptor;
        return {};
    });
}

ufo_status ufo_server_config_set_chunk_bytes(ufo_server_config *config, size_t bytes)
{
    return configure(config, [=](service::Server::Options &options) -> Status {
        options.chunk_bytes = bytes;
        return {};
    });
}

ufo_status ufo_server_config_set_admit_later(ufo_server_config *config, int later)
{
    return configure(config, [=](service::Server::Options &options) -> Status {
        options.admits_at_once = later == 0;
        return {};
    });
}

ufo_status ufo_server_config_allow_directory(ufo_server_config *config, const char *path)
{
    return configure(config, [=](service::Server::Options &options) -> Status {
        if (!path || *path != '/')
            return fail(Code::invalid, "'%s' is not the absolute path of a directory", path ? path : "NULL");
        options.directories.emplace_back(path);
        return {};
    });
}

ufo_status ufo_server_config_set_limit(ufo_server_config *config, ufo_server_limit limit, uint64_t value)
{
    return configure(config, [=](service::Server::Options &options) -> Status {
        const service::Limits normal;
        service::Limits &limits = options.limits;
        switch (limit) {
        case UFO_LIMIT_CLIENTS:
            return set(limits.clients, normal.clients, value);
        case UFO_LIMIT_CLIENTS_PER_USER:
            return set(limits.clients_per_user, normal.clients_per_user, value);
        case UFO_LIMIT_REGIONS:
            return set(limits.regions, normal.regions, value);
        case UFO_LIMIT_MAPPED_BYTES:
            return set(limits.mapped_bytes, normal.mapped_bytes, value);
        case UFO_LIMIT_PINNED_BYTES:
            return set(limits.pinned_bytes, normal.pinned_bytes, value);
        case UFO_LIMIT_FAULTS:
            return set(limits.faults_at_once, normal.faults_at_once, value);
        case UFO_LIMIT_ANSWER_MS:
            return set(limits.answer_milliseconds, normal.answer_milliseconds, value);
        case UFO_LIMIT_IDLE_FILES:
            return set(limits.idle_files, normal.idle_files, value);
        case UFO_LIMIT_THREADS:
            return set(limits.threads, normal.threads, value);
        }
        return fail(Code::invalid, "%d is not a limit", static_cast<int>(limit));
    });
}

ufo_server *ufo_server_new(ufo_core *core_handle, const ufo_server_config *config)
{
    ufo_server *handle = nullptr;
    const ufo_status status = guarded([&]() -> Status {
        service::Server::Options options;
        if (config) {
            if (Status valid = check(config, "server config"); !valid.ok())
                return valid;
            options = config->options;
        }
        Result<std::shared_ptr<Core>> core = core_or_default(core_handle);
        if (!core.ok())
            return core.status();
        options.core = std::move(*core);
        options.log = options.core->engine().log;
        Result<std::unique_ptr<service::Server>> server = service::Server::start(std::move(options));
        if (!server.ok())
            return server.status();
        handle = own(servers(), std::shared_ptr<service::Server>(std::move(*server)));
        return {};
    });
    return status == UFO_OK ? handle : nullptr;
}

void ufo_server_free(ufo_server *handle)
{
    if (!handle)
        return;
    const CancelGuard guard;
    if (std::shared_ptr<service::Server> server = disown(handle, "server")) {
        server.reset(); // or by the last call that is inside
        servers().give(handle);
    }
}

ufo_status ufo_server_publish(ufo_server *handle, const char *name, const ufo_config *config)
{
    return guarded([&]() -> Status {
        Result<std::shared_ptr<service::Server>> server = object_of(handle, "server");
        if (!server.ok())
            return server.status();
        if (Status valid = check(config, "config"); !valid.ok())
            return valid;
        if (!name)
            return fail(Code::invalid, "the name is NULL");
        if (config->client)
            return fail(Code::invalid, "what another service shares is not published again; leave ufo_config_set_shared out");
        if (config->caller_only)
            return fail(Code::invalid, "faults of other processes are answered by the library's threads: an array with UFO_POPULATE_CALLER cannot be published");
        Result<Core::RegionRequest> request = region_request(*config);
        if (!request.ok())
            return request.status();
        return (*server)->catalogue().publish(name, std::move(*request)).status();
    });
}

ufo_status ufo_server_admit(ufo_server *handle)
{
    return guarded([&]() -> Status {
        Result<std::shared_ptr<service::Server>> server = object_of(handle, "server");
        return server.ok() ? (*server)->begin_admission() : server.status();
    });
}

ufo_status ufo_server_withdraw(ufo_server *handle, const char *name)
{
    return guarded([&]() -> Status {
        Result<std::shared_ptr<service::Server>> server = object_of(handle, "server");
        if (!server.ok())
            return server.status();
        if (!name)
            return fail(Code::invalid, "the name is NULL");
        return (*server)->catalogue().withdraw(name);
    });
}

ufo_status ufo_server_stats_get(const ufo_server *handle, ufo_server_stats *stats)
{
    return guarded([&]() -> Status {
        if (!stats || stats->struct_size < sizeof stats->struct_size)
            return fail(Code::invalid, "stats is NULL, or its struct_size is not set; set it to sizeof(ufo_server_stats)");
        Result<std::shared_ptr<service::Server>> server = object_of(handle, "server");
        if (!server.ok())
            return server.status();
        copy_out(public_figures((*server)->figures()), *stats);
        return {};
    });
}

} // extern "C"
