// SPDX-License-Identifier: MIT
#include "features.hpp"

#include <string_view>

namespace ufomem {
namespace {

struct Name {
    std::string_view text;
    Feature feature;
};

constexpr Name names[] = {
    {"userfaultfd_device", feature_userfaultfd_device},
    {"userfaultfd_syscall", feature_userfaultfd_syscall},
    {"userfaultfd_user", feature_userfaultfd_user},
    {"write_protect", feature_write_protect},
    {"move", feature_move},
    {"poison", feature_poison},
    {"batched_drop", feature_batched_drop},
};

} // namespace

Result<std::uint32_t> parse_features(const char *list) noexcept
{
    std::uint32_t bits = 0;
    std::string_view rest = list ? list : "";
    while (!rest.empty()) {
        const std::string_view word = rest.substr(0, rest.find(','));
        rest.remove_prefix(word.size() < rest.size() ? word.size() + 1 : word.size());
        std::uint32_t found = 0;
        for (const Name &name : names)
            if (name.text == word)
                found = name.feature;
        if (found == 0 && !word.empty())
            return fail(Code::invalid,
                        "UFOMEM_FEATURES_OFF: '%.*s' is not a feature; use userfaultfd_device, userfaultfd_syscall, userfaultfd_user, "
                        "write_protect, move, poison, batched_drop",
                        static_cast<int>(word.size()), word.data());
        bits |= found;
    }
    return bits;
}

} // namespace ufomem
