// SPDX-License-Identifier: MIT
// userfaultfd: the one place that makes its ioctls and knows its constants.
#pragma once

#include "../features.hpp"
#include "../status.hpp"
#include "file.hpp"
#include "pagemap.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <sys/types.h>

namespace ufomem::kernel {

/// One fault as the kernel reports it, or the end of watched memory.
struct FaultMessage {
    std::byte *address = nullptr;
    pid_t thread = 0;           ///< who faulted
    bool write = false;         ///< a store to an absent page
    bool write_protect = false; ///< a store to a page that is there, but protected
    std::size_t unmapped = 0;   ///< no fault: so many bytes from the address on have been unmapped, moved away, or replaced; whoever did that waited until this was read
};

/// How far a transfer of pages got, and why it stopped.
struct Transfer {
    std::size_t done = 0;
    int error = 0; ///< 0: complete
};

/// How the faulting thread hears of it: it sleeps until somebody has answered the message, or it gets SIGBUS.
enum class Faults : std::uint8_t { as_messages, as_signals };

/// Whether there are messages about watched memory that somebody unmaps or moves (mremap).  If so, that somebody waits for a reader.
enum class Unmapping : std::uint8_t { unnoticed, reported };

/// Whether the threads that wait for the pages are woken, or wait for wake().
enum class Wake : std::uint8_t { no, yes };

/// Those who read messages.  Until one about unmapped memory has been read, much cannot be done.
class MessageReaders {
  public:
    virtual ~MessageReaders() = default;
    /// Asked for by whoever waits for that: sees to it that somebody reads, other than the caller.  Any thread.
    virtual void ensure_one() noexcept = 0;
};

class Userfaultfd {
  public:
    /// Tries the device, the system call, and the system call for user-mode faults only.  The pagemap has to outlive it.
    static Result<Userfaultfd> open(const Pagemap &pagemap, std::uint32_t features_off, Faults faults, Unmapping unmapping = Unmapping::unnoticed);

    Userfaultfd() = default;
    Userfaultfd(Userfaultfd &&other) noexcept;
    Userfaultfd &operator=(Userfaultfd &&other) noexcept;
    ~Userfaultfd();

    /// To be given to a process that is to answer the faults.
    int descriptor() const { return descriptor_; }
    Features features() const { return features_; }
    Faults faults() const { return faults_; }
    /// As it was asked for, where the kernel can restore what was unmapped: with poison and write-protection.
    Unmapping unmapping() const { return unmapping_; }
    /// Before there are messages; null: somebody reads all the time.
    void set_readers(MessageReaders *readers) noexcept { readers_ = readers; }
    /// Nothing is watched any more, and nobody waits for a reader.
    void close() noexcept;

    /// Absent pages of the range are reported, and writes to protected ones where the feature is there.
    Status watch(std::byte *data, std::size_t size) const noexcept;
    /// Absent pages of the range are reported, and nothing else.
    Status watch_absent(std::byte *data, std::size_t size) const noexcept;
    /// The range may take part in moves, but its absent pages are ordinary.  Needs write-protection.
    Status watch_as_pool(std::byte *data, std::size_t size) const noexcept;
    /// Faults of the range are the kernel's own business again; whoever sleeps in one is woken.
    bool unwatch(std::byte *data, std::size_t size) const noexcept;
    /// Before the range is unmapped: nobody has to read a message about that, and who sleeps in a fault finds memory without access.  False if there
    /// will be a message.
    bool unwatch_to_unmap(std::byte *data, std::size_t size) const noexcept;
    enum class Place : std::uint8_t {
        watched,  ///< memory that is registered with a userfaultfd
        occupied, ///< other memory
        empty,    ///< none
    };
    /// What there is at the address of this page.
    Place place(std::byte *page) const noexcept;

    /// Sleeps until there are messages; an empty span after a signal.
    std::span<const FaultMessage> read(std::span<FaultMessage> room) const noexcept;

    Transfer copy(std::byte *to, const std::byte *from, std::size_t size, bool write_protected, Wake wake) const noexcept;
    // None of these wakes the threads that wait for the pages; wake() does.
    /// The pages arrive writable.
    Transfer move(std::byte *to, std::byte *from, std::size_t size) const noexcept;
    Status write_protect(std::byte *data, std::size_t size, bool on) const noexcept;
    bool poison(std::byte *data, std::size_t size) const noexcept;
    void wake(std::byte *data, std::size_t size) const noexcept;

  private:
    std::size_t moved_unnoticed(const std::byte *to, const std::byte *from, std::size_t size) const noexcept;
    bool keeps_protection() const noexcept;

    int descriptor_ = -1;
    const Pagemap *pagemap_ = nullptr;
    bool moves_keep_protection_ = false;
    Features features_;
    Faults faults_ = Faults::as_messages;
    Unmapping unmapping_ = Unmapping::unnoticed;
    File second_; // asks for place(); is there if unmapping is reported
    MessageReaders *readers_ = nullptr;
};

/// The userfaultfd of another process, which has sent it here to have its faults answered.  All addresses are that process's; it can do to the
/// descriptor what it likes, and none of that makes a call here sleep.
class ForeignUserfaultfd {
  public:
    ForeignUserfaultfd() = default;
    static Result<ForeignUserfaultfd> adopt(File descriptor);

    /// To wait for messages with.
    int descriptor() const { return file_.descriptor(); }
    enum class Got : std::uint8_t { message, nothing, broken };
    Got read(FaultMessage &message) const noexcept;
    void wake(std::byte *data, std::size_t size) const noexcept;
    /// Absent pages raise SIGBUS.  False if that cannot be had.
    bool poison(std::byte *data, std::size_t size) const noexcept;

  private:
    explicit ForeignUserfaultfd(File file) : file_(std::move(file)) {}
    File file_;
};

} // namespace ufomem::kernel
