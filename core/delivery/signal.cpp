// SPDX-License-Identifier: MIT
#include "signal.hpp"

#include "../cancel_guard.hpp"
#include "../region.hpp"
#include "../signal_guard.hpp"
#include "probe.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <mutex>
#include <utility>

#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

namespace ufomem {
namespace {

constexpr std::size_t most_cores = 256;
std::array<std::atomic<SignalDelivery *>, most_cores> g_deliveries{};
std::atomic<unsigned> g_looking{0}; // handlers that look at g_deliveries now

/// What the processor says of the access.
struct AccessFlags {
    bool store = false;
    bool page_present = false; ///< it was only its protection
};

AccessFlags flags_of(const ucontext_t &context)
{
#if defined(__x86_64__)
    const auto error = context.uc_mcontext.gregs[REG_ERR];
    return {(error & 2) != 0, (error & 1) != 0};
#elif defined(__aarch64__)
    // The exception syndrome stands in a record among the reserved ones; bit 6 is "write, not read".
    constexpr std::uint32_t esr_magic = 0x45535201;
    const auto *bytes = reinterpret_cast<const unsigned char *>(context.uc_mcontext.__reserved);
    for (std::size_t at = 0; at + 16 <= sizeof context.uc_mcontext.__reserved;) {
        const auto *head = reinterpret_cast<const std::uint32_t *>(bytes + at);
        if (head[0] == esr_magic) {
            const std::uint64_t syndrome = *reinterpret_cast<const std::uint64_t *>(head + 2);
            return {(syndrome & (1U << 6)) != 0, (syndrome & 0x3c) == 0x0c}; // a permission fault, of whatever level
        }
        if (head[0] == 0 || head[1] == 0)
            break;
        at += head[1];
    }
    return {};
#else
#error "ufomem supports x86-64 and arm64"
#endif
}

RegionVisit find(int signal, const std::byte *address)
{
    // A delivery leaves the table, and waits for those who look at it, before it goes.
    struct Looking {
        Looking() { g_looking.fetch_add(1); }
        ~Looking() { g_looking.fetch_sub(1); }
    } const looking;
    for (const std::atomic<SignalDelivery *> &slot : g_deliveries) {
        const SignalDelivery *delivery = slot.load();
        if (!delivery || delivery->signal() != signal || delivery->engine().forked()) // a parent's regions are not mapped here, but others may be in their place
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

/// Whether the signal stack that we may run on has room for the work.  To run over its end would destroy somebody's memory.
bool stack_suffices(const ucontext_t &context)
{
    constexpr std::ptrdiff_t least = 8 * 1024;
    const stack_t &alternate = context.uc_stack; // the kernel notes it in every frame
    const std::ptrdiff_t left = static_cast<std::byte *>(__builtin_frame_address(0)) - static_cast<std::byte *>(alternate.ss_sp);
    const bool on_it = (alternate.ss_flags & SS_DISABLE) == 0 && left >= 0 && left < static_cast<std::ptrdiff_t>(alternate.ss_size);
    return !on_it || left >= least;
}

enum class Outcome {
    try_again,
    bus_error, ///< there is nothing to be had at this address
    pass_on    ///< not ours
};

Outcome answer(int signal, const std::byte *address, const ucontext_t &context)
{
    const CancelGuard guard;
    const RegionVisit found = find(signal, address);
    if (!found)
        return Outcome::pass_on;
    Region &region = *found;
    if (!stack_suffices(context)) {
        region.log()(LogLevel::error, "load or store at %p: the alternate signal stack of this thread is too small to fill memory on; use 16 KiB or more",
                     static_cast<const void *>(address));
        return Outcome::pass_on;
    }
    const AccessFlags flags = flags_of(context);
    Region::Fault fault;
    fault.chunk = region.geometry().chunk_at(static_cast<std::size_t>(address - region.body()));
    fault.address = address;
    fault.access = flags.store ? Access::write : Access::read;
    fault.store_to_protected = flags.store && (signal == SIGSEGV || flags.page_present);
    fault.thread = kernel::this_thread();
    Region::Answer given = region.answer_quickly(fault);
    if (given == Region::Answer::wait)
        given = region.wait_for(fault);
    else if (given == Region::Answer::fill)
        given = region.answer_by_fill(fault);
    if (given == Region::Answer::not_ours) // of private memory the system says so itself, at the next try
        return signal == SIGSEGV ? Outcome::pass_on : Outcome::try_again;
    return given == Region::Answer::refused ? Outcome::bus_error : Outcome::try_again;
}

/// What the kernel does for an access to a page that cannot be read from its file.
void raise_bus_error(void *address, const ucontext_t &context)
{
    const bool blocked = sigismember(&context.uc_sigmask, SIGBUS) == 1;
    if (blocked) { // such a signal ends the process all the same
        struct sigaction standard {};
        standard.sa_handler = SIG_DFL;
        sigaction(SIGBUS, &standard, nullptr);
    }
    // Otherwise it is to arrive when this handler has returned, at the access itself: Go, for one, looks where it came from.
    sigset_t bus;
    sigemptyset(&bus);
    sigaddset(&bus, SIGBUS);
    pthread_sigmask(blocked ? SIG_UNBLOCK : SIG_BLOCK, &bus, nullptr);
    siginfo_t info{};
    info.si_signo = SIGBUS;
    info.si_code = BUS_ADRERR;
    info.si_addr = address;
    syscall(SYS_rt_tgsigqueueinfo, getpid(), kernel::this_thread(), SIGBUS, &info);
}

void pass_on(const struct sigaction &before, int signal, siginfo_t *info, void *context)
{
    if ((before.sa_flags & SA_SIGINFO) != 0) {
        before.sa_sigaction(signal, info, context);
    } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
        before.sa_handler(signal);
    } else { // the access is repeated, and ends as it would have without us
        struct sigaction standard {};
        standard.sa_handler = SIG_DFL;
        sigaction(signal, &standard, nullptr);
    }
}

// The program may replace our handler by one of its own, which may or may not pass faults on to ours.  The next core then puts another
// handler on top: a different function, with its own predecessor, so that no chain ever becomes a ring.
constexpr std::size_t most_handlers = 8;
struct Chain {
    std::array<struct sigaction, most_handlers> before{}; // written before the handler is installed, and never again
    std::size_t used = 0;
};
Chain g_chains[2];
Chain &chain_of(int signal) { return g_chains[signal == SIGSEGV ? 0 : 1]; }

/// Whether the signal can be about a fault of ours at all.
bool is_fault(int signal, const siginfo_t &info) { return signal == SIGSEGV ? info.si_code == SEGV_ACCERR : info.si_code == BUS_ADRERR; }

void on_fault(std::size_t handler, int signal, siginfo_t *info, void *context)
{
    if (end_probe(*static_cast<ucontext_t *>(context)))
        return;
    const int error = errno;
    const ucontext_t &interrupted = *static_cast<const ucontext_t *>(context);
    const Outcome outcome =
        is_fault(signal, *info) ? answer(signal, static_cast<const std::byte *>(info->si_addr), interrupted) : Outcome::pass_on;
    errno = error;
    // Handlers of the program may jump away: here nothing of ours is left behind.
    if (outcome == Outcome::bus_error && signal != SIGBUS)
        raise_bus_error(info->si_addr, interrupted);
    else if (outcome != Outcome::try_again)
        pass_on(chain_of(signal).before[handler], signal, info, context);
}

using Handler = void (*)(int, siginfo_t *, void *);
template <std::size_t I> void handler(int signal, siginfo_t *info, void *context) { on_fault(I, signal, info, context); }
template <std::size_t... I> constexpr std::array<Handler, sizeof...(I)> make_handlers(std::index_sequence<I...>) { return {handler<I>...}; }
constexpr std::array<Handler, most_handlers> handlers = make_handlers(std::make_index_sequence<most_handlers>());

bool same(const struct sigaction &a, const struct sigaction &b)
{
    return a.sa_flags == b.sa_flags && ((a.sa_flags & SA_SIGINFO) != 0 ? a.sa_sigaction == b.sa_sigaction : a.sa_handler == b.sa_handler);
}

} // namespace

Status install_fault_handler(int signal) noexcept
{
    static std::mutex mutex;
    const GuardedLock lock(mutex);
    const auto refused = [signal] {
        return fail_errno(Code::system, errno, "cannot look after signal %d, which `inline` and `protect` need; does a sandbox forbid sigaction?", signal);
    };
    Chain &chain = chain_of(signal);
    struct sigaction current {};
    if (sigaction(signal, nullptr, &current) != 0)
        return refused();
    if ((current.sa_flags & SA_SIGINFO) != 0)
        for (std::size_t i = 0; i < chain.used; ++i)
            if (current.sa_sigaction == handlers[i])
                return {};
    std::size_t chosen = 0;
    while (chosen < chain.used && !same(chain.before[chosen], current))
        ++chosen;
    if (chosen == most_handlers)
        return fail(Code::limit, "the program has replaced the handler of the library for %s %zu times; install other handlers before the first core",
                    signal == SIGSEGV ? "SIGSEGV" : "SIGBUS", most_handlers);
    if (chosen == chain.used)
        chain.before[chain.used++] = current;
    struct sigaction action {};
    action.sa_sigaction = handlers[chosen];
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER; // populate may fault on other regions
    action.sa_mask = asynchronous_signals();
    if (sigaction(signal, &action, nullptr) != 0)
        return refused();
    return {};
}

Status SignalDelivery::start() noexcept
{
    if (Status status = install_fault_handler(signal()); !status.ok())
        return status;
    for (std::atomic<SignalDelivery *> &slot : g_deliveries) {
        SignalDelivery *empty = nullptr;
        if (slot.compare_exchange_strong(empty, this))
            return {};
    }
    return fail(Code::limit, "%zu cores use signals already; free some", most_cores);
}

int SignalDelivery::signal() const { return engine_.delivery == Delivery::protect ? SIGSEGV : SIGBUS; }

SignalDelivery::~SignalDelivery()
{
    for (std::atomic<SignalDelivery *> &slot : g_deliveries) {
        SignalDelivery *self = this;
        slot.compare_exchange_strong(self, nullptr);
    }
    while (g_looking.load() != 0)
        sched_yield();
}

void SignalDelivery::forget_other_threads() noexcept { g_looking.store(0); }

} // namespace ufomem
