// SPDX-License-Identifier: MIT
#include "page_pipes.hpp"

#include "../signal_guard.hpp"
#include "size_signal.hpp"

#include <algorithm>

#include <fcntl.h>
#include <sys/uio.h>

namespace ufomem::kernel {
namespace {

template <class Call> ssize_t until_not_interrupted(Call call)
{
    ssize_t done = 0;
    do
        done = call();
    while (done < 0 && errno == EINTR);
    return done;
}

/// 0, and the pipe is empty again, or an errno.
int write_block(int in, int out, int to, std::size_t offset, const std::byte *data, std::size_t size) noexcept
{
    const iovec block{const_cast<std::byte *>(data), size};
    const ssize_t taken = until_not_interrupted([&] { return vmsplice(in, &block, 1, 0); });
    // All at once, or not at all: the kernel makes pages as large as what there is room for in the file, and fills up with zeros what is not written.
    if (taken != static_cast<ssize_t>(size))
        return taken < 0 ? errno : EFAULT;
    auto at = static_cast<loff_t>(offset);
    const ssize_t written = until_not_interrupted([&] { return without_size_signal([&] { return splice(out, nullptr, to, &at, size, 0); }); });
    if (written != static_cast<ssize_t>(size))
        return written < 0 ? errno : EIO;
    return 0;
}

} // namespace

PagePipes::Pipe PagePipes::take(int &error) noexcept
{
    {
        const GuardedLock lock(mutex_);
        if (idle_count_ != 0)
            return std::move(idle_[--idle_count_]);
    }
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        error = errno;
        return {};
    }
    Pipe pipe{File(ends[1]), File(ends[0])};
    // EPERM where the limit was lowered, or where the user's other pipes take too much.
    if (fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(block_bytes)) < 0)
        error = errno;
    return pipe;
}

void PagePipes::give(Pipe pipe) noexcept
{
    const GuardedLock lock(mutex_);
    if (idle_count_ < idle_.size())
        idle_[idle_count_++] = std::move(pipe);
}

Transfer PagePipes::write(const File &to, std::size_t offset, const std::byte *data, std::size_t size) noexcept
{
    Transfer transfer;
    Pipe pipe = take(transfer.error);
    while (transfer.done < size && transfer.error == 0) {
        const std::size_t block = std::min(block_bytes, size - transfer.done);
        transfer.error = write_block(pipe.in.descriptor(), pipe.out.descriptor(), to.descriptor(),
                                     offset + transfer.done, data + transfer.done, block);
        if (transfer.error == 0)
            transfer.done += block;
    }
    if (transfer.error == 0)
        give(std::move(pipe));
    else if (transfer.error == EPERM || transfer.error == EACCES || transfer.error == ENOSYS
             || transfer.error == EINVAL)
        usable_.store(false, std::memory_order_relaxed);
    return transfer;
}

} // namespace ufomem::kernel
