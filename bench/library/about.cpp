// SPDX-License-Identifier: MIT
// Library: its version, and what it got from this kernel.

#include "common/record.hpp"
#include "library/lazy_array.hpp"

using namespace bench;

int main()
{
    ufo_core *core = ufo_core_default();
    if (core == nullptr)
        die(ufo_last_error());
    const std::uint32_t version = ufo_version();
    const std::uint32_t features = ufo_core_features(core);
    record("version", std::to_string(version >> 16) + "." + std::to_string(version >> 8 & 255) + "." +
                          std::to_string(version & 255));
    record("delivery", std::string(ufo_core_delivery(core) == UFO_DELIVERY_THREAD ? "thread" : "protect"));
    record("install", std::string((features & UFO_FEATURE_MOVE) != 0 ? "MOVE where it can, else COPY" : "COPY"));
    record("write_protect", std::string((features & UFO_FEATURE_WRITE_PROTECT) != 0 ? "yes" : "no"));
    constexpr std::uint32_t full_rights = UFO_FEATURE_USERFAULTFD_DEVICE | UFO_FEATURE_USERFAULTFD_SYSCALL;
    record("system_calls", std::string((features & full_rights) != 0 ? "served as well" : "EFAULT on absent memory"));
}
