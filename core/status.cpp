// SPDX-License-Identifier: MIT
#include "status.hpp"

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace ufomem {
namespace {

// Constant-initialised, so that a signal handler may use it in a thread that never called the library before.
thread_local constinit char t_text[Failure::text_size] = "";
thread_local constinit Code t_code = Code::ok;
thread_local constinit std::int32_t t_callback_code = 0;

void record(Code code, std::int32_t callback_code, const char *format, va_list arguments) noexcept
{
    std::vsnprintf(t_text, sizeof t_text, format, arguments);
    t_code = code;
    t_callback_code = callback_code;
}

/// In English, as the rest of the sentence; from glibc 2.32 on without malloc, in which the thread that waits for us may be.
const char *describe(int error) noexcept
{
#if __GLIBC_PREREQ(2, 32)
    const char *said = strerrordesc_np(error);
    return said ? said : "unknown error";
#else
    thread_local char reason[96];
    return strerror_r(error, reason, sizeof reason);
#endif
}

bool is_lack_of_descriptors(int error) noexcept { return error == EMFILE || error == ENFILE; }

/// What can be done about it, where that is the same everywhere.
const char *advice_about(int error) noexcept
{
    switch (error) {
    case EMFILE:
        return "; close some, or raise ulimit -n";
    case ENFILE:
        return "; raise fs.file-max";
    case EFBIG:
        return "; raise ulimit -f";
    default:
        return "";
    }
}

} // namespace

Status fail(Code code, const char *format, ...) noexcept
{
    va_list arguments;
    va_start(arguments, format);
    record(code, 0, format, arguments);
    va_end(arguments);
    return {code};
}

Status fail_errno(Code code, int error, const char *format, ...) noexcept
{
    if (code == Code::system && is_lack_of_descriptors(error))
        code = Code::limit;
    va_list arguments;
    va_start(arguments, format);
    record(code, 0, format, arguments);
    va_end(arguments);
    const char *said = describe(error);
    const std::size_t used = std::strlen(t_text);
    std::snprintf(t_text + used, sizeof t_text - used, ": %s (errno %d)%s", said, error, advice_about(error));
    return {code};
}

Status fail_callback(Code code, std::int32_t callback_code, const char *format, ...) noexcept
{
    va_list arguments;
    va_start(arguments, format);
    record(code, callback_code, format, arguments);
    va_end(arguments);
    return {code};
}

const char *last_error() noexcept { return t_text; }
Code last_code() noexcept { return t_code; }
std::int32_t last_callback_code() noexcept { return t_callback_code; }

Failure Failure::of_this_thread(Status status) noexcept
{
    Failure failure;
    failure.code = status.code;
    failure.callback_code = t_callback_code;
    std::memcpy(failure.text, t_text, sizeof failure.text);
    return failure;
}

Status Failure::report() const noexcept { return fail_callback(code, callback_code, "%s", text); }

} // namespace ufomem
