// SPDX-License-Identifier: MIT
#include "installation.hpp"

#include <filesystem>
#include <system_error>

namespace ufod {

std::string usual_configuration()
{
    const std::filesystem::path file = std::filesystem::path(UFOD_SYSCONFDIR) / "ufomem/ufod.conf";
    if (file.is_absolute())
        return file;
    std::error_code unknown;
    // Whatever the folder of programs is called (bin), the prefix is above it.
    const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", unknown);
    const std::filesystem::path prefix = program.parent_path().parent_path();
    return (unknown || prefix == "/usr" ? std::filesystem::path("/") : prefix) / file;
}

} // namespace ufod
