// SPDX-License-Identifier: MIT
// Objects of the library that free themselves, and its errors as exceptions.
#pragma once

#include <ufomem/service.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace ufod {

template <auto Free> struct FreedBy {
    template <class T> void operator()(T *object) const noexcept { Free(object); }
};
template <class T, auto Free> using Handle = std::unique_ptr<T, FreedBy<Free>>;

using CoreConfig = Handle<ufo_core_config, ufo_core_config_free>;
using Core = Handle<ufo_core, ufo_core_free>;
using ServerConfig = Handle<ufo_server_config, ufo_server_config_free>;
using Server = Handle<ufo_server, ufo_server_free>;
using Client = Handle<ufo_client, ufo_client_free>;
using RegionConfig = Handle<ufo_config, ufo_config_free>;

/// "<what>: <why>." of the last call that failed in this thread.
inline std::runtime_error library_error(const std::string &what)
{
    return std::runtime_error(what + ": " + ufo_last_error() + '.');
}

/// Throws if the call that gave `status` failed.
inline void expect(ufo_status status, const std::string &what)
{
    if (status != UFO_OK)
        throw library_error(what);
}

} // namespace ufod
