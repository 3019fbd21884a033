// SPDX-License-Identifier: MIT
// Everything that ufod is told: its file, its environment and its flags.  Whatever it says, there are settings within their limits, or a sentence; and
// what `ufod --check` prints is a file that means the same.
#include "input.hpp"

#include "configuration.hpp"

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

using namespace ufod;

namespace {

/// A file without a name, which is written anew each time.
class File {
  public:
    const char *write(std::string_view content)
    {
        MUST(ftruncate(file_, 0) == 0 && pwrite(file_, content.data(), content.size(), 0) == static_cast<ssize_t>(content.size()), "no file in memory");
        return path_.c_str();
    }

  private:
    int file_ = memfd_create("ufod.conf", MFD_CLOEXEC);
    std::string path_ = "/proc/self/fd/" + std::to_string(file_);
};

std::vector<std::string> variables; // that have been set

void set_variable(const std::string &name, const std::string &value)
{
    if (name.empty() || name.find('=') != name.npos || !name.starts_with("UFOD_"))
        return;
    setenv(name.c_str(), value.c_str(), 1);
    variables.push_back(name);
}

void forget_variables()
{
    for (const std::string &name : variables)
        unsetenv(name.c_str());
    variables.clear();
}

void check_limits(const Settings &settings)
{
    MUST(settings.low_watermark >= 1 && settings.low_watermark < settings.high_watermark && settings.high_watermark <= 100, "watermarks");
    MUST(settings.socket_mode >= 1 && settings.socket_mode <= 0777, "mode");
    MUST(settings.socket.empty() || settings.socket.front() == '/', "socket");
    MUST(settings.chunk_bytes != 0 && settings.adapt_interval.count() >= 0, "chunks, interval");
    MUST(settings.log_level >= UFO_LOG_ERROR && settings.log_level <= UFO_LOG_DEBUG, "log level");
    MUST(settings.limits[UFO_LIMIT_ANSWER_MS] != 0, "a time of 0");
    MUST(settings.budget.of(1000) <= 1000 || !settings.budget.automatic(), "budget");
    for (const std::string &folder : settings.allowed_directories)
        MUST(folder.starts_with('/'), "folder");
    for (const Publication &publication : settings.publications)
        MUST(!publication.name.empty() && publication.path.starts_with('/') && publication.element_size != 0, "publication");
}

/// What would hold, written down, means the same.
void check_text(const Configuration &configuration)
{
    static File file;
    CommandLine line;
    line.file = file.write(configuration.text());
    forget_variables();
    try {
        const Configuration again = Configuration::load(line);
        MUST(again.differences(configuration).empty() && configuration.differences(again).empty(), "what --check prints means something else:\n%s",
                   configuration.text().c_str());
    } catch (const UsageError &why) {
        MUST(false, "what --check prints is refused: %s\n%s", why.what(), configuration.text().c_str());
    }
}

} // namespace

/// Words that end with a zero: the file; then flags, and variables as NAME=VALUE.
int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    static File file;
    fuzz::Input input(data, size);
    std::vector<std::string> flags{"ufod", std::string("--config=") + file.write(input.line(4096))};
    while (!input.empty() && flags.size() < 100) {
        std::string word = input.line(4096);
        const std::size_t equals = word.find('=');
        if (word.starts_with("UFOD_") && equals != word.npos)
            set_variable(word.substr(0, equals), word.substr(equals + 1));
        else if (!word.starts_with("--conf")) // some file of this machine
            flags.push_back(std::move(word));
    }
    unsetenv("UFOD_CONFIG");
    std::vector<char *> arguments;
    for (std::string &flag : flags)
        arguments.push_back(flag.data());
    arguments.push_back(nullptr);
    try {
        const Configuration configuration = Configuration::load(parse_command_line(static_cast<int>(flags.size()), arguments.data()));
        check_limits(configuration.settings());
        check_text(configuration);
    } catch (const UsageError &why) {
        MUST(*why.what(), "a refusal without words");
    }
    forget_variables();
    return 0;
}
