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

/// One fault as the kernel reports it.
struct FaultMessage {
    std::byte *address = nullptr;
    pid_t thread = 0;           ///< who faulted
    bool write = false;         ///< a store to an absent page
    bool write_protect = false; ///< a store to a page that is there, but protected
};

/// How far a transfer of pages got, and why it stopped.
struct Transfer {
    std::size_t done = 0;
    int error = 0; ///< 0: complete
};

/// How the faulting thread hears of it: it sleeps until somebody has answered the message, or it gets SIGBUS.
enum class Faults : std::uint8_t { as_messages, as_signals };

/// Whether the threads that wait for the pages are woken, or wait for wake().
enum class Wake : std::uint8_t { no, yes };

class Userfaultfd {
  public:
    /// Tries the device, the system call, and the system call for user-mode faults only.  The pagemap has to outlive it.
    static Result<Userfaultfd> open(const Pagemap &pagemap, std::uint32_t features_off, Faults faults);

    Userfaultfd() = default;
    Userfaultfd(Userfaultfd &&other) noexcept;
    Userfaultfd &operator=(Userfaultfd &&other) noexcept;
    ~Userfaultfd();

    /// To be given to a process that is to answer the faults.
    int descriptor() const { return descriptor_; }
    Features features() const { return features_; }
    Faults faults() const { return faults_; }

    /// Absent pages of the range are reported, and writes to protected ones where the feature is there.
    Status watch(std::byte *data, std::size_t size) const noexcept;
    /// Absent pages of the range are reported, and nothing else.
    Status watch_absent(std::byte *data, std::size_t size) const noexcept;
    /// The range may take part in moves, but its absent pages are ordinary.  Needs write-protection.
    Status watch_as_pool(std::byte *data, std::size_t size) const noexcept;
    /// Faults of the range are the kernel's own business again; whoever sleeps in one is woken.
    bool unwatch(std::byte *data, std::size_t size) const noexcept;

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
