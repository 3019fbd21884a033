// SPDX-License-Identifier: MIT
// What stands behind a populate callback and a writeback callback: the elements, in memory.
#pragma once

#include "array.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <vector>

namespace torture {

class Store {
  public:
    /// With mixed_word() all over.
    Store(std::size_t elements, std::size_t words_per_element) : element_words_(words_per_element), content_(elements * words_per_element)
    {
        for (std::size_t i = 0; i < content_.size(); ++i)
            content_[i] = mixed_word(i);
    }

    ufo_status set(ufo_config *config)
    {
        const ufo_status status = ufo_config_set_populate(config, populate, this, nullptr);
        return status == UFO_OK ? ufo_config_set_writeback(config, write_back, this, nullptr) : status;
    }

    std::uint64_t word(std::size_t index)
    {
        const std::lock_guard lock(mutex_);
        return content_[index];
    }

  private:
    static std::int32_t populate(void *user_data, std::size_t first, std::size_t count, void *out)
    {
        auto &store = *static_cast<Store *>(user_data);
        const std::lock_guard lock(store.mutex_);
        std::memcpy(out, &store.content_[first * store.element_words_], count * store.element_words_ * 8);
        return 0;
    }

    static std::int32_t write_back(void *user_data, std::size_t first, std::size_t count, const void *data)
    {
        auto &store = *static_cast<Store *>(user_data);
        const std::lock_guard lock(store.mutex_);
        std::memcpy(&store.content_[first * store.element_words_], data, count * store.element_words_ * 8);
        return 0;
    }

    std::size_t element_words_;
    std::vector<std::uint64_t> content_;
    std::mutex mutex_;
};

} // namespace torture
