// SPDX-License-Identifier: MIT
#include "protect.hpp"

#include "../region.hpp"
#include "../signal_guard.hpp"

#include <array>
#include <atomic>
#include <cerrno>

#include <sched.h>
#include <signal.h>
#include <ucontext.h>
#include <unistd.h>

namespace ufomem {
namespace {

constexpr std::size_t most_cores = 256;
std::array<std::atomic<ProtectDelivery *>, most_cores> g_deliveries{};
std::atomic<unsigned> g_looking{0}; // handlers that look at g_deliveries now
struct sigaction g_before;

/// Whether the processor says that the access was a store; on other processors the second fault tells.
bool is_store(const ucontext_t &context)
{
#if defined(__x86_64__)
    return (context.uc_mcontext.gregs[REG_ERR] & 2) != 0;
#elif defined(__aarch64__)
    // The exception syndrome stands in a record among the reserved ones; bit 6 is "write, not read".
    constexpr std::uint32_t esr_magic = 0x45535201;
    const auto *bytes = reinterpret_cast<const unsigned char *>(context.uc_mcontext.__reserved);
    for (std::size_t at = 0; at + 16 <= sizeof context.uc_mcontext.__reserved;) {
        const auto *head = reinterpret_cast<const std::uint32_t *>(bytes + at);
        if (head[0] == esr_magic)
            return (*reinterpret_cast<const std::uint64_t *>(head + 2) & (1U << 6)) != 0;
        if (head[0] == 0 || head[1] == 0)
            break;
        at += head[1];
    }
    return false;
#else
#error "ufomem supports x86-64 and arm64"
#endif
}

RegionVisit find(const std::byte *address)
{
    // A delivery leaves the table, and waits for those who look at it, before it goes.
    struct Looking {
        Looking() { g_looking.fetch_add(1); }
        ~Looking() { g_looking.fetch_sub(1); }
    } const looking;
    for (const std::atomic<ProtectDelivery *> &slot : g_deliveries) {
        const ProtectDelivery *delivery = slot.load();
        if (!delivery)
            continue;
        RegionHandle *handle = delivery->registry().find(address);
        if (!handle)
            continue;
        RegionVisit region = visit_closing(handle);
        if (region && region->contains(address) && address >= region->body())
            return region;
    }
    return {};
}

/// True if the access can be tried again.
bool answer(const std::byte *address, bool store)
{
    const RegionVisit found = find(address);
    if (!found)
        return false;
    Region &region = *found;
    Region::Fault fault;
    fault.chunk = region.geometry().chunk_at(static_cast<std::size_t>(address - region.body()));
    fault.address = address;
    fault.access = store ? Access::write : Access::read;
    fault.store_to_protected = store;
    fault.thread = gettid();
    switch (region.answer_quickly(fault)) {
    case Region::Answer::done:
        return true;
    case Region::Answer::not_ours:
        return false;
    case Region::Answer::wait:
        if (!region.wait_for(fault.chunk))
            region.poison(fault.chunk);
        return true;
    case Region::Answer::fill:
        region.answer_by_fill(fault);
        return true;
    }
    return false;
}

void pass_on(int signal, siginfo_t *info, void *context)
{
    if ((g_before.sa_flags & SA_SIGINFO) != 0) {
        g_before.sa_sigaction(signal, info, context);
    } else if (g_before.sa_handler != SIG_DFL && g_before.sa_handler != SIG_IGN) {
        g_before.sa_handler(signal);
    } else { // the access is repeated, and ends as it would have without us
        struct sigaction standard {};
        standard.sa_handler = SIG_DFL;
        sigaction(signal, &standard, nullptr);
    }
}

void on_segv(int signal, siginfo_t *info, void *context)
{
    const int error = errno;
    // Pages that are not mapped at all are never ours.
    const bool ours = info->si_code == SEGV_ACCERR &&
                      answer(static_cast<const std::byte *>(info->si_addr), is_store(*static_cast<const ucontext_t *>(context)));
    errno = error;
    if (!ours)
        pass_on(signal, info, context);
}

Status install_handler() noexcept
{
    static std::mutex mutex;
    static bool installed = false;
    const GuardedLock lock(mutex);
    if (installed)
        return {};
    struct sigaction action {};
    action.sa_sigaction = on_segv;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER; // populate may fault on other regions
    action.sa_mask = asynchronous_signals();
    if (sigaction(SIGSEGV, &action, &g_before) != 0)
        return fail_errno(Code::system, errno, "sigaction(SIGSEGV)");
    installed = true;
    return {};
}

} // namespace

Status ProtectDelivery::start() noexcept
{
    if (Status status = install_handler(); !status.ok())
        return status;
    for (std::atomic<ProtectDelivery *> &slot : g_deliveries) {
        ProtectDelivery *empty = nullptr;
        if (slot.compare_exchange_strong(empty, this))
            return {};
    }
    return fail(Code::limit, "%zu cores use the protect delivery already; free some", most_cores);
}

ProtectDelivery::~ProtectDelivery()
{
    for (std::atomic<ProtectDelivery *> &slot : g_deliveries) {
        ProtectDelivery *self = this;
        slot.compare_exchange_strong(self, nullptr);
    }
    while (g_looking.load() != 0)
        sched_yield();
}

} // namespace ufomem
