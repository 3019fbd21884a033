// SPDX-License-Identifier: MIT
// Elements that are in memory, without a call into the library: a hold on the chunk keeps it there for one short copy.  See ufo_residency.
#pragma once

#include <ufomem/ufo.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ufomem::python {

class Residency {
  public:
    /// Without it everything works, by calls.
    void open(ufo *region, size_t element_size) noexcept
    {
        chunks_ = ufo_residency{};
        chunks_.struct_size = sizeof chunks_;
        constexpr uint32_t version = 1;
        opened_ = ufo_residency_open(region, &chunks_) == UFO_OK;
        // Elements that straddle chunks are not for this way.
        usable_ = opened_ && chunks_.version == version && chunks_.chunk_bytes % element_size == 0;
    }
    void close() noexcept
    {
        usable_ = false;
        if (opened_)
            ufo_residency_close(&chunks_);
        opened_ = false;
    }
    /// In a forked child: the words are the parent's.
    void abandon() noexcept { usable_ = opened_ = false; }

    /// Bytes [offset, offset + length), whole elements, to `out`.  False if they are not all in memory; `out` is then undefined.
    bool read(size_t offset, size_t length, void *out) noexcept
    {
        return pieces(offset, length, chunks_.mask, chunks_.resident,
                      [out](size_t done, unsigned char *data, size_t bytes) {
                          std::memcpy(static_cast<unsigned char *>(out) + done, data, bytes);
                      });
    }
    /// False if they are not all in memory and marked as changed; some may be written then.
    bool write(size_t offset, size_t length, const void *in) noexcept
    {
        return pieces(offset, length, chunks_.mask | chunks_.dirty, chunks_.resident | chunks_.dirty,
                      [in](size_t done, unsigned char *data, size_t bytes) {
                          std::memcpy(data, static_cast<const unsigned char *>(in) + done, bytes);
                      });
    }

  private:
    template <class Copy> bool pieces(size_t offset, size_t length, uint32_t mask, uint32_t wanted, Copy copy) noexcept
    {
        if (!usable_)
            return false;
        for (size_t done = 0; done < length;) {
            const size_t at = offset + done;
            const size_t chunk = chunks_.chunk_shift != 0 ? at >> chunks_.chunk_shift : at / chunks_.chunk_bytes;
            const size_t left = (chunk + 1) * chunks_.chunk_bytes - at;
            const size_t bytes = left < length - done ? left : length - done;
            if (!hold(chunk, mask, wanted))
                return false;
            copy(done, chunks_.data + at, bytes);
            let_go(chunk);
            done += bytes;
        }
        return true;
    }

    bool hold(size_t chunk, uint32_t mask, uint32_t wanted) noexcept
    {
        uint32_t *const word = chunks_.words + chunk;
        uint32_t seen = __atomic_load_n(word, __ATOMIC_SEQ_CST);
        while ((seen & mask) == wanted)
            if (__atomic_compare_exchange_n(word, &seen, seen + chunks_.one_hold, true, __ATOMIC_SEQ_CST,
                                            __ATOMIC_SEQ_CST))
                return true;
        return false;
    }
    void let_go(size_t chunk) noexcept
    {
        const uint32_t left = __atomic_sub_fetch(chunks_.words + chunk, chunks_.one_hold, __ATOMIC_SEQ_CST);
        if ((left & chunks_.holds) == 0 && (left & chunks_.waiters) != 0)
            ufo_residency_wake(&chunks_, chunk);
    }

    // All zero, in an object that Python has made.
    ufo_residency chunks_;
    bool opened_, usable_;
};

} // namespace ufomem::python
