// SPDX-License-Identifier: MIT
#include "umap/mpumapclient.h"

#include "log.hpp"
#include "per_process.hpp"
#include "status.hpp"

#include <ufomem/service.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <string>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using compat::fail;

/// The process's connection, and the files that it has mapped by the names that it gave them.
class Client {
  public:
    static Client &of_process() { return compat::PerProcess<Client>::get(); }

    void connect(const char *path);
    void disconnect();
    void *map(const char *filename, void *address);
    int unmap(const char *filename);
    /// All zeros, with errno set, if there is no connection.
    ufo_server_stats server();

  private:
    std::mutex mutex_; ///< of all of it
    ufo_client *client_ = nullptr;
    std::map<std::string, ufo *, std::less<>> regions_;
};

void Client::connect(const char *path)
{
    const std::lock_guard lock(mutex_);
    if (client_)
        return fail(EISCONN, "init_umap_client: the process is connected already; call close_umap_client() before");
    client_ = ufo_client_connect(path);
    if (!client_)
        return compat::fail_as_ufomem_says("init_umap_client");
    errno = 0;
}

void Client::disconnect()
{
    const std::lock_guard lock(mutex_);
    if (!client_)
        return fail(ENOTCONN, "close_umap_client: there is no connection");
    for (const auto &[name, region] : regions_)
        ufo_free(region);
    regions_.clear();
    ufo_client_free(client_);
    client_ = nullptr;
}

/// Bytes of a file that the process may read; -1, with errno set, if there is nothing to map.
off_t size_of(const char *filename)
{
    const int file = open(filename, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status{};
    const bool known = file >= 0 && fstat(file, &status) == 0;
    const int code = !known ? errno : !S_ISREG(status.st_mode) ? ENODEV : status.st_size == 0 ? EINVAL : 0;
    if (file >= 0)
        close(file);
    if (code == 0)
        return status.st_size;
    fail(code, "client_umap: '%s' cannot be mapped: %s", filename, code == EINVAL ? "it is empty" : std::strerror(code));
    return -1;
}

void *Client::map(const char *filename, void *address)
{
    const std::lock_guard lock(mutex_);
    if (!client_) {
        fail(ENOTCONN, "client_umap: there is no connection; call init_umap_client() before");
        return nullptr;
    }
    if (regions_.find(filename) != regions_.end()) {
        fail(EEXIST, "client_umap: '%s' is mapped already; use that mapping, or client_uunmap() it before", filename);
        return nullptr;
    }
    const off_t bytes = size_of(filename);
    if (bytes < 0)
        return nullptr;
    const auto place = regions_.emplace(filename, nullptr).first; // before there is something that could be lost
    const std::unique_ptr<ufo_config, decltype(&ufo_config_free)> config(ufo_config_new(), ufo_config_free);
    ufo_config *wish = config.get();
    if (wish && ufo_config_set_elements(wish, static_cast<std::size_t>(bytes), 1) == UFO_OK && ufo_config_set_file(wish, filename, 0, 0) == UFO_OK
        && ufo_config_set_address(wish, address) == UFO_OK && ufo_config_set_shared(wish, client_, nullptr) == UFO_OK)
        place->second = ufo_new(nullptr, wish);
    if (place->second)
        return ufo_data(place->second);
    compat::fail_as_ufomem_says("client_umap");
    regions_.erase(place);
    return nullptr;
}

int Client::unmap(const char *filename)
{
    const std::lock_guard lock(mutex_);
    const auto found = regions_.find(filename);
    if (found == regions_.end()) {
        fail(ENOENT, "client_uunmap: '%s' is not mapped", filename);
        return -1;
    }
    ufo_free(found->second);
    regions_.erase(found);
    return 0;
}

ufo_server_stats Client::server()
{
    const std::lock_guard lock(mutex_);
    ufo_server_stats stats{};
    if (!client_) {
        fail(ENOTCONN, "umapcfg_get_...: there is no connection; call init_umap_client() before");
        return stats;
    }
    stats.struct_size = sizeof stats;
    if (ufo_client_stats_get(client_, &stats) != UFO_OK) {
        compat::fail_as_ufomem_says("umapcfg_get_...");
        stats = {};
    }
    return stats;
}

/// No exception leaves a function of the interface.
template <class Result, class Body> Result guarded(Result otherwise, Body body) noexcept
{
    try {
        return body();
    } catch (const std::bad_alloc &) {
        fail(ENOMEM, "no memory");
    } catch (const std::exception &error) {
        fail(EIO, "%s", error.what());
    }
    return otherwise;
}

std::uint64_t of_server(std::uint64_t ufo_server_stats::*figure)
{
    return guarded(std::uint64_t{0}, [figure] { return Client::of_process().server().*figure; });
}

/// The nearest percentage.
int share_of_buffer(std::uint64_t ufo_server_stats::*figure)
{
    return guarded(0, [figure] {
        const ufo_server_stats stats = Client::of_process().server();
        return stats.budget_bytes == 0 ? 0 : static_cast<int>((stats.*figure * 100 + stats.budget_bytes / 2) / stats.budget_bytes);
    });
}

} // namespace

extern "C" {

void init_umap_client(const char *sock_path)
{
    guarded(0, [=] { return Client::of_process().connect(sock_path && *sock_path ? sock_path : UMAP_SERVER_PATH), 0; });
}

void close_umap_client(void)
{
    guarded(0, [] { return Client::of_process().disconnect(), 0; });
}

void *client_umap(const char *filename, int prot, int flags, void *addr)
{
    if (!filename || prot != PROT_READ || (flags & ~MAP_FIXED) != MAP_SHARED) {
        fail(EINVAL, "client_umap: give a file, PROT_READ and MAP_SHARED; the file is %s, protection 0x%x, flags 0x%x", filename ? filename : "NULL",
             static_cast<unsigned>(prot), static_cast<unsigned>(flags));
        return nullptr;
    }
    return guarded(static_cast<void *>(nullptr), [=] { return Client::of_process().map(filename, addr); });
}

int client_uunmap(const char *filename)
{
    if (!filename) {
        fail(EINVAL, "client_uunmap: the file name is NULL");
        return -1;
    }
    return guarded(-1, [=] { return Client::of_process().unmap(filename); });
}

long umapcfg_get_system_page_size(void) { return static_cast<long>(of_server(&ufo_server_stats::page_bytes)); }
uint64_t umapcfg_get_umap_page_size(void) { return of_server(&ufo_server_stats::chunk_bytes); }
uint64_t umapcfg_get_num_fillers(void) { return of_server(&ufo_server_stats::most_fillers); }
uint64_t umapcfg_get_num_evictors(void) { return of_server(&ufo_server_stats::evictors); }
uint64_t umapcfg_get_max_fault_events(void) { return of_server(&ufo_server_stats::faults_at_once); }
int umapcfg_get_evict_low_water_threshold(void) { return share_of_buffer(&ufo_server_stats::low_bytes); }
int umapcfg_get_evict_high_water_threshold(void) { return share_of_buffer(&ufo_server_stats::high_bytes); }

uint64_t umapcfg_get_max_pages_in_buffer(void)
{
    return guarded(std::uint64_t{0}, [] {
        const ufo_server_stats stats = Client::of_process().server();
        return stats.chunk_bytes == 0 ? std::uint64_t{0} : stats.budget_bytes / stats.chunk_bytes;
    });
}
}
