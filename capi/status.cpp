// SPDX-License-Identifier: MIT
// Status, errors, version.
#include "handles.hpp"

using ufomem::Code;

#define UFOMEM_SAME(name, value) static_assert(static_cast<std::int32_t>(value) == (name), #name)
UFOMEM_SAME(UFO_OK, Code::ok);
UFOMEM_SAME(UFO_ERR_INVALID, Code::invalid);
UFOMEM_SAME(UFO_ERR_NOMEM, Code::nomem);
UFOMEM_SAME(UFO_ERR_OVERFLOW, Code::overflow);
UFOMEM_SAME(UFO_ERR_RANGE, Code::range);
UFOMEM_SAME(UFO_ERR_SYSTEM, Code::system);
UFOMEM_SAME(UFO_ERR_PERMISSION, Code::permission);
UFOMEM_SAME(UFO_ERR_FILE, Code::file);
UFOMEM_SAME(UFO_ERR_TRUNCATED, Code::truncated);
UFOMEM_SAME(UFO_ERR_POPULATE, Code::populate);
UFOMEM_SAME(UFO_ERR_WRITEBACK, Code::writeback);
UFOMEM_SAME(UFO_ERR_SPILL, Code::spill);
UFOMEM_SAME(UFO_ERR_BUDGET, Code::budget);
UFOMEM_SAME(UFO_ERR_PINNED, Code::pinned);
UFOMEM_SAME(UFO_ERR_NOT_PINNED, Code::not_pinned);
UFOMEM_SAME(UFO_ERR_READ_ONLY, Code::read_only);
UFOMEM_SAME(UFO_ERR_DEADLOCK, Code::deadlock);
UFOMEM_SAME(UFO_ERR_FORKED, Code::forked);
UFOMEM_SAME(UFO_ERR_CLOSED, Code::closed);
UFOMEM_SAME(UFO_ERR_UNSUPPORTED, Code::unsupported);
UFOMEM_SAME(UFO_ERR_ADDRESS, Code::address);
UFOMEM_SAME(UFO_ERR_STRAY, Code::stray);
UFOMEM_SAME(UFO_ERR_LIMIT, Code::limit);
UFOMEM_SAME(UFO_ERR_LOST, Code::lost);
UFOMEM_SAME(UFO_LOG_DEBUG, ufomem::LogLevel::debug);
UFOMEM_SAME(UFO_DELIVERY_THREAD, ufomem::Delivery::thread);
UFOMEM_SAME(UFO_DELIVERY_INLINE, ufomem::Delivery::in_line);
UFOMEM_SAME(UFO_DELIVERY_PROTECT, ufomem::Delivery::protect);
UFOMEM_SAME(UFO_ADVICE_DONTNEED, ufomem::Advice::dontneed);
UFOMEM_SAME(UFO_FEATURE_USERFAULTFD_DEVICE, ufomem::feature_userfaultfd_device);
UFOMEM_SAME(UFO_FEATURE_USERFAULTFD_SYSCALL, ufomem::feature_userfaultfd_syscall);
UFOMEM_SAME(UFO_FEATURE_USERFAULTFD_USER, ufomem::feature_userfaultfd_user);
UFOMEM_SAME(UFO_FEATURE_WRITE_PROTECT, ufomem::feature_write_protect);
UFOMEM_SAME(UFO_FEATURE_MOVE, ufomem::feature_move);
UFOMEM_SAME(UFO_FEATURE_POISON, ufomem::feature_poison);
UFOMEM_SAME(UFO_FEATURE_BATCHED_DROP, ufomem::feature_batched_drop);
UFOMEM_SAME(UFO_FILE_WRITEBACK, ufomem::OpenFile::writeback);
UFOMEM_SAME(UFO_FILE_DIRECT, ufomem::OpenFile::direct);
#undef UFOMEM_SAME

extern "C" {

uint32_t ufo_version(void) { return UFO_VERSION; }

const char *ufo_last_error(void) { return ufomem::last_error(); }

ufo_status ufo_last_status(void) { return static_cast<ufo_status>(ufomem::last_code()); }

int32_t ufo_last_callback_code(void) { return ufomem::last_callback_code(); }

const char *ufo_status_string(ufo_status status)
{
    switch (status) {
    case UFO_OK:
        return "ok";
    case UFO_ERR_INVALID:
        return "invalid argument";
    case UFO_ERR_NOMEM:
        return "no memory or address space";
    case UFO_ERR_OVERFLOW:
        return "size does not fit the address space";
    case UFO_ERR_RANGE:
        return "range leaves the array";
    case UFO_ERR_SYSTEM:
        return "system call refused";
    case UFO_ERR_PERMISSION:
        return "permission denied";
    case UFO_ERR_FILE:
        return "file error";
    case UFO_ERR_TRUNCATED:
        return "file too short";
    case UFO_ERR_POPULATE:
        return "populate failed";
    case UFO_ERR_WRITEBACK:
        return "writeback failed";
    case UFO_ERR_SPILL:
        return "spill file failed";
    case UFO_ERR_BUDGET:
        return "no memory inside the budget";
    case UFO_ERR_PINNED:
        return "pinned";
    case UFO_ERR_NOT_PINNED:
        return "not pinned";
    case UFO_ERR_READ_ONLY:
        return "read-only";
    case UFO_ERR_DEADLOCK:
        return "waits for itself";
    case UFO_ERR_FORKED:
        return "belongs to the parent process";
    case UFO_ERR_CLOSED:
        return "freed";
    case UFO_ERR_UNSUPPORTED:
        return "not supported here";
    case UFO_ERR_ADDRESS:
        return "address not available";
    case UFO_ERR_STRAY:
        return "plain access to an absent chunk";
    case UFO_ERR_LIMIT:
        return "limit reached";
    case UFO_ERR_LOST:
        return "memory discarded by the program";
    default:
        return "unknown status";
    }
}

} // extern "C"
