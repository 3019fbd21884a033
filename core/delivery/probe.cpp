// SPDX-License-Identifier: MIT
#include "probe.hpp"

#include "signal.hpp"

#include <cstdint>
#include <type_traits>

#include <pthread.h>
#include <signal.h>

// bool ufomem_probe_load(const std::byte *): its first instruction is the load.  Without a jump buffer no thread needs anything of its own.
#if defined(__x86_64__)
asm(R"(
    .pushsection .text
    .globl  ufomem_probe_load
    .hidden ufomem_probe_load
    .type   ufomem_probe_load, @function
    .globl  ufomem_probe_failed
    .hidden ufomem_probe_failed
ufomem_probe_load:
    .cfi_startproc
    movb    (%rdi), %al
    movl    $1, %eax
    ret
ufomem_probe_failed:
    xorl    %eax, %eax
    ret
    .cfi_endproc
    .size   ufomem_probe_load, . - ufomem_probe_load
    .popsection
)");
#elif defined(__aarch64__)
asm(R"(
    .pushsection .text
    .globl  ufomem_probe_load
    .hidden ufomem_probe_load
    .type   ufomem_probe_load, %function
    .globl  ufomem_probe_failed
    .hidden ufomem_probe_failed
    .balign 4
ufomem_probe_load:
    .cfi_startproc
    ldrb    w0, [x0]
    mov     w0, #1
    ret
ufomem_probe_failed:
    mov     w0, #0
    ret
    .cfi_endproc
    .size   ufomem_probe_load, . - ufomem_probe_load
    .popsection
)");
#else
#error "ufomem supports x86-64 and arm64"
#endif

extern "C" {
extern bool ufomem_probe_load(const std::byte *address);
extern const char ufomem_probe_failed[];
}

namespace ufomem {

Status prepare_probes() noexcept
{
    Status status = install_fault_handler(SIGBUS);
    return status.ok() ? install_fault_handler(SIGSEGV) : status;
}

bool probe(const std::byte *data, std::size_t size, std::size_t step) noexcept
{
    // A fault whose signal is blocked would end the process.
    sigset_t faults;
    sigset_t before;
    sigemptyset(&faults);
    sigaddset(&faults, SIGBUS);
    sigaddset(&faults, SIGSEGV);
    pthread_sigmask(SIG_UNBLOCK, &faults, &before);
    bool there = true;
    for (std::size_t at = 0; at < size && there; at += step)
        there = ufomem_probe_load(data + at);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return there;
}

bool end_probe(ucontext_t &context) noexcept
{
#if defined(__x86_64__)
    auto &at = context.uc_mcontext.gregs[REG_RIP];
#else
    auto &at = context.uc_mcontext.pc;
#endif
    if (static_cast<std::uintptr_t>(at) != reinterpret_cast<std::uintptr_t>(&ufomem_probe_load))
        return false;
    at = static_cast<std::remove_reference_t<decltype(at)>>(reinterpret_cast<std::uintptr_t>(ufomem_probe_failed));
    return true;
}

} // namespace ufomem
