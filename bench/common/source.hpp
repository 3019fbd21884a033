// SPDX-License-Identifier: MIT
// Where the numbers come from: computed, or read from a file that holds them.
#pragma once

#include "common/die.hpp"
#include "common/numbers.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <string>

namespace bench {

class Source {
  public:
    /// `path` is the file; without one the numbers are computed.
    explicit Source(const std::string &path) : file_(path.empty() ? -1 : open(path.c_str(), O_RDONLY | O_CLOEXEC))
    {
        if (!path.empty() && file_ < 0)
            die_of_errno(path);
    }

    void fill(std::size_t first, std::size_t count, Element *out) const
    {
        if (file_ < 0)
            return generate(first, count, out);
        auto *to = reinterpret_cast<char *>(out);
        auto at = static_cast<off_t>(first * sizeof(Element));
        for (std::size_t left = count * sizeof(Element); left > 0;) {
            const ssize_t got = pread(file_, to, left, at);
            if (got <= 0)
                die_of_errno("the file of numbers is too short");
            to += got;
            at += got;
            left -= static_cast<std::size_t>(got);
        }
    }

  private:
    int file_; // open until the program ends
};

} // namespace bench
