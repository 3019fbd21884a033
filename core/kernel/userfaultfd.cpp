// SPDX-License-Identifier: MIT
#include "userfaultfd.hpp"

#include "memory.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

// Newer than the headers of the distributions that we build on.
#ifndef USERFAULTFD_IOC_NEW // 6.1
#define USERFAULTFD_IOC_NEW _IO(0xAA, 0x00)
#endif
#ifndef UFFD_USER_MODE_ONLY // 5.11
#define UFFD_USER_MODE_ONLY 1
#endif
#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8
#endif
#ifndef UFFDIO_CONTINUE // 5.13
struct uffdio_continue {
    uffdio_range range;
    std::uint64_t mode;
    std::int64_t mapped;
};
#define UFFDIO_CONTINUE _IOWR(UFFDIO, 0x07, struct uffdio_continue)
#define UFFDIO_CONTINUE_MODE_DONTWAKE (1ULL << 0)
#endif
#ifndef UFFD_FEATURE_POISON // 6.6
#define UFFD_FEATURE_POISON (1 << 14)
struct uffdio_poison {
    uffdio_range range;
    std::uint64_t mode;
    std::int64_t updated;
};
#define UFFDIO_POISON _IOWR(UFFDIO, 0x08, struct uffdio_poison)
#define UFFDIO_POISON_MODE_DONTWAKE (1ULL << 0)
#endif
#ifndef UFFD_FEATURE_MOVE // 6.8
#define UFFD_FEATURE_MOVE (1 << 16)
struct uffdio_move {
    std::uint64_t dst;
    std::uint64_t src;
    std::uint64_t len;
    std::uint64_t mode;
    std::int64_t move;
};
#define UFFDIO_MOVE _IOWR(UFFDIO, 0x05, struct uffdio_move)
#define UFFDIO_MOVE_MODE_DONTWAKE (1ULL << 0)
#endif

namespace ufomem::kernel {
namespace {

constexpr int descriptor_flags = O_CLOEXEC;

// A userfaultfd can be asked for its features only once: the second UFFDIO_API is refused.
struct Opening {
    Feature way;
    int (*open)();
};

constexpr Opening ladder[] = {
    {feature_userfaultfd_device,
     [] {
         const int device = ::open("/dev/userfaultfd", O_RDWR | O_CLOEXEC);
         if (device < 0)
             return -1;
         const int descriptor = ioctl(device, USERFAULTFD_IOC_NEW, descriptor_flags);
         const int error = errno;
         ::close(device);
         errno = error;
         return descriptor;
     }},
    {feature_userfaultfd_syscall, [] { return static_cast<int>(syscall(SYS_userfaultfd, descriptor_flags)); }},
    {feature_userfaultfd_user,
     [] { return static_cast<int>(syscall(SYS_userfaultfd, descriptor_flags | UFFD_USER_MODE_ONLY)); }},
};

int handshake(int descriptor, std::uint64_t wanted)
{
    uffdio_api api{UFFD_API, wanted, 0};
    return ioctl(descriptor, UFFDIO_API, &api);
}

std::uint64_t offered_features(const Opening &opening)
{
    const int descriptor = opening.open();
    if (descriptor < 0)
        return 0;
    uffdio_api api{UFFD_API, 0, 0};
    const bool answered = ioctl(descriptor, UFFDIO_API, &api) == 0;
    ::close(descriptor);
    return answered ? api.features : 0;
}

struct Optional {
    Feature feature;
    std::uint64_t kernel_bit;
};

constexpr Optional optional_features[] = {
    {feature_write_protect, UFFD_FEATURE_PAGEFAULT_FLAG_WP},
    {feature_poison, UFFD_FEATURE_POISON},
    {feature_move, UFFD_FEATURE_MOVE},
};

template <class T> std::uint64_t as_number(T *pointer) { return reinterpret_cast<std::uint64_t>(pointer); }

Status watch_range(int descriptor, std::byte *data, std::size_t size, std::uint64_t mode)
{
    uffdio_register request{{as_number(data), size}, mode, 0};
    if (ioctl(descriptor, UFFDIO_REGISTER, &request) != 0)
        return fail_errno(errno == ENOMEM ? Code::nomem : Code::system, errno, "UFFDIO_REGISTER of %zu bytes", size);
    return {};
}

/// The address space is changing under us, or somebody who unmaps something waits for a reader.
void wait_a_moment(MessageReaders *readers)
{
    if (readers)
        readers->ensure_one();
    sched_yield();
}

/// Repeats a transfer from where EAGAIN stopped it.  `step(done, most)` transfers up to `most` bytes, returns 0 or an errno, and adds to `done`.
template <class Step> Transfer resume(MessageReaders *readers, std::size_t size, Step step)
{
    Transfer transfer;
    std::size_t most = size;
    while (transfer.done < size) {
        transfer.error = step(transfer.done, std::min(most, size - transfer.done));
        if (transfer.error == EAGAIN)
            wait_a_moment(readers);
        else if (transfer.error == ENOENT && most > page_size())
            most = page_size(); // of more than one mapping: the program has locked a part of it, or advised on it
        else if (transfer.error != 0)
            return transfer;
    }
    transfer.error = 0;
    return transfer;
}

/// is_hole(page): nothing is mapped there, and whoever slept there finds that out when he is woken.
template <class IsHole> bool poison_range(int descriptor, MessageReaders *readers, std::byte *data, std::size_t size, IsHole is_hole)
{
    const Transfer transfer = resume(readers, size, [&](std::size_t &done, std::size_t most) {
        uffdio_poison request{{as_number(data + done), most}, UFFDIO_POISON_MODE_DONTWAKE, 0};
        const int error = ioctl(descriptor, UFFDIO_POISON, &request) == 0 ? 0 : errno;
        if (request.updated > 0)
            done += static_cast<std::size_t>(request.updated);
        // This page is there, or poisoned already, or it is a hole.
        if (error == EEXIST || (error == ENOENT && most == page_size() && is_hole(data + done))) {
            done += page_size();
            return 0;
        }
        return error;
    });
    return transfer.error == 0;
}

void wake_range(int descriptor, std::byte *data, std::size_t size)
{
    uffdio_range range{as_number(data), size};
    ioctl(descriptor, UFFDIO_WAKE, &range);
}

std::byte *as_address(std::uint64_t address) { return reinterpret_cast<std::byte *>(address); }

/// False: nothing that anybody asked for.
bool translate(const uffd_msg &message, FaultMessage &out)
{
    out = {};
    switch (message.event) {
    case UFFD_EVENT_PAGEFAULT: {
        const auto &fault = message.arg.pagefault;
        out.address = as_address(fault.address);
        out.thread = static_cast<pid_t>(fault.feat.ptid);
        out.write = (fault.flags & UFFD_PAGEFAULT_FLAG_WRITE) != 0;
        out.write_protect = (fault.flags & UFFD_PAGEFAULT_FLAG_WP) != 0;
        return true;
    }
    case UFFD_EVENT_UNMAP:
        out.address = as_address(message.arg.remove.start);
        out.unmapped = message.arg.remove.end - message.arg.remove.start;
        return true;
    case UFFD_EVENT_REMAP: // where it is now, it is still watched
        out.address = as_address(message.arg.remap.from);
        out.unmapped = message.arg.remap.len;
        return true;
    default:
        return false;
    }
}

} // namespace

Result<Userfaultfd> Userfaultfd::open(const Pagemap &pagemap, std::uint32_t features_off, Faults faults, Unmapping unmapping)
{
    int error = ENOSYS;
    for (const Opening &opening : ladder) {
        if ((features_off & opening.way) != 0) {
            error = EPERM;
            continue;
        }
        const std::uint64_t offered = offered_features(opening);
        Userfaultfd fd;
        fd.descriptor_ = opening.open();
        if (fd.descriptor_ < 0) {
            error = errno;
            continue;
        }
        // Who faulted is needed to find waiting cycles; it is there since 4.14.
        std::uint64_t wanted = faults == Faults::as_signals ? UFFD_FEATURE_SIGBUS : UFFD_FEATURE_THREAD_ID;
        fd.faults_ = faults;
        fd.pagemap_ = &pagemap;
        fd.features_.add(opening.way);
        for (const Optional &optional : optional_features) {
            if ((offered & optional.kernel_bit) == 0 || (features_off & optional.feature) != 0)
                continue;
            wanted |= optional.kernel_bit;
            fd.features_.add(optional.feature);
        }
        if (fd.features_.has(feature_move) && fd.features_.has(feature_write_protect)) {
            Userfaultfd other; // which nobody has to read messages of
            other.descriptor_ = opening.open();
            other.features_ = fd.features_;
            other.pagemap_ = &pagemap;
            fd.moves_keep_protection_ = other.descriptor_ < 0 || handshake(other.descriptor_, wanted) != 0 || other.keeps_protection();
        }
        constexpr std::uint64_t events = UFFD_FEATURE_EVENT_UNMAP | UFFD_FEATURE_EVENT_REMAP;
        if (unmapping == Unmapping::reported && fd.features_.has(feature_write_protect)
            && fd.features_.has(feature_poison) && (offered & events) == events) {
            fd.second_ = File(opening.open());
            if (!fd.second_ || handshake(fd.second_.descriptor(), 0) != 0) {
                error = errno; // better none than one that says nothing where the kernel could
                continue;
            }
            wanted |= events;
            fd.unmapping_ = Unmapping::reported;
        }
        if (handshake(fd.descriptor_, wanted) != 0) {
            error = errno;
            continue;
        }
        if ((features_off & feature_batched_drop) == 0 && can_drop_scattered())
            fd.features_.add(feature_batched_drop);
        return fd;
    }
    if (error == EMFILE || error == ENFILE)
        return fail_errno(Code::limit, error, "no descriptor is left for userfaultfd");
    return fail_errno(error == EPERM || error == EACCES ? Code::permission : Code::unsupported, error,
                      "userfaultfd is not available; use the protect delivery, or allow it (vm.unprivileged_userfaultfd, "
                      "access to /dev/userfaultfd, the sandbox's system call filter)");
}

Userfaultfd::Userfaultfd(Userfaultfd &&other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), pagemap_(other.pagemap_), moves_keep_protection_(other.moves_keep_protection_),
      features_(other.features_), faults_(other.faults_), unmapping_(other.unmapping_),
      second_(std::move(other.second_)), readers_(other.readers_)
{
}

Userfaultfd &Userfaultfd::operator=(Userfaultfd &&other) noexcept
{
    std::swap(descriptor_, other.descriptor_);
    std::swap(pagemap_, other.pagemap_);
    std::swap(moves_keep_protection_, other.moves_keep_protection_);
    std::swap(features_, other.features_);
    std::swap(faults_, other.faults_);
    std::swap(unmapping_, other.unmapping_);
    std::swap(second_, other.second_);
    std::swap(readers_, other.readers_);
    return *this;
}

Userfaultfd::~Userfaultfd() { close(); }

void Userfaultfd::close() noexcept
{
    if (descriptor_ >= 0)
        ::close(descriptor_);
    descriptor_ = -1;
    second_ = File();
}

Status Userfaultfd::watch(std::byte *data, std::size_t size) const noexcept
{
    std::uint64_t mode = UFFDIO_REGISTER_MODE_MISSING;
    if (features_.has(feature_write_protect))
        mode |= UFFDIO_REGISTER_MODE_WP;
    return watch_range(descriptor_, data, size, mode);
}

Status Userfaultfd::watch_absent(std::byte *data, std::size_t size) const noexcept
{
    return watch_range(descriptor_, data, size, UFFDIO_REGISTER_MODE_MISSING);
}

Status Userfaultfd::watch_as_pool(std::byte *data, std::size_t size) const noexcept
{
    return watch_range(descriptor_, data, size, UFFDIO_REGISTER_MODE_WP);
}

bool Userfaultfd::unwatch(std::byte *data, std::size_t size) const noexcept
{
    uffdio_range range{as_number(data), size};
    return ioctl(descriptor_, UFFDIO_UNREGISTER, &range) == 0;
}

bool Userfaultfd::unwatch_to_unmap(std::byte *data, std::size_t size) const noexcept
{
    if (unmapping_ == Unmapping::unnoticed)
        return true;
    // Without protection, who is woken would find zeros.
    return protect_mapped(data, size, Protection::none) && (unwatch(data, size) || is_hole(data, size)); // of a hole the kernel says EINVAL
}

/// What the kernel cannot do to private memory it refuses with EINVAL where the memory is watched, and with ENOENT elsewhere; it does not look by which
/// userfaultfd.  (The first one would say EAGAIN until a message about unmapped memory has been read, and its only reader may be asking.)  Never to be
/// registered for a try: for that moment, transfers would succeed on memory of the program.
Userfaultfd::Place Userfaultfd::place(std::byte *page) const noexcept
{
    uffdio_continue request{{as_number(page), page_size()}, UFFDIO_CONTINUE_MODE_DONTWAKE, 0};
    constexpr unsigned most_attempts = 2000; // ENOMEM: some bytes for the mapping's own use
    for (unsigned attempt = 0; attempt < most_attempts; ++attempt) {
        const int error = ioctl(second_.descriptor(), UFFDIO_CONTINUE, &request) == 0 ? 0 : errno;
        if (error == ENOENT)
            return is_mapped(page, page_size()) ? Place::occupied : Place::empty;
        if (error != ENOMEM)
            return Place::watched;
        sched_yield();
    }
    return Place::occupied; // what nobody knows is left alone
}

std::span<const FaultMessage> Userfaultfd::read(std::span<FaultMessage> room) const noexcept
{
    constexpr std::size_t most = 16;
    uffd_msg messages[most];
    const std::size_t wanted = room.size() < most ? room.size() : most;
    const ssize_t got = ::read(descriptor_, messages, wanted * sizeof messages[0]);
    std::size_t count = 0;
    for (std::size_t i = 0; got > 0 && i < static_cast<std::size_t>(got) / sizeof messages[0]; ++i)
        if (translate(messages[i], room[count]))
            ++count;
    return room.first(count);
}

Transfer Userfaultfd::copy(std::byte *to, const std::byte *from, std::size_t size, bool write_protected, Wake wake) const noexcept
{
    return resume(readers_, size, [&](std::size_t &done, std::size_t most) {
        uffdio_copy request{as_number(to + done), as_number(from + done), most,
                            (wake == Wake::no ? UFFDIO_COPY_MODE_DONTWAKE : 0) | (write_protected ? UFFDIO_COPY_MODE_WP : 0), 0};
        const int error = ioctl(descriptor_, UFFDIO_COPY, &request) == 0 ? 0 : errno;
        if (request.copy > 0) // a count, or a negative error
            done += static_cast<std::size_t>(request.copy);
        return error;
    });
}

/// Linux 6.18 moves pages in batches, and forgets that it has succeeded if it had to begin a batch again (because the kernel itself was just
/// migrating a page, say): it finds the pages in their new place, and says EEXIST.  So many bytes are there already.
std::size_t Userfaultfd::moved_unnoticed(const std::byte *to, const std::byte *from, std::size_t size) const noexcept
{
    const std::size_t page = page_size();
    std::size_t moved = 0;
    while (moved < size && !pagemap_->are_present(from + moved, page) && pagemap_->are_present(to + moved, page))
        moved += page;
    return moved;
}

/// Whether a protected page that is moved arrives protected.  It does not up to 6.18; a change is under way.
bool Userfaultfd::keeps_protection() const noexcept
{
    const std::size_t page = page_size();
    Result<Mapping> pages = map_private(2 * page, Protection::read_write);
    Result<Mapping> content = map_private(page, Protection::read_write);
    if (!pages.ok() || !content.ok() || !watch(pages->data(), pages->size()).ok())
        return true;
    *content->data() = std::byte{1}; // with a page of its own: the common zero page is moved in another way
    if (copy(pages->data(), content->data(), page, true, Wake::no).error != 0 || move(pages->data() + page, pages->data(), page).error != 0)
        return true;
    return pagemap_->is_protected(pages->data() + page);
}

Transfer Userfaultfd::move(std::byte *to, std::byte *from, std::size_t size) const noexcept
{
    const Transfer transfer = resume(readers_, size, [&](std::size_t &done, std::size_t most) {
        uffdio_move request{as_number(to + done), as_number(from + done), most, UFFDIO_MOVE_MODE_DONTWAKE, 0};
        const int error = ioctl(descriptor_, UFFDIO_MOVE, &request) == 0 ? 0 : errno;
        if (request.move > 0)
            done += static_cast<std::size_t>(request.move);
        if (error != EEXIST)
            return error;
        const std::size_t moved = moved_unnoticed(to + done, from + done, most);
        done += moved;
        return moved != 0 ? 0 : EEXIST;
    });
    if (moves_keep_protection_ && transfer.done != 0)
        (void)write_protect(to, transfer.done, false);
    return transfer;
}

Status Userfaultfd::write_protect(std::byte *data, std::size_t size, bool on) const noexcept
{
    const std::uint64_t mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : UFFDIO_WRITEPROTECT_MODE_DONTWAKE;
    const Transfer transfer = resume(readers_, size, [&](std::size_t &done, std::size_t most) { // before Linux 6.4 one mapping at a time, too
        uffdio_writeprotect request{{as_number(data + done), most}, mode};
        if (ioctl(descriptor_, UFFDIO_WRITEPROTECT, &request) != 0)
            return errno;
        done += most;
        return 0;
    });
    return transfer.error == 0 ? Status{} : fail_errno(Code::system, transfer.error, "UFFDIO_WRITEPROTECT of %zu bytes", size);
}

bool Userfaultfd::poison(std::byte *data, std::size_t size) const noexcept
{
    return poison_range(descriptor_, readers_, data, size, [](const std::byte *page) { return !is_mapped(page, page_size()); });
}

void Userfaultfd::wake(std::byte *data, std::size_t size) const noexcept { wake_range(descriptor_, data, size); }

Result<ForeignUserfaultfd> ForeignUserfaultfd::adopt(File file)
{
    constexpr const char *kind = "anon_inode:[userfaultfd]";
    char target[64] = {};
    const DescriptorPath link(file);
    if (readlink(link.c_str(), target, sizeof target - 1) < 0)
        return fail_errno(Code::system, errno, "cannot look at '%s'; is /proc mounted?", link.c_str());
    if (std::strcmp(target, kind) != 0)
        return fail(Code::invalid, "a descriptor of '%s' was sent for a userfaultfd", target);
    // Only then poll() tells of messages.
    if (fcntl(file.descriptor(), F_SETFL, O_NONBLOCK) != 0)
        return fail_errno(Code::system, errno, "a userfaultfd that was sent cannot be made one that does not wait");
    return ForeignUserfaultfd(std::move(file));
}

ForeignUserfaultfd::Got ForeignUserfaultfd::read(FaultMessage &message) const noexcept
{
    uffd_msg got;
    iovec room{&got, sizeof got};
    // The other process may make the descriptor wait again at any time.  (Before 6.10 it could have us wait that way, for itself only.)
    ssize_t size = preadv2(file_.descriptor(), &room, 1, -1, RWF_NOWAIT);
    if (size < 0 && (errno == EOPNOTSUPP || errno == ESPIPE))
        size = ::read(file_.descriptor(), &got, sizeof got);
    if (size < 0) {
        const bool again = errno == EAGAIN || errno == EINTR;
        // Without O_NONBLOCK, poll() would report an error again and again.
        return again && (fcntl(file_.descriptor(), F_GETFL) & O_NONBLOCK) != 0 ? Got::nothing : Got::broken;
    }
    if (size != sizeof got)
        return Got::broken;
    if (got.event == UFFD_EVENT_FORK)
        ::close(static_cast<int>(got.arg.fork.ufd)); // it is ours from the moment that the message is read
    const bool fault = translate(got, message) && message.unmapped == 0;
    return fault ? Got::message : Got::broken; // our clients ask for nothing else
}

void ForeignUserfaultfd::wake(std::byte *data, std::size_t size) const noexcept { wake_range(file_.descriptor(), data, size); }

bool ForeignUserfaultfd::poison(std::byte *data, std::size_t size) const noexcept
{
    return poison_range(file_.descriptor(), nullptr, data, size, [](const std::byte *) { return false; });
}

} // namespace ufomem::kernel
