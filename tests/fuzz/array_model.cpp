// SPDX-License-Identifier: MIT
#include "array_model.hpp"

#include <unistd.h>

namespace fuzz {

std::int32_t Source::populate(void *source, std::size_t first, std::size_t count, void *out)
{
    const Source &self = *static_cast<Source *>(source);
    if (self.failing)
        return 7;
    const std::size_t begin = first * self.element_size_;
    for (std::size_t i = 0; i < count * self.element_size_; ++i)
        static_cast<std::uint8_t *>(out)[i] = self.byte(begin + i);
    return 0;
}

std::int32_t Source::writeback(void *source, std::size_t first, std::size_t count, const void *data)
{
    Source &self = *static_cast<Source *>(source);
    if (self.failing)
        return 8;
    const std::size_t begin = first * self.element_size_;
    for (std::size_t i = 0; i < count * self.element_size_; ++i)
        if (const std::uint8_t value = static_cast<const std::uint8_t *>(data)[i]; self.byte(begin + i) != value) {
            const std::lock_guard lock(self.mutex_);
            self.saved_[begin + i] = value;
        }
    return 0;
}

std::uint8_t ArrayModel::from_source(std::size_t offset) const
{
    switch (kind) {
    case Kind::zeros:
        return 0;
    case Kind::computed:
    case Kind::stored:
        return source->byte(offset);
    case Kind::integers: {
        const auto value = static_cast<std::uint64_t>(from) + static_cast<std::uint64_t>(step) * (offset / element_size);
        return static_cast<std::uint8_t>(value >> 8 * (offset % element_size));
    }
    case Kind::file:
    case Kind::written_file: {
        std::uint8_t value = 0;
        MUST(pread(file, &value, 1, static_cast<off_t>(offset)) == 1);
        return value;
    }
    }
    return 0;
}

} // namespace fuzz
