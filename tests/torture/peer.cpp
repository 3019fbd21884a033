// SPDX-License-Identifier: MIT
#include "peer.hpp"

#include "inject/injector.hpp"

#include <chrono>
#include <csignal>
#include <thread>

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace torture {

Peer::Peer(const std::function<void()> &body)
{
    Injector &injector = Injector::of_process();
    const bool armed = injector.armed();
    injector.stop(); // what the library does around a fork is another scenario's
    const pid_t parent = getpid();
    process_ = fork();
    if (process_ == 0) {
        injector.leave();
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent)
            body();
        _exit(0);
    }
    if (armed)
        injector.go_on();
}

void Peer::end_at_once()
{
    if (process_ <= 0)
        return;
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
    process_ = -1;
}

bool Peer::has_ended(int milliseconds)
{
    const bool ended = process_ <= 0 || eventually(milliseconds, [this] {
                           siginfo_t info{};
                           return waitid(P_PID, static_cast<id_t>(process_), &info, WEXITED | WNOHANG | WNOWAIT) == 0
                                  && info.si_pid == process_ && info.si_code == CLD_EXITED && info.si_status == 0;
                       });
    return ended;
}

bool eventually(int milliseconds, const std::function<bool()> &condition)
{
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end)
            return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

void *map_common(std::size_t size)
{
    return mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

void unmap_common(void *memory, std::size_t size) { munmap(memory, size); }

} // namespace torture
