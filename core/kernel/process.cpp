// SPDX-License-Identifier: MIT
#include "process.hpp"

#include <atomic>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <new>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ufomem::kernel {
namespace {

using Number = std::atomic<std::uint64_t>;

/// Holds the number of the process; the kernel wipes it in a child, whichever way that was made.
struct Canary {
    Number *number = nullptr;
    int error = 0;

    Canary() noexcept
    {
        const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
        void *page = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (page != MAP_FAILED && madvise(page, size, MADV_WIPEONFORK) == 0)
            number = new (page) Number(0);
        else
            error = errno;
    }
};

thread_local constinit pid_t t_thread = 0;
thread_local constinit std::uint64_t t_process = 0; // a child's only thread is another one than it was in the parent

const Canary g_canary;
Number g_last{0}; // a child goes on counting from its parent's number

/// The beginning of a file of /proc.  False if there is nothing to be read.
template <std::size_t size> bool read_of_thread(pid_t thread, const char *name, char (&out)[size]) noexcept
{
    char path[64];
    std::snprintf(path, sizeof path, "/proc/self/task/%d/%s", static_cast<int>(thread), name);
    const File file(open(path, O_RDONLY | O_CLOEXEC));
    int error = 0;
    const std::size_t got = file ? file.read_at(0, reinterpret_cast<std::byte *>(out), size - 1, error) : 0;
    out[got] = 0;
    return got != 0;
}

bool holds(const char *status, const char *name, int signal)
{
    std::uint64_t set = 0;
    const char *line = std::strstr(status, name);
    return line && std::sscanf(line + std::strlen(name), "%" SCNx64, &set) == 1 && (set >> (signal - 1) & 1) != 0;
}

} // namespace

std::uint64_t this_process() noexcept
{
    if (!g_canary.number)
        return 1;
    std::uint64_t number = g_canary.number->load(std::memory_order_acquire);
    if (number == 0) [[unlikely]] {
        const std::uint64_t next = g_last.fetch_add(1) + 1;
        if (g_canary.number->compare_exchange_strong(number, next, std::memory_order_acq_rel))
            number = next;
    }
    return number;
}

pid_t this_thread() noexcept
{
    if (const std::uint64_t process = this_process(); t_process != process) [[unlikely]] {
        t_thread = gettid();
        t_process = process;
    }
    return t_thread;
}

bool may_sleep_in_fault(pid_t thread) noexcept
{
    char call[64]; // its number, -1 outside of one, or "running"
    return !read_of_thread(thread, "syscall", call) || std::strncmp(call, "-1 ", 3) == 0;
}

bool is_about_to_take(pid_t thread, int signal) noexcept
{
    char status[4096];
    return read_of_thread(thread, "status", status) && std::strstr(status, "\nState:\tR") && holds(status, "\nSigPnd:", signal) && !holds(status, "\nSigBlk:", signal);
}

Result<File> descriptor_of_this_process()
{
    File process(static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0U)));
    if (!process)
        return fail_errno(Code::system, errno, "no descriptor of this process is to be had (pidfd_open, Linux 5.3); does a sandbox forbid it?");
    return process;
}

Status can_tell_processes() noexcept
{
    if (g_canary.number)
        return {};
    return fail_errno(Code::system, g_canary.error, "cannot keep lazy memory apart from forked children (MADV_WIPEONFORK); Linux 4.14 or newer is needed");
}

} // namespace ufomem::kernel
