// SPDX-License-Identifier: MIT
#include "status.hpp"

#include "log.hpp"

#include <cerrno>

namespace compat {

int errno_of(ufo_status status) noexcept
{
    switch (status) {
    case UFO_OK: return 0;
    case UFO_ERR_NOMEM:
    case UFO_ERR_OVERFLOW:
    case UFO_ERR_BUDGET: return ENOMEM;
    case UFO_ERR_PERMISSION:
    case UFO_ERR_READ_ONLY: return EACCES;
    case UFO_ERR_POPULATE:
    case UFO_ERR_WRITEBACK: {
        const int code = ufo_last_callback_code(); // ours are values of errno
        return code > 0 ? code : EIO;
    }
    case UFO_ERR_SPILL: return ENOSPC;
    case UFO_ERR_PINNED: return EBUSY;
    case UFO_ERR_DEADLOCK: return EDEADLK;
    case UFO_ERR_UNSUPPORTED: return ENOTSUP;
    case UFO_ERR_ADDRESS: return EEXIST;
    case UFO_ERR_LIMIT: return EAGAIN;
    case UFO_ERR_SYSTEM:
    case UFO_ERR_FILE:
    case UFO_ERR_TRUNCATED:
    case UFO_ERR_LOST: return EIO;
    default: return EINVAL;
    }
}

void fail_as_ufomem_says(const char *what, ufo_status status) noexcept
{
    const int code = errno_of(status);
    fail(code, "%s: %s", what, status == ufo_last_status() ? ufo_last_error() : ufo_status_string(status));
}

} // namespace compat
