// SPDX-License-Identifier: MIT
#pragma once

#include "settings.hpp"

#include <ufomem/ufo.h>

#include <cstdint>
#include <mutex>

namespace compat {

/// The settings of this process, and the one core that all its regions share.
class Engine {
  public:
    static Engine &of_process();

    Settings settings();
    /// What the buffer holds now, in pages.
    std::uint64_t buffer_pages();
    void set_buffer_pages(std::uint64_t pages);
    void set_page_size(std::uint64_t bytes);
    /// Changes what the core is made with; false, and a sentence in the log, if it has been made already.
    template <class Change> bool set(const char *name, Change change)
    {
        const std::lock_guard lock(mutex_);
        read_once();
        if (core_)
            return too_late(name);
        change(settings_);
        return true;
    }

    /// Made at the first call, and never freed.  Null, with errno set and the reason in the log, if it cannot be made.
    ufo_core *core();

  private:
    void read_once();
    std::uint64_t wanted_bytes() const;
    void warn_of_less() const;
    void start_adapting();
    void adapt();
    static bool too_late(const char *name);

    std::mutex mutex_; ///< of everything below; never held while pages may leave
    bool read_ = false;
    Settings settings_;
    std::uint64_t free_share_ = 0; ///< bytes of the buffer if UMAP_BUFSIZE does not say it
    ufo_core *core_ = nullptr; ///< once made, it stays
};

} // namespace compat
