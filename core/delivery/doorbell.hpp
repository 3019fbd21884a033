// SPDX-License-Identifier: MIT
// Wakes a thread that sleeps in read(2) on a userfaultfd, which nothing else can: somebody touches a page that is absent.
#pragma once

#include "../kernel/memory.hpp"
#include "../kernel/userfaultfd.hpp"

#include <atomic>

namespace ufomem {

class Doorbell {
  public:
    Status install(const kernel::Userfaultfd &faults) noexcept;

    /// Wakes a reader, and returns when one has answered.  One thread at a time.  There has to be a reader, now or soon.
    void ring() noexcept;

    bool is_rung(const kernel::FaultMessage &message) const;
    /// By the reader of such a message, when there is another reader, who will get it next.
    void pass_on(const kernel::FaultMessage &message) noexcept;
    /// By the last reader, or whoever is to go on reading.  Needs no memory if there is none.
    void answer(const kernel::FaultMessage &message) noexcept;

  private:
    static std::byte *page_of(const kernel::FaultMessage &message);
    std::size_t watched_bytes() const { return pages_.size() - kernel::page_size(); }

    const kernel::Userfaultfd *faults_ = nullptr;
    kernel::Mapping pages_;            // each is touched once; the last one is their content, and not watched
    std::size_t next_ = 0;             // offset of the page to be touched next
    std::atomic<bool> watched_{false}; // cleared by the reader who answers
};

} // namespace ufomem
