// SPDX-License-Identifier: MIT
// The other end of a conversation: a process of its own, whose calls are left alone.
#pragma once

#include <cstddef>
#include <functional>
#include <new>

#include <sys/types.h>

namespace torture {

/// To be made before the library has threads in this process: what they hold at that moment would be held in the child for ever.
class Peer {
  public:
    explicit Peer(const std::function<void()> &body);
    Peer(const Peer &) = delete;
    Peer &operator=(const Peer &) = delete;
    ~Peer() { end_at_once(); }

    /// By SIGKILL, if it has not ended by itself.
    void end_at_once();
    /// True if the body has come to its end in that time.
    bool has_ended(int milliseconds);

  private:
    pid_t process_ = -1;
};

/// Whether it comes true in that time.
bool eventually(int milliseconds, const std::function<bool()> &condition);

void *map_common(std::size_t size);
void unmap_common(void *memory, std::size_t size);

/// What both ends see.
template <class T> class Common {
  public:
    Common() : memory_(new (map_common(sizeof(T))) T) {}
    Common(const Common &) = delete;
    Common &operator=(const Common &) = delete;
    ~Common() { unmap_common(memory_, sizeof(T)); }
    T *operator->() const { return memory_; }

  private:
    T *memory_;
};

} // namespace torture
